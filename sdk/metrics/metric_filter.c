#include "metrics/metric_filter.h"

#include <stdatomic.h>

#include "util/alloc.h"
#include "util/options.h"

struct otm_metric_filter {
    _Atomic uint32_t references;
    const otm_allocator *allocator; /* from here: never changes */
    otm_metric_filter_ops ops;      /* entries that the given table was too short for are NULL */
    void *self;
};

/* -- The object -------------------------------------------------------------------------------------------------- */

static otm_metric_filter *filter_new(const otm_metric_filter_ops *ops, void *self, const otm_allocator *given)
{
    const otm_allocator *allocator = otmi_allocator_or_default(given);
    otm_metric_filter *filter = otmi_alloc_zeroed(allocator, sizeof *filter);
    if (filter != NULL) {
        atomic_init(&filter->references, 1);
        filter->allocator = allocator;
        filter->ops = *ops;
        filter->self = self;
    }
    return filter;
}

otm_status otm_metric_filter_create(const otm_metric_filter_ops *given, void *self, const otm_allocator *allocator,
                                    otm_metric_filter **out)
{
    otm_metric_filter_ops ops;
    otmi_options_take_known(given, &ops, sizeof ops);
    otm_metric_filter *filter = NULL;
    otm_status st = out == NULL || ops.test_metric == NULL ? OTM_ERR_INVALID_ARGUMENT : OTM_OK;
    if (st == OTM_OK) {
        filter = filter_new(&ops, self, allocator);
        st = filter != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
    }
    if (st != OTM_OK && ops.destroy != NULL) {
        ops.destroy(self);
    }
    if (out != NULL) {
        *out = filter;
    }
    return st;
}

otm_metric_filter *otm_metric_filter_retain(otm_metric_filter *filter)
{
    if (filter != NULL) {
        atomic_fetch_add_explicit(&filter->references, 1, memory_order_relaxed); /* the caller has one already */
    }
    return filter;
}

void otm_metric_filter_release(otm_metric_filter *filter)
{
    /* Release what this thread did to it; the last one acquires what all others did, before it frees. */
    if (filter == NULL || atomic_fetch_sub_explicit(&filter->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (filter->ops.destroy != NULL) {
        filter->ops.destroy(filter->self);
    }
    otmi_free(filter->allocator, filter, sizeof *filter);
}

/* -- Asking ------------------------------------------------------------------------------------------------------ */

otm_filter_result otm_metric_filter_test_metric(otm_metric_filter *filter, const otm_scope *scope, const char *name,
                                                otm_metric_type type, const char *unit)
{
    if (filter == NULL) {
        return OTM_FILTER_ACCEPT;
    }
    otm_filter_result result = filter->ops.test_metric(filter->self, scope, name, type, unit);
    return result == OTM_FILTER_DROP || result == OTM_FILTER_ACCEPT_PARTIAL ? result : OTM_FILTER_ACCEPT;
}

otm_filter_result otm_metric_filter_test_attributes(otm_metric_filter *filter, const otm_scope *scope, const char *name,
                                                    otm_metric_type type, const char *unit, const otm_attr *attributes,
                                                    size_t attribute_count)
{
    if (filter == NULL || filter->ops.test_attributes == NULL) {
        return OTM_FILTER_ACCEPT;
    }
    otm_filter_result result =
        filter->ops.test_attributes(filter->self, scope, name, type, unit, attributes, attribute_count);
    return result == OTM_FILTER_DROP ? OTM_FILTER_DROP : OTM_FILTER_ACCEPT;
}

/* -- Trees ------------------------------------------------------------------------------------------------------- */

static const char *text_of(const otm_string *string)
{
    return string->data != NULL ? string->data : "";
}

otm_scope otmi_scope_of(const otm_scope_metrics *scope)
{
    return (otm_scope){.name = text_of(&scope->name),
                       .version = text_of(&scope->version),
                       .schema_url = text_of(&scope->schema_url),
                       .attributes = scope->attributes,
                       .attribute_count = scope->attribute_count};
}

otm_filter_result otmi_metric_filter_judge(otm_metric_filter *filter, const otm_scope *scope, const otm_metric *metric)
{
    return otm_metric_filter_test_metric(filter, scope, text_of(&metric->name), (otm_metric_type)metric->type,
                                         text_of(&metric->unit));
}

void otmi_metric_filter_points(otm_metric_filter *filter, const otm_scope *scope, otm_metric *metric,
                               otm_point *points)
{
    size_t kept = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        const otm_point *point = &points[i];
        if (otm_metric_filter_test_attributes(filter, scope, text_of(&metric->name), (otm_metric_type)metric->type,
                                              text_of(&metric->unit), point->attributes,
                                              point->attribute_count) == OTM_FILTER_ACCEPT) {
            points[kept++] = *point;
        }
    }
    metric->points = points;
    metric->point_count = kept;
    metric->point_stride = sizeof *points;
}
