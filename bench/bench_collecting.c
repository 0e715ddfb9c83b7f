/* Recording by one thread while another collects back to back. No collection may show a total fall, or lose a bit of
 * it; what the delta reader gets adds up. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench_rig.h"

typedef struct collecting_state {
    bench_rig rig;
    bool delta;
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    otm_bound_counter_i64 *bound_counter;
    otm_bound_histogram_f64 *bound_histogram;
    pthread_t collector;
    atomic_bool stop;
    uint64_t collections;
    bench_total total; /* the last one; delta: the sum of all */
    bool fell;
} collecting_state;

static void collect(collecting_state *s)
{
    bench_total found = s->delta ? s->total : (bench_total){0};
    if (!bench_rig_collect(&s->rig, &found)) {
        bench_die("no collection", OTM_ERR_TIMEOUT);
    }
    s->fell = s->fell || found.i64 < s->total.i64 || found.count < s->total.count;
    s->total = found;
    s->collections++;
}

static void *collect_back_to_back(void *state)
{
    collecting_state *s = state;
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed)) {
        collect(s);
    }
    return NULL;
}

static void before(bench_row *row)
{
    collecting_state *s = row->state;
    atomic_store(&s->stop, false);
    if (pthread_create(&s->collector, NULL, collect_back_to_back, s) != 0) {
        bench_die("a thread could not be started", OTM_ERR_IO);
    }
}

static void after(bench_row *row)
{
    collecting_state *s = row->state;
    atomic_store(&s->stop, true);
    pthread_join(s->collector, NULL);
}

static void run_counter(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_counter_i64 *bound = ((collecting_state *)row->state)->bound_counter;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_counter_i64_add(bound, 1);
    }
}

static void run_histogram(bench_row *row, uint64_t count, unsigned thread)
{
    otm_bound_histogram_f64 *bound = ((collecting_state *)row->state)->bound_histogram;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        otm_bound_histogram_f64_record(bound, bench_values[i % BENCH_VALUES]);
    }
}

static bool check_run(bench_row *row, char *why)
{
    collecting_state *s = row->state;
    if (s->fell || s->collections < row->runs) {
        snprintf(why, BENCH_WHY, "%s, %llu collections", s->fell ? "a total fell" : "the collector did not run",
                 (unsigned long long)s->collections);
        return false;
    }
    collect(s);
    return s->total.count > 0 ? bench_judge_histogram(&s->total, row->total, why)
                              : bench_judge_count((uint64_t)s->total.i64, row->total, why);
}

static void *start(const bench_row *row)
{
    collecting_state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        bench_die("rows beside collections", OTM_ERR_NO_MEMORY);
    }
    s->delta = row->variant != NULL;
    bench_rig_start(&s->rig, row->variant);
    (void)otm_meter_create_counter_i64(s->rig.meter, "counter", NULL, &s->counter);
    (void)otm_meter_create_histogram_f64(s->rig.meter, "histogram", NULL, &s->histogram);
    (void)otm_counter_i64_bind(s->counter, NULL, 0, NULL, &s->bound_counter);
    (void)otm_histogram_f64_bind(s->histogram, NULL, 0, NULL, &s->bound_histogram);
    return s;
}

static void end(bench_row *row)
{
    collecting_state *s = row->state;
    otm_bound_counter_i64_release(s->bound_counter);
    otm_bound_histogram_f64_release(s->bound_histogram);
    otm_counter_i64_release(s->counter);
    otm_histogram_f64_release(s->histogram);
    bench_rig_end(&s->rig);
    free(s);
}

void bench_rows_collecting(void)
{
    static const bench_rig_options delta = {.delta = true};
    static const bench_row rows[] = {
        {.name = "bound counter add beside collections", .run = run_counter},
        {.name = "bound histogram record beside collections", .run = run_histogram},
        {.name = "bound counter add beside delta collections", .run = run_counter, .variant = &delta},
        {.name = "bound histogram record beside delta collections", .run = run_histogram, .variant = &delta},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_row row = rows[i];
        row.start = start;
        row.before = before;
        row.after = after;
        row.check = check_run;
        row.end = end;
        bench_add_row(&row, BENCH_ONE);
    }
}
