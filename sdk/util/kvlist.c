#include "util/kvlist.h"

#include "util/alloc.h"

#define MAX_ENTRIES ((size_t)1024)

/* A piece of the text, and where it begins for error messages. */
typedef struct span {
    const char *text;
    size_t size;
} span;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static span trim(span s)
{
    while (s.size > 0 && is_blank(s.text[0])) {
        s.text++;
        s.size--;
    }
    while (s.size > 0 && is_blank(s.text[s.size - 1])) {
        s.size--;
    }
    return s;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte of %XX at the start of s; 0 if malformed, as %00 is: the results are NUL-terminated. */
static int percent_byte(span s)
{
    if (s.size < 3) {
        return 0;
    }
    int high = hex_digit(s.text[1]);
    int low = hex_digit(s.text[2]);
    return high < 0 || low < 0 ? 0 : high * 16 + low;
}

/* Decodes into a new text. OTM_ERR_CONFIG: *bad is where. */
static otm_status decode(const otm_allocator *allocator, span s, char **out, const char **bad)
{
    size_t length = 0;
    for (size_t i = 0; i < s.size; i++, length++) {
        if (s.text[i] != '%') {
            continue;
        }
        if (percent_byte((span){s.text + i, s.size - i}) == 0) {
            *bad = s.text + i;
            return OTM_ERR_CONFIG;
        }
        i += 2;
    }
    char *text = otmi_alloc(allocator, length + 1);
    if (text == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0, at = 0; i < s.size; i++) {
        text[at++] = s.text[i] != '%' ? s.text[i] : (char)percent_byte((span){s.text + i, s.size - i});
        i += s.text[i] == '%' ? 2 : 0;
    }
    text[length] = '\0';
    *out = text;
    return OTM_OK;
}

static otm_status append(otmi_kvlist *list, span key, span value, const char **bad)
{
    void *items = list->items;
    otm_status st = otmi_grow(list->allocator, &items, &list->capacity, list->count, sizeof *list->items, MAX_ENTRIES);
    list->items = items;
    if (st != OTM_OK) {
        *bad = key.text;
        return st == OTM_ERR_LIMIT ? OTM_ERR_CONFIG : st;
    }
    otmi_kv kv = {NULL, NULL};
    st = decode(list->allocator, key, &kv.key, bad);
    if (st == OTM_OK) {
        st = decode(list->allocator, value, &kv.value, bad);
    }
    if (st != OTM_OK) {
        otmi_free_text(list->allocator, kv.key);
        return st;
    }
    list->items[list->count++] = kv;
    return OTM_OK;
}

static otm_status parse_entry(otmi_kvlist *list, span entry, const char **bad)
{
    /* The first '=' ends the key; later ones belong to the value, as in the base64 of an Authorization header. */
    const char *equals = memchr(entry.text, '=', entry.size);
    if (equals == NULL) {
        *bad = entry.text;
        return OTM_ERR_CONFIG;
    }
    span key = trim((span){entry.text, (size_t)(equals - entry.text)});
    if (key.size == 0) {
        *bad = equals;
        return OTM_ERR_CONFIG;
    }
    return append(list, key, trim((span){equals + 1, (size_t)(entry.text + entry.size - equals - 1)}), bad);
}

otm_status otmi_kvlist_parse(otmi_kvlist *list, const otm_allocator *allocator, const char *text, size_t *error_offset)
{
    *list = (otmi_kvlist){.allocator = allocator};
    const char *at = text;
    for (;;) {
        size_t size = strcspn(at, ",");
        span entry = trim((span){at, size});
        const char *bad = at;
        otm_status st = entry.size == 0 ? OTM_OK : parse_entry(list, entry, &bad);
        if (st != OTM_OK) {
            otmi_kvlist_fini(list);
            if (error_offset != NULL) {
                *error_offset = (size_t)(bad - text);
            }
            return st;
        }
        if (at[size] == '\0') {
            return OTM_OK;
        }
        at += size + 1;
    }
}

void otmi_kvlist_fini(otmi_kvlist *list)
{
    for (size_t i = 0; i < list->count; i++) {
        otmi_free_text(list->allocator, list->items[i].key);
        otmi_free_text(list->allocator, list->items[i].value);
    }
    otmi_free(list->allocator, list->items, list->capacity * sizeof *list->items);
    *list = (otmi_kvlist){.allocator = list->allocator};
}
