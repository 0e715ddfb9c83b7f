/* Lists of the form k1=v1,k2=v2 with percent-encoded values: OTEL_RESOURCE_ATTRIBUTES and OTLP headers. */
#ifndef OTMI_KVLIST_H
#define OTMI_KVLIST_H

#include <otm/host.h>

typedef struct otmi_kv {
    char *key;   /* NUL-terminated, decoded */
    char *value; /* NUL-terminated, decoded; may hold any byte but NUL */
} otmi_kv;

typedef struct otmi_kvlist {
    const otm_allocator *allocator;
    otmi_kv *items;
    size_t count;
    size_t capacity;
} otmi_kvlist;

/* Parses all or nothing. Blanks around keys and values are trimmed, empty entries are skipped.
 * OTM_ERR_CONFIG: malformed; *error_offset (may be NULL) is where. OTM_ERR_NO_MEMORY. */
otm_status otmi_kvlist_parse(otmi_kvlist *list, const otm_allocator *allocator, const char *text,
                             size_t *error_offset);
void otmi_kvlist_fini(otmi_kvlist *list);

#endif
