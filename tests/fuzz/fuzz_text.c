/* Lists k=v,k=v with percent encoding, and wildcards against a matcher too simple to be wrong. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "util/kvlist.h"
#include "util/utf8.h"
#include "util/wildcard.h"

#define MAX_TEXT 48 /* the simple matcher is slow */

static void check_kvlist(const char *text, size_t size)
{
    otmi_kvlist list;
    size_t at = SIZE_MAX;
    otm_status st = otmi_kvlist_parse(&list, NULL, text, &at);
    FUZZ_CHECK(st == OTM_OK || (st == OTM_ERR_CONFIG && at <= size));
    size_t total = 0;
    for (size_t i = 0; st == OTM_OK && i < list.count; i++) {
        FUZZ_CHECK(list.items[i].key[0] != '\0');
        total += strlen(list.items[i].key) + strlen(list.items[i].value);
    }
    FUZZ_CHECK(total <= size);
    otmi_kvlist_fini(&list);
}

/* Both are valid UTF-8. A star takes whole characters too: no part of one is left for a question mark. */
static bool matches(const char *pattern, const char *text, size_t size)
{
    size_t character = otmi_utf8_character(text, size);
    if (*pattern == '*') {
        return matches(pattern + 1, text, size) ||
               (size > 0 && matches(pattern, text + character, size - character));
    }
    if (*pattern == '\0' || size == 0) {
        return *pattern == '\0' && size == 0;
    }
    size_t step = *pattern == '?' ? character : 1;
    return (*pattern == '?' || *pattern == *text) && matches(pattern + 1, text + step, size - step);
}

static size_t stars(const char *pattern)
{
    size_t count = 0;
    for (; *pattern != '\0'; pattern++) {
        count += *pattern == '*' ? 1 : 0;
    }
    return count;
}

/* The text is what follows the pattern's NUL. */
static void check_wildcard(const char *pattern, size_t size)
{
    size_t pattern_size = strlen(pattern);
    const char *text = pattern + pattern_size + (pattern_size < size ? 1 : 0);
    size_t text_size = size - (size_t)(text - pattern);
    bool hit = otmi_wildcard_match(pattern, text, text_size);
    bool comparable = otmi_utf8_valid(text, text_size) && otmi_utf8_valid(pattern, pattern_size);
    if (comparable && text_size <= MAX_TEXT && stars(pattern) <= 4) {
        FUZZ_CHECK(hit == matches(pattern, text, text_size));
    }
    if (!otmi_wildcard_is_pattern(pattern)) {
        FUZZ_CHECK(hit == (pattern_size == text_size && memcmp(pattern, text, text_size) == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    check_kvlist(text, size);
    check_wildcard(text, size);
    free(text);
    return 0;
}
