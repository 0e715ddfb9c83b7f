#include "util/utf8.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0u) == 0x80u;
}

/* How many bytes a character with this first byte has, and the range of its second byte. The range is what excludes
 * overlong forms (E0, F0), surrogates (ED) and code points past U+10FFFF (F4). */
static size_t first_byte(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

size_t otmi_utf8_character(const char *text, size_t size)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char low;
    unsigned char high;
    if (size == 0) {
        return 0;
    }
    size_t length = first_byte(p[0], &low, &high);
    if (length == 1) {
        return 1;
    }
    if (length == 0 || length > size || p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation(p[i])) {
            return 0;
        }
    }
    return length;
}

bool otmi_utf8_valid(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        uint64_t word;
        if (size - at >= sizeof word && (memcpy(&word, text + at, sizeof word), (word & HIGH_BITS) == 0)) {
            at += sizeof word; /* eight ASCII characters at once */
            continue;
        }
        size_t length = otmi_utf8_character(text + at, size - at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}
