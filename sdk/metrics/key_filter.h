/* Which attribute keys a stream keeps: allow-lists ANDed, then an exclude-list, with wildcards. Immutable. */
#ifndef OTMI_KEY_FILTER_H
#define OTMI_KEY_FILTER_H

#include <otm/host.h>

typedef struct otmi_key_filter otmi_key_filter; /* NULL keeps everything */

typedef struct otmi_key_list {
    const char *const *keys; /* patterns; literal if `literal` */
    size_t count;
    bool excluded; /* false: an allow-list */
    bool literal;  /* no wildcards: advisory attribute keys */
} otmi_key_list;

#define OTMI_KEY_LIST_MAX 4096 /* keys in one list */

/* *out is NULL if the lists keep everything. Copies.
 * OTM_ERR_LIMIT: a list is too long. OTM_ERR_NO_MEMORY. */
otm_status otmi_key_filter_create(const otm_allocator *allocator, const otmi_key_list *lists, size_t list_count,
                                  otmi_key_filter **out);
void otmi_key_filter_destroy(otmi_key_filter *filter);

/* Called on the recording path: no allocation, no lock. NULL filter: true. */
bool otmi_key_filter_keeps(const otmi_key_filter *filter, const char *key, size_t key_size);
bool otmi_key_filter_equal(const otmi_key_filter *a, const otmi_key_filter *b);

#endif
