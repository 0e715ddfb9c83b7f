/* Bound handles: one series, by one thread and by all cores. */
#include <stdlib.h>

#include "bench_rig.h"

typedef struct bound_state {
    bench_rig rig; /* first: the checks read it */
    otm_counter_i64 *counter_i64;
    otm_counter_f64 *counter_f64;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *histogram;
    otm_gauge_f64 *gauge;
    otm_bound_counter_i64 *bound_counter_i64;
    otm_bound_counter_f64 *bound_counter_f64;
    otm_bound_up_down_counter_i64 *bound_up_down;
    otm_bound_histogram_f64 *bound_histogram;
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
static bound_state *start(bool delta)
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
    bench_rig_start(&s->rig, &(bench_rig_options){.delta = delta});
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter.i64", NULL, &s->counter_i64);
    (void)otm_meter_create_counter_f64(s->rig.meter, "counter.f64", NULL, &s->counter_f64);
    (void)otm_meter_create_up_down_counter_i64(s->rig.meter, "up_down", NULL, &s->up_down);
    (void)otm_meter_create_histogram_f64(s->rig.meter, "histogram", &advice, &s->histogram);
    (void)otm_meter_create_gauge_f64(s->rig.meter, "gauge", NULL, &s->gauge);
    otm_attr attrs[] = {otm_attr_string("method", "POST")};
    (void)otm_counter_i64_bind(s->counter_i64, attrs, 1, NULL, &s->bound_counter_i64);
    (void)otm_counter_f64_bind(s->counter_f64, attrs, 1, NULL, &s->bound_counter_f64);
    (void)otm_up_down_counter_i64_bind(s->up_down, attrs, 1, NULL, &s->bound_up_down);
    (void)otm_histogram_f64_bind(s->histogram, attrs, 1, NULL, &s->bound_histogram);
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
    otm_bound_gauge_f64_release(s->bound_gauge);
    otm_counter_i64_release(s->counter_i64);
    otm_counter_f64_release(s->counter_f64);
    otm_up_down_counter_i64_release(s->up_down);
    otm_histogram_f64_release(s->histogram);
    otm_gauge_f64_release(s->gauge);
    bench_rig_end(&s->rig);
    free(s);
}

void bench_rows_bound(void)
{
    static const struct {
        const char *name;
        void (*run)(bench_row *row, uint64_t count, unsigned thread);
        bool (*check)(bench_row *row, char *why);
        bool delta;
    } cases[] = {
        {"bound counter add, integer", run_counter_i64, bench_check_counter_i64, false},
        {"bound counter add, double", run_counter_f64, bench_check_counter_f64, false},
        {"bound up-down counter add, integer", run_up_down, bench_check_fallen_i64, false},
        {"bound histogram record, 15 bounds", run_histogram, bench_check_histogram, false},
        {"bound gauge record, double", run_gauge, check_gauge, false},
        {"bound counter add, integer, delta reader", run_counter_i64, bench_check_counter_i64, true},
        {"bound histogram record, 15 bounds, delta reader", run_histogram, bench_check_histogram, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned cores = bench_cores();
        for (unsigned threads = 1; bench_wanted(cases[i].name) && threads <= cores; threads += cores - 1) {
            bench_add_row(&(bench_row){.name = cases[i].name, .run = cases[i].run, .check = cases[i].check,
                                       .end = end, .state = start(cases[i].delta), .threads = threads});
            if (cores == 1) {
                break;
            }
        }
    }
}
