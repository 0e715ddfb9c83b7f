/* What a reader of the model becomes: the plan, before anything is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/model.h"
#include "util/alloc.h"

typedef struct fixture {
    otmi_model model;
    json_t *json;
    otmi_reader_plan plan;
} fixture;

static otm_status read_reader(fixture *f, const char *text)
{
    *f = (fixture){.model = {.allocator = otmi_allocator_default()}};
    otmi_arena_init(&f->model.arena, f->model.allocator, 1 << 20);
    f->json = json_loads(text, 0, NULL);
    assert_non_null(f->json);
    otmi_node root = otmi_node_root(&f->model, f->json, "reader");
    return otmi_model_read_reader(&root, &f->plan);
}

static void fini(fixture *f)
{
    otmi_arena_fini(&f->model.arena);
    json_decref(f->json);
}

static void assert_interval(const char *text, otmi_exporter_kind exporter, int64_t interval_ms)
{
    fixture f;
    assert_int_equal(read_reader(&f, text), OTM_OK);
    assert_int_equal(f.plan.exporter, exporter);
    assert_int_equal(f.plan.periodic.interval_ms, interval_ms);
    assert_null(f.model.missing);
    fini(&f);
}

/* OUT-02 */
static void reader_with_a_console_exporter_is_periodic_every_ten_seconds(void **state)
{
    (void)state;
    assert_interval("{\"periodic\": {\"exporter\": {\"console\": null}}}", OTMI_EXPORTER_CONSOLE, 10000);
    assert_interval("{\"periodic\": {\"interval\": null, \"exporter\": {\"console\": {}}}}", OTMI_EXPORTER_CONSOLE,
                    10000);
    assert_interval("{\"periodic\": {\"interval\": 500, \"exporter\": {\"console\": {}}}}", OTMI_EXPORTER_CONSOLE, 500);
    assert_interval("{\"periodic\": {\"interval\": 0, \"exporter\": {\"console\": {}}}}", OTMI_EXPORTER_CONSOLE, 1);
    /* 0 is the reader's own default, a minute */
    assert_interval("{\"periodic\": {\"exporter\": {\"otlp_http\": null}}}", OTMI_EXPORTER_OTLP_HTTP, 0);
}

/* OUT-01 */
static void reader_with_a_console_exporter_has_its_preferences(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(read_reader(&f, "{\"periodic\": {\"exporter\": {\"console\": {\"temporality_preference\": "
                                     "\"low_memory\", \"default_histogram_aggregation\": "
                                     "\"base2_exponential_bucket_histogram\"}}}}"),
                     OTM_OK);
    assert_int_equal(f.plan.console.temporality_preference, OTM_PREFER_LOW_MEMORY);
    assert_int_equal(f.plan.console.aggregation[OTM_HISTOGRAM], OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM);
    assert_int_equal(f.plan.console.aggregation[OTM_COUNTER], OTM_AGGREGATION_DEFAULT);
    fini(&f);
}

/* CONF-11 */
static void reader_with_a_file_exporter_is_remembered_as_lacking(void **state)
{
    (void)state;
    fixture f;
    assert_int_equal(read_reader(&f, "{\"periodic\": {\"exporter\": {\"otlp_file/development\": null}}}"), OTM_OK);
    assert_non_null(f.model.missing);
    fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_with_a_console_exporter_is_periodic_every_ten_seconds),
        cmocka_unit_test(reader_with_a_console_exporter_has_its_preferences),
        cmocka_unit_test(reader_with_a_file_exporter_is_remembered_as_lacking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
