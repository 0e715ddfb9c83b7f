/* Bound handles: one series, by one thread and by all cores. */
#include <stdlib.h>

#include "bench_rig.h"

typedef struct bound_state {
    bench_rig rig; /* first: the checks read it */
    otm_counter_i64 *counter_i64;
    otm_counter_f64 *counter_f64;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *histogram;
    otm_histogram_f64 *exponential;
    otm_gauge_f64 *gauge;
    otm_bound_counter_i64 *bound_counter_i64;
    otm_bound_counter_f64 *bound_counter_f64;
    otm_bound_up_down_counter_i64 *bound_up_down;
    otm_bound_histogram_f64 *bound_histogram;
    otm_bound_histogram_f64 *bound_exponential;
    otm_bound_gauge_f64 *bound_gauge;
} bound_state;

static void run_counter_i64(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_counter_i64 *bound = ((bound_state *)row->state)->bound_counter_i64;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_counter_i64_add(bound, 1);
    }
}

static void run_counter_f64(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_counter_f64 *bound = ((bound_state *)row->state)->bound_counter_f64;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_counter_f64_add(bound, 1.0);
    }
}

static void run_up_down(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_up_down_counter_i64 *bound = ((bound_state *)row->state)->bound_up_down;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_up_down_counter_i64_add(bound, -1);
    }
}

static void run_histogram(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_histogram_f64 *bound = ((bound_state *)row->state)->bound_histogram;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_histogram_f64_record(bound, bench_values[i % BENCH_VALUES]);
    }
}

static void run_exponential(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_histogram_f64 *bound = ((bound_state *)row->state)->bound_exponential;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_histogram_f64_record(bound, bench_values[i % BENCH_VALUES]);
    }
}

static void run_gauge(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_gauge_f64 *bound = ((bound_state *)row->state)->bound_gauge;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_gauge_f64_record(bound, (double)i);
    }
}

/* Every thread's last value is the same, so that of the series is, too. */
static bool check_gauge(bench_row *row, char *why)
{
    bench_total total = {0};
    return bench_rig_collect(row->state, &total) && bench_judge_count((uint64_t)total.f64, row->count - 1, why);
}

/* One instrument of each kind; on failure a no-op, which the row's check finds out. */
static void *start(const bench_row *row)
{
    bound_state *s = calloc(1, sizeof *s);
    otm_instrument_options advice;
    if (s == NULL) {
        bench_die("bound rows", OTM_ERR_NO_MEMORY);
    }
    otm_instrument_options_init(&advice);
    advice.has_bucket_boundaries = true;
    advice.bucket_boundaries = bench_bounds;
    advice.bucket_boundary_count = BENCH_BOUNDS;
    bench_rig_start(&s->rig, row->variant);
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter.i64", NULL, &s->counter_i64);
    (void)otm_meter_create_counter_f64(s->rig.meter, "counter.f64", NULL, &s->counter_f64);
    (void)otm_meter_create_up_down_counter_i64(s->rig.meter, "up_down", NULL, &s->up_down);
    (void)otm_meter_create_histogram_f64(s->rig.meter, "histogram", &advice, &s->histogram);
    (void)otm_meter_create_histogram_f64(s->rig.meter, "exponential", NULL, &s->exponential);
    (void)otm_meter_create_gauge_f64(s->rig.meter, "gauge", NULL, &s->gauge);
    otm_attr attrs[] = {otm_attr_string("method", BENCH_METHOD)};
    (void)otm_counter_i64_bind(s->counter_i64, attrs, 1, NULL, &s->bound_counter_i64);
    (void)otm_counter_f64_bind(s->counter_f64, attrs, 1, NULL, &s->bound_counter_f64);
    (void)otm_up_down_counter_i64_bind(s->up_down, attrs, 1, NULL, &s->bound_up_down);
    (void)otm_histogram_f64_bind(s->histogram, attrs, 1, NULL, &s->bound_histogram);
    (void)otm_histogram_f64_bind(s->exponential, attrs, 1, NULL, &s->bound_exponential);
    (void)otm_gauge_f64_bind(s->gauge, attrs, 1, NULL, &s->bound_gauge);
    return s;
}

static void end(bench_row *row)
{
    bound_state *s = row->state;
    otm_bound_counter_i64_release(s->bound_counter_i64);
    otm_bound_counter_f64_release(s->bound_counter_f64);
    otm_bound_up_down_counter_i64_release(s->bound_up_down);
    otm_bound_histogram_f64_release(s->bound_histogram);
    otm_bound_histogram_f64_release(s->bound_exponential);
    otm_bound_gauge_f64_release(s->bound_gauge);
    otm_counter_i64_release(s->counter_i64);
    otm_counter_f64_release(s->counter_f64);
    otm_up_down_counter_i64_release(s->up_down);
    otm_histogram_f64_release(s->histogram);
    otm_histogram_f64_release(s->exponential);
    otm_gauge_f64_release(s->gauge);
    bench_rig_end(&s->rig);
    free(s);
}

void bench_rows_bound(void)
{
    static const bench_rig_options delta = {.delta = true};
    static const bench_row rows[] = {
        {.name = "bound counter add, integer", .run = run_counter_i64, .check = bench_check_counter_i64, .hot = true},
        {.name = "bound counter add, double", .run = run_counter_f64, .check = bench_check_counter_f64, .hot = true},
        {.name = "bound histogram record, 15 bounds", .run = run_histogram, .check = bench_check_histogram,
         .hot = true},
        {.name = "bound exponential histogram record", .run = run_exponential, .check = bench_check_histogram,
         .hot = true},
        {.name = "bound up-down counter add, integer", .run = run_up_down, .check = bench_check_fallen_i64},
        {.name = "bound gauge record, double", .run = run_gauge, .check = check_gauge},
        {.name = "bound counter add, integer, delta reader", .run = run_counter_i64, .variant = &delta,
         .check = bench_check_counter_i64},
        {.name = "bound histogram record, 15 bounds, delta reader", .run = run_histogram, .variant = &delta,
         .check = bench_check_histogram},
        {.name = "bound exponential histogram record, delta reader", .run = run_exponential, .variant = &delta,
         .check = bench_check_histogram},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_row row = rows[i];
        row.start = start;
        row.end = end;
        row.quick = row.hot;
        bench_add_row(&row, BENCH_ONE | BENCH_CORES | (row.hot ? BENCH_CROWD : 0));
    }
}
