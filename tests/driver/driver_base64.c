#include <stdlib.h>
#include <string.h>

#include "driver_base64.h"
#include "driver_values.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *driver_base64(const void *bytes, size_t size)
{
    const uint8_t *in = bytes;
    char *text = malloc(size / 3 * 4 + 5);
    char *out = text;
    for (size_t i = 0; text != NULL && i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) | (left > 2 ? in[i + 2] : 0);
        *out++ = alphabet[group >> 18 & 63];
        *out++ = alphabet[group >> 12 & 63];
        *out++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[group & 63] : '=';
    }
    if (text != NULL) {
        *out = '\0';
    }
    return text;
}

static int digit_of(char c)
{
    const char *at = c == '\0' ? NULL : strchr(alphabet, c);
    return at == NULL ? -1 : (int)(at - alphabet);
}

bool driver_base64_decode(const char *text, size_t text_size, uint8_t *out, size_t *size)
{
    while (text_size > 0 && text[text_size - 1] == '=') {
        text_size--;
    }
    uint32_t bits = 0;
    unsigned count = 0;
    *size = 0;
    for (size_t i = 0; i < text_size; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[(*size)++] = (uint8_t)(bits >> count);
        }
    }
    return text_size % 4 != 1;
}
