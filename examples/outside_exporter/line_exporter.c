/* An exporter by somebody else: prints one line a point. It uses public headers only and builds against the installed
 * package; what it can do, the exporters of otm can do, and no more. */
#include "line_exporter.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct line_exporter {
    FILE *out;
} line_exporter;

static void print_attributes(FILE *out, const otm_point *point)
{
    for (size_t i = 0; i < point->attribute_count; i++) {
        const otm_attr *attr = &point->attributes[i];
        fprintf(out, " %.*s=", (int)attr->key_size, attr->key);
        switch (attr->value.type) {
        case OTM_VALUE_STRING:
            fprintf(out, "%.*s", (int)attr->value.size, attr->value.as.string);
            break;
        case OTM_VALUE_BOOL:
            fprintf(out, "%s", attr->value.as.boolean ? "true" : "false");
            break;
        case OTM_VALUE_I64:
            fprintf(out, "%" PRId64, attr->value.as.i64);
            break;
        case OTM_VALUE_F64:
            fprintf(out, "%g", attr->value.as.f64);
            break;
        default:
            fprintf(out, "(not shown)");
        }
    }
}

static void print_value(FILE *out, const otm_metric *metric, const otm_point *point)
{
    switch (metric->type) {
    case OTM_METRIC_GAUGE:
    case OTM_METRIC_SUM:
        if (point->data.number.number == OTM_NUMBER_I64) {
            fprintf(out, " %" PRId64, point->data.number.as.i64);
        } else {
            fprintf(out, " %g", point->data.number.as.f64);
        }
        break;
    default:
        fprintf(out, " count %" PRIu64 " sum %g", point->data.histogram->count, point->data.histogram->sum);
    }
}

/* All is printed before it returns, so the batch is never PENDING and no step is needed. */
static otm_status line_begin(void *self, const otm_metrics_data *batch, uint64_t deadline_ns)
{
    FILE *out = ((line_exporter *)self)->out;
    (void)deadline_ns;
    for (size_t r = 0; r < batch->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(batch, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            const otm_scope_metrics *scope = otm_resource_scope(resource, s);
            for (size_t m = 0; m < scope->metric_count; m++) {
                const otm_metric *metric = otm_scope_metric(scope, m);
                for (size_t p = 0; p < metric->point_count; p++) {
                    const otm_point *point = otm_metric_point(metric, p);
                    fprintf(out, "%s", metric->name.data);
                    print_attributes(out, point);
                    print_value(out, metric, point);
                    fputc('\n', out);
                }
            }
        }
    }
    return fflush(out) == 0 ? OTM_OK : OTM_ERR_IO;
}

static void line_destroy(void *self)
{
    free(self);
}

static const otm_exporter_ops line_ops = {
    .size = sizeof line_ops,
    .begin = line_begin,
    .destroy = line_destroy,
};

otm_status line_exporter_create(FILE *out, otm_exporter **exporter)
{
    *exporter = NULL;
    line_exporter *self = malloc(sizeof *self);
    if (self == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    self->out = out;
    return otm_exporter_create(&line_ops, self, exporter);
}
