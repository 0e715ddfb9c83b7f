/* The life of providers, instruments and handles, through the public API. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <otm/sdk.h>
#include <otm/stream.h>

#include "metrics/slot.h"
#include "support/failing_alloc.h"

typedef struct fixture {
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter *meter;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    assert_int_equal(otm_manual_reader_create(NULL, &f.reader), OTM_OK);
    options.readers = &f.reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &f.provider), OTM_OK);
    f.meter = otm_meter_provider_get_meter(f.provider, "life", NULL);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_meter_release(f->meter);
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->reader);
    return 0;
}

/* The sum of all points of the only metric. */
static int64_t collected(otm_reader *reader)
{
    const otm_metrics_data *data = NULL;
    int64_t sum = 0;
    assert_int_equal(otm_reader_collect(reader, 0, &data), OTM_OK);
    if (data->resource_count > 0) {
        const otm_metric *metric = otm_scope_metric(otm_resource_scope(otm_data_resource(data, 0), 0), 0);
        for (size_t i = 0; i < metric->point_count; i++) {
            sum += otm_metric_point(metric, i)->data.number.as.i64;
        }
    }
    otm_reader_return(reader, data);
    return sum;
}

/* SDK-SHUT-01: once, also where no reader would tell. */
static void provider_without_readers_shuts_down_once(void **state)
{
    (void)state;
    otm_meter_provider *provider;
    assert_int_equal(otm_meter_provider_create(NULL, &provider), OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(provider, 0), OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(provider, 0), OTM_ERR_SHUTDOWN);
    otm_meter_provider_release(provider);
}

/* SDK-SHUT-01, SDK-SHUT-02, SDK-RDR-14, ERR-04 */
static void provider_shut_down_works_once_and_makes_what_is_left_no_ops(void **state)
{
    fixture *f = *state;
    otm_counter_i64 *counter;
    otm_counter_i64 *late;
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "c", NULL, &counter), OTM_OK);
    assert_true(otm_counter_i64_enabled(counter));
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 0), OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 0), OTM_ERR_SHUTDOWN);
    assert_int_equal(otm_meter_provider_flush(f->provider, 0), OTM_ERR_SHUTDOWN);
    assert_int_equal(otm_reader_collect(f->reader, 0, &data), OTM_ERR_SHUTDOWN);
    assert_false(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_ptr_equal(otm_meter_provider_get_meter(f->provider, "late", NULL), otm_noop_meter());
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "late", NULL, &late), OTM_ERR_SHUTDOWN);
    otm_counter_i64_add(late, 1, NULL, 0);
    otm_counter_i64_release(late);
    otm_counter_i64_release(counter);
}

/* SDK-RDR-11, SDK-PROV-02 */
static void reader_given_to_a_second_provider_is_refused_and_stays_with_the_first(void **state)
{
    fixture *f = *state;
    otm_meter_provider *second;
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.readers = &f->reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &second), OTM_ERR_IN_USE);
    assert_ptr_equal(second, otm_noop_meter_provider());
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 3, NULL, 0);
    assert_int_equal(collected(f->reader), 3);
    otm_counter_i64_release(counter);
}

static void handles_outlive_the_provider_and_do_no_harm(void **state)
{
    (void)state;
    otm_meter_provider *provider;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    assert_int_equal(otm_meter_provider_create(NULL, &provider), OTM_OK);
    otm_meter *meter = otm_meter_provider_get_meter(provider, "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &bound), OTM_OK);
    otm_meter_provider_release(provider);
    otm_meter_release(meter);
    otm_counter_i64_add(counter, 1, NULL, 0);
    otm_counter_i64_release(counter);
    otm_bound_counter_i64_add(bound, 1);
    otm_bound_counter_i64_release(bound);
}

/* ERR-01 */
static void null_handles_are_accepted_everywhere(void **state)
{
    (void)state;
    const otm_metrics_data *data = NULL;
    otm_series_value value;
    otm_series_value_init(&value);
    otm_counter_i64_add(NULL, 1, NULL, 0);
    otm_histogram_f64_record(NULL, 1, NULL, 0);
    otm_bound_counter_i64_add(NULL, 1);
    assert_int_not_equal(otm_bound_counter_i64_peek(NULL, &value), OTM_OK);
    otm_counter_i64 *counter;
    (void)otm_meter_create_counter_i64(NULL, "c", NULL, &counter);
    otm_counter_i64_add(counter, 1, NULL, 0);
    otm_counter_i64_release(NULL);
    otm_meter_release(NULL);
    otm_meter_provider_release(NULL);
    otm_reader_release(NULL);
    otm_reader_return(NULL, NULL);
    otm_exporter_release(NULL);
    otm_resource_release(NULL);
    otm_callback_unregister(NULL);
    assert_int_equal(otm_meter_provider_flush(NULL, 0), OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(NULL, 0), OTM_OK);
    assert_int_not_equal(otm_reader_collect(NULL, 0, &data), OTM_OK);
}

static void first_recording_preserves_errno(void **state)
{
    fixture *f = *state;
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "c", NULL, &counter), OTM_OK);
    errno = EXDEV;
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(errno, EXDEV);
    otm_counter_i64_release(counter);
}

static otm_bound_counter_i64 *signalled;

static void on_signal(int number)
{
    (void)number;
    otm_bound_counter_i64_add_from_signal(signalled, 5);
}

static void adds_from_a_signal_handler_are_exact(void **state)
{
    fixture *f = *state;
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &signalled), OTM_OK);
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction before;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (int i = 0; i < 100; i++) {
        otm_bound_counter_i64_add(signalled, 1);
        raise(SIGUSR1);
    }
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(collected(f->reader), 600);
    otm_bound_counter_i64_add_from_signal(signalled, 1);
    otm_bound_counter_i64_release(signalled); /* what the handle still holds is not lost */
    assert_int_equal(collected(f->reader), 601);
    otm_counter_i64_release(counter);
}

static pthread_key_t late_key;

static void record_late(void *counter)
{
    otm_counter_i64_add(counter, 1, NULL, 0);
}

static void *record_and_leave(void *counter)
{
    otm_counter_i64_add(counter, 1, NULL, 0);
    pthread_setspecific(late_key, counter);
    return NULL;
}

/* A destructor of the host's may run after ours, and record. */
static void recordings_of_a_thread_that_is_ending_count(void **state)
{
    fixture *f = *state;
    otm_counter_i64 *counter;
    pthread_t thread;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 1, NULL, 0); /* our own key exists from here on, before the host's */
    assert_int_equal(pthread_key_create(&late_key, record_late), 0);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(pthread_create(&thread, NULL, record_and_leave, counter), 0);
        pthread_join(thread, NULL);
    }
    pthread_key_delete(late_key);
    assert_int_equal(collected(f->reader), 41);
    otm_counter_i64_release(counter);
}

static int child_of_fork(const fixture *f, otm_counter_i64 *counter)
{
    const otm_metrics_data *data = NULL;
    otm_counter_i64_add(counter, 100, NULL, 0);
    if (otm_reader_collect(f->reader, 0, &data) != OTM_ERR_SHUTDOWN ||
        otm_meter_provider_flush(f->provider, 0) != OTM_ERR_SHUTDOWN) {
        return 1;
    }
    fixture own;
    fixture *state = &own;
    (void)set_up((void **)&state);
    otm_counter_i64 *fresh;
    if (otm_meter_create_counter_i64(state->meter, "fresh", NULL, &fresh) != OTM_OK) {
        return 2;
    }
    otm_counter_i64_add(fresh, 7, NULL, 0);
    return collected(state->reader) == 7 ? 0 : 3;
}

static void child_of_fork_leaves_older_objects_alone_and_can_make_its_own(void **state)
{
    fixture *f = *state;
    fixture mine = *f;
    otm_counter_i64 *counter;
    int status = -1;
    assert_int_equal(otm_meter_create_counter_i64(mine.meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 1, NULL, 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(child_of_fork(&mine, counter));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(collected(mine.reader), 2);
    otm_counter_i64_release(counter);
}

static void observe(otm_observer *observer, void *user_data)
{
    (void)user_data;
    otm_observe_i64(observer, NULL, 3, NULL, 0);
}

/* Everything that allocates, in one go; what cannot be had is a no-op and is skipped by itself. */
static bool whole_life(const otm_allocator *allocator)
{
    otm_reader *reader = NULL;
    otm_meter_provider *provider = NULL;
    otm_reader_options reader_options;
    otm_meter_provider_options options;
    otm_reader_options_init(&reader_options);
    otm_meter_provider_options_init(&options);
    reader_options.allocator = allocator;
    options.allocator = allocator;
    bool good = otm_manual_reader_create(&reader_options, &reader) == OTM_OK;
    options.readers = &reader;
    options.reader_count = good;
    good = otm_meter_provider_create(&options, &provider) == OTM_OK && good;
    otm_meter *meter = otm_meter_provider_get_meter(provider, "m", NULL);
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    otm_gauge_f64 *gauge;
    otm_observable *observable;
    otm_observable *described;
    otm_bound_histogram_f64 *bound;
    otm_instrument_options callback;
    otm_instrument_options_init(&callback);
    callback.callback = observe;
    good = otm_meter_create_counter_i64(meter, "c", NULL, &counter) == OTM_OK && good;
    good = otm_meter_create_histogram_f64(meter, "h", NULL, &histogram) == OTM_OK && good;
    good = otm_meter_create_gauge_f64(meter, "g", NULL, &gauge) == OTM_OK && good;
    good = otm_meter_create_observable_gauge_i64(meter, "o", &callback, &observable) == OTM_OK && good;
    callback.description = "the same, with a description";
    good = otm_meter_create_observable_gauge_i64(meter, "o", &callback, &described) == OTM_OK && good;
    good = otm_histogram_f64_bind(histogram, NULL, 0, NULL, &bound) == OTM_OK && good;
    for (int64_t i = 0; i < 20; i++) {
        otm_attr attr = otm_attr_i64("n", i);
        otm_counter_i64_add(counter, 1, &attr, 1);
        otm_gauge_f64_record(gauge, 1, &attr, 1);
        otm_bound_histogram_f64_record(bound, 2.0);
    }
    const otm_metrics_data *data = NULL;
    if (reader != NULL && otm_reader_collect(reader, 0, &data) == OTM_OK) {
        otm_reader_return(reader, data);
    }
    otm_bound_histogram_f64_release(bound);
    otm_counter_i64_release(counter);
    otm_histogram_f64_release(histogram);
    otm_gauge_f64_release(gauge);
    otm_observable_release(observable);
    otm_observable_release(described);
    otm_meter_release(meter);
    (void)otm_meter_provider_shutdown(provider, 0);
    otm_meter_provider_release(provider);
    otm_reader_release(reader);
    return good;
}

static void whole_life_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        (void)whole_life(&fa.base);
        failed = failing_alloc_failed(&fa);
        assert_int_equal(fa.live, 0);
    }
}

/* A thread stopped inside a section: the collection runs out of time, and nothing is lost. SDK-RDR-13 */
static void collection_that_times_out_loses_nothing(void **state)
{
    fixture *f = *state;
    otm_counter_i64 *counter;
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 4, NULL, 0);
    otmi_slot_enter(otmi_this_thread.slot);
    assert_int_equal(otm_reader_collect(f->reader, 5, &data), OTM_ERR_TIMEOUT);
    otmi_slot_leave(otmi_this_thread.slot);
    assert_int_equal(collected(f->reader), 4);
    otm_counter_i64_release(counter);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(provider_without_readers_shuts_down_once),
        WITH_FIXTURE(provider_shut_down_works_once_and_makes_what_is_left_no_ops),
        WITH_FIXTURE(reader_given_to_a_second_provider_is_refused_and_stays_with_the_first),
        cmocka_unit_test(handles_outlive_the_provider_and_do_no_harm),
        cmocka_unit_test(null_handles_are_accepted_everywhere),
        WITH_FIXTURE(first_recording_preserves_errno),
        WITH_FIXTURE(adds_from_a_signal_handler_are_exact),
        WITH_FIXTURE(recordings_of_a_thread_that_is_ending_count),
        WITH_FIXTURE(child_of_fork_leaves_older_objects_alone_and_can_make_its_own),
        cmocka_unit_test(whole_life_survives_failure_of_each_allocation),
        WITH_FIXTURE(collection_that_times_out_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
