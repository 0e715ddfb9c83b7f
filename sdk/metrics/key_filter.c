#include "metrics/key_filter.h"

#include "util/alloc.h"
#include "util/wildcard.h"

typedef struct filter_key {
    const char *text; /* NUL-terminated, in the filter's block */
    size_t size;
} filter_key;

typedef struct key_set {
    filter_key *keys; /* literals first, sorted and unique; then the patterns as given */
    size_t literal_count;
    size_t pattern_count;
    bool excluded;
} key_set;

/* One block: this header, the sets, their keys, the texts. */
struct otmi_key_filter {
    const otm_allocator *allocator;
    size_t block_size;
    size_t set_count;
    key_set sets[];
};

/* Any total order will do; this one seldom looks at the bytes. */
static int compare_keys(const char *a, size_t a_size, const filter_key *b)
{
    if (a_size != b->size) {
        return a_size < b->size ? -1 : 1;
    }
    return memcmp(a, b->text, a_size);
}

/* The place of a key among the literals, or where it would go. */
static size_t find_literal(const key_set *set, const char *key, size_t key_size, bool *found)
{
    size_t low = 0;
    size_t high = set->literal_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_keys(key, key_size, &set->keys[middle]);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *found = false;
    return low;
}

static bool set_holds(const key_set *set, const char *key, size_t key_size)
{
    bool found;
    (void)find_literal(set, key, key_size, &found);
    for (size_t i = 0; i < set->pattern_count && !found; i++) {
        found = otmi_wildcard_match(set->keys[set->literal_count + i].text, key, key_size);
    }
    return found;
}

bool otmi_key_filter_keeps(const otmi_key_filter *filter, const char *key, size_t key_size)
{
    if (filter == NULL) {
        return true;
    }
    for (size_t i = 0; i < filter->set_count; i++) {
        if (set_holds(&filter->sets[i], key, key_size) == filter->sets[i].excluded) {
            return false;
        }
    }
    return true;
}

static bool is_pattern(const otmi_key_list *list, size_t i)
{
    return !list->literal && otmi_wildcard_is_pattern(list->keys[i]);
}

/* An exclude-list without entries and an allow-list with a lone "*" change nothing. */
static bool keeps_everything(const otmi_key_list *list)
{
    if (list->excluded) {
        return list->count == 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (is_pattern(list, i) && strspn(list->keys[i], "*") == strlen(list->keys[i])) {
            return true;
        }
    }
    return false;
}

static void insert_literal(key_set *set, filter_key key)
{
    bool found;
    size_t at = find_literal(set, key.text, key.size, &found);
    if (found) {
        return;
    }
    memmove(&set->keys[at + 1], &set->keys[at], (set->literal_count - at) * sizeof *set->keys);
    set->keys[at] = key;
    set->literal_count++;
}

static filter_key copy_key(const char *text, char **texts)
{
    filter_key key = {*texts, strlen(text)};
    memcpy(*texts, text, key.size + 1);
    *texts += key.size + 1;
    return key;
}

static void fill_set(key_set *set, const otmi_key_list *list, char **texts)
{
    set->excluded = list->excluded;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_pattern(list, i)) {
            insert_literal(set, copy_key(list->keys[i], texts));
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        if (is_pattern(list, i)) {
            set->keys[set->literal_count + set->pattern_count++] = copy_key(list->keys[i], texts);
        }
    }
}

/* Where the parts of the block begin. */
typedef struct filter_layout {
    size_t keys_at;
    size_t texts_at;
    size_t size;
} filter_layout;

/* OTM_ERR_LIMIT if a list is too long. size is 0 if the lists keep everything. */
static otm_status lay_out(const otmi_key_list *lists, size_t list_count, filter_layout *out)
{
    size_t set_count = 0;
    size_t key_count = 0;
    size_t text_size = 0;
    for (size_t i = 0; i < list_count; i++) {
        if (lists[i].count > OTMI_KEY_LIST_MAX) {
            return OTM_ERR_LIMIT;
        }
        if (keeps_everything(&lists[i])) {
            continue;
        }
        set_count++;
        key_count += lists[i].count;
        for (size_t k = 0; k < lists[i].count; k++) {
            text_size += strlen(lists[i].keys[k]) + 1;
        }
    }
    out->keys_at = sizeof(otmi_key_filter) + set_count * sizeof(key_set);
    out->texts_at = out->keys_at + key_count * sizeof(filter_key);
    out->size = set_count == 0 ? 0 : out->texts_at + text_size;
    return OTM_OK;
}

otm_status otmi_key_filter_create(const otm_allocator *allocator, const otmi_key_list *lists, size_t list_count,
                                  otmi_key_filter **out)
{
    *out = NULL;
    filter_layout layout;
    otm_status st = lay_out(lists, list_count, &layout);
    if (st != OTM_OK || layout.size == 0) {
        return st;
    }
    otmi_key_filter *filter = otmi_alloc_zeroed(allocator, layout.size);
    if (filter == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    filter->allocator = allocator;
    filter->block_size = layout.size;
    filter_key *keys = (filter_key *)(void *)((char *)filter + layout.keys_at);
    char *texts = (char *)filter + layout.texts_at;
    for (size_t i = 0; i < list_count; i++) {
        if (!keeps_everything(&lists[i])) {
            key_set *set = &filter->sets[filter->set_count++];
            set->keys = keys;
            keys += lists[i].count;
            fill_set(set, &lists[i], &texts);
        }
    }
    *out = filter;
    return OTM_OK;
}

void otmi_key_filter_destroy(otmi_key_filter *filter)
{
    if (filter != NULL) {
        otmi_free(filter->allocator, filter, filter->block_size);
    }
}

static bool sets_equal(const key_set *a, const key_set *b)
{
    if (a->excluded != b->excluded || a->literal_count != b->literal_count || a->pattern_count != b->pattern_count) {
        return false;
    }
    for (size_t i = 0; i < a->literal_count + a->pattern_count; i++) {
        if (compare_keys(a->keys[i].text, a->keys[i].size, &b->keys[i]) != 0) {
            return false;
        }
    }
    return true;
}

bool otmi_key_filter_equal(const otmi_key_filter *a, const otmi_key_filter *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    if (a->set_count != b->set_count) {
        return false;
    }
    for (size_t i = 0; i < a->set_count; i++) {
        if (!sets_equal(&a->sets[i], &b->sets[i])) {
            return false;
        }
    }
    return true;
}
