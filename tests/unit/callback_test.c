/* Callbacks: registration, what they may do, and those that do not return. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "support/diag_recorder.h"

typedef struct fixture {
    diag_recorder diagnostics;
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter *meter;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    diag_recorder_init(&f.diagnostics);
    assert_int_equal(otm_manual_reader_create(NULL, &f.reader), OTM_OK);
    options.readers = &f.reader;
    options.reader_count = 1;
    options.diagnostics = f.diagnostics.options;
    assert_int_equal(otm_meter_provider_create(&options, &f.provider), OTM_OK);
    f.meter = otm_meter_provider_get_meter(f.provider, "callbacks", NULL);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_meter_release(f->meter);
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->reader);
    diag_recorder_fini(&f->diagnostics);
    return 0;
}

static size_t collected_points(fixture *f)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f->reader, 0, &data), OTM_OK);
    size_t points = data->point_count;
    otm_reader_return(f->reader, data);
    return points;
}

static otm_observable *gauge(fixture *f, const char *name)
{
    otm_observable *created;
    assert_int_equal(otm_meter_create_observable_gauge_i64(f->meter, name, NULL, &created), OTM_OK);
    return created;
}

typedef struct several {
    otm_observable *instruments[2];
    otm_observable *foreign;
    otm_observer *kept;
    int runs;
} several;

static void observe_several(otm_observer *observer, void *user_data)
{
    several *s = user_data;
    s->runs++;
    s->kept = observer;
    otm_observe_i64(observer, s->instruments[0], 1, NULL, 0);
    otm_observe_f64(observer, s->instruments[0], 1.5, NULL, 0); /* refused: it counts integers */
    otm_observe_i64(observer, s->instruments[1], 2, NULL, 0);
    otm_observe_i64(observer, s->foreign, 3, NULL, 0); /* refused: not registered with it */
    otm_observe_i64(observer, NULL, 4, NULL, 0);       /* refused: which one? */
}

/* API-ASYNC-02, API-ASYNC-03, API-ASYNC-06, API-ASYNC-07, API-ASYNC-09, SDK-CB-02 */
static void callback_of_several_instruments_runs_once_and_is_refused_outside_of_its_run(void **state)
{
    fixture *f = *state;
    several s = {{gauge(f, "a"), gauge(f, "b")}, gauge(f, "foreign"), NULL, 0};
    otm_callback_handle *handle;
    assert_int_equal(otm_meter_register_callback(f->meter, observe_several, &s, s.instruments, 2, &handle), OTM_OK);
    assert_int_equal(collected_points(f), 2);
    assert_int_equal(s.runs, 1);
    size_t reports = diag_recorder_count(&f->diagnostics);
    otm_observe_i64(s.kept, s.instruments[0], 9, NULL, 0);
    assert_true(diag_recorder_count(&f->diagnostics) > reports);
    assert_int_equal(collected_points(f), 2);
    otm_callback_unregister(handle);
    assert_int_equal(collected_points(f), 0);
    assert_int_equal(s.runs, 2);
    otm_observable_release(s.instruments[0]);
    otm_observable_release(s.instruments[1]);
    otm_observable_release(s.foreign);
}

/* API-ASYNC-07 */
static void callback_for_an_instrument_of_another_meter_is_not_registered(void **state)
{
    fixture *f = *state;
    otm_meter *other = otm_meter_provider_get_meter(f->provider, "other", NULL);
    otm_observable *foreign;
    several s = {{NULL, NULL}, NULL, NULL, 0};
    assert_int_equal(otm_meter_create_observable_gauge_i64(other, "x", NULL, &foreign), OTM_OK);
    assert_int_equal(otm_meter_register_callback(f->meter, observe_several, &s, &foreign, 1, NULL),
                     OTM_ERR_INVALID_ARGUMENT);
    otm_observable_release(foreign);
    otm_meter_release(other);
}

typedef struct itself {
    fixture *f;
    otm_observable *instrument;
    otm_callback_handle *handle;
    otm_status flush, shutdown, collect;
} itself;

static void end_itself(otm_observer *observer, void *user_data)
{
    itself *i = user_data;
    const otm_metrics_data *data = NULL;
    otm_observe_i64(observer, NULL, 1, NULL, 0);
    i->flush = otm_meter_provider_flush(i->f->provider, 0);
    i->shutdown = otm_meter_provider_shutdown(i->f->provider, 0);
    i->collect = otm_reader_collect(i->f->reader, 0, &data);
    otm_callback_unregister(i->handle);
}

/* ERR-03 */
static void callback_may_unregister_itself_and_not_flush_or_collect(void **state)
{
    fixture *f = *state;
    itself i = {.f = f, .instrument = gauge(f, "g")};
    assert_int_equal(otm_meter_register_callback(f->meter, end_itself, &i, &i.instrument, 1, &i.handle), OTM_OK);
    assert_int_equal(collected_points(f), 1);
    assert_int_equal(i.flush, OTM_ERR_REENTRANT);
    assert_int_equal(i.shutdown, OTM_ERR_REENTRANT);
    assert_int_equal(i.collect, OTM_ERR_REENTRANT);
    assert_int_equal(collected_points(f), 0);
    otm_observable_release(i.instrument);
}

typedef struct gate {
    pthread_mutex_t mu;
    pthread_cond_t changed;
    bool open;
    bool left;
} gate;

static void wait_at_gate(otm_observer *observer, void *user_data)
{
    gate *g = user_data;
    otm_observe_i64(observer, NULL, 1, NULL, 0);
    pthread_mutex_lock(&g->mu);
    while (!g->open) {
        pthread_cond_wait(&g->changed, &g->mu);
    }
    pthread_mutex_unlock(&g->mu);
    otm_observe_i64(observer, NULL, 2, NULL, 0); /* too late: refused */
    pthread_mutex_lock(&g->mu);
    g->left = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mu);
}

static void let_through(gate *g)
{
    pthread_mutex_lock(&g->mu);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    while (!g->left) {
        pthread_cond_wait(&g->changed, &g->mu);
    }
    pthread_mutex_unlock(&g->mu);
}

/* SDK-CB-03, SDK-CB-04: what does not depend on it is exported, now and while it hangs. */
static void callback_that_does_not_return_holds_up_neither_collection_nor_shutdown(void **state)
{
    fixture *f = *state;
    gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    otm_observable *stuck = gauge(f, "stuck");
    otm_counter_i64 *counter;
    otm_callback_handle *handle;
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "counter", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(otm_meter_register_callback(f->meter, wait_at_gate, &g, &stuck, 1, &handle), OTM_OK);
    assert_int_equal(otm_reader_collect(f->reader, 100, &data), OTM_OK);
    assert_int_equal(data->point_count, 1); /* the counter's */
    otm_reader_return(f->reader, data);
    assert_true(diag_recorder_count(&f->diagnostics) > 0);
    assert_int_equal(otm_reader_collect(f->reader, 60000, &data), OTM_OK); /* it is not entered again */
    assert_int_equal(data->point_count, 1);
    otm_reader_return(f->reader, data);
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 50), OTM_OK);
    let_through(&g);
    otm_callback_unregister(handle); /* waits until the abandoned run has left it */
    otm_observable_release(stuck);
    otm_counter_i64_release(counter);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(callback_of_several_instruments_runs_once_and_is_refused_outside_of_its_run),
        WITH_FIXTURE(callback_for_an_instrument_of_another_meter_is_not_registered),
        WITH_FIXTURE(callback_may_unregister_itself_and_not_flush_or_collect),
        WITH_FIXTURE(callback_that_does_not_return_holds_up_neither_collection_nor_shutdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
