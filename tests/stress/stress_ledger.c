#include "stress/stress_ledger.h"

#include <math.h>
#include <stdlib.h>

/* -- Values -------------------------------------------------------------------------------------------------------- */

double stress_explicit_value(size_t index)
{
    static const double values[STRESS_EXPLICIT_VALUES] = {0,   5,   10,  25,   50,   75,   100,   250,
                                                          500, 750, 1000, 2500, 5000, 7500, 10000, 20000};
    return values[index];
}

double stress_exponential_value(size_t index)
{
    if (index == 0) {
        return 0;
    }
    return index <= STRESS_EXPONENTS ? ldexp(1, (int)index - 1) : -ldexp(1, (int)index - 1 - STRESS_EXPONENTS);
}

/* -- Totals -------------------------------------------------------------------------------------------------------- */

void stress_total_add(stress_total *total, const stress_total *more)
{
    total->number += more->number;
    total->sum += more->sum;
    total->count += more->count;
    for (size_t i = 0; i < STRESS_VALUES; i++) {
        total->by_value[i] += more->by_value[i];
    }
}

static void note(stress_total *total, size_t index, uint64_t count, double value)
{
    total->by_value[index] += count;
    total->count += count;
    total->sum += (double)count * value;
}

void stress_note_explicit(stress_total *total, size_t index)
{
    note(total, index, 1, stress_explicit_value(index));
}

void stress_note_exponential(stress_total *total, size_t index)
{
    note(total, index, 1, stress_exponential_value(index));
}

static void read_explicit(const otm_histogram_data *data, stress_total *out)
{
    for (size_t i = 0; i < data->bucket_count; i++) {
        note(out, i, data->bucket_counts[i], stress_explicit_value(i));
    }
}

/* Upper bounds are inclusive: 2^e lies at the end of bucket (e << scale) - 1. */
static void read_side(const otm_histogram_data *data, const otm_exponential_buckets *side, size_t first,
                      stress_total *out)
{
    for (size_t i = 0; i < side->count_size; i++) {
        int64_t above = (int64_t)side->offset + (int64_t)i + 1;
        int64_t unit = INT64_C(1) << (data->scale < 0 ? 0 : data->scale);
        if (side->counts[i] == 0) {
            continue;
        }
        if (data->scale < 0 || above % unit != 0 || above < 0 || above / unit >= STRESS_EXPONENTS) {
            stress_complain("bucket %d of scale %d holds %llu values, and none falls into it", (int)above - 1,
                            (int)data->scale, (unsigned long long)side->counts[i]);
            continue;
        }
        size_t index = first + (size_t)(above / unit);
        note(out, index, side->counts[i], stress_exponential_value(index));
    }
}

static stress_total read_histogram(const otm_metric *metric, const otm_histogram_data *data)
{
    stress_total t = {0};
    if (metric->type == OTM_METRIC_HISTOGRAM) {
        read_explicit(data, &t);
    } else {
        note(&t, 0, data->zero_count, 0);
        read_side(data, &data->positive, 1, &t);
        read_side(data, &data->negative, 1 + STRESS_EXPONENTS, &t);
    }
    bool extremes = !data->has_min || !data->has_max || data->min <= data->max;
    if (t.count != data->count || t.sum != data->sum || !extremes) {
        stress_complain("a torn histogram: %s counts %llu with a sum of %.0f, its buckets %llu with %.0f",
                        metric->name.data, (unsigned long long)data->count, data->sum, (unsigned long long)t.count,
                        t.sum);
    }
    return t;
}

static stress_total read_point(const otm_metric *metric, const otm_point *point)
{
    stress_total t = {0};
    if (metric->type == OTM_METRIC_HISTOGRAM || metric->type == OTM_METRIC_EXPONENTIAL_HISTOGRAM) {
        return read_histogram(metric, point->data.histogram);
    }
    if (point->data.number.number == OTM_NUMBER_I64) {
        t.number = point->data.number.as.i64;
    } else {
        t.sum = point->data.number.as.f64;
    }
    return t;
}

static bool same(const stress_total *a, const stress_total *b)
{
    bool equal = a->number == b->number && a->sum == b->sum && a->count == b->count;
    for (size_t i = 0; i < STRESS_VALUES && equal; i++) {
        equal = a->by_value[i] == b->by_value[i];
    }
    return equal;
}

/* Whether a cumulative point is less than an earlier one of the same series. */
static bool fell(const otm_metric *metric, const stress_total *before, const stress_total *now)
{
    bool less = now->count < before->count;
    if (metric->type == OTM_METRIC_SUM && metric->monotonic) {
        less = now->number < before->number || now->sum < before->sum;
    }
    for (size_t i = 0; i < STRESS_VALUES && !less; i++) {
        less = now->by_value[i] < before->by_value[i];
    }
    return less;
}

/* -- Accounts ------------------------------------------------------------------------------------------------------ */

stress_ledger *stress_ledger_create(const char *const *names)
{
    stress_ledger *ledger = calloc(1, sizeof *ledger);
    assert_non_null(ledger);
    for (size_t i = 0; i < STRESS_METRICS && names[i] != NULL; i++) {
        ledger->names[i] = names[i];
    }
    assert_int_equal(pthread_mutex_init(&ledger->mu, NULL), 0);
    return ledger;
}

void stress_ledger_destroy(stress_ledger *ledger)
{
    pthread_mutex_destroy(&ledger->mu);
    free(ledger);
}

void stress_ledger_record(stress_ledger *ledger, const stress_total *totals)
{
    pthread_mutex_lock(&ledger->mu);
    for (size_t i = 0; i < STRESS_METRICS && ledger->names[i] != NULL; i++) {
        stress_total_add(&ledger->recorded[i], &totals[i]);
    }
    pthread_mutex_unlock(&ledger->mu);
}

static size_t metric_of(const stress_ledger *ledger, const otm_metric *metric)
{
    size_t i = 0;
    while (i < STRESS_METRICS && ledger->names[i] != NULL && strcmp(ledger->names[i], metric->name.data) != 0) {
        i++;
    }
    return i < STRESS_METRICS && ledger->names[i] != NULL ? i : STRESS_METRICS;
}

static size_t place_of(const otm_point *point)
{
    if (point->attribute_count == 0) {
        return STRESS_NO_SET;
    }
    for (size_t i = 0; i < point->attribute_count; i++) {
        const otm_attr *attr = &point->attributes[i];
        if (attr->value.type == OTM_VALUE_I64 && attr->key_size == 3 && memcmp(attr->key, "set", 3) == 0 &&
            attr->value.as.i64 >= 0 && attr->value.as.i64 < STRESS_SETS) {
            return (size_t)attr->value.as.i64;
        }
    }
    if (point->attribute_count != 1 || point->attributes[0].value.type != OTM_VALUE_BOOL) {
        stress_complain("a point has attributes that nobody recorded");
    }
    return STRESS_OVERFLOW;
}

/* Under cumulative a series goes on, or it has ended and this one of the same attributes began after it. */
static void follow(stress_account *account, stress_series *series, const otm_metric *metric, const otm_point *point,
                   const stress_total *now)
{
    /* A handle may begin a set anew in the generation in which its series ended: then the number is another. */
    if (series->generation == point->series_generation && series->number == point->series_number) {
        if (series->start_ns != point->start_time_unix_nano) {
            stress_complain("a series of %s has moved its start", metric->name.data);
        }
        if (fell(metric, &series->last, now)) {
            stress_complain("a cumulative total of %s fell", metric->name.data);
        }
    } else if (series->generation != 0) {
        if (series->generation > point->series_generation || series->start_ns > point->start_time_unix_nano) {
            stress_complain("a series of %s was followed by an older one: start %llu after %llu", metric->name.data,
                            (unsigned long long)point->start_time_unix_nano, (unsigned long long)series->start_ns);
        }
        stress_total_add(&account->gone, &series->last);
    }
    series->number = point->series_number;
    series->generation = point->series_generation;
    series->start_ns = point->start_time_unix_nano;
    series->last = *now;
}

typedef struct visit_context {
    stress_ledger *ledger;
    size_t reader;
    stress_look look;
} visit_context;

static void enter_point(void *context, const otm_metric *metric, const otm_point *point)
{
    const visit_context *v = context;
    size_t m = metric_of(v->ledger, metric);
    if (m == STRESS_METRICS) {
        return;
    }
    size_t place = place_of(point);
    stress_total now = read_point(metric, point);
    stress_account *account = &v->ledger->accounts[v->reader][m];
    stress_series *series = &account->series[place];
    if (series->collection == v->ledger->collections[v->reader]) {
        stress_complain("one collection of reader %d has two points of one set of %s", (int)v->reader,
                        metric->name.data);
    }
    series->collection = v->ledger->collections[v->reader];
    if (metric->temporality == OTM_DELTA) {
        stress_total_add(&account->gone, &now);
    } else {
        follow(account, series, metric, point, &now);
    }
    if (v->look != NULL) {
        v->look(metric, point, place);
    }
}

static void check_none_is_missing(const stress_ledger *ledger, size_t reader)
{
    for (size_t m = 0; m < STRESS_METRICS && ledger->names[m] != NULL; m++) {
        for (size_t p = 0; p < STRESS_PLACES; p++) {
            const stress_series *series = &ledger->accounts[reader][m].series[p];
            if (series->generation != 0 && series->collection != ledger->collections[reader]) {
                stress_complain("a cumulative series of %s is missing", ledger->names[m]);
            }
        }
    }
}

otm_status stress_ledger_collect(stress_ledger *ledger, otm_reader *reader, size_t index, int64_t timeout_ms,
                                 stress_look look)
{
    visit_context context = {ledger, index, look};
    otm_status tolerated = timeout_ms != 0 ? OTM_ERR_TIMEOUT : ledger->tolerated;
    ledger->collections[index]++;
    otm_status st = stress_collect(reader, timeout_ms, tolerated, enter_point, &context);
    if (st == OTM_OK && !ledger->series_end) {
        check_none_is_missing(ledger, index);
    }
    return st;
}

stress_total stress_ledger_shown(const stress_ledger *ledger, size_t reader, size_t metric)
{
    const stress_account *account = &ledger->accounts[reader][metric];
    stress_total shown = account->gone;
    for (size_t p = 0; p < STRESS_PLACES; p++) {
        stress_total_add(&shown, &account->series[p].last);
    }
    return shown;
}

size_t stress_ledger_present(const stress_ledger *ledger, size_t reader, size_t metric)
{
    size_t count = 0;
    for (size_t p = 0; p < STRESS_PLACES; p++) {
        count += ledger->accounts[reader][metric].series[p].collection == ledger->collections[reader];
    }
    return count;
}

void stress_ledger_balance(const stress_ledger *ledger, size_t reader)
{
    for (size_t m = 0; m < STRESS_METRICS && ledger->names[m] != NULL; m++) {
        stress_total shown = stress_ledger_shown(ledger, reader, m);
        const stress_total *recorded = &ledger->recorded[m];
        if (!same(&shown, recorded)) {
            stress_complain("reader %d was shown of %s: number %lld of %lld, sum %.0f of %.0f, count %llu of %llu",
                            (int)reader, ledger->names[m], (long long)shown.number, (long long)recorded->number,
                            shown.sum, recorded->sum, (unsigned long long)shown.count,
                            (unsigned long long)recorded->count);
        }
    }
}
