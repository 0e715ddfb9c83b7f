#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>
#include <otm/config.h>

#include "diag_recorder.h"
#include "failing_alloc.h"

/* Every kind of node that makes something; nothing is sent, since the interval is long and the port is closed. */
static const char whole_model[] =
    "{\"resource\": {\"attributes\": [{\"name\": \"service.name\", \"value\": \"beacon\"},"
    "                                {\"name\": \"zones\", \"value\": [\"a\", \"b\"], \"type\": \"string_array\"}],"
    "               \"attributes_list\": \"ring=canary\", \"schema_url\": \"http://a/1\"},"
    " \"meter_provider\": {"
    "   \"readers\": [{\"manual\": {\"temporality_preference\": \"delta\", \"cardinality_limits\": {\"counter\": 7}}},"
    "     {\"periodic\": {\"interval\": 3600000, \"exporter\": {\"otlp_http\": {"
    "        \"endpoint\": \"http://127.0.0.1:9/v1/metrics\", \"headers_list\": \"x-a=1\","
    "        \"headers\": [{\"name\": \"x-b\", \"value\": \"2\"}]}}}},"
    "     {\"periodic\": {\"interval\": 3600000, \"exporter\": {\"console\": null}}}],"
    "   \"views\": [{\"selector\": {\"instrument_name\": \"x*\"}, \"stream\": {\"name\": \"y\","
    "      \"aggregation\": {\"explicit_bucket_histogram\": {\"boundaries\": [1, 2.5]}},"
    "      \"attribute_keys\": {\"included\": [\"a.*\"], \"excluded\": [\"a.b\"]}}}],"
    "   \"meter_configurator/development\": {\"meters\": [{\"name\": \"noisy.*\","
    "      \"config\": {\"enabled\": false}}]}}}";

static otm_status create(const char *model, const otm_sdk_model_options *options, otm_sdk **out)
{
    return otm_sdk_create_from_model(model, strlen(model), options, out);
}

static void model_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        otm_sdk *sdk = NULL;
        otm_sdk_model_options options;
        otm_sdk_model_options_init(&options);
        failing_alloc_init(&fa, n);
        options.allocator = &fa.base;
        options.allow_manual_readers = true;
        st = create(whole_model, &options, &sdk);
        /* Without memory for the diagnostics the rest is there, and the provider may refuse to go without. */
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        assert_true(st == OTM_OK || sdk == NULL);
        st = failing_alloc_failed(&fa) ? OTM_ERR_NO_MEMORY : st;
        otm_sdk_release(sdk);
        assert_int_equal(fa.live, 0);
    }
}

static void model_configure_meters_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    static const char rules[] = "{\"default_config\": {\"enabled\": false},"
                                " \"meters\": [{\"name\": \"a\", \"config\": {}}]}";
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        otm_sdk *sdk = NULL;
        otm_sdk_model_options options;
        otm_sdk_model_options_init(&options);
        failing_alloc_init(&fa, 0);
        options.allocator = &fa.base;
        options.allow_manual_readers = true;
        assert_int_equal(create(whole_model, &options, &sdk), OTM_OK);
        fa.fail_at = fa.requests + n;
        st = otm_sdk_configure_meters(sdk, rules, sizeof rules - 1);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        st = failing_alloc_failed(&fa) ? OTM_ERR_NO_MEMORY : st;
        otm_sdk_release(sdk);
        assert_int_equal(fa.live, 0);
    }
}

/* CONF-09 CONF-11 */
static void model_with_a_mistake_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        const char *said;
    } cases[] = {
        {"{", "expected JSON"},
        {"[]", "(root): expected a map, found an empty list"},
        {"{\"disabled\": 1, \"disabled\": 2}", "expected JSON"},
        {"{\"meter_provider\": {\"readers\": [{\"manual\": {}}]}}",
         "meter_provider.readers[0]: expected a map with one key of periodic, pull, found a map"},
        {"{\"meter_provider\": {\"readers\": [{\"pull\": {\"exporter\":"
         " {\"prometheus/development\": {\"port\": \"x\"}}}}]}}",
         "meter_provider.readers[0].pull.exporter.prometheus/development.port: expected an integer from 0 to 65535, "
         "found \"x\""},
        {"{\"attribute_limits\": {\"attribute_count_limit\": -1}}",
         "attribute_limits.attribute_count_limit: expected an integer of at least 0, found -1"},
        {"{\"attribute_limits\": {\"limit\": 1}}", "attribute_limits.limit: expected one of the keys"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        diag_recorder heard;
        otm_sdk *sdk;
        otm_sdk_model_options options;
        diag_recorder_init(&heard);
        otm_sdk_model_options_init(&options);
        options.diagnostics = heard.options;
        assert_int_equal(create(cases[i].model, &options, &sdk), OTM_ERR_CONFIG);
        assert_null(sdk);
        assert_int_equal(diag_recorder_count(&heard), 1);
        assert_int_equal(diag_recorder_count_of(&heard, OTM_ERROR, cases[i].said), 1);
        diag_recorder_fini(&heard);
    }
}

/* CONF-11 CONF-12 */
static void model_with_an_unknown_exporter_is_refused_after_all_else_was_checked(void **state)
{
    (void)state;
#define KAFKA "[{\"periodic\": {\"exporter\": {\"kafka\": null}}}]"
    static const char unknown[] = "{\"meter_provider\": {\"readers\": " KAFKA "}}";
    static const char worse[] = "{\"meter_provider\": {\"readers\": " KAFKA ", \"exemplar_filter\": \"sometimes\"}}";
    otm_sdk *sdk;
    assert_int_equal(create(unknown, NULL, &sdk), OTM_ERR_UNSUPPORTED);
    assert_int_equal(create(worse, NULL, &sdk), OTM_ERR_CONFIG);
}

/* CONF-N01 */
static void model_log_level_limits_what_is_reported(void **state)
{
    (void)state;
    static const char model[] = "{\"log_level\": \"error\", \"meter_provider\": {\"readers\": [{\"manual\": null}]}}";
    diag_recorder heard;
    otm_sdk *sdk;
    otm_sdk_model_options options;
    diag_recorder_init(&heard);
    otm_sdk_model_options_init(&options);
    options.allow_manual_readers = true;
    options.diagnostics = heard.options;
    assert_int_equal(create(model, &options, &sdk), OTM_OK);
    otm_meter_release(otm_meter_provider_get_meter(otm_sdk_provider(sdk), "", NULL)); /* a warning */
    assert_int_equal(diag_recorder_count_of(&heard, OTM_WARN, ""), 0);
    otm_sdk_release(sdk);
    diag_recorder_fini(&heard);
}

/* ERR-01 ERR-04 */
static void model_functions_accept_null_and_what_is_out_of_range(void **state)
{
    (void)state;
    otm_sdk *sdk;
    assert_int_equal(otm_sdk_create_from_model(NULL, 0, NULL, &sdk), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_sdk_create_from_model("{}", 2, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_ptr_equal(otm_sdk_provider(NULL), otm_noop_meter_provider());
    assert_int_equal(otm_sdk_reader_count(NULL), 0);
    assert_null(otm_sdk_reader(NULL, 0));
    assert_null(otm_sdk_prometheus_exporter(NULL, 0));
    assert_int_equal(otm_sdk_configure_meters(NULL, "null", 4), OTM_ERR_INVALID_ARGUMENT);
    otm_sdk_release(NULL);

    assert_int_equal(create("{}", NULL, &sdk), OTM_OK); /* CONF-N01: no meter provider, so a no-op */
    assert_ptr_equal(otm_sdk_provider(sdk), otm_noop_meter_provider());
    assert_null(otm_sdk_reader(sdk, 0));
    assert_int_equal(otm_sdk_configure_meters(sdk, NULL, 0), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_sdk_configure_meters(sdk, "null", 4), OTM_ERR_UNSUPPORTED);
    otm_sdk_release(sdk);
}

/* API-COMPAT-01 */
static void model_options_of_another_size_are_understood_or_refused(void **state)
{
    (void)state;
    struct {
        otm_sdk_model_options options;
        uint64_t later;
    } newer;
    otm_sdk *sdk;
    memset(&newer, 0, sizeof newer);
    otm_sdk_model_options_init(&newer.options);
    newer.options.struct_size = sizeof newer;
    assert_int_equal(create("{}", &newer.options, &sdk), OTM_OK);
    otm_sdk_release(sdk);
    newer.later = 1;
    assert_int_equal(create("{}", &newer.options, &sdk), OTM_ERR_INVALID_ARGUMENT);
    assert_null(sdk);

    size_t older[1] = {sizeof(size_t)};
    assert_int_equal(create("{}", (const otm_sdk_model_options *)(const void *)older, &sdk), OTM_OK);
    otm_sdk_release(sdk);
}

/* SDK-PROV-02 */
static void model_provider_outlives_its_sdk_as_a_no_op(void **state)
{
    (void)state;
    otm_sdk *sdk;
    otm_sdk_model_options options;
    otm_sdk_model_options_init(&options);
    options.allow_manual_readers = true;
    assert_int_equal(create(whole_model, &options, &sdk), OTM_OK);
    assert_int_equal(otm_sdk_reader_count(sdk), 3);
    assert_non_null(otm_sdk_reader(sdk, 2));
    assert_null(otm_sdk_reader(sdk, 3));
    otm_meter_provider *provider = otm_meter_provider_retain(otm_sdk_provider(sdk));
    otm_sdk_release(sdk);
    otm_meter *meter = otm_meter_provider_get_meter(provider, "noisy.late", NULL);
    otm_counter_i64 *counter;
    (void)otm_meter_create_counter_i64(meter, "c", NULL, &counter);
    assert_false(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 1, NULL, 0);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
}

/* OUT-02 */
static void model_with_a_console_exporter_writes_to_standard_output(void **state)
{
    (void)state;
    static const char model[] = "{\"meter_provider\": {\"readers\": [{\"periodic\": {"
                                "\"exporter\": {\"console\": {}}}}]}}";
    static char line[65536];
    int ends[2];
    otm_sdk *sdk;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(create(model, NULL, &sdk), OTM_OK);
    otm_meter *meter = otm_meter_provider_get_meter(otm_sdk_provider(sdk), "shop", NULL);
    otm_counter_i64 *counter;
    (void)otm_meter_create_counter_i64(meter, "orders", NULL, &counter);
    otm_counter_i64_add(counter, 3, NULL, 0);
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    assert_int_equal(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    otm_status st = otm_meter_provider_shutdown(otm_sdk_provider(sdk), 0);
    assert_int_equal(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
    close(before);
    close(ends[1]);
    assert_int_equal(st, OTM_OK);
    ssize_t size = read(ends[0], line, sizeof line - 1);
    assert_true(size > 0 && line[size - 1] == '\n');
    assert_non_null(strstr(line, "\"name\":\"orders\""));
    assert_int_equal(read(ends[0], line, sizeof line), 0); /* and nothing else */
    close(ends[0]);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_sdk_release(sdk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_create_survives_failure_of_each_allocation),
        cmocka_unit_test(model_configure_meters_survives_failure_of_each_allocation),
        cmocka_unit_test(model_with_a_mistake_is_refused_with_its_place),
        cmocka_unit_test(model_with_an_unknown_exporter_is_refused_after_all_else_was_checked),
        cmocka_unit_test(model_log_level_limits_what_is_reported),
        cmocka_unit_test(model_functions_accept_null_and_what_is_out_of_range),
        cmocka_unit_test(model_options_of_another_size_are_understood_or_refused),
        cmocka_unit_test(model_provider_outlives_its_sdk_as_a_no_op),
        cmocka_unit_test(model_with_a_console_exporter_writes_to_standard_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
