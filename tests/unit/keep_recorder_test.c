/* The Keep recorder on a fake implementation of the API: what it creates, records, refuses and gives back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>

#include <cmocka.h>

#include <otm/keep.h>

#include "diag_recorder.h"
#include "failing_alloc.h"
#include "keep_fake_provider.h"

typedef struct fixture {
    fake_provider provider;
    diag_recorder diagnostics;
    otm_keep_recorder *recorder;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    fake_provider_init(&f.provider);
    diag_recorder_init(&f.diagnostics);
    otm_keep_recorder_options options;
    otm_keep_recorder_options_init(&options);
    options.diagnostics = f.diagnostics.options;
    options.diagnostics.unthrottled = 0;
    assert_int_equal(otm_keep_recorder_create(&f.provider.base, &options, &f.recorder), OTM_OK);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_keep_recorder_release(f->recorder);
    assert_int_equal(f->provider.live, 0);
    diag_recorder_fini(&f->diagnostics);
    fake_provider_fini(&f->provider);
    return 0;
}

static double counter_of(otm_keep_recorder *recorder, otm_keep_metric metric)
{
    double value = -1;
    assert_int_equal(otm_keep_recorder_counter(recorder, metric, &value), OTM_OK);
    return value;
}

static otm_keep_refusals refusals_of(otm_keep_recorder *recorder)
{
    otm_keep_refusals refusals;
    otm_keep_refusals_init(&refusals);
    assert_int_equal(otm_keep_recorder_refusals(recorder, &refusals), OTM_OK);
    return refusals;
}

/* -- Creation ------------------------------------------------------------------------------------------------------ */

static void recorder_creates_every_metric_as_the_catalogue_says(void **state)
{
    fixture *f = *state;
    assert_int_equal(f->provider.instrument_count, otm_keep_metric_count());
    for (size_t metric = 1; metric <= otm_keep_metric_count(); metric++) {
        otm_keep_metric_info info;
        otm_keep_metric_info_init(&info);
        assert_int_equal(otm_keep_metric_describe((otm_keep_metric)metric, &info), OTM_OK);
        fake_instrument *i = fake_provider_find(&f->provider, info.exported_name);
        assert_non_null(i);
        assert_int_equal(i->kind, info.kind);
        assert_int_equal(i->number, OTM_NUMBER_F64);
        assert_string_equal(i->unit, info.unit);
        assert_string_equal(i->description, info.description);
        assert_int_equal(i->bound_count, info.bucket_bound_count);
        assert_int_equal(i->visible_from_start, info.visible_at_zero);
    }
}

static void recorder_creation_fails_whole_when_any_step_fails(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    size_t n = 1;
    for (; st != OTM_OK; n++) {
        fake_provider provider;
        fake_provider_init(&provider);
        provider.fail_at = n;
        otm_keep_recorder_options options;
        otm_keep_recorder_options_init(&options);
        options.average_gauges = true;
        otm_keep_recorder *recorder = (otm_keep_recorder *)&provider;
        st = otm_keep_recorder_create(&provider.base, &options, &recorder);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY || st == OTM_ERR_LIMIT);
        assert_int_equal(st == OTM_OK, recorder != NULL);
        otm_keep_recorder_release(recorder);
        assert_int_equal(provider.live, 0);
        fake_provider_fini(&provider);
    }
    assert_true(n > 2 * otm_keep_metric_count());
}

static void recorder_create_survives_failure_of_each_allocation(void **state)
{
    fixture *f = *state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (size_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        otm_keep_recorder_options options;
        otm_keep_recorder *recorder = NULL;
        failing_alloc_init(&fa, n);
        otm_keep_recorder_options_init(&options);
        options.allocator = &fa.base;
        st = otm_keep_recorder_create(&f->provider.base, &options, &recorder);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otm_keep_recorder_release(recorder);
        assert_int_equal(fa.live, 0);
    }
}

static void recorder_without_outlet_or_with_unknown_options_is_refused(void **state)
{
    fixture *f = *state;
    struct {
        otm_keep_recorder_options known;
        uint64_t unknown;
    } newer = {.unknown = 0};
    otm_keep_recorder *recorder = NULL;
    otm_keep_recorder_options_init(&newer.known);
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    newer.known.struct_size = sizeof newer;
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, &newer.known, &recorder), OTM_OK);
    otm_keep_recorder_release(recorder);
    newer.unknown = 1;
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, &newer.known, &recorder), OTM_ERR_INVALID_ARGUMENT);
    assert_null(recorder);
}

static void recorder_on_no_provider_records_nowhere(void **state)
{
    (void)state;
    otm_keep_recorder *recorder = NULL;
    double value = 5;
    assert_int_equal(otm_keep_recorder_create(NULL, NULL, &recorder), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(recorder, OTM_KEEP_DKG_JOINED_TOTAL, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_counter(recorder, OTM_KEEP_DKG_JOINED_TOTAL, &value), OTM_ERR_NOT_FOUND);
    assert_true(value == 0);
    otm_keep_recorder_release(recorder);
}

static void recorders_of_one_provider_share_the_metrics(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *second = NULL;
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, NULL, &second), OTM_OK);
    assert_int_equal(f->provider.instrument_count, otm_keep_metric_count());
    assert_int_equal(otm_keep_recorder_increment(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL, 2), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(second, OTM_KEEP_DKG_JOINED_TOTAL, 3), OTM_OK);
    assert_true(counter_of(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL) == 5);
    assert_true(counter_of(second, OTM_KEEP_DKG_JOINED_TOTAL) == 5);
    otm_keep_recorder_release(second);
    assert_true(counter_of(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL) == 5);
}

/* -- Recording ----------------------------------------------------------------------------------------------------- */

static void recorder_records_by_handle_and_by_name_alike(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *r = f->recorder;
    uint64_t count = 0;
    double sum = 0;
    double value = 0;
    assert_int_equal(otm_keep_recorder_increment(r, OTM_KEEP_WALLET_ACTIONS_TOTAL, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment_by_name(r, "wallet_actions_total", 0.5), OTM_OK);
    assert_int_equal(otm_keep_recorder_counter_by_name(r, "wallet_actions_total", &value), OTM_OK);
    assert_true(value == 1.5);
    assert_int_equal(otm_keep_recorder_record_ns(r, OTM_KEEP_DKG_DURATION_SECONDS, 1500000000), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_ns_by_name(r, "dkg_duration_seconds", 500000000), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds(r, OTM_KEEP_DKG_DURATION_SECONDS, 2), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds_by_name(r, "dkg_duration_seconds", 4), OTM_OK);
    assert_int_equal(otm_keep_recorder_histogram(r, OTM_KEEP_DKG_DURATION_SECONDS, &count, &sum), OTM_OK);
    assert_int_equal(count, 4);
    assert_true(sum == 8);
    assert_int_equal(otm_keep_recorder_histogram_by_name(r, "dkg_duration_seconds", NULL, NULL), OTM_OK);
    assert_int_equal(otm_keep_recorder_set_gauge(r, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS, 3), OTM_OK);
    assert_int_equal(otm_keep_recorder_set_gauge_by_name(r, "wallet_dispatcher_active_actions", -2), OTM_OK);
    assert_int_equal(otm_keep_recorder_gauge_by_name(r, "wallet_dispatcher_active_actions", &value), OTM_OK);
    assert_true(value == -2);
}

static void recorder_durations_of_years_keep_their_seconds(void **state)
{
    fixture *f = *state;
    double sum = 0;
    assert_int_equal(otm_keep_recorder_record_ns(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, INT64_MAX), OTM_OK);
    assert_int_equal(otm_keep_recorder_histogram(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, NULL, &sum), OTM_OK);
    assert_true(fabs(sum - 9223372036.854775807) < 1e-5);
}

static void recorder_takes_a_gauge_as_unknown_only_when_told_so(void **state)
{
    fixture *f = *state;
    otm_keep_metric gauge = OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS;
    double value = 0;
    assert_int_equal(otm_keep_recorder_set_gauge(f->recorder, gauge, 4), OTM_OK);
    assert_int_equal(otm_keep_recorder_set_gauge(f->recorder, gauge, (double)NAN), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_keep_recorder_gauge(f->recorder, gauge, &value), OTM_OK);
    assert_true(value == 4);
    assert_int_equal(otm_keep_recorder_set_gauge_unknown(f->recorder, gauge), OTM_OK);
    assert_int_equal(otm_keep_recorder_gauge(f->recorder, gauge, &value), OTM_OK);
    assert_true(isnan(value));
}

static void recorder_clamps_negative_durations_and_counts_them(void **state)
{
    fixture *f = *state;
    uint64_t count = 0;
    double sum = 1;
    assert_int_equal(otm_keep_recorder_record_ns(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, -1), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, -0.5), OTM_OK);
    assert_int_equal(otm_keep_recorder_histogram(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, &count, &sum), OTM_OK);
    assert_int_equal(count, 2);
    assert_true(sum == 0);
    assert_int_equal(refusals_of(f->recorder).clamped, 2);
    assert_int_equal(refusals_of(f->recorder).bad_value, 0);
}

static void recorder_null_does_nothing_and_says_ok(void **state)
{
    (void)state;
    double value = 7;
    uint64_t count = 7;
    otm_keep_queue_watch *watch = (otm_keep_queue_watch *)&value;
    assert_int_equal(otm_keep_recorder_increment(NULL, OTM_KEEP_DKG_JOINED_TOTAL, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment_by_name(NULL, "nonsense", -1), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_ns(NULL, OTM_KEEP_DKG_DURATION_SECONDS, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds_by_name(NULL, NULL, (double)NAN), OTM_OK);
    assert_int_equal(otm_keep_recorder_set_gauge(NULL, OTM_KEEP_NONE, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_set_gauge_unknown(NULL, OTM_KEEP_NONE), OTM_OK);
    assert_int_equal(otm_keep_recorder_counter(NULL, OTM_KEEP_DKG_JOINED_TOTAL, &value), OTM_OK);
    assert_true(value == 0);
    assert_int_equal(otm_keep_recorder_histogram(NULL, OTM_KEEP_DKG_DURATION_SECONDS, &count, &value), OTM_OK);
    assert_int_equal(count, 0);
    assert_int_equal(refusals_of(NULL).unknown_metric, 0);
    assert_null(otm_keep_recorder_retain(NULL));
    otm_keep_recorder_release(NULL);
    assert_int_equal(otm_keep_recorder_observe_queues(NULL, (otm_keep_queue_callback)0, NULL, &watch),
                     OTM_ERR_INVALID_ARGUMENT);
    assert_null(watch);
    otm_keep_queue_watch_release(NULL);
}

/* -- Refusals ------------------------------------------------------------------------------------------------------ */

static void recorder_refuses_unknown_names_and_reports_each_once(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(otm_keep_recorder_increment_by_name(f->recorder, "wallet_nonsense", 1), OTM_ERR_NOT_FOUND);
        assert_int_equal(otm_keep_recorder_set_gauge_by_name(f->recorder, "other", 1), OTM_ERR_NOT_FOUND);
        assert_int_equal(otm_keep_recorder_record_ns_by_name(f->recorder, NULL, 1), OTM_ERR_NOT_FOUND);
        assert_int_equal(otm_keep_recorder_increment(f->recorder, (otm_keep_metric)1000, 1), OTM_ERR_NOT_FOUND);
    }
    assert_int_equal(refusals_of(f->recorder).unknown_metric, 12);
    assert_int_equal(diag_recorder_count(&f->diagnostics), 3); /* two names, and one for those without a name */
    diag_record first = diag_recorder_at(&f->diagnostics, 0);
    assert_string_equal(first.instrument, "wallet_nonsense");
    assert_string_equal(first.component, "keep_recorder");
    assert_int_equal(first.status, OTM_ERR_NOT_FOUND);
    assert_int_equal(f->provider.instrument_count, otm_keep_metric_count());
}

static void recorder_refuses_the_wrong_kind_and_changes_nothing(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *r = f->recorder;
    assert_int_equal(otm_keep_recorder_set_gauge(r, OTM_KEEP_DKG_JOINED_TOTAL, 9), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_keep_recorder_increment(r, OTM_KEEP_DKG_DURATION_SECONDS, 9), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_keep_recorder_record_ns(r, OTM_KEEP_DKG_JOINED_TOTAL, 9), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_keep_recorder_set_gauge(r, OTM_KEEP_INCOMING_MESSAGE_QUEUE_SIZE, 9),
                     OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(refusals_of(r).wrong_kind, 4);
    assert_int_equal(diag_recorder_count(&f->diagnostics), 3); /* one for each metric; dkg_joined_total came twice */
    for (size_t i = 0; i < f->provider.instrument_count; i++) {
        assert_int_equal(f->provider.instruments[i].count, 0);
    }
}

static void recorder_refuses_values_that_no_counter_can_take(void **state)
{
    fixture *f = *state;
    const double bad[] = {-1, -1e-300, (double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(otm_keep_recorder_increment(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL, bad[i]),
                         OTM_ERR_INVALID_ARGUMENT);
    }
    assert_int_equal(otm_keep_recorder_record_seconds(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS, (double)NAN),
                     OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_keep_recorder_record_seconds(f->recorder, OTM_KEEP_DKG_DURATION_SECONDS,
                                                      -(double)INFINITY), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(refusals_of(f->recorder).bad_value, 7);
    assert_true(counter_of(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL) == 0);
    assert_int_equal(diag_recorder_count(&f->diagnostics), 2);
}

static void recorder_getters_of_nonsense_fail_and_count_nothing(void **state)
{
    fixture *f = *state;
    double value = 5;
    uint64_t count = 5;
    assert_int_equal(otm_keep_recorder_counter_by_name(f->recorder, "nonsense", &value), OTM_ERR_NOT_FOUND);
    assert_true(value == 0);
    assert_int_equal(otm_keep_recorder_gauge(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL, &value),
                     OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_keep_recorder_histogram(f->recorder, OTM_KEEP_DKG_JOINED_TOTAL, &count, NULL),
                     OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(count, 0);
    assert_int_equal(refusals_of(f->recorder).unknown_metric, 0);
    assert_int_equal(refusals_of(f->recorder).wrong_kind, 0);
}

/* A handler that makes the same mistake itself. */
static void record_nonsense(const otm_diagnostic *diagnostic, void *user_data)
{
    (void)diagnostic;
    otm_keep_recorder **recorder = user_data;
    (void)otm_keep_recorder_increment_by_name(*recorder, "more nonsense", 1);
}

static void recorder_handler_that_is_refused_itself_is_not_called_again(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *recorder = NULL;
    otm_keep_recorder_options options;
    otm_keep_recorder_options_init(&options);
    options.diagnostics.handler = record_nonsense;
    options.diagnostics.user_data = &recorder;
    options.diagnostics.unthrottled = 1;
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, &options, &recorder), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment_by_name(recorder, "nonsense", 1), OTM_ERR_NOT_FOUND);
    assert_int_equal(refusals_of(recorder).unknown_metric, 2);
    otm_keep_recorder_release(recorder);
}

static void recorder_reports_of_endless_names_come_to_an_end(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 1000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "nonsense_%d", i);
        assert_int_equal(otm_keep_recorder_increment_by_name(f->recorder, name, 1), OTM_ERR_NOT_FOUND);
    }
    assert_int_equal(refusals_of(f->recorder).unknown_metric, 1000);
    assert_int_equal(diag_recorder_count(&f->diagnostics), 64);
}

/* -- Averages and queues ------------------------------------------------------------------------------------------- */

static void recorder_average_gauges_appear_with_the_first_duration(void **state)
{
    (void)state;
    fake_provider provider;
    fake_provider_init(&provider);
    otm_keep_recorder *recorder = NULL;
    otm_keep_recorder_options options;
    otm_keep_recorder_options_init(&options);
    options.average_gauges = true;
    assert_int_equal(otm_keep_recorder_create(&provider.base, &options, &recorder), OTM_OK);
    assert_int_equal(provider.instrument_count, otm_keep_metric_count() + 5);
    fake_instrument *average = fake_provider_find(&provider, "performance_dkg_duration_seconds_avg");
    assert_non_null(average);
    assert_int_equal(average->kind, OTM_OBSERVABLE_GAUGE);
    fake_provider_collect(&provider);
    assert_int_equal(average->observed_count, 0);
    assert_int_equal(otm_keep_recorder_record_seconds(recorder, OTM_KEEP_DKG_DURATION_SECONDS, 10), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds(recorder, OTM_KEEP_DKG_DURATION_SECONDS, 15), OTM_OK);
    fake_provider_collect(&provider);
    assert_int_equal(average->observed_count, 1);
    assert_true(average->observed[0].value == 12.5);
    otm_keep_recorder_release(recorder);
    assert_int_equal(fake_provider_callback_count(&provider), 0);
    assert_int_equal(provider.live, 0);
    fake_provider_fini(&provider);
}

static void report_two_queues(otm_keep_queue_observer *observer, void *user_data)
{
    const char *channel = user_data;
    otm_keep_report_incoming_queue(observer, channel, 4096);
    otm_keep_report_handler_queue(observer, channel, 7, 512);
    otm_keep_report_handler_queue(observer, NULL, 7, 512);
    otm_keep_report_incoming_queue(NULL, channel, 1);
}

static void recorder_queue_watch_reports_labelled_lengths_until_released(void **state)
{
    fixture *f = *state;
    char channel[201]; /* names are long: a prefix, and 130 digits of a key */
    memset(channel, 'c', sizeof channel - 1);
    channel[200] = '\0';
    otm_keep_queue_watch *watch = NULL;
    assert_int_equal(otm_keep_recorder_observe_queues(f->recorder, report_two_queues, channel, &watch), OTM_OK);
    fake_instrument *incoming = fake_provider_find(&f->provider, "performance_incoming_message_queue_size");
    fake_instrument *handlers = fake_provider_find(&f->provider, "performance_message_handler_queue_size");
    fake_provider_collect(&f->provider);
    assert_int_equal(incoming->observed_count, 1);
    assert_true(incoming->observed[0].value == 4096);
    assert_string_equal(incoming->observed[0].channel, channel);
    assert_int_equal(incoming->observed[0].handler, -1);
    assert_int_equal(handlers->observed_count, 1);
    assert_true(handlers->observed[0].value == 512);
    assert_int_equal(handlers->observed[0].handler, 7);
    otm_keep_queue_watch_release(watch);
    fake_provider_collect(&f->provider);
    assert_int_equal(incoming->observed_count, 0);
}

static void recorder_queue_watch_outlives_the_callers_recorder(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *recorder = NULL;
    otm_keep_queue_watch *watch = NULL;
    static char channel[] = "c";
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, NULL, &recorder), OTM_OK);
    assert_int_equal(otm_keep_recorder_observe_queues(recorder, report_two_queues, channel, &watch), OTM_OK);
    otm_keep_recorder_release(recorder);
    fake_provider_collect(&f->provider);
    assert_int_equal(fake_provider_find(&f->provider, "performance_incoming_message_queue_size")->observed_count, 1);
    otm_keep_queue_watch_release(watch);
}

static void recorder_queue_watch_survives_failure_of_each_allocation(void **state)
{
    fixture *f = *state;
    failing_alloc fa;
    failing_alloc_init(&fa, 2); /* the recorder is the first */
    otm_keep_recorder *recorder = NULL;
    otm_keep_queue_watch *watch = NULL;
    otm_keep_recorder_options options;
    otm_keep_recorder_options_init(&options);
    options.allocator = &fa.base;
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, &options, &recorder), OTM_OK);
    assert_int_equal(otm_keep_recorder_observe_queues(recorder, report_two_queues, NULL, &watch), OTM_ERR_NO_MEMORY);
    assert_null(watch);
    f->provider.fail_at = f->provider.requests + 1; /* and the registration */
    assert_int_not_equal(otm_keep_recorder_observe_queues(recorder, report_two_queues, NULL, &watch), OTM_OK);
    assert_null(watch);
    otm_keep_recorder_release(recorder);
    assert_int_equal(fa.live, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(recorder_creates_every_metric_as_the_catalogue_says),
        TEST(recorder_creation_fails_whole_when_any_step_fails),
        TEST(recorder_create_survives_failure_of_each_allocation),
        TEST(recorder_without_outlet_or_with_unknown_options_is_refused),
        TEST(recorder_on_no_provider_records_nowhere),
        TEST(recorders_of_one_provider_share_the_metrics),
        TEST(recorder_records_by_handle_and_by_name_alike),
        TEST(recorder_durations_of_years_keep_their_seconds),
        TEST(recorder_takes_a_gauge_as_unknown_only_when_told_so),
        TEST(recorder_clamps_negative_durations_and_counts_them),
        TEST(recorder_null_does_nothing_and_says_ok),
        TEST(recorder_refuses_unknown_names_and_reports_each_once),
        TEST(recorder_refuses_the_wrong_kind_and_changes_nothing),
        TEST(recorder_refuses_values_that_no_counter_can_take),
        TEST(recorder_getters_of_nonsense_fail_and_count_nothing),
        TEST(recorder_handler_that_is_refused_itself_is_not_called_again),
        TEST(recorder_reports_of_endless_names_come_to_an_end),
        TEST(recorder_average_gauges_appear_with_the_first_duration),
        TEST(recorder_queue_watch_reports_labelled_lengths_until_released),
        TEST(recorder_queue_watch_outlives_the_callers_recorder),
        TEST(recorder_queue_watch_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
