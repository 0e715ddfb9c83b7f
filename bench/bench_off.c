/* What instrumented code pays when nobody listens: no SDK, and an instrument that a view drops. */
#include <stdlib.h>

#include "bench_rig.h"

typedef struct off_state {
    bench_rig rig; /* without an SDK only its meter is used */
    bool has_sdk;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
} off_state;

static void run_bound(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_counter_i64 *bound = ((off_state *)row->state)->bound;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("" ::: "memory"); /* as in the empty loop */
        otm_bound_counter_i64_add(bound, 1);
    }
}

static void run_unbound(bench_row *row, uint64_t count, unsigned thread)
{
    otm_counter_i64 *counter = ((off_state *)row->state)->counter;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("" ::: "memory");
        otm_attr attrs[] = {otm_attr_string("method", "POST"), otm_attr_i64("status", (int64_t)i)};
        otm_counter_i64_add(counter, 1, attrs, 2);
    }
}

static bool check_disabled(bench_row *row, char *why)
{
    off_state *s = row->state;
    bench_total total = {0};
    snprintf(why, BENCH_WHY, "the instrument is enabled, or something was exported");
    return !otm_counter_i64_enabled(s->counter) &&
           (!s->has_sdk || (bench_rig_collect(&s->rig, &total) && total.points == 0));
}

static off_state *start(bool has_sdk)
{
    off_state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        bench_die("rows of what is off", OTM_ERR_NO_MEMORY);
    }
    s->has_sdk = has_sdk;
    if (has_sdk) {
        bench_rig_start(&s->rig, &(bench_rig_options){.drop = true});
    } else {
        s->rig.meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "bench", NULL);
    }
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter", NULL, &s->counter);
    (void)otm_counter_i64_bind(s->counter, NULL, 0, NULL, &s->bound);
    return s;
}

static void end(bench_row *row)
{
    off_state *s = row->state;
    otm_bound_counter_i64_release(s->bound);
    otm_counter_i64_release(s->counter);
    if (s->has_sdk) {
        bench_rig_end(&s->rig);
    } else {
        otm_meter_release(s->rig.meter);
    }
    free(s);
}

void bench_rows_off(void)
{
    static const struct {
        const char *name;
        void (*run)(bench_row *row, uint64_t count, unsigned thread);
        bool has_sdk;
    } cases[] = {
        {"no SDK: bound counter add", run_bound, false},
        {"no SDK: counter add, 2 attributes", run_unbound, false},
        {"dropped by a view: bound counter add", run_bound, true},
        {"dropped by a view: counter add, 2 attributes", run_unbound, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (bench_wanted(cases[i].name)) {
            bench_add_row(&(bench_row){.name = cases[i].name, .run = cases[i].run, .check = check_disabled,
                                       .end = end, .state = start(cases[i].has_sdk), .threads = 1,
                                       .to_empty_loop = true});
        }
    }
}
