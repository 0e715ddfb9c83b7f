/* What a producer's tree has to be, so that exporters can walk it and their peers take it: a string that is no UTF-8
 * would have an OTLP collector refuse the request with everything else in it. */
#ifndef OTMI_PRODUCED_CHECK_H
#define OTMI_PRODUCED_CHECK_H

#include <otm/sdk_data.h>

/* How many scopes a tree has; false if it cannot be walked as far as them. */
bool otmi_produced_scopes(const otm_metrics_data *data, size_t *count);

/* What is wrong with a scope itself (and how its metrics lie), or with a metric and all below it; NULL: nothing. */
const char *otmi_produced_scope_flaw(const otm_scope_metrics *scope);
const char *otmi_produced_metric_flaw(const otm_metric *metric);

#endif
