/* Bytes a series, by kind and by how many threads record it; and that growth ends where the limits say: with the slots,
 * with the series, and with threads that have gone. */
#include <pthread.h>

#include "bench_counting.h"
#include "bench_many.h"

#define ALL 100000 /* series; fewer where a machine of ours would have no room */

typedef struct recorder {
    const bench_many *many;
    pthread_barrier_t *done;
    pthread_t thread;
} recorder;

/* Stays until all have recorded, so that each has a slot of its own. */
static void *record_all(void *argument)
{
    const recorder *self = argument;
    bench_many_record(self->many, 1);
    pthread_barrier_wait(self->done);
    return NULL;
}

static void record_by_threads(const bench_many *many, unsigned threads)
{
    recorder recorders[128];
    pthread_barrier_t done;
    pthread_barrier_init(&done, NULL, threads);
    for (unsigned i = 0; i < threads; i++) {
        recorders[i] = (recorder){.many = many, .done = &done};
        if (pthread_create(&recorders[i].thread, NULL, record_all, &recorders[i]) != 0) {
            bench_die("a thread could not be started", OTM_ERR_IO);
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(recorders[i].thread, NULL);
    }
    pthread_barrier_destroy(&done);
}

static void check_total(bench_rig *rig, uint64_t recorded, char *why)
{
    bench_total total = {0};
    if (!bench_rig_collect(rig, &total) || (uint64_t)total.i64 + total.count != recorded) {
        (void)bench_judge_count((uint64_t)total.i64 + total.count, recorded, why);
    }
}

typedef struct recording {
    bench_kind kind;
    size_t series;    /* the limit */
    unsigned threads; /* at once */
    unsigned rounds;  /* of new threads */
    size_t sets;      /* attribute sets given; 0: as many as series */
    bool with_attributes;
} recording;

/* Everything the provider has taken since its instruments were there, or, beside the attributes, only what lies in
 * blocks larger than those of one series. */
static void measure(const char *name, const recording *r)
{
    bench_figure figure = {.name = name, .unit = "bytes", .threads = r->threads, .runs = 1, .checked = true};
    size_t sets = r->sets == 0 ? r->series : r->sets;
    bench_counting counting;
    bench_rig rig;
    bench_many many;
    bench_counting_init(&counting);
    bench_rig_start(&rig, &(bench_rig_options){.allocator = &counting.allocator,
                                               .cardinality_limit = (uint32_t)r->series + 1});
    bench_many_start(&many, rig.meter, r->kind, sets);
    size_t large = atomic_load(&counting.large_bytes);
    size_t small = atomic_load(&counting.small_bytes);
    for (unsigned round = 0; round < r->rounds; round++) {
        record_by_threads(&many, r->threads);
    }
    size_t bytes = atomic_load(&counting.large_bytes) - large;
    bytes += r->with_attributes ? atomic_load(&counting.small_bytes) - small : 0;
    figure.value = figure.median = (double)bytes / (double)r->series;
    check_total(&rig, (uint64_t)sets * r->threads * r->rounds, figure.why);
    bench_many_end(&many);
    bench_rig_end(&rig);
    bench_report(&figure);
}

typedef struct kind_row {
    const char *beside;
    const char *with;
    bench_kind kind;
    size_t most; /* series at once, over all threads */
} kind_row;

static void measure_kind(const kind_row *row)
{
    static const unsigned counts[] = {1, 2, 8, 64, 128};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        bool few = counts[i] == 1 || counts[i] == bench_cores();
        size_t series = bench_settings.quick ? ALL / 10 : ALL;
        if (bench_settings.quick && !few) {
            continue;
        }
        while (series * counts[i] > row->most) {
            series /= 10;
        }
        recording r = {.kind = row->kind, .series = series, .threads = counts[i], .rounds = 1};
        measure(row->beside, &r);
        if (counts[i] == 1) {
            r.with_attributes = true;
            measure(row->with, &r);
        }
    }
}

static void measure_growth(void)
{
    size_t series = bench_settings.quick ? ALL / 10 : ALL;
    recording gone = {.kind = BENCH_COUNTER, .series = series, .threads = 1, .rounds = 64};
    recording beyond = {.kind = BENCH_COUNTER, .series = series, .threads = 1, .rounds = 1, .sets = 2 * series};
    measure("bytes a series: counter, 64 threads that came and went", &gone);
    measure("bytes a series: counter, twice as many sets", &beyond);
}

void bench_measure_bytes(void)
{
    static const kind_row rows[] = {
        {"bytes a series: counter", "bytes a series: counter and 3 attributes", BENCH_COUNTER, 128 * (size_t)ALL},
        {"bytes a series: histogram, 15 bounds", "bytes a series: histogram and 3 attributes", BENCH_HISTOGRAM,
         20 * (size_t)ALL},
        {"bytes a series: exponential histogram", "bytes a series: exponential histogram and 3 attributes",
         BENCH_EXPONENTIAL, 8 * (size_t)ALL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (bench_wanted(rows[i].beside)) {
            measure_kind(&rows[i]);
        }
    }
    if (bench_wanted("bytes a series: counter")) {
        measure_growth();
    }
}
