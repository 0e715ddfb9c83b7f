/* The model and the text it is written as: labels, conflicts, values, escapes. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "prom_tree.h"
#include "prom_written.h"
#include "suite_csv.h"

static const otmi_prom_settings no_scope = {.omit_scope_info = true};

static prom_tree tree;
static prom_written written;

static int set_up(void **state)
{
    (void)state;
    prom_tree_init(&tree);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    prom_written_fini(&written);
    return 0;
}

static void write_with(const otmi_prom_settings *settings)
{
    prom_write(&written, NULL, &tree.data, settings, OTMI_PROM_UNDERSCORES);
    assert_int_equal(written.status, OTM_OK);
}

static void assert_text(const otmi_prom_settings *settings, const char *want)
{
    write_with(settings);
    assert_string_equal(written.text.data, want);
}

static void assert_note(otmi_prom_note_kind kind, const char *detail)
{
    const char *got = prom_written_note(&written, kind);
    assert_non_null(got);
    assert_string_equal(got, detail);
}

/* -- Families ---------------------------------------------------------------------------------------------------- */

/* PROM-EXP-04, PROM-META-06, PROM-PT-02, PROM-EXP-02 */
static void text_of_a_counter_without_attributes_is_name_and_value(void **state)
{
    (void)state;
    prom_tree_counter(&tree, "performance_dkg_joined_total")->description = (otm_string){"joined", 6};
    prom_tree_i64(&tree, 7, NULL, 0);
    assert_text(&no_scope, "# HELP performance_dkg_joined_total joined\n"
                           "# TYPE performance_dkg_joined_total counter\n"
                           "performance_dkg_joined_total 7\n");
}

/* PROM-META-07, ATTR-11 */
static void text_has_scope_labels_behind_those_of_the_series(void **state)
{
    otm_attr on_scope[] = {otm_attr_string("fizz", "buzz"), otm_attr_string("name", "other"),
                           otm_attr_string("schema.url", "other"), otm_attr_string("version", "other")};
    otm_attr zone = otm_attr_string("zone", "a");
    (void)state;
    otm_scope_metrics *scope = prom_tree_scope(&tree, "m", "1.2");
    scope->schema_url = (otm_string){"http://x", 8};
    scope->attributes = on_scope;
    scope->attribute_count = 4;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, &zone, 1);
    assert_text(NULL, "# TYPE c_total counter\n"
                      "c_total{zone=\"a\",otel_scope_name=\"m\",otel_scope_version=\"1.2\","
                      "otel_scope_schema_url=\"http://x\",otel_scope_fizz=\"buzz\"} 1\n");
    assert_note(OTMI_PROM_SCOPE_ATTRIBUTE_DROPPED, "otel_scope_name");
}

/* PROM-PT-05 */
static void text_of_a_histogram_has_cumulative_buckets_sum_and_count(void **state)
{
    static const double bounds[] = {0.5, 5};
    static const uint64_t counts[] = {1, 2, 4};
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "s", "");
    otm_histogram_data *data = prom_tree_histogram(&tree, bounds, counts, 2, 12.5, NULL, 0);
    data->has_min = data->has_max = true; /* not exposed */
    assert_text(&no_scope, "# TYPE h_seconds histogram\n"
                           "h_seconds_bucket{le=\"0.5\"} 1\n"
                           "h_seconds_bucket{le=\"5\"} 3\n"
                           "h_seconds_bucket{le=\"+Inf\"} 7\n"
                           "h_seconds_sum 12.5\n"
                           "h_seconds_count 7\n");
}

/* PROM-PT-05 */
static void text_of_a_histogram_without_buckets_or_sum_has_the_count(void **state)
{
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "", "");
    otm_histogram_data *data = prom_tree_histogram(&tree, NULL, NULL, 0, 0, NULL, 0);
    data->has_sum = false;
    data->count = 3;
    assert_text(&no_scope, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_count 3\n");
}

/* PROM-PT-05 */
static void text_of_a_histogram_whose_last_bound_is_infinite_has_one_infinite_bucket(void **state)
{
    static const double bounds[] = {1, INFINITY};
    static const uint64_t counts[] = {1, 2, 0};
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "", "");
    prom_tree_histogram(&tree, bounds, counts, 2, 9, NULL, 0);
    assert_text(&no_scope, "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 9\nh_count 3\n");
}

/* PROM-PT-09 */
static void text_of_a_summary_has_its_quantiles_in_order(void **state)
{
    static const otm_quantile_value quantiles[] = {{0.99, 8}, {0, 1}, {0.5, 2.5}};
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_SUMMARY, "s", "", "");
    otm_histogram_data *data = prom_tree_histogram(&tree, NULL, NULL, 0, 20, NULL, 0);
    data->count = 6;
    data->quantiles = quantiles;
    data->quantile_count = 3;
    assert_text(&no_scope, "# TYPE s summary\ns{quantile=\"0\"} 1\ns{quantile=\"0.5\"} 2.5\ns{quantile=\"0.99\"} 8\n"
                           "s_sum 20\ns_count 6\n");
}

/* PROM-PT-01, PROM-PT-11 */
static void text_of_a_gauge_has_the_type_that_its_metadata_tell(void **state)
{
    static const char *const told[] = {"unknown", "unkown", "info", "stateset", "other"};
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    otm_attr metadata[5];
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        metadata[i] = otm_attr_string("prometheus.type", told[i]);
        otm_metric *metric = prom_tree_metric(&tree, OTM_METRIC_GAUGE, names[i], "", "");
        metric->metadata = &metadata[i];
        metric->metadata_count = 1;
        prom_tree_i64(&tree, 1, NULL, 0);
    }
    assert_text(&no_scope, "# TYPE a untyped\na 1\n# TYPE b untyped\nb 1\n# TYPE c_info gauge\nc_info 1\n"
                           "# TYPE d gauge\nd 1\n# TYPE e gauge\ne 1\n");
}

/* PROM-PT-01 */
static void text_of_an_up_down_counter_is_a_gauge(void **state)
{
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_SUM, "things", "1", "");
    prom_tree_i64(&tree, INT64_MIN, NULL, 0);
    assert_text(&no_scope, "# TYPE things gauge\nthings -9223372036854775808\n");
}

/* PROM-PT-05, PROM-PT-07, PROM-PT-03 */
static void text_leaves_out_what_it_cannot_carry_and_says_so(void **state)
{
    (void)state;
    prom_tree_counter(&tree, "delta")->temporality = OTM_DELTA;
    prom_tree_i64(&tree, 1, NULL, 0);
    prom_tree_metric(&tree, OTM_METRIC_EXPONENTIAL_HISTOGRAM, "exponential", "", "");
    prom_tree_histogram(&tree, NULL, NULL, 0, 0, NULL, 0);
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "???", "", "");
    prom_tree_i64(&tree, 1, NULL, 0);
    assert_text(&no_scope, "");
    assert_note(OTMI_PROM_DELTA_DROPPED, "delta");
    assert_note(OTMI_PROM_EXPONENTIAL_DROPPED, "exponential");
    assert_note(OTMI_PROM_NAME_LOST, "???");
}

static void text_of_a_family_whose_points_mark_gaps_is_nothing(void **state)
{
    (void)state;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, NULL, 0)->flags = OTM_POINT_NO_RECORDED_VALUE;
    assert_text(&no_scope, "");
}

/* -- Conflicts --------------------------------------------------------------------------------------------------- */

/* PROM-META-01, PROM-META-02 */
static void conflict_of_types_leaves_out_the_later_metric_as_a_whole(void **state)
{
    otm_attr a = otm_attr_string("k", "a");
    otm_attr b = otm_attr_string("k", "b");
    (void)state;
    prom_tree_counter(&tree, "foo");
    prom_tree_i64(&tree, 1, &a, 1);
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "foo_total", "", "");
    prom_tree_i64(&tree, 2, &a, 1);
    prom_tree_i64(&tree, 3, &b, 1);
    assert_text(&no_scope, "# TYPE foo_total counter\nfoo_total{k=\"a\"} 1\n");
    assert_note(OTMI_PROM_TYPE_CONFLICT, "foo_total");
}

/* PROM-META-01 */
static void conflict_with_the_samples_of_a_histogram_is_one_of_types(void **state)
{
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "", "");
    prom_tree_histogram(&tree, NULL, NULL, 0, 0, NULL, 0);
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "h_count", "", "");
    prom_tree_i64(&tree, 2, NULL, 0);
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "i_sum", "", "");
    prom_tree_i64(&tree, 3, NULL, 0);
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "i", "", "");
    prom_tree_histogram(&tree, NULL, NULL, 0, 0, NULL, 0);
    assert_text(&no_scope, "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"
                           "# TYPE i_sum gauge\ni_sum 3\n");
}

/* PROM-META-01, PROM-META-02 */
static void conflict_of_descriptions_keeps_all_points_and_the_first_description(void **state)
{
    (void)state;
    (void)prom_tree_scope(&tree, "one", "");
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
    prom_tree_i64(&tree, 1, NULL, 0);
    (void)prom_tree_scope(&tree, "two", "");
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "second");
    prom_tree_i64(&tree, 2, NULL, 0);
    (void)prom_tree_scope(&tree, "three", "");
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "third");
    prom_tree_i64(&tree, 3, NULL, 0);
    write_with(NULL);
    assert_non_null(strstr(written.text.data, "# HELP g second\n# TYPE g gauge\ng{otel_scope_name=\"one\""));
    assert_non_null(strstr(written.text.data, "\ng{otel_scope_name=\"two\""));
    assert_non_null(strstr(written.text.data, "\ng{otel_scope_name=\"three\""));
    assert_null(strstr(written.text.data, "third"));
    assert_note(OTMI_PROM_HELP_CONFLICT, "third");
}

/* PROM-META-02 */
static void conflict_of_units_is_said(void **state)
{
    static const otmi_prom_settings settings = {
        .translation = OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES};
    (void)state;
    (void)prom_tree_scope(&tree, "one", "");
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "s", "");
    prom_tree_i64(&tree, 1, NULL, 0);
    (void)prom_tree_scope(&tree, "two", "");
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "By", "");
    prom_tree_i64(&tree, 2, NULL, 0);
    write_with(&settings);
    assert_note(OTMI_PROM_UNIT_CONFLICT, "bytes");
}

static void conflict_of_series_keeps_the_first(void **state)
{
    otm_attr dotted = otm_attr_string("a.b", "x");
    otm_attr scored = otm_attr_string("a_b", "x");
    otm_attr other = otm_attr_string("a_b", "y");
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
    prom_tree_i64(&tree, 1, &dotted, 1);
    prom_tree_i64(&tree, 2, &scored, 1);
    prom_tree_i64(&tree, 3, &other, 1);
    assert_text(&no_scope, "# TYPE g gauge\ng{a_b=\"x\"} 1\ng{a_b=\"y\"} 3\n");
    assert_note(OTMI_PROM_SERIES_REPEATED, "g");
}

static void conflict_of_scopes_without_scope_labels_keeps_the_first(void **state)
{
    (void)state;
    (void)prom_tree_scope(&tree, "one", "");
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, NULL, 0);
    (void)prom_tree_scope(&tree, "two", "");
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 2, NULL, 0);
    assert_text(&no_scope, "# TYPE c_total counter\nc_total 1\n");
    assert_note(OTMI_PROM_SERIES_REPEATED, "c_total");
}

static void conflict_of_an_empty_label_with_none_keeps_the_first(void **state)
{
    otm_attr empty = otm_attr_string("a", "");
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
    prom_tree_i64(&tree, 1, NULL, 0);
    prom_tree_i64(&tree, 2, &empty, 1);
    assert_text(&no_scope, "# TYPE g gauge\ng 1\n");
}

/* -- Labels ------------------------------------------------------------------------------------------------------ */

/* PROM-META-08 */
static void label_of_colliding_keys_joins_values_in_the_order_of_keys(void **state)
{
    otm_attr attrs[] = {otm_attr_string("c_d", "3"), otm_attr_string("c/d", "2"), otm_attr_string("c.d", "1")};
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
    prom_tree_i64(&tree, 1, attrs, 3);
    assert_text(&no_scope, "# TYPE g gauge\ng{c_d=\"1;2;3\"} 1\n");
}

static void label_that_the_format_needs_is_renamed(void **state)
{
    otm_attr on_histogram[] = {otm_attr_string("__name__", "x"), otm_attr_string("exported_le", "y"),
                               otm_attr_string("le", "z")};
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "", "");
    prom_tree_histogram(&tree, NULL, NULL, 0, 0, on_histogram, 3)->has_sum = false;
    assert_text(&no_scope,
                "# TYPE h histogram\n"
                "h_bucket{exported___name__=\"x\",exported_le=\"y;z\",le=\"+Inf\"} 0\n"
                "h_count{exported___name__=\"x\",exported_le=\"y;z\"} 0\n");
    assert_note(OTMI_PROM_LABEL_RENAMED, "__name__");
}

static void label_that_the_scope_has_is_renamed(void **state)
{
    otm_attr attr = otm_attr_string("otel.scope.name", "mine");
    (void)state;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, &attr, 1);
    write_with(NULL);
    assert_non_null(strstr(written.text.data, "c_total{exported_otel_scope_name=\"mine\",otel_scope_name=\"meter\""));
}

static void label_without_a_name_is_left_out_and_said(void **state)
{
    otm_attr attrs[] = {otm_attr_string("a", "1"), otm_attr_string("\xE3\x82\x88", "2")};
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
    prom_tree_i64(&tree, 1, attrs, 2);
    assert_text(&no_scope, "# TYPE g gauge\ng{a=\"1\"} 1\n");
    assert_note(OTMI_PROM_LABEL_LOST, "\xE3\x82\x88");
}

/* PROM-EXP-10, PROM-META-09, PROM-META-10 */
static void label_from_the_resource_is_on_every_series_and_in_target_info(void **state)
{
    static const char *const included[] = {"service.*"};
    static const char *const excluded[] = {"*.id"};
    static const otmi_prom_settings settings = {.omit_scope_info = true,
                                                .has_constant_labels = true,
                                                .included_keys = included,
                                                .included_key_count = 1,
                                                .excluded_keys = excluded,
                                                .excluded_key_count = 1};
    otm_attr resource[] = {otm_attr_string("host", "h"), otm_attr_string("service.id", "7"),
                           otm_attr_string("service.name", "s")};
    otm_attr attr = otm_attr_string("service_name", "mine");
    (void)state;
    tree.resource.attributes = resource;
    tree.resource.attribute_count = 3;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, &attr, 1);
    assert_text(&settings, "# HELP target_info Target metadata\n# TYPE target_info gauge\n"
                           "target_info{host=\"h\",service_id=\"7\",service_name=\"s\"} 1\n"
                           "# TYPE c_total counter\nc_total{exported_service_name=\"mine\",service_name=\"s\"} 1\n");
}

static void label_from_the_resource_that_the_format_needs_is_not_copied(void **state)
{
    static const otmi_prom_settings settings = {
        .omit_scope_info = true, .omit_target_info = true, .has_constant_labels = true};
    otm_attr resource[] = {otm_attr_string("host", "h"), otm_attr_string("le", "1")};
    (void)state;
    tree.resource.attributes = resource;
    tree.resource.attribute_count = 2;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, NULL, 0);
    assert_text(&settings, "# TYPE c_total counter\nc_total{host=\"h\"} 1\n");
    assert_note(OTMI_PROM_CONSTANT_DROPPED, "le");
}

/* PROM-META-09 */
static void target_info_of_a_resource_without_attributes_is_absent(void **state)
{
    (void)state;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, NULL, 0);
    assert_text(&no_scope, "# TYPE c_total counter\nc_total 1\n");
}

/* PROM-META-10 */
static void target_info_is_there_once_whatever_metrics_are_called(void **state)
{
    otm_attr resource = otm_attr_string("host", "h");
    (void)state;
    tree.resource.attributes = &resource;
    tree.resource.attribute_count = 1;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "target_info", "", "");
    prom_tree_i64(&tree, 5, NULL, 0);
    assert_text(&no_scope, "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info{host=\"h\"} 1\n");
    assert_note(OTMI_PROM_TYPE_CONFLICT, "target_info");
}

/* ATTR-06, PROM-META-08 */
static void label_value_of_any_type_is_its_text(void **state)
{
    static const uint8_t bytes[] = "hello world";
    otm_value strings[] = {otm_value_string("foo"), otm_value_string("bar")};
    otm_value ints[] = {otm_value_i64(1), otm_value_i64(2)};
    otm_value doubles[] = {otm_value_f64(NAN), otm_value_f64(INFINITY)};
    otm_attr nested = otm_attr_value("nested", otm_value_bytes(bytes, 11));
    otm_value mixed[] = {otm_value_i64(1), otm_value_f64(-INFINITY), otm_value_string("a"), otm_value_bool(true),
                         otm_value_map(&nested, 1)};
    otm_value three_null[] = {otm_value_i64(3), otm_value_empty()};
    otm_attr map[] = {otm_attr_f64("a", -INFINITY), otm_attr_i64("b", 2),
                      otm_attr_value("c", otm_value_array(three_null, 2))};
    const struct {
        const char *id;
        otm_value value;
    } rows[] = {
        {"a000", otm_value_string("hello world")}, {"a001", otm_value_string("")},
        {"a003", otm_value_bool(true)},            {"a004", otm_value_i64(42)},
        {"a006", otm_value_f64(3.14159)},          {"a007", otm_value_f64(5)},
        {"a009", otm_value_f64(INFINITY)},         {"a010", otm_value_f64(-INFINITY)},
        {"a012", otm_value_empty()},               {"a013", otm_value_array(strings, 2)},
        {"a015", otm_value_array(ints, 2)},        {"a016", otm_value_array(doubles, 2)},
        {"a018", otm_value_array(mixed, 5)},       {"a019", otm_value_map(map, 3)},
    };
    suite_csv csv;
    size_t row = 0;
    (void)state;
    if (!suite_csv_open(&csv, "prom/attribute_values.csv", __func__)) {
        skip();
    }
    for (; suite_csv_next(&csv); row++) {
        assert_true(row < sizeof rows / sizeof *rows);
        assert_string_equal(csv.fields[0], rows[row].id);
        otm_attr attr = otm_attr_value("k", rows[row].value);
        prom_tree_init(&tree);
        prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
        prom_tree_i64(&tree, 1, &attr, 1);
        write_with(&no_scope);
        const char *want = strcmp(csv.fields[3], "5 or 5.0") == 0 ? "5" : csv.fields[3];
        const otm_string *got = &written.model.families->groups->samples[0].labels.items[0].value;
        assert_int_equal(got->size, strlen(want));
        assert_memory_equal(got->data, want, got->size);
        prom_written_fini(&written);
    }
    suite_csv_close(&csv);
    assert_int_equal(row, sizeof rows / sizeof *rows);
}

/* -- Text -------------------------------------------------------------------------------------------------------- */

static void text_escapes_descriptions_and_label_values(void **state)
{
    otm_attr attr = otm_attr_string("path", "C:\\DIR\\ \"quoted\"\nend Bj\xC3\xB6rn");
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "two-line\n doc  str\\ing \"quoted\"");
    prom_tree_i64(&tree, 1, &attr, 1);
    assert_text(&no_scope, "# HELP g two-line\\n doc  str\\\\ing \"quoted\"\n# TYPE g gauge\n"
                           "g{path=\"C:\\\\DIR\\\\ \\\"quoted\\\"\\nend Bj\xC3\xB6rn\"} 1\n");
}

static void text_that_is_not_utf8_is_replaced_and_said(void **state)
{
    otm_attr attr = otm_attr_value("k", otm_value_string_sized("a\xFF\0b", 4));
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "x\xC3");
    prom_tree_i64(&tree, 1, &attr, 1);
    assert_text(&no_scope, "# HELP g x\xEF\xBF\xBD\n# TYPE g gauge\ng{k=\"a\xEF\xBF\xBD\xEF\xBF\xBD"
                           "b\"} 1\n");
    assert_note(OTMI_PROM_TEXT_REPAIRED, "x\xEF\xBF\xBD");
}

static void text_of_special_numbers_is_that_of_prometheus(void **state)
{
    (void)state;
    static const double numbers[] = {INFINITY, -INFINITY, NAN, -0.0, 1e21, DBL_MAX};
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
    static otm_attr attrs[6];
    for (size_t i = 0; i < 6; i++) {
        attrs[i] = otm_attr_i64("i", (int64_t)i);
        prom_tree_f64(&tree, numbers[i], &attrs[i], 1);
    }
    assert_text(&no_scope, "# TYPE g gauge\ng{i=\"0\"} +Inf\ng{i=\"1\"} -Inf\ng{i=\"2\"} NaN\ng{i=\"3\"} -0\n"
                           "g{i=\"4\"} 1e+21\ng{i=\"5\"} 1.7976931348623157e+308\n");
}

static void text_of_every_number_in_the_table_reads_back_to_its_bits(void **state)
{
    suite_csv csv;
    size_t rows = 0;
    (void)state;
    if (!suite_csv_open(&csv, "prom/numbers.csv", __func__)) {
        skip();
    }
    for (; suite_csv_next(&csv); rows++) {
        uint64_t bits = strtoull(csv.fields[1], NULL, 16);
        double number;
        memcpy(&number, &bits, sizeof number);
        prom_tree_init(&tree);
        prom_tree_metric(&tree, OTM_METRIC_GAUGE, "g", "", "");
        prom_tree_f64(&tree, number, NULL, 0);
        write_with(&no_scope);
        double back = strtod(strstr(written.text.data, "\ng ") + 3, NULL);
        assert_true(isnan(number) ? isnan(back) : memcmp(&back, &number, sizeof back) == 0);
        prom_written_fini(&written);
    }
    suite_csv_close(&csv);
    assert_true(rows > 250);
}

/* -- Memory ------------------------------------------------------------------------------------------------------ */

/* Something of everything. */
static void fill_tree(void)
{
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 1};
    static otm_attr attrs[3];
    static otm_attr one;
    attrs[0] = otm_attr_string("a.b", "x\xFF");
    attrs[1] = otm_attr_i64("a_b", 1);
    attrs[2] = otm_attr_string("le", "1");
    one = otm_attr_string("host.name", "h");
    tree.resource.attributes = &one;
    tree.resource.attribute_count = 1;
    prom_tree_scope(&tree, "m", "1")->attributes = &one;
    tree.scopes[0].attribute_count = 1;
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h.x", "s", "d");
    prom_tree_histogram(&tree, bounds, counts, 1, 3, attrs, 3);
    prom_tree_counter(&tree, "c.d");
    prom_tree_i64(&tree, 1, attrs, 2);
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "c.d.total", "", "");
    prom_tree_i64(&tree, 1, attrs, 2);
}

static void model_and_text_survive_failure_of_each_allocation(void **state)
{
    static const otmi_prom_settings settings = {.has_constant_labels = true};
    (void)state;
    fill_tree();
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        prom_write(&written, &fa.base, &tree.data, &settings, OTMI_PROM_UNDERSCORES);
        st = written.status;
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        prom_written_fini(&written);
        assert_int_equal(fa.live, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_of_a_counter_without_attributes_is_name_and_value),
        TEST(text_has_scope_labels_behind_those_of_the_series),
        TEST(text_of_a_histogram_has_cumulative_buckets_sum_and_count),
        TEST(text_of_a_histogram_without_buckets_or_sum_has_the_count),
        TEST(text_of_a_histogram_whose_last_bound_is_infinite_has_one_infinite_bucket),
        TEST(text_of_a_summary_has_its_quantiles_in_order),
        TEST(text_of_a_gauge_has_the_type_that_its_metadata_tell),
        TEST(text_of_an_up_down_counter_is_a_gauge),
        TEST(text_leaves_out_what_it_cannot_carry_and_says_so),
        TEST(text_of_a_family_whose_points_mark_gaps_is_nothing),
        TEST(conflict_of_types_leaves_out_the_later_metric_as_a_whole),
        TEST(conflict_with_the_samples_of_a_histogram_is_one_of_types),
        TEST(conflict_of_descriptions_keeps_all_points_and_the_first_description),
        TEST(conflict_of_units_is_said),
        TEST(conflict_of_series_keeps_the_first),
        TEST(conflict_of_scopes_without_scope_labels_keeps_the_first),
        TEST(conflict_of_an_empty_label_with_none_keeps_the_first),
        TEST(label_of_colliding_keys_joins_values_in_the_order_of_keys),
        TEST(label_that_the_format_needs_is_renamed),
        TEST(label_that_the_scope_has_is_renamed),
        TEST(label_without_a_name_is_left_out_and_said),
        TEST(label_from_the_resource_is_on_every_series_and_in_target_info),
        TEST(label_from_the_resource_that_the_format_needs_is_not_copied),
        TEST(target_info_of_a_resource_without_attributes_is_absent),
        TEST(target_info_is_there_once_whatever_metrics_are_called),
        TEST(label_value_of_any_type_is_its_text),
        TEST(text_escapes_descriptions_and_label_values),
        TEST(text_that_is_not_utf8_is_replaced_and_said),
        TEST(text_of_special_numbers_is_that_of_prometheus),
        TEST(text_of_every_number_in_the_table_reads_back_to_its_bits),
        TEST(model_and_text_survive_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
