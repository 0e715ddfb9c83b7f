/* Decompression of request bodies, with a limit: a small body may stand for a huge one. */
#ifndef OTLP_RECEIVER_GUNZIP_H
#define OTLP_RECEIVER_GUNZIP_H

#include <stddef.h>
#include <stdint.h>

typedef enum gunzip_result { GUNZIP_OK, GUNZIP_BAD_DATA, GUNZIP_TOO_LARGE, GUNZIP_NO_MEMORY } gunzip_result;

/* On GUNZIP_OK the caller frees *out. */
gunzip_result receiver_gunzip(const uint8_t *data, size_t size, size_t limit_bytes, uint8_t **out, size_t *out_size);

#endif
