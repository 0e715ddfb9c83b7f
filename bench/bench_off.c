/* What instrumented code pays when nobody listens: no SDK, a disabled meter, an instrument that a view drops. */
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

/* Attributes are made only if somebody listens. */
static void run_record(bench_row *row, uint64_t count, unsigned thread)
{
    otm_counter_i64 *counter = ((off_state *)row->state)->counter;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("" ::: "memory");
        OTM_RECORD(otm_counter_i64_add, counter, 1, otm_attr_string("method", "POST"),
                   otm_attr_i64("status", (int64_t)i));
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

static void *start(const bench_row *row)
{
    off_state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        bench_die("rows of what is off", OTM_ERR_NO_MEMORY);
    }
    s->has_sdk = row->variant != NULL;
    if (s->has_sdk) {
        bench_rig_start(&s->rig, row->variant);
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
    static const bench_rig_options disabled = {.disabled = true};
    static const bench_rig_options dropped = {.drop = true};
    static const bench_row rows[] = {
        {.name = "no SDK: bound counter add", .run = run_bound},
        {.name = "no SDK: counter add, 2 attributes", .run = run_unbound},
        {.name = "no SDK: OTM_RECORD, 2 attributes", .run = run_record},
        {.name = "disabled meter: bound counter add", .run = run_bound, .variant = &disabled},
        {.name = "disabled meter: counter add, 2 attributes", .run = run_unbound, .variant = &disabled},
        {.name = "disabled meter: OTM_RECORD, 2 attributes", .run = run_record, .variant = &disabled},
        {.name = "dropped by a view: bound counter add", .run = run_bound, .variant = &dropped},
        {.name = "dropped by a view: counter add, 2 attributes", .run = run_unbound, .variant = &dropped},
        {.name = "dropped by a view: OTM_RECORD, 2 attributes", .run = run_record, .variant = &dropped},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_row row = rows[i];
        row.start = start;
        row.end = end;
        row.check = check_disabled;
        row.to_empty_loop = true;
        row.hot = true;
        row.quick = true;
        bench_add_row(&row, BENCH_ONE);
    }
}
