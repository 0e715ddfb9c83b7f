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

#define EACH_BYTE(c) (UINT64_C(0x0101010101010101) * (unsigned char)(c))
#define HIGH_BITS EACH_BYTE(0x80)

/* The high bits of the bytes that are not plain, and perhaps of others, but of none if all eight are plain. A byte is
 * below a limit if subtracting the limit borrows; a borrow from a neighbour needs one that is not plain. */
static uint64_t not_plain(uint64_t word)
{
    uint64_t quote = word ^ EACH_BYTE('"');
    uint64_t backslash = word ^ EACH_BYTE('\\');
    uint64_t control = word - EACH_BYTE(' ');
    return (word | control | (quote - EACH_BYTE(1)) | (backslash - EACH_BYTE(1))) & HIGH_BITS;
}

static uint64_t word_at(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

bool otmi_prom_is_plain(const char *text, size_t size)
{
    if (size < sizeof(uint64_t)) {
        uint64_t word = EACH_BYTE(' ');
        for (size_t i = 0; i < size; i++) {
            word = word << 8 | (unsigned char)text[i];
        }
        return not_plain(word) == 0;
    }
    uint64_t found = not_plain(word_at(text + size - sizeof(uint64_t))); /* overlaps the last whole word */
    for (size_t i = 0; i + sizeof(uint64_t) <= size; i += sizeof(uint64_t)) {
        found |= not_plain(word_at(text + i));
    }
    return found == 0;
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
