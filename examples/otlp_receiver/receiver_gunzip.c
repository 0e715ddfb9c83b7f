#include "receiver_gunzip.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window, and a gzip header */

/* Inflates into a buffer that grows, until the stream ends. */
static gunzip_result inflate_all(z_stream *z, size_t limit_bytes, uint8_t **out, size_t *out_size)
{
    size_t capacity = 0;
    for (int code = Z_OK; code != Z_STREAM_END;) {
        if (*out_size == capacity) {
            if (capacity == limit_bytes) {
                return GUNZIP_TOO_LARGE;
            }
            capacity = capacity == 0 ? 64 * 1024 : capacity * 2;
            capacity = capacity > limit_bytes ? limit_bytes : capacity;
            uint8_t *larger = realloc(*out, capacity);
            if (larger == NULL) {
                return GUNZIP_NO_MEMORY;
            }
            *out = larger;
        }
        z->next_out = *out + *out_size;
        z->avail_out = (uInt)(capacity - *out_size);
        code = inflate(z, Z_NO_FLUSH);
        *out_size = capacity - z->avail_out;
        if (code != Z_OK && code != Z_STREAM_END) { /* Z_BUF_ERROR: the data ends too early */
            return code == Z_MEM_ERROR ? GUNZIP_NO_MEMORY : GUNZIP_BAD_DATA;
        }
    }
    return GUNZIP_OK;
}

gunzip_result receiver_gunzip(const uint8_t *data, size_t size, size_t limit_bytes, uint8_t **out, size_t *out_size)
{
    *out = NULL;
    *out_size = 0;
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size}; /* zlib reads it only */
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
        return GUNZIP_NO_MEMORY;
    }
    gunzip_result result = inflate_all(&z, limit_bytes, out, out_size);
    (void)inflateEnd(&z);
    if (result != GUNZIP_OK) {
        free(*out);
        *out = NULL;
    }
    return result;
}
