#include "util/json_text.h"

#include "util/utf8.h"

/* 0 where there is no short form. */
static char short_escape(unsigned char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void append_escaped(otmi_buf *out, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    if (short_escape(byte) != 0) {
        char text[2] = {'\\', short_escape(byte)};
        otmi_buf_append(out, text, sizeof text);
    } else {
        char text[6] = {'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]};
        otmi_buf_append(out, text, sizeof text);
    }
}

/* Bytes at the start of text that stand for themselves. */
static size_t plain_run(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        unsigned char byte = (unsigned char)text[at];
        size_t length = byte < 0x80 ? 1 : otmi_utf8_character(text + at, size - at);
        if (length == 0 || byte < 0x20 || byte == '"' || byte == '\\') {
            break;
        }
        at += length;
    }
    return at;
}

void otmi_json_string(otmi_buf *out, const char *text, size_t size)
{
    otmi_buf_byte(out, '"');
    for (size_t at = 0; at < size; at++) {
        size_t run = plain_run(text + at, size - at);
        otmi_buf_append(out, text + at, run);
        at += run;
        if (at < size && (unsigned char)text[at] < 0x80) {
            append_escaped(out, (unsigned char)text[at]);
        } else if (at < size) {
            otmi_buf_text(out, "\xEF\xBF\xBD");
        }
    }
    otmi_buf_byte(out, '"');
}
