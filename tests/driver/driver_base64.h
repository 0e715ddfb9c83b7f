#ifndef DRIVER_BASE64_H
#define DRIVER_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `out` has room for text_size bytes. False if the text is not base64. */
bool driver_base64_decode(const char *text, size_t text_size, uint8_t *out, size_t *size);

#endif
