/* Memory for one collection: allocated piece by piece, taken back all at once, kept for the next one. */
#ifndef OTMI_ARENA_H
#define OTMI_ARENA_H

#include <otm/host.h>

typedef struct otmi_arena {
    const otm_allocator *allocator;
    struct otmi_arena_block *first;
    struct otmi_arena_block *current;
    size_t used; /* in the current block */
    size_t total_bytes;
    size_t maximum_bytes;
} otmi_arena;

void otmi_arena_init(otmi_arena *arena, const otm_allocator *allocator, size_t maximum_bytes);
void otmi_arena_fini(otmi_arena *arena);
void otmi_arena_reset(otmi_arena *arena); /* all pieces are void; the blocks stay */

/* Zeroed, aligned for any object; NULL without memory or at the maximum. */
void *otmi_arena_alloc(otmi_arena *arena, size_t size);

#endif
