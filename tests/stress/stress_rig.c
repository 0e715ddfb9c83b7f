#include "stress/stress_rig.h"

#include <stdio.h>
#include <stdlib.h>

#if defined(STRESS_THREAD_SANITIZER)
#define PART 8
#elif defined(STRESS_ADDRESS_SANITIZER)
#define PART 3
#else
#define PART 1
#endif

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t given = text == NULL ? 0 : strtoull(text, NULL, 10);
    return given == 0 ? otherwise : given;
}

int stress_amount(int full)
{
    uint64_t amount = (uint64_t)full * from_environment("OTM_STRESS_PERCENT", 100) / 100 / PART;
    return amount == 0 ? 1 : (int)amount;
}

uint64_t stress_seed(uint64_t n)
{
    uint64_t x = from_environment("OTM_STRESS_SEED", 1) * UINT64_C(0x9E3779B97F4A7C15) + n;
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9); /* splitmix64: neighbours have nothing in common */
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (x ^ (x >> 31)) | 1;
}

uint64_t stress_below(uint64_t *random, uint64_t limit)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (*random >> 11) % limit;
}

/* -- What went wrong ----------------------------------------------------------------------------------------------- */

static atomic_int complaints;

void stress_complain(const char *format, ...)
{
    if (atomic_fetch_add(&complaints, 1) < 10) {
        va_list args;
        va_start(args, format);
        fputs("stress: ", stderr);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
        va_end(args);
    }
}

void stress_assert_content(void)
{
    assert_int_equal(atomic_exchange(&complaints, 0), 0);
}

/* -- A provider and its readers ------------------------------------------------------------------------------------ */

void stress_world_add_reader(stress_world *w, otm_temporality temporality, int64_t idle_ttl_ms)
{
    otm_reader_options options;
    otm_reader_options_init(&options);
    for (size_t kind = 0; kind < OTM_INSTRUMENT_KIND_COUNT; kind++) {
        options.temporality[kind] = temporality;
    }
    options.idle_ttl_ms = idle_ttl_ms;
    assert_int_equal(otm_manual_reader_create(&options, &w->readers[w->reader_count++]), OTM_OK);
}

void stress_world_open(stress_world *w, otm_meter_provider_options *options)
{
    otm_meter_provider_options defaults;
    if (options == NULL) {
        otm_meter_provider_options_init(&defaults);
        options = &defaults;
    }
    options->readers = w->readers;
    options->reader_count = w->reader_count;
    assert_int_equal(otm_meter_provider_create(options, &w->provider), OTM_OK);
    w->meter = otm_meter_provider_get_meter(w->provider, "stress", NULL);
}

void stress_world_close(stress_world *w)
{
    otm_meter_release(w->meter);
    assert_int_equal(otm_meter_provider_shutdown(w->provider, 0), OTM_OK);
    otm_meter_provider_release(w->provider);
    for (size_t i = 0; i < w->reader_count; i++) {
        otm_reader_release(w->readers[i]);
    }
}

static void visit_scope(const otm_scope_metrics *scope, stress_visit visit, void *context)
{
    for (size_t m = 0; m < scope->metric_count; m++) {
        const otm_metric *metric = otm_scope_metric(scope, m);
        for (size_t p = 0; p < metric->point_count; p++) {
            visit(context, metric, otm_metric_point(metric, p));
        }
    }
}

otm_status stress_collect(otm_reader *reader, int64_t timeout_ms, otm_status tolerated, stress_visit visit,
                          void *context)
{
    const otm_metrics_data *data = NULL;
    otm_status st = otm_reader_collect(reader, timeout_ms, &data);
    if (st != OTM_OK) {
        if (st != tolerated) {
            stress_complain("a collection failed: %s", otm_status_name(st));
        }
        return st;
    }
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            visit_scope(otm_resource_scope(resource, s), visit, context);
        }
    }
    otm_reader_return(reader, data);
    return st;
}

/* -- Threads ------------------------------------------------------------------------------------------------------- */

#define THREADS_MOST 32

typedef struct worker {
    stress_work work;
    void *test;
    uint64_t seed;
    pthread_t thread;
} worker;

static void *work_once(void *argument)
{
    const worker *w = argument;
    w->work(w->test, w->seed);
    return NULL;
}

void stress_run_rounds(int rounds, int threads, stress_work work, void *test)
{
    static uint64_t started; /* threads so far, all of them by the main thread */
    worker workers[THREADS_MOST];
    assert_true(threads <= THREADS_MOST);
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < threads; i++) {
            workers[i] = (worker){work, test, stress_seed(++started), 0};
            assert_int_equal(pthread_create(&workers[i].thread, NULL, work_once, &workers[i]), 0);
        }
        for (int i = 0; i < threads; i++) {
            pthread_join(workers[i].thread, NULL);
        }
    }
}

static void *collect_until_done(void *argument)
{
    struct stress_collector *c = argument;
    do {
        c->all->step(c->all->test, c->reader);
        c->steps++;
    } while (!atomic_load(&c->all->done));
    return NULL;
}

void stress_collectors_start(stress_collectors *c, size_t count, stress_step step, void *test)
{
    c->test = test;
    c->step = step;
    c->count = count;
    atomic_init(&c->done, false);
    for (size_t i = 0; i < count; i++) {
        c->each[i].all = c;
        c->each[i].reader = i;
        c->each[i].steps = 0;
        assert_int_equal(pthread_create(&c->each[i].thread, NULL, collect_until_done, &c->each[i]), 0);
    }
}

void stress_collectors_stop(stress_collectors *c)
{
    atomic_store(&c->done, true);
    for (size_t i = 0; i < c->count; i++) {
        pthread_join(c->each[i].thread, NULL);
    }
}
