#include "util/arena.h"

#include "util/alloc.h"

#define ARENA_ALIGNMENT _Alignof(max_align_t)
#define FIRST_BLOCK_BYTES ((size_t)4096)
#define LARGEST_USUAL_BLOCK_BYTES ((size_t)1 << 20)

typedef struct otmi_arena_block {
    struct otmi_arena_block *next;
    size_t capacity;
    _Alignas(max_align_t) unsigned char bytes[];
} otmi_arena_block;

void otmi_arena_init(otmi_arena *arena, const otm_allocator *allocator, size_t maximum_bytes)
{
    *arena = (otmi_arena){.allocator = allocator, .maximum_bytes = maximum_bytes};
}

void otmi_arena_fini(otmi_arena *arena)
{
    otmi_arena_block *block = arena->first;
    while (block != NULL) {
        otmi_arena_block *next = block->next;
        otmi_free(arena->allocator, block, sizeof *block + block->capacity);
        block = next;
    }
    otmi_arena_init(arena, arena->allocator, arena->maximum_bytes);
}

void otmi_arena_reset(otmi_arena *arena)
{
    arena->current = arena->first;
    arena->used = 0;
}

/* Blocks double with the arena, so that few are needed; a large piece gets a block of its own size. */
static size_t block_capacity(const otmi_arena *arena, size_t piece)
{
    size_t usual = arena->total_bytes < FIRST_BLOCK_BYTES ? FIRST_BLOCK_BYTES : arena->total_bytes;
    if (usual > LARGEST_USUAL_BLOCK_BYTES) {
        usual = LARGEST_USUAL_BLOCK_BYTES;
    }
    size_t left = arena->maximum_bytes - arena->total_bytes;
    if (usual > left) {
        usual = left;
    }
    return piece > usual ? piece : usual;
}

/* A new block, put behind the current one. */
static otmi_arena_block *add_block(otmi_arena *arena, size_t piece)
{
    if (piece > arena->maximum_bytes - arena->total_bytes) {
        return NULL;
    }
    size_t capacity = block_capacity(arena, piece);
    otmi_arena_block *block = NULL;
    if (capacity <= SIZE_MAX - sizeof *block) {
        block = otmi_alloc(arena->allocator, sizeof *block + capacity);
    }
    if (block == NULL) {
        return NULL;
    }
    otmi_arena_block **link = arena->current != NULL ? &arena->current->next : &arena->first;
    block->capacity = capacity;
    block->next = *link;
    *link = block;
    arena->total_bytes += capacity;
    return block;
}

static bool fits(const otmi_arena_block *block, size_t used, size_t piece)
{
    return block != NULL && piece <= block->capacity - used;
}

void *otmi_arena_alloc(otmi_arena *arena, size_t size)
{
    if (size > SIZE_MAX - ARENA_ALIGNMENT) {
        return NULL;
    }
    size_t piece = (size + ARENA_ALIGNMENT - 1) & ~(ARENA_ALIGNMENT - 1);
    if (!fits(arena->current, arena->used, piece)) {
        /* A kept block that is too small for this piece stays behind the new one, for the pieces after it. */
        otmi_arena_block *next = arena->current != NULL ? arena->current->next : NULL;
        if (!fits(next, 0, piece)) {
            next = add_block(arena, piece);
        }
        if (next == NULL) {
            return NULL;
        }
        arena->current = next;
        arena->used = 0;
    }
    void *result = arena->current->bytes + arena->used;
    arena->used += piece;
    memset(result, 0, piece);
    return result;
}
