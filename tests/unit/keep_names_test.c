/* The names of a Keep node on its /metrics page: the same whatever the translation strategy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/keep.h>
#include <otm/prometheus.h>
#include <otm/sdk.h>

static void report_queues(otm_keep_queue_observer *observer, void *user_data)
{
    (void)user_data;
    otm_keep_report_incoming_queue(observer, "tbtc-04", 3);
    otm_keep_report_handler_queue(observer, "tbtc-04", 9, 2);
}

/* The page of a fresh recorder with averages and queues. The caller frees it. */
static char *render(otm_prometheus_translation translation)
{
    otm_prometheus_exporter_options eo;
    otm_prometheus_exporter_options_init(&eo);
    eo.translation = translation;
    eo.omit_scope_info = true;
    eo.omit_target_info = true;
    otm_prometheus_exporter *exporter = NULL;
    assert_int_equal(otm_prometheus_exporter_create(&eo, &exporter), OTM_OK);
    otm_reader *reader = otm_prometheus_exporter_reader(exporter);
    otm_meter_provider_options po;
    otm_meter_provider_options_init(&po);
    po.readers = &reader;
    po.reader_count = 1;
    otm_meter_provider *provider = NULL;
    assert_int_equal(otm_meter_provider_create(&po, &provider), OTM_OK);
    otm_keep_recorder_options ro;
    otm_keep_recorder_options_init(&ro);
    ro.average_gauges = true;
    otm_keep_recorder *recorder = NULL;
    otm_keep_queue_watch *watch = NULL;
    assert_int_equal(otm_keep_recorder_create(provider, &ro, &recorder), OTM_OK);
    assert_int_equal(otm_keep_recorder_observe_queues(recorder, report_queues, NULL, &watch), OTM_OK);
    assert_int_equal(otm_keep_recorder_record_seconds(recorder, OTM_KEEP_DKG_DURATION_SECONDS, 77.5), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(recorder, OTM_KEEP_DKG_JOINED_TOTAL, 4), OTM_OK);

    otm_prometheus_response response;
    otm_prometheus_response_init(&response);
    assert_int_equal(otm_prometheus_render(exporter, NULL, NULL, &response), OTM_OK);
    assert_int_equal(response.status, 200);
    char *page = strndup(response.body, response.size);
    assert_non_null(page);
    otm_prometheus_response_free(&response);
    otm_keep_queue_watch_release(watch);
    otm_keep_recorder_release(recorder);
    (void)otm_meter_provider_shutdown(provider, 1000);
    otm_meter_provider_release(provider);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    return page;
}

static bool has_line(const char *page, const char *line)
{
    char with_ends[256];
    (void)snprintf(with_ends, sizeof with_ends, "\n%s\n", line);
    return strstr(page, with_ends) != NULL || strncmp(page, with_ends + 1, strlen(line) + 1) == 0;
}

static void keep_names_are_the_same_under_all_translation_strategies(void **state)
{
    (void)state;
    char *first = render(OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES);
    for (unsigned translation = 1; translation <= OTM_PROMETHEUS_NO_TRANSLATION; translation++) {
        char *other = render((otm_prometheus_translation)translation);
        assert_string_equal(first, other);
        free(other);
    }
    free(first);
}

static void keep_names_come_out_as_the_catalogue_has_them(void **state)
{
    (void)state;
    static const char *const types[] = {
        [OTM_COUNTER] = "counter", [OTM_GAUGE] = "gauge", [OTM_HISTOGRAM] = "histogram",
        [OTM_OBSERVABLE_GAUGE] = "gauge",
    };
    char *page = render(OTM_PROMETHEUS_NO_TRANSLATION);
    for (size_t metric = 1; metric <= otm_keep_metric_count(); metric++) {
        otm_keep_metric_info info;
        char line[256];
        otm_keep_metric_info_init(&info);
        assert_int_equal(otm_keep_metric_describe((otm_keep_metric)metric, &info), OTM_OK);
        (void)snprintf(line, sizeof line, "# TYPE %s %s", info.exported_name, types[info.kind]);
        if (!has_line(page, line)) {
            fail_msg("not on the page: %s", line);
        }
    }
    free(page);
}

/* Scripts do: grep '^name ' | awk '{print $2}' */
static void keep_series_without_labels_are_name_blank_value(void **state)
{
    (void)state;
    char *page = render(OTM_PROMETHEUS_NO_TRANSLATION);
    assert_true(has_line(page, "performance_dkg_joined_total 4"));
    assert_true(has_line(page, "performance_dkg_failed_total 0"));
    assert_true(has_line(page, "performance_wallet_dispatcher_active_actions 0"));
    assert_true(has_line(page, "performance_dkg_duration_seconds_count 1"));
    assert_true(has_line(page, "performance_dkg_duration_seconds_sum 77.5"));
    assert_true(has_line(page, "performance_dkg_duration_seconds_avg 77.5"));
    assert_true(has_line(page, "performance_dkg_duration_seconds_bucket{le=\"60\"} 0"));
    assert_true(has_line(page, "performance_incoming_message_queue_size{channel=\"tbtc-04\"} 3"));
    assert_true(has_line(page, "performance_message_handler_queue_size{channel=\"tbtc-04\",handler=\"9\"} 2"));
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_names_are_the_same_under_all_translation_strategies),
        cmocka_unit_test(keep_names_come_out_as_the_catalogue_has_them),
        cmocka_unit_test(keep_series_without_labels_are_name_blank_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
