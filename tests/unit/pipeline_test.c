/* From the provider through its readers to their exporters, through the public API. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/sdk.h>
#include <otm/stream.h>

/* -- An exporter that notes what it was asked for ---------------------------------------------------------------- */

typedef struct noted {
    int exports, flushes, shutdowns;
    size_t points;
    bool knows_scope;
    uint32_t temporality;
    otm_status answer;
} noted;

static otm_status noted_begin(void *self, const otm_metrics_data *batch, uint64_t deadline_ns)
{
    noted *n = self;
    (void)deadline_ns;
    n->exports++;
    n->points += batch->point_count;
    if (batch->resource_count > 0) {
        const otm_scope_metrics *scope = otm_resource_scope(otm_data_resource(batch, 0), 0);
        n->knows_scope = strcmp(scope->name.data, "shop") == 0 && strcmp(scope->version.data, "1.2") == 0;
        n->temporality = otm_scope_metric(scope, 0)->temporality;
    }
    return n->answer;
}

static otm_status noted_flush(void *self, uint64_t deadline_ns)
{
    (void)deadline_ns;
    ((noted *)self)->flushes++;
    return OTM_OK;
}

static otm_status noted_shutdown(void *self, uint64_t deadline_ns)
{
    (void)deadline_ns;
    ((noted *)self)->shutdowns++;
    return OTM_OK;
}

static void noted_destroy(void *self)
{
    (void)self;
}

static const otm_exporter_ops noted_ops = {
    .size = sizeof noted_ops,
    .begin = noted_begin,
    .flush = noted_flush,
    .shutdown = noted_shutdown,
    .destroy = noted_destroy,
};

/* -- A provider with two periodic readers and one manual reader -------------------------------------------------- */

typedef struct fixture {
    noted noted[2];
    otm_reader *readers[3];
    int reader_flushes, reader_shutdowns;
    otm_meter_provider *provider;
    otm_counter_i64 *counter;
} fixture;

static otm_status on_flush(void *user_data, uint64_t deadline_ns)
{
    (void)deadline_ns;
    ((fixture *)user_data)->reader_flushes++;
    return OTM_OK;
}

static otm_status on_shutdown(void *user_data, uint64_t deadline_ns)
{
    (void)deadline_ns;
    ((fixture *)user_data)->reader_shutdowns++;
    return OTM_OK;
}

static otm_reader *periodic_reader(noted *n)
{
    otm_exporter *exporter;
    otm_reader *reader;
    otm_periodic_reader_options options;
    otm_periodic_reader_options_init(&options);
    options.run_mode = OTM_RUN_HOST_STEPPED; /* nobody steps it: only flushes and the shutdown export */
    assert_int_equal(otm_exporter_create(&noted_ops, n, &exporter), OTM_OK);
    assert_int_equal(otm_periodic_reader_create(exporter, &options, &reader), OTM_OK);
    otm_exporter_release(exporter);
    return reader;
}

static int set_up(void **state)
{
    static fixture f;
    otm_meter_provider_options options;
    otm_meter_options scope;
    otm_reader_options manual;
    memset(&f, 0, sizeof f);
    otm_reader_options_init(&manual);
    manual.on_flush = on_flush;
    manual.on_shutdown = on_shutdown;
    manual.user_data = &f;
    f.readers[0] = periodic_reader(&f.noted[0]);
    assert_int_equal(otm_manual_reader_create(&manual, &f.readers[1]), OTM_OK);
    f.readers[2] = periodic_reader(&f.noted[1]);
    otm_meter_provider_options_init(&options);
    options.readers = f.readers;
    options.reader_count = 3;
    assert_int_equal(otm_meter_provider_create(&options, &f.provider), OTM_OK);
    otm_meter_options_init(&scope);
    scope.version = "1.2";
    otm_meter *meter = otm_meter_provider_get_meter(f.provider, "shop", &scope);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &f.counter), OTM_OK);
    otm_meter_release(meter);
    otm_counter_i64_add(f.counter, 1, NULL, 0);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_counter_i64_release(f->counter);
    otm_meter_provider_release(f->provider);
    for (size_t i = 0; i < 3; i++) {
        otm_reader_release(f->readers[i]);
    }
    return 0;
}

/* SDK-FLUSH-01, SDK-FLUSH-02, SDK-RDR-12, SDK-PER-05, SDK-EXP-06 */
static void flush_of_the_provider_reaches_every_reader_and_its_exporter(void **state)
{
    fixture *f = *state;
    assert_int_equal(otm_meter_provider_flush(f->provider, 0), OTM_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(f->noted[i].exports, 1);
        assert_int_equal(f->noted[i].points, 1);
        assert_int_equal(f->noted[i].flushes, 1);
        assert_int_equal(f->noted[i].shutdowns, 0);
    }
    assert_int_equal(f->reader_flushes, 1);
}

/* SDK-FLUSH-02, SDK-PER-06, SDK-EXP-02, SDK-EXP-04: one that fails is told, not asked again, and does not keep the
 * others from their flush. */
static void flush_with_one_exporter_that_fails_tells_so_and_reaches_the_others(void **state)
{
    fixture *f = *state;
    f->noted[0].answer = OTM_ERR_EXPORT;
    assert_int_equal(otm_meter_provider_flush(f->provider, 0), OTM_ERR_EXPORT);
    assert_int_equal(f->noted[0].exports, 1);
    assert_int_equal(f->noted[1].exports, 1);
    assert_int_equal(f->reader_flushes, 1);
}

/* SDK-SHUT-01, SDK-RDR-12, SDK-EXP-07 */
static void shutdown_of_the_provider_ends_every_reader_and_exporter_once(void **state)
{
    fixture *f = *state;
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 0), OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 0), OTM_ERR_SHUTDOWN);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(f->noted[i].exports, 1); /* what was left */
        assert_int_equal(f->noted[i].shutdowns, 1);
    }
    assert_int_equal(f->reader_shutdowns, 1);
}

/* SDK-EXP-03 */
static void exporter_knows_the_scope_of_what_it_is_given(void **state)
{
    fixture *f = *state;
    assert_int_equal(otm_meter_provider_flush(f->provider, 0), OTM_OK);
    assert_true(f->noted[0].knows_scope);
}

/* -- Preferences of an exporter ---------------------------------------------------------------------------------- */

/* SDK-RDR-02, OUT-01: a reader takes its temporality from its exporter, cumulative if that has no wish. */
static void temporality_is_the_exporters(void **state)
{
    fixture *f = *state;
    otm_exporter *exporter;
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_counter_i64 *counter;
    otm_memory_exporter_options delta;
    otm_meter_provider_options options;
    char *json;
    assert_int_equal(otm_meter_provider_flush(f->provider, 0), OTM_OK);
    assert_int_equal(f->noted[0].temporality, OTM_CUMULATIVE);
    otm_memory_exporter_options_init(&delta);
    delta.temporality_preference = OTM_PREFER_DELTA;
    assert_int_equal(otm_memory_exporter_create(&delta, &exporter), OTM_OK);
    assert_int_equal(otm_periodic_reader_create(exporter, NULL, &reader), OTM_OK);
    otm_meter_provider_options_init(&options);
    options.readers = &reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &provider), OTM_OK);
    otm_meter *meter = otm_meter_provider_get_meter(provider, "shop", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(otm_meter_provider_flush(provider, 0), OTM_OK);
    assert_int_equal(otm_memory_exporter_count(exporter), 1);
    assert_int_equal(otm_memory_exporter_json(exporter, 0, &json), OTM_OK);
    assert_non_null(strstr(json, "\"aggregationTemporality\":1"));
    otm_memory_exporter_free_json(json);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
    otm_reader_release(reader);
    otm_exporter_release(exporter);
}

/* -- All at once ------------------------------------------------------------------------------------------------- */

static void *make_meters_and_record(void *provider)
{
    otm_meter_options scope;
    otm_meter_options_init(&scope);
    scope.version = "1";
    for (int i = 0; i < 200; i++) {
        otm_counter_i64 *counter;
        otm_meter *meter = otm_meter_provider_get_meter(provider, i % 2 == 0 ? "even" : "odd", &scope);
        (void)otm_meter_create_counter_i64(meter, "c", NULL, &counter); /* a no-op after the shutdown */
        otm_counter_i64_add(counter, 1, NULL, 0);
        otm_counter_i64_release(counter);
        otm_meter_release(meter);
    }
    return NULL;
}

static void *flush_often(void *provider)
{
    for (int i = 0; i < 50; i++) {
        otm_status st = otm_meter_provider_flush(provider, 0);
        if (st != OTM_OK && st != OTM_ERR_SHUTDOWN) {
            return provider;
        }
    }
    return NULL;
}

static void *collect_often(void *reader)
{
    for (int i = 0; i < 50; i++) {
        const otm_metrics_data *data = NULL;
        otm_status st = otm_reader_collect(reader, 0, &data);
        if (st != OTM_OK && st != OTM_ERR_SHUTDOWN) {
            return reader;
        }
        otm_reader_return(reader, data);
    }
    return NULL;
}

/* SDK-CONC-01, SDK-SHUT-02: and the shutdown comes while they do. */
static void provider_and_readers_are_used_by_many_threads_at_the_same_time(void **state)
{
    fixture *f = *state;
    void *(*const jobs[])(void *) = {make_meters_and_record, make_meters_and_record, flush_often, collect_often,
                                     collect_often};
    enum { JOBS = sizeof jobs / sizeof jobs[0] };
    pthread_t threads[JOBS];
    for (size_t i = 0; i < JOBS; i++) {
        void *object = jobs[i] == collect_often ? (void *)f->readers[1] : (void *)f->provider;
        assert_int_equal(pthread_create(&threads[i], NULL, jobs[i], object), 0);
    }
    (void)make_meters_and_record(f->provider);
    otm_status ended = otm_meter_provider_shutdown(f->provider, 0);
    for (size_t i = 0; i < JOBS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_int_equal(ended, OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 0), OTM_ERR_SHUTDOWN);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(flush_of_the_provider_reaches_every_reader_and_its_exporter),
        WITH_FIXTURE(flush_with_one_exporter_that_fails_tells_so_and_reaches_the_others),
        WITH_FIXTURE(shutdown_of_the_provider_ends_every_reader_and_exporter_once),
        WITH_FIXTURE(exporter_knows_the_scope_of_what_it_is_given),
        WITH_FIXTURE(temporality_is_the_exporters),
        WITH_FIXTURE(provider_and_readers_are_used_by_many_threads_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
