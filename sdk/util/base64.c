#include "util/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void otmi_base64_append(otmi_buf *out, const void *bytes, size_t size)
{
    const unsigned char *p = bytes;
    for (; size > 0; p += 3) {
        size_t taken = size < 3 ? size : 3;
        uint32_t group = (uint32_t)p[0] << 16 | (taken > 1 ? (uint32_t)p[1] << 8 : 0) | (taken > 2 ? p[2] : 0);
        char text[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63],
                        alphabet[group & 63]};
        memset(text + taken + 1, '=', 3 - taken);
        otmi_buf_append(out, text, sizeof text);
        size -= taken;
    }
}
