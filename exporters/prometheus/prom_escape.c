#include "prom_escape.h"

#include "util/utf8.h"

/* Copies runs of plain bytes at once. The bytes to escape are ASCII, so UTF-8 passes untouched. */
static void escape(otmi_buf *out, const char *text, size_t size, bool quotes)
{
    size_t plain = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c != '\\' && c != '\n' && !(quotes && c == '"')) {
            continue;
        }
        const char pair[2] = {'\\', c == '\n' ? 'n' : c};
        otmi_buf_append(out, text + plain, i - plain);
        otmi_buf_append(out, pair, sizeof pair);
        plain = i + 1;
    }
    if (size > plain) {
        otmi_buf_append(out, text + plain, size - plain);
    }
}

void otmi_prom_escape_quoted(otmi_buf *out, const char *text, size_t size)
{
    escape(out, text, size, true);
}

void otmi_prom_escape_help(otmi_buf *out, const char *text, size_t size)
{
    escape(out, text, size, false);
}

bool otmi_prom_is_clean(const char *text, size_t size)
{
    return size == 0 || (otmi_utf8_valid(text, size) && memchr(text, '\0', size) == NULL);
}

void otmi_prom_append_clean(otmi_buf *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = text[i] == '\0' ? 0 : otmi_utf8_character(text + i, size - i);
        if (length == 0) {
            otmi_buf_text(out, "\xEF\xBF\xBD");
            i++;
        } else {
            otmi_buf_append(out, text + i, length);
            i += length;
        }
    }
}
