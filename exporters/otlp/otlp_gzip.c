#include "otlp_gzip.h"

#include <limits.h>
#include <zlib.h>

#define WINDOW_BITS (15 + 16) /* the largest window, and a gzip frame */
#define MEMORY_LEVEL 8        /* zlib's default */

static voidpf zlib_alloc(voidpf arena, uInt count, uInt size)
{
    return otmi_arena_alloc(arena, (size_t)count * size);
}

static void zlib_free(voidpf arena, voidpf pointer)
{
    (void)arena; /* which goes as a whole */
    (void)pointer;
}

static otm_status deflate_all(z_stream *z, otmi_buf *out)
{
    uLong bound = deflateBound(z, z->avail_in);
    char *room = bound <= UINT_MAX ? otmi_buf_reserve(out, bound) : NULL;
    if (room == NULL) {
        return out->status != OTM_OK ? out->status : OTM_ERR_LIMIT;
    }
    z->next_out = (Bytef *)room;
    z->avail_out = (uInt)bound;
    if (deflate(z, Z_FINISH) != Z_STREAM_END) {
        return OTM_ERR_NO_MEMORY; /* not with that bound */
    }
    out->size += bound - z->avail_out;
    return OTM_OK;
}

otm_status otmi_otlp_gzip(const char *data, size_t size, otmi_arena *scratch, otmi_buf *out)
{
    z_stream z = {.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = scratch};
    if (size > UINT_MAX) {
        return OTM_ERR_LIMIT;
    }
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        otmi_arena_reset(scratch);
        return OTM_ERR_NO_MEMORY;
    }
    z.next_in = (z_const Bytef *)data;
    z.avail_in = (uInt)size;
    otm_status st = deflate_all(&z, out);
    deflateEnd(&z);
    otmi_arena_reset(scratch);
    return st;
}
