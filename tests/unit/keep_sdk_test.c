/* The Keep recorder on the real SDK: what a reader collects from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>

#include <cmocka.h>

#include <otm/keep.h>
#include <otm/sdk.h>

typedef struct fixture {
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_keep_recorder *recorder;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    otm_meter_provider_options options;
    otm_resource *resource = NULL;
    assert_int_equal(otm_manual_reader_create(NULL, &f.reader), OTM_OK);
    assert_int_equal(otm_resource_create(NULL, 0, NULL, NULL, &resource), OTM_OK);
    otm_meter_provider_options_init(&options);
    options.resource = resource;
    options.readers = &f.reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &f.provider), OTM_OK);
    otm_resource_release(resource);
    assert_int_equal(otm_keep_recorder_create(f.provider, NULL, &f.recorder), OTM_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_keep_recorder_release(f->recorder);
    (void)otm_meter_provider_shutdown(f->provider, 1000);
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->reader);
    return 0;
}

static const otm_metrics_data *collect(fixture *f)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f->reader, 0, &data), OTM_OK);
    return data;
}

static size_t metric_count(const otm_metrics_data *data)
{
    size_t count = 0;
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            count += otm_resource_scope(resource, s)->metric_count;
        }
    }
    return count;
}

/* By Keep name; NULL if it is not there. */
static const otm_metric *find(const otm_metrics_data *data, const char *name)
{
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            const otm_scope_metrics *scope = otm_resource_scope(resource, s);
            for (size_t m = 0; m < scope->metric_count; m++) {
                const otm_metric *metric = otm_scope_metric(scope, m);
                if (strcmp(metric->name.data + strlen("performance_"), name) == 0) {
                    return metric;
                }
            }
        }
    }
    return NULL;
}

static const otm_point *only_point(const otm_metrics_data *data, const char *name)
{
    const otm_metric *metric = find(data, name);
    assert_non_null(metric);
    assert_int_equal(metric->point_count, 1);
    const otm_point *point = otm_metric_point(metric, 0);
    assert_int_equal(point->attribute_count, 0);
    return point;
}

/* -- What is there ------------------------------------------------------------------------------------------------- */

static uint32_t type_of_kind(uint32_t kind)
{
    return kind == OTM_COUNTER ? OTM_METRIC_SUM : kind == OTM_HISTOGRAM ? OTM_METRIC_HISTOGRAM : OTM_METRIC_GAUGE;
}

static void keep_metrics_are_all_at_zero_before_the_first_recording(void **state)
{
    fixture *f = *state;
    const otm_metrics_data *data = collect(f);
    for (size_t metric = 1; metric <= otm_keep_metric_count(); metric++) {
        otm_keep_metric_info info;
        otm_keep_metric_info_init(&info);
        assert_int_equal(otm_keep_metric_describe((otm_keep_metric)metric, &info), OTM_OK);
        if (!info.visible_at_zero) {
            assert_null(find(data, info.name));
            continue;
        }
        const otm_point *point = only_point(data, info.name);
        assert_int_equal(find(data, info.name)->type, type_of_kind(info.kind));
        assert_string_equal(find(data, info.name)->unit.data, info.unit);
        if (info.kind == OTM_HISTOGRAM) {
            assert_int_equal(point->data.histogram->count, 0);
            assert_int_equal(point->data.histogram->bound_count, info.bucket_bound_count);
        } else {
            assert_int_equal(point->data.number.number, OTM_NUMBER_F64);
            assert_true(point->data.number.as.f64 == 0);
        }
    }
    assert_int_equal(metric_count(data), otm_keep_metric_count() - 2);
    otm_reader_return(f->reader, data);
}

static void keep_metrics_made_twice_come_out_once(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *second = NULL;
    assert_int_equal(otm_keep_recorder_create(f->provider, NULL, &second), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(second, OTM_KEEP_DKG_JOINED_TOTAL, 2), OTM_OK);
    const otm_metrics_data *data = collect(f);
    assert_true(only_point(data, "dkg_joined_total")->data.number.as.f64 == 3);
    assert_int_equal(metric_count(data), otm_keep_metric_count() - 2);
    otm_reader_return(f->reader, data);
    otm_keep_recorder_release(second);
}

/* -- Exactness ----------------------------------------------------------------------------------------------------- */

static void run_threads(size_t count, void *(*run)(void *), void *argument)
{
    pthread_t threads[100];
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run, argument), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void *increment_1000_times(void *argument)
{
    fixture *f = argument;
    for (int i = 0; i < 1000; i++) {
        (void)otm_keep_recorder_increment_by_name(f->recorder, "wallet_actions_total", 1);
    }
    return NULL;
}

static void keep_counter_of_100_threads_is_exact(void **state)
{
    fixture *f = *state;
    double value = 0;
    run_threads(100, increment_1000_times, f);
    assert_int_equal(otm_keep_recorder_counter(f->recorder, OTM_KEEP_WALLET_ACTIONS_TOTAL, &value), OTM_OK);
    assert_true(value == 100000);
    const otm_metrics_data *data = collect(f);
    assert_true(only_point(data, "wallet_actions_total")->data.number.as.f64 == 100000);
    otm_reader_return(f->reader, data);
}

static void *record_100_durations(void *argument)
{
    fixture *f = argument;
    for (int i = 1; i <= 100; i++) {
        (void)otm_keep_recorder_record_ns(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, i * INT64_C(1000000000));
    }
    return NULL;
}

static void keep_durations_of_50_threads_are_exact(void **state)
{
    fixture *f = *state;
    uint64_t count = 0;
    double sum = 0;
    run_threads(50, record_100_durations, f);
    assert_int_equal(otm_keep_recorder_histogram(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, &count, &sum), OTM_OK);
    assert_int_equal(count, 5000);
    assert_true(sum == 50 * 5050);
}

static void keep_durations_land_in_their_buckets_overflow_included(void **state)
{
    fixture *f = *state;
    otm_keep_metric_info info;
    otm_keep_metric_info_init(&info);
    assert_int_equal(otm_keep_metric_describe(OTM_KEEP_COORDINATION_DURATION_SECONDS, &info), OTM_OK);
    for (size_t i = 0; i < info.bucket_bound_count; i++) { /* a bound belongs to the bucket that it ends */
        assert_int_equal(otm_keep_recorder_record_seconds(f->recorder, OTM_KEEP_COORDINATION_DURATION_SECONDS,
                                                          info.bucket_bounds[i]), OTM_OK);
    }
    assert_int_equal(otm_keep_recorder_record_seconds(f->recorder, OTM_KEEP_COORDINATION_DURATION_SECONDS, 1e6),
                     OTM_OK);
    const otm_metrics_data *data = collect(f);
    const otm_histogram_data *h = only_point(data, "coordination_duration_seconds")->data.histogram;
    assert_int_equal(h->bucket_count, info.bucket_bound_count + 1);
    for (size_t i = 0; i < h->bucket_count; i++) {
        assert_int_equal(h->bucket_counts[i], 1);
    }
    otm_reader_return(f->reader, data);
}

/* The values that the original tests with, in the buckets of ours. */
static void keep_durations_of_all_sizes_are_counted(void **state)
{
    fixture *f = *state;
    const double values[] = {0.0005, 0.005, 0.05, 0.5, 5, 30, 200, 500, 1000};
    const uint64_t expected[] = {4, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_int_equal(otm_keep_recorder_record_seconds(f->recorder, OTM_KEEP_SIGNING_DURATION_SECONDS, values[i]),
                         OTM_OK);
    }
    const otm_metrics_data *data = collect(f);
    const otm_histogram_data *h = only_point(data, "signing_duration_seconds")->data.histogram;
    assert_int_equal(h->count, 9);
    assert_memory_equal(h->bucket_counts, expected, sizeof expected);
    otm_reader_return(f->reader, data);
}

static void keep_gauge_getter_knows_the_last_value_at_once(void **state)
{
    fixture *f = *state;
    double value = -1;
    assert_int_equal(otm_keep_recorder_gauge(f->recorder, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS, &value), OTM_OK);
    assert_true(value == 0);
    assert_int_equal(otm_keep_recorder_set_gauge(f->recorder, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS, 4), OTM_OK);
    assert_int_equal(otm_keep_recorder_gauge(f->recorder, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS, &value), OTM_OK);
    assert_true(value == 4);
}

/* -- Queues, averages, shutdown ------------------------------------------------------------------------------------ */

static void report_queues(otm_keep_queue_observer *observer, void *user_data)
{
    const uint64_t *handlers = user_data;
    otm_keep_report_incoming_queue(observer, "tbtc-04", 4096);
    for (uint64_t i = 1; i <= *handlers; i++) {
        otm_keep_report_handler_queue(observer, "tbtc-04", i, 10 * i);
    }
}

static void keep_queue_series_end_with_their_queues(void **state)
{
    fixture *f = *state;
    uint64_t handlers = 2;
    otm_keep_queue_watch *watch = NULL;
    assert_int_equal(otm_keep_recorder_observe_queues(f->recorder, report_queues, &handlers, &watch), OTM_OK);
    const otm_metrics_data *data = collect(f);
    assert_int_equal(find(data, "incoming_message_queue_size")->point_count, 1);
    assert_int_equal(find(data, "message_handler_queue_size")->point_count, 2);
    otm_reader_return(f->reader, data);
    handlers = 0;
    data = collect(f);
    assert_null(find(data, "message_handler_queue_size"));
    otm_reader_return(f->reader, data);
    otm_keep_queue_watch_release(watch);
    data = collect(f);
    assert_null(find(data, "incoming_message_queue_size"));
    otm_reader_return(f->reader, data);
}

static void keep_average_gauge_is_sum_by_count(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *recorder = NULL;
    otm_keep_recorder_options options;
    otm_keep_recorder_options_init(&options);
    options.average_gauges = true;
    assert_int_equal(otm_keep_recorder_create(f->provider, &options, &recorder), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds(recorder, OTM_KEEP_DKG_DURATION_SECONDS, 10), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds(recorder, OTM_KEEP_DKG_DURATION_SECONDS, 15), OTM_OK);
    const otm_metrics_data *data = collect(f);
    assert_true(only_point(data, "dkg_duration_seconds_avg")->data.number.as.f64 == 12.5);
    assert_null(find(data, "signing_duration_seconds_avg"));
    otm_reader_return(f->reader, data);
    otm_keep_recorder_release(recorder);
}

static void keep_recording_after_shutdown_is_harmless(void **state)
{
    fixture *f = *state;
    assert_int_equal(otm_keep_recorder_increment(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL, 1), OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 1000), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_ns(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_set_gauge(f->recorder, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS, 1), OTM_OK);
    otm_keep_recorder *late = NULL;
    assert_int_equal(otm_keep_recorder_create(f->provider, NULL, &late), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(late, OTM_KEEP_DKG_JOINED_TOTAL, 1), OTM_OK);
    otm_keep_recorder_release(late);
}

static void keep_recorder_taken_before_the_sdk_comes_alive_with_it(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *early = NULL;
    double value = 0;
    assert_int_equal(otm_keep_recorder_create(otm_default_meter_provider(), NULL, &early), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(early, OTM_KEEP_DKG_JOINED_TOTAL, 5), OTM_OK); /* nobody listens */
    assert_int_equal(otm_keep_recorder_counter(early, OTM_KEEP_DKG_JOINED_TOTAL, NULL), OTM_ERR_NOT_FOUND);
    assert_int_equal(otm_set_default_meter_provider(f->provider), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(early, OTM_KEEP_DKG_JOINED_TOTAL, 2), OTM_OK);
    assert_int_equal(otm_keep_recorder_counter(early, OTM_KEEP_DKG_JOINED_TOTAL, &value), OTM_OK);
    assert_true(value == 2);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    otm_keep_recorder_release(early);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(keep_metrics_are_all_at_zero_before_the_first_recording),
        TEST(keep_metrics_made_twice_come_out_once),
        TEST(keep_counter_of_100_threads_is_exact),
        TEST(keep_durations_of_50_threads_are_exact),
        TEST(keep_durations_land_in_their_buckets_overflow_included),
        TEST(keep_durations_of_all_sizes_are_counted),
        TEST(keep_gauge_getter_knows_the_last_value_at_once),
        TEST(keep_queue_series_end_with_their_queues),
        TEST(keep_average_gauge_is_sum_by_count),
        TEST(keep_recording_after_shutdown_is_harmless),
        TEST(keep_recorder_taken_before_the_sdk_comes_alive_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
