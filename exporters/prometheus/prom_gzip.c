#include "prom_gzip.h"

#include <limits.h>

#define ZLIB_CONST /* input is const */
#include <zlib.h>

#include "util/alloc.h"

/* zlib does not tell the size when it frees: it is kept in front. */
typedef struct sized_block {
    size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
} sized_block;

static void *zlib_alloc(void *allocator, uInt count, uInt element_size)
{
    size_t size = sizeof(sized_block) + (size_t)count * element_size;
    sized_block *block = otmi_alloc_zeroed(allocator, size);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    return block->bytes;
}

static void zlib_free(void *allocator, void *bytes)
{
    sized_block *block = (sized_block *)(void *)((char *)bytes - offsetof(sized_block, bytes));
    otmi_free(allocator, block, block->size);
}

/* Expositions repeat themselves so much that the fastest level already takes nine tenths away. */
#define LEVEL Z_BEST_SPEED
#define GZIP_WINDOW (15 + 16) /* the largest window, in a gzip frame */
#define USUAL_MEMORY 8

otm_status otmi_prom_gzip(otmi_buf *out, const otm_allocator *allocator, const char *text, size_t size)
{
    z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = (void *)(uintptr_t)allocator};
    if (size > UINT_MAX) {
        return OTM_ERR_LIMIT;
    }
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_WINDOW, USUAL_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        return OTM_ERR_NO_MEMORY;
    }
    size_t bound = deflateBound(&z, size);
    char *room = bound <= UINT_MAX ? otmi_buf_reserve(out, bound) : NULL;
    otm_status st = room != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
    if (st == OTM_OK) {
        z.next_in = (const Bytef *)text;
        z.avail_in = (uInt)size;
        z.next_out = (Bytef *)room;
        z.avail_out = (uInt)bound;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END) {
            st = OTM_ERR_LIMIT; /* cannot be: the bound is one */
        }
        out->size += z.total_out;
    }
    deflateEnd(&z);
    return st;
}
