#include "failing_alloc.h"

#include <stdlib.h>

/* In front of each block: what was asked for, to check what is given back. */
typedef union block_header {
    size_t size;
    max_align_t alignment;
} block_header;

static void account(failing_alloc *fa, int64_t blocks, int64_t bytes)
{
    __atomic_fetch_add(&fa->live, blocks, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&fa->live_bytes, bytes, __ATOMIC_SEQ_CST);
}

static bool must_fail(failing_alloc *fa)
{
    return __atomic_add_fetch(&fa->requests, 1, __ATOMIC_SEQ_CST) == fa->fail_at;
}

static block_header *header_of(void *pointer)
{
    return (block_header *)pointer - 1;
}

/* A block released with a wrong size stays "live", so that the test's last check fails. */
static void check_size(failing_alloc *fa, void *pointer, size_t size)
{
    if (header_of(pointer)->size != size) {
        account(fa, 1, 0);
    }
}

static void *counting_alloc(void *context, size_t size)
{
    failing_alloc *fa = context;
    block_header *header = must_fail(fa) ? NULL : malloc(sizeof *header + size);
    if (header == NULL) {
        return NULL;
    }
    header->size = size;
    account(fa, 1, (int64_t)size);
    return memset(header + 1, 0xA5, size); /* nobody may count on zeros */
}

static void counting_release(void *context, void *pointer, size_t size)
{
    failing_alloc *fa = context;
    check_size(fa, pointer, size);
    account(fa, -1, -(int64_t)header_of(pointer)->size);
    free(header_of(pointer));
}

/* Always moves, so that a pointer kept into the old block is found out. */
static void *counting_resize(void *context, void *pointer, size_t old_size, size_t new_size)
{
    void *moved = counting_alloc(context, new_size);
    if (moved != NULL) {
        memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
        counting_release(context, pointer, old_size);
    }
    return moved;
}

void failing_alloc_init(failing_alloc *fa, uint64_t fail_at)
{
    memset(fa, 0, sizeof *fa);
    fa->base.context = fa;
    fa->base.alloc = counting_alloc;
    fa->base.resize = counting_resize;
    fa->base.release = counting_release;
    fa->fail_at = fail_at;
}

bool failing_alloc_failed(const failing_alloc *fa)
{
    return fa->fail_at != 0 && __atomic_load_n(&fa->requests, __ATOMIC_SEQ_CST) >= fa->fail_at;
}
