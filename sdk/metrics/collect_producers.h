/* The producers' part of one collection: asks each, checks and filters what it gives, and keeps it until the tree that
 * refers to it is returned. */
#ifndef OTMI_COLLECT_PRODUCERS_H
#define OTMI_COLLECT_PRODUCERS_H

#include "metrics/pipeline.h"

/* One producer's tree in use, and what of it comes out: scopes and metrics in the arena of the collection, points
 * mostly where the producer has them. */
typedef struct otmi_lease {
    struct otmi_lease *next;
    otm_metric_producer *producer;
    const otm_metrics_data *data;
    otm_scope_metrics *scopes; /* none is empty */
    size_t scope_count;
    size_t point_count;
} otmi_lease;

/* Asks all producers of the request. What fails is reported and left out. `asked` tells all of them the same, but for
 * the deadline. */
otmi_lease *otmi_producers_ask(const otmi_collect_request *request, const otm_produce_request *asked, otmi_diag *diag);

/* Gives all trees back; before the arena is used anew. */
void otmi_leases_end(otmi_lease *leases);

#endif
