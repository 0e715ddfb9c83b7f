/* A reader's metric filter: the object behind otm_metric_filter, and what it leaves of a metric's points. */
#ifndef OTMI_METRIC_FILTER_H
#define OTMI_METRIC_FILTER_H

#include <otm/producer.h>

/* Asks about a metric with the strings that it has; NULL accepts. */
otm_filter_result otmi_metric_filter_judge(otm_metric_filter *filter, const otm_scope *scope, const otm_metric *metric);

/* For a metric that is accepted in part: takes out the points whose attributes the filter drops. The points are the
 * caller's to change. */
void otmi_metric_filter_points(otm_metric_filter *filter, const otm_scope *scope, otm_metric *metric,
                               otm_point *points);

/* The same scope in the other form. */
otm_scope otmi_scope_of(const otm_scope_metrics *scope);

#endif
