/* What exemplars cost on a bound add: switched off, on but not sampled, offered, and kept. */
#include <math.h>
#include <stdlib.h>

#include "bench_rig.h"

#define KEPT 1000 /* measurements between two collections, and fewer than the reservoir has places */
#define RESERVOIR 1024

typedef struct exemplar_state {
    bench_rig rig; /* first: the checks read it */
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_context context;
    bool has_context;
} exemplar_state;

typedef struct exemplar_variant {
    bench_rig_options rig;
    bool has_context;
    uint32_t trace_flags;
} exemplar_variant;

static void run_add(bench_row *row, uint64_t count, unsigned thread)
{
    exemplar_state *s = row->state;
    otm_bound_counter_i64 *bound = s->bound;
    (void)thread;
    const otm_context *before = otm_context_attach(s->has_context ? &s->context : NULL);
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_counter_i64_add(bound, 1);
    }
    (void)otm_context_attach(before);
}

static bool check(bench_row *row, char *why)
{
    const exemplar_variant *variant = row->variant;
    bool sampled = variant->rig.exemplar_filter == OTM_EXEMPLARS_ALWAYS_ON || variant->trace_flags != 0;
    bench_total total = {0};
    bool collected = bench_rig_collect(row->state, &total);
    if (!collected || (total.exemplars > 0) != sampled) {
        snprintf(why, BENCH_WHY, "%zu exemplars, which is not what the filter says", total.exemplars);
        return false;
    }
    return bench_judge_count((uint64_t)total.i64, row->total, why);
}

static void *start(const bench_row *row)
{
    const exemplar_variant *variant = row->variant;
    exemplar_state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        bench_die("rows of exemplars", OTM_ERR_NO_MEMORY);
    }
    s->has_context = variant->has_context;
    otm_context_init(&s->context);
    memset(s->context.trace_id, 1, sizeof s->context.trace_id);
    memset(s->context.span_id, 2, sizeof s->context.span_id);
    s->context.trace_flags = variant->trace_flags;
    bench_rig_start(&s->rig, &variant->rig);
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter", NULL, &s->counter);
    (void)otm_counter_i64_bind(s->counter, NULL, 0, NULL, &s->bound);
    return s;
}

static void end(bench_row *row)
{
    exemplar_state *s = row->state;
    otm_bound_counter_i64_release(s->bound);
    otm_counter_i64_release(s->counter);
    bench_rig_end(&s->rig);
    free(s);
}

void bench_rows_exemplars(void)
{
    static const exemplar_variant off = {.rig = {.exemplar_filter = OTM_EXEMPLARS_ALWAYS_OFF}};
    static const exemplar_variant idle = {.rig = {.exemplar_filter = OTM_EXEMPLARS_TRACE_BASED}};
    static const exemplar_variant unsampled = {.has_context = true};
    static const exemplar_variant sampled = {.has_context = true, .trace_flags = OTM_TRACE_FLAG_SAMPLED};
    static const exemplar_variant always = {.rig = {.exemplar_filter = OTM_EXEMPLARS_ALWAYS_ON}};
    static const bench_row rows[] = {
        {.name = "exemplars off: bound counter add", .variant = &off, .hot = true, .quick = true},
        {.name = "exemplars on, no span: bound counter add", .variant = &idle},
        {.name = "exemplars on, unsampled span: bound counter add", .variant = &unsampled, .hot = true, .quick = true},
        {.name = "exemplars on, sampled span: bound counter add", .variant = &sampled, .hot = true, .quick = true},
        {.name = "exemplars always on: bound counter add", .variant = &always},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_row row = rows[i];
        row.start = start;
        row.run = run_add;
        row.check = check;
        row.end = end;
        bench_add_row(&row, BENCH_ONE | (bench_settings.quick ? 0 : BENCH_CORES));
    }
}

/* Of the measurements of a long run the reservoir keeps ever fewer. Here it has room for all of them. */
void bench_measure_kept(void)
{
    static const exemplar_variant kept = {.rig = {.reservoir_size = RESERVOIR, .delta = true},
                                          .has_context = true,
                                          .trace_flags = OTM_TRACE_FLAG_SAMPLED};
    bench_row row = {.name = "exemplars kept: bound counter add", .variant = &kept, .threads = 1};
    bench_figure figure = {.name = row.name, .unit = "ns/op", .threads = 1, .checked = true};
    double samples[BENCH_MAX_RUNS];
    if (!bench_wanted(row.name)) {
        return;
    }
    row.state = start(&row);
    for (size_t i = 0; i < BENCH_MAX_RUNS; i++) {
        samples[i] = INFINITY;
        for (size_t batch = 0; batch < 20; batch++) {
            bench_total total = {0};
            double began = bench_now_ns();
            run_add(&row, KEPT, 0);
            samples[i] = fmin(samples[i], (bench_now_ns() - began) / KEPT);
            if (!bench_rig_collect(row.state, &total) || total.exemplars != KEPT) {
                (void)bench_judge_count(total.exemplars, KEPT, figure.why);
            }
        }
    }
    end(&row);
    bench_report_samples(figure, samples, BENCH_MAX_RUNS);
}
