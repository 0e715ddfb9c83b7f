/* What the view_*.c files share: the copied views, and the plan of a stream that views make. */
#ifndef OTMI_VIEW_SET_H
#define OTMI_VIEW_SET_H

#include "metrics/view.h"

#define OTMI_VIEW_MAX 4096

/* One block: this header, the views, and all they point to. */
struct otmi_view_set {
    const otm_allocator *allocator;
    size_t block_size;
    otm_view_matching matching;
    size_t count;
    otm_view views[];
};

/* view_match.c */
bool otmi_view_matches(const otm_view *view, const otmi_scope_id *scope, const otmi_instrument_desc *instrument);

/* False if the view's aggregation makes no sense for the kind. */
bool otmi_view_fits(const otm_view *view, otm_instrument_kind kind);

/* A stream before it is built: the settings of views, laid over each other. NULL and 0: not set by a view. */
typedef struct otmi_stream_plan {
    const char *name;
    const char *description;
    const otm_aggregation *aggregation;
    uint32_t cardinality_limit;
    otm_reservoir_choice reservoir;
    int64_t idle_ttl_ms;
    otmi_key_list *key_lists; /* room for two a view; NULL: keys are not wanted */
    size_t key_list_count;
} otmi_stream_plan;

/* Lays the view's settings over the plan's; one that makes no sense for the kind is left out. */
void otmi_stream_plan_apply(otmi_stream_plan *plan, const otm_view *view, otm_instrument_kind kind);

/* What the views make of one instrument, and for whom. */
typedef struct otmi_view_walk {
    const otmi_view_set *set;
    const otmi_scope_id *scope;
    const otmi_instrument_desc *instrument;
    otmi_diag *diag;          /* warnings; NULL: none */
    otmi_key_list *key_lists; /* room for two a view; NULL: keys are not wanted */
    otm_status (*visit)(const otmi_stream_plan *plan, void *context);
    void *context;
} otmi_view_walk;

/* Call visit for the plan of each stream, DROP ones included, and end with its first failure. The plan of an
 * instrument that no view is for has nothing set. */
otm_status otmi_view_walk_independent(const otmi_view_walk *walk); /* view_resolve.c */
otm_status otmi_view_walk_composed(const otmi_view_walk *walk);    /* view_compose.c */

/* Warns that the aggregation of views[index] makes no sense for the instrument; `consequence` ends the sentence. */
void otmi_view_warn_senseless(const otmi_view_walk *walk, size_t index, const char *consequence);

#endif
