#include "receiver_table.h"

#include <inttypes.h>

typedef Opentelemetry__Proto__Metrics__V1__Metric metric_message;
typedef Opentelemetry__Proto__Metrics__V1__NumberDataPoint number_point;
typedef Opentelemetry__Proto__Metrics__V1__HistogramDataPoint histogram_point;

/* What is common to the kinds of metric: a name for the kind, and its points. */
typedef struct summary {
    const char *type;
    size_t count;
    number_point *const *numbers; /* NULL unless they are numbers */
    histogram_point *const *histograms;
} summary;

static summary summary_of(const metric_message *m)
{
    switch (m->data_case) {
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_GAUGE:
        return (summary){"gauge", m->gauge->n_data_points, m->gauge->data_points, NULL};
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_SUM:
        return (summary){m->sum->is_monotonic ? "counter" : "sum", m->sum->n_data_points, m->sum->data_points, NULL};
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_HISTOGRAM:
        return (summary){"histogram", m->histogram->n_data_points, NULL, m->histogram->data_points};
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_EXPONENTIAL_HISTOGRAM:
        return (summary){"exponential", m->exponential_histogram->n_data_points, NULL, NULL};
    case OPENTELEMETRY__PROTO__METRICS__V1__METRIC__DATA_SUMMARY:
        return (summary){"summary", m->summary->n_data_points, NULL, NULL};
    default:
        return (summary){"(no data)", 0, NULL, NULL};
    }
}

static double number_of(const number_point *p)
{
    return p->value_case == OPENTELEMETRY__PROTO__METRICS__V1__NUMBER_DATA_POINT__VALUE_AS_INT ? (double)p->as_int
                                                                                               : p->as_double;
}

static void print_numbers(FILE *to, const summary *s)
{
    double largest = number_of(s->numbers[0]);
    for (size_t i = 1; i < s->count; i++) {
        double value = number_of(s->numbers[i]);
        largest = value > largest ? value : largest;
    }
    fprintf(to, "%s%.10g", s->count > 1 ? "largest " : "", largest);
}

static void print_histograms(FILE *to, const summary *s)
{
    uint64_t count = 0;
    double sum = 0;
    for (size_t i = 0; i < s->count; i++) {
        count += s->histograms[i]->count;
        sum += s->histograms[i]->sum;
    }
    fprintf(to, "count %" PRIu64 ", sum %.10g", count, sum);
}

/* Whatever a sender puts into a name, a terminal must not be steered by it. */
static const char *printable(ProtobufCBinaryData text, char *out, size_t capacity)
{
    size_t size = text.len < capacity ? text.len : capacity - 1;
    for (size_t i = 0; i < size; i++) {
        out[i] = text.data[i] < 0x20 || text.data[i] == 0x7f ? '?' : (char)text.data[i];
    }
    out[size] = '\0';
    return out;
}

static void print_metric(FILE *to, const metric_message *m)
{
    summary s = summary_of(m);
    char name[256];
    char unit[64];
    fprintf(to, "  %-55s %-11s %-13s %6zu  ", printable(m->name, name, sizeof name), s.type,
            printable(m->unit, unit, sizeof unit), s.count);
    if (s.count > 0 && s.numbers != NULL) {
        print_numbers(to, &s);
    } else if (s.histograms != NULL) {
        print_histograms(to, &s);
    }
    fputc('\n', to);
}

/* Calls visit for each metric, or only counts points if it is NULL. */
static size_t walk(const receiver_request *request, FILE *to, void (*visit)(FILE *to, const metric_message *m))
{
    size_t points = 0;
    for (size_t r = 0; r < request->n_resource_metrics; r++) {
        for (size_t s = 0; s < request->resource_metrics[r]->n_scope_metrics; s++) {
            const Opentelemetry__Proto__Metrics__V1__ScopeMetrics *scope =
                request->resource_metrics[r]->scope_metrics[s];
            for (size_t m = 0; m < scope->n_metrics; m++) {
                points += summary_of(scope->metrics[m]).count;
                if (visit != NULL) {
                    visit(to, scope->metrics[m]);
                }
            }
        }
    }
    return points;
}

void receiver_table_print(FILE *to, const receiver_request *request)
{
    fprintf(to, "  %-55s %-11s %-13s %6s  %s\n", "name", "type", "unit", "points", "value");
    (void)walk(request, to, print_metric);
}

size_t receiver_count_points(const receiver_request *request)
{
    return walk(request, NULL, NULL);
}
