/* Views: matching instruments, and resolving them into streams. */
#ifndef OTMI_VIEW_H
#define OTMI_VIEW_H

#include <otm/sdk.h>

#include "metrics/reader.h"
#include "metrics/stream.h"
#include "util/diag.h"

/* An instrument as it was created, first-seen spelling and checked advice. */
typedef struct otmi_instrument_desc {
    otm_instrument_kind kind;
    otm_number number;
    const char *name;
    const char *unit;
    const char *description;
    const double *advice_bounds; /* valid ones only */
    size_t advice_bound_count;
    bool has_advice_bounds;
    const char *const *advice_keys;
    size_t advice_key_count;
    bool has_advice_keys;
} otmi_instrument_desc;

typedef struct otmi_scope_id {
    const char *name;
    const char *version;
    const char *schema_url;
} otmi_scope_id;

typedef struct otmi_view_set otmi_view_set; /* the provider's views, copied and checked; immutable */

/* Copies `views`. OTM_ERR_INVALID_ARGUMENT on a view that could never be right (bad aggregation parameters, a
 * selector kind out of range, an empty pattern); the diagnostic says which view and what was expected. */
otm_status otmi_view_set_create(const otm_allocator *allocator, const otm_view *views, size_t count, size_t stride,
                                otm_view_matching matching, otmi_diag *diag, otmi_view_set **out);
void otmi_view_set_destroy(otmi_view_set *set);

typedef struct otmi_stream_list {
    const otm_allocator *allocator;
    otmi_stream *items;
    size_t count;
    size_t capacity;
} otmi_stream_list;

void otmi_stream_list_fini(otmi_stream_list *list);

/* The streams of one instrument for one reader, DROP streams left out (an empty list: nobody wants it). A NULL set
 * holds no views. A reader's aggregation that does not fit the kind counts as DEFAULT.
 * Warnings about senseless views go to diag, once per instrument: the caller passes diag for its first reader only.
 * OTM_ERR_NO_MEMORY, OTM_ERR_LIMIT (a list of advised keys is too long): *out is empty. */
otm_status otmi_view_set_resolve(const otmi_view_set *set, const otm_allocator *allocator,
                                 const otmi_scope_id *scope, const otmi_instrument_desc *instrument,
                                 const otmi_reader_config *reader, otmi_diag *diag, otmi_stream_list *out);

/* True if views set the description of each stream of the instrument: silences SDK-DUP-04. */
bool otmi_view_set_sets_description(const otmi_view_set *set, const otmi_scope_id *scope,
                                    const otmi_instrument_desc *instrument);

#endif
