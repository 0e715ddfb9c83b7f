#include "util/wildcard.h"

#include <string.h>

#include "util/utf8.h"

bool otmi_wildcard_is_pattern(const char *pattern)
{
    return strpbrk(pattern, "*?") != NULL;
}

/* Bytes of the character at text[at]; a byte that is no UTF-8 counts as one. */
static size_t character(const char *text, size_t at, size_t size)
{
    size_t length = otmi_utf8_character(text + at, size - at);
    return length > 0 ? length : 1;
}

bool otmi_wildcard_match(const char *pattern, const char *text, size_t text_size)
{
    const char *after_star = NULL; /* where to go on when the run of the last star grows by a character */
    size_t run_end = 0;
    size_t at = 0;
    while (at < text_size || *pattern == '*') {
        if (*pattern == '*') {
            after_star = ++pattern;
            run_end = at;
        } else if (*pattern == '?') {
            pattern++;
            at += character(text, at, text_size);
        } else if (*pattern != '\0' && *pattern == text[at]) {
            pattern++;
            at++;
        } else if (after_star != NULL) {
            /* Only the last star needs another try: what an earlier one could take, this one can as well. */
            run_end += character(text, run_end, text_size);
            at = run_end;
            pattern = after_star;
        } else {
            return false;
        }
    }
    return *pattern == '\0';
}
