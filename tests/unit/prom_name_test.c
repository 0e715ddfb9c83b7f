/* Names of metrics and labels, units in words, and the escaping that follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "prom_name.h"
#include "suite_csv.h"
#include "util/alloc.h"

static otm_string text(const char *s)
{
    return (otm_string){s, strlen(s)};
}

/* The name by strategy and escaping, or NULL; valid until the next call. */
static const char *metric_name(uint32_t translation, otmi_prom_escaping escaping, const char *name, const char *unit,
                               otmi_prom_type type)
{
    static char result[1024];
    otmi_buf made;
    otmi_buf escaped;
    otmi_buf_init(&made, otmi_allocator_default(), sizeof result);
    otmi_buf_init(&escaped, otmi_allocator_default(), sizeof result);
    bool ok = otmi_prom_metric_name(&made, translation, text(name), text(unit), type);
    if (ok) {
        otmi_prom_escape_name(&escaped, escaping, OTMI_PROM_METRIC_NAME, made.data, made.size);
        snprintf(result, sizeof result, "%s", otmi_buf_terminate(&escaped));
    }
    otmi_buf_fini(&made);
    otmi_buf_fini(&escaped);
    return ok ? result : NULL;
}

static const char *label_name(uint32_t translation, const char *key)
{
    static char result[1024];
    otmi_buf made;
    otmi_buf_init(&made, otmi_allocator_default(), sizeof result);
    bool ok = otmi_prom_label_name(&made, translation, key, strlen(key));
    if (ok) {
        snprintf(result, sizeof result, "%s", otmi_buf_terminate(&made));
    }
    otmi_buf_fini(&made);
    return ok ? result : NULL;
}

static const char *words(const char *unit)
{
    static char result[OTMI_PROM_UNIT_SIZE + 1];
    size_t size = otmi_prom_unit_words(result, text(unit), true);
    result[size] = '\0';
    return result;
}

static uint32_t translation_of(const char *name)
{
    static const char *const names[] = {"UnderscoreEscapingWithSuffixes", "UnderscoreEscapingWithoutSuffixes",
                                        "NoUTF8EscapingWithSuffixes", "NoTranslation"};
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    fail_msg("unknown strategy %s", name);
    return 0;
}

static otmi_prom_type type_of(const char *kind)
{
    return strcmp(kind, "counter") == 0            ? OTMI_PROM_COUNTER
           : strcmp(kind, "gauge") == 0            ? OTMI_PROM_GAUGE
           : strcmp(kind, "up_down_counter") == 0 ? OTMI_PROM_UNKNOWN
                                                   : OTMI_PROM_HISTOGRAM;
}

/* How many rows of a table went wrong, with a line about each. */
static size_t check(const char *id, const char *want, const char *got)
{
    if (strcmp(want, got != NULL ? got : "(none)") == 0) {
        return 0;
    }
    print_error("%s: want \"%s\", got \"%s\"\n", id, want, got != NULL ? got : "(none)");
    return 1;
}

static void open_table(suite_csv *csv, const char *name, const char *test)
{
    if (!suite_csv_open(csv, name, test)) {
        skip();
    }
}

/* -- Outside tables ---------------------------------------------------------------------------------------------- */

/* PROM-META-03, PROM-META-05, PROM-EXP-11, PROM-PT-02 */
static void name_of_every_metric_in_the_table_comes_out_as_there(void **state)
{
    (void)state;
    suite_csv csv;
    open_table(&csv, "prom/metric_names.csv", __func__);
    size_t wrong = 0;
    size_t rows = 0;
    while (suite_csv_next(&csv)) {
        const char *id = csv.fields[0];
        const char *want = csv.fields[8][0] != '\0' ? "(none)" : csv.fields[6];
        if (csv.fields[2][0] != '\0') {
            continue; /* a namespace is an option of others */
        }
        if (strcmp(id, "mc21881") == 0) {
            want = "capacity_tebibytes"; /* the table has the peer's slip, tibibytes; the specification's word counts */
        }
        wrong += check(id, want,
                       metric_name(translation_of(csv.fields[1]), OTMI_PROM_ALLOW_UTF8, csv.fields[3],
                                   csv.fields[4], type_of(csv.fields[5])));
        rows++;
    }
    suite_csv_close(&csv);
    assert_int_equal(wrong, 0);
    assert_true(rows > 40);
}

/* PROM-META-08, PROM-EXP-11 */
static void name_of_every_label_in_the_table_comes_out_as_there(void **state)
{
    (void)state;
    suite_csv csv;
    open_table(&csv, "prom/label_names.csv", __func__);
    size_t wrong = 0;
    size_t rows = 0;
    while (suite_csv_next(&csv)) {
        const char *want = csv.fields[3][0] != '\0' ? "(none)" : csv.fields[2];
        wrong += check(csv.fields[0], want,
                       label_name(OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES, csv.fields[1]));
        wrong += check(csv.fields[0], csv.fields[4], label_name(OTM_PROMETHEUS_NO_TRANSLATION, csv.fields[1]));
        rows++;
    }
    suite_csv_close(&csv);
    assert_int_equal(wrong, 0);
    assert_true(rows > 8);
}

/* PROM-META-04 */
static void name_of_every_unit_in_the_table_comes_out_as_there(void **state)
{
    /* One peer keeps its reserved suffixes out of units; the specification passes unknown units on as they are. */
    static const char *const peers_own[] = {"total", "created", "bucket", "info", "widgets_total",
                                            "widgets_total_info"};
    (void)state;
    suite_csv csv;
    open_table(&csv, "prom/units.csv", __func__);
    size_t wrong = 0;
    size_t rows = 0;
    while (suite_csv_next(&csv)) {
        const char *want = csv.fields[2];
        for (size_t i = 0; i < sizeof peers_own / sizeof *peers_own; i++) {
            want = strcmp(csv.fields[1], peers_own[i]) == 0 ? csv.fields[1] : want;
        }
        wrong += check(csv.fields[0], want, words(csv.fields[1]));
        rows++;
    }
    suite_csv_close(&csv);
    assert_int_equal(wrong, 0);
    assert_true(rows > 25);
}

/* PROM-NEG-04, PROM-EXP-11 */
static void name_is_translated_first_and_escaped_afterwards(void **state)
{
    (void)state;
    suite_csv csv;
    open_table(&csv, "prom/strategy_and_escaping.csv", __func__);
    size_t wrong = 0;
    size_t rows = 0;
    while (suite_csv_next(&csv)) {
        otmi_prom_escaping escaping =
            strcmp(csv.fields[5], "underscores") == 0 ? OTMI_PROM_UNDERSCORES : OTMI_PROM_ALLOW_UTF8;
        wrong += check(csv.fields[0], csv.fields[6],
                       metric_name(translation_of(csv.fields[4]), escaping, csv.fields[1], csv.fields[2],
                                   type_of(csv.fields[3])));
        rows++;
    }
    suite_csv_close(&csv);
    assert_int_equal(wrong, 0);
    assert_true(rows > 35);
}

/* PROM-NEG-05 */
static void name_escaped_with_underscores_comes_out_as_in_the_table(void **state)
{
    (void)state;
    suite_csv csv;
    open_table(&csv, "prom/escaping.csv", __func__);
    size_t wrong = 0;
    while (suite_csv_next(&csv)) {
        if (csv.fields[1][0] != '\0') {
            wrong += check(csv.fields[0], csv.fields[2],
                           metric_name(OTM_PROMETHEUS_NO_TRANSLATION, OTMI_PROM_UNDERSCORES, csv.fields[1], "",
                                       OTMI_PROM_GAUGE));
        }
    }
    suite_csv_close(&csv);
    assert_int_equal(wrong, 0);
}

/* -- Cases of our own -------------------------------------------------------------------------------------------- */

#define DEFAULT OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES

static const char *default_name(const char *name, const char *unit, otmi_prom_type type)
{
    return metric_name(DEFAULT, OTMI_PROM_UNDERSCORES, name, unit, type);
}

/* PROM-META-05, PROM-PT-02 */
static void name_with_suffixes_of_its_own_gets_none_twice(void **state)
{
    (void)state;
    assert_string_equal(default_name("foo.total", "s", OTMI_PROM_COUNTER), "foo_seconds_total");
    assert_string_equal(default_name("foo_seconds_total", "s", OTMI_PROM_COUNTER), "foo_seconds_total");
    assert_string_equal(default_name("total", "", OTMI_PROM_COUNTER), "total");
    assert_string_equal(default_name("foo.ratio", "1", OTMI_PROM_GAUGE), "foo_ratio");
    assert_string_equal(metric_name(OTM_PROMETHEUS_NO_UTF8_ESCAPING_WITH_SUFFIXES, OTMI_PROM_ALLOW_UTF8, "foo.seconds",
                                    "s", OTMI_PROM_COUNTER),
                        "foo.seconds_total");
}

static void name_that_only_looks_like_a_suffix_gets_one(void **state)
{
    (void)state;
    assert_string_equal(default_name("subtotal", "", OTMI_PROM_COUNTER), "subtotal_total");
    assert_string_equal(default_name("foo_milliseconds", "s", OTMI_PROM_GAUGE), "foo_milliseconds_seconds");
}

/* PROM-META-03 */
static void name_with_a_leading_digit_keeps_it_behind_an_underscore(void **state)
{
    (void)state;
    assert_string_equal(default_name("2xx.responses", "", OTMI_PROM_COUNTER), "_2xx_responses_total");
    assert_string_equal(label_name(DEFAULT, "2xx"), "_2xx");
}

static void name_that_ends_in_what_is_illegal_has_one_underscore_before_its_suffix(void **state)
{
    (void)state;
    assert_string_equal(default_name("queue/", "By", OTMI_PROM_GAUGE), "queue_bytes");
    assert_string_equal(default_name("queue_", "", OTMI_PROM_COUNTER), "queue_total");
}

static void name_of_a_counter_of_ones_is_no_ratio(void **state)
{
    (void)state;
    assert_string_equal(default_name("things", "1", OTMI_PROM_COUNTER), "things_total");
    assert_string_equal(default_name("things", "1", OTMI_PROM_UNKNOWN), "things");
    assert_string_equal(default_name("things", "1", OTMI_PROM_HISTOGRAM), "things");
}

/* PROM-PT-11 */
static void name_of_an_info_metric_says_so(void **state)
{
    (void)state;
    assert_string_equal(default_name("build", "", OTMI_PROM_INFO), "build_info");
    assert_string_equal(default_name("build_info", "", OTMI_PROM_INFO), "build_info");
}

static void name_with_a_unit_that_is_too_long_has_no_unit(void **state)
{
    char unit[400];
    (void)state;
    memset(unit, 'x', sizeof unit - 1);
    unit[sizeof unit - 1] = '\0';
    assert_string_equal(default_name("foo", unit, OTMI_PROM_GAUGE), "foo");
}

/* PROM-META-04 */
static void unit_of_the_specification_has_its_word(void **state)
{
    static const char *const pairs[][2] = {
        {"d", "days"},          {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},
        {"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
        {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},  {"GiBy", "gibibytes"}, {"TiBy", "tebibytes"},
        {"kBy", "kilobytes"},   {"MBy", "megabytes"},   {"GBy", "gigabytes"},  {"TBy", "terabytes"},
        {"m", "meters"},        {"V", "volts"},         {"A", "amperes"},      {"J", "joules"},
        {"W", "watts"},         {"g", "grams"},         {"Cel", "celsius"},    {"Hz", "hertz"},
        {"%", "percent"},       {"{packet}", ""},       {"1", ""},             {"m/s", "meters_per_second"},
        {"{packet}/s", "per_second"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_string_equal(words(pairs[i][0]), pairs[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_of_every_metric_in_the_table_comes_out_as_there),
        cmocka_unit_test(name_of_every_label_in_the_table_comes_out_as_there),
        cmocka_unit_test(name_of_every_unit_in_the_table_comes_out_as_there),
        cmocka_unit_test(name_is_translated_first_and_escaped_afterwards),
        cmocka_unit_test(name_escaped_with_underscores_comes_out_as_in_the_table),
        cmocka_unit_test(name_with_suffixes_of_its_own_gets_none_twice),
        cmocka_unit_test(name_that_only_looks_like_a_suffix_gets_one),
        cmocka_unit_test(name_with_a_leading_digit_keeps_it_behind_an_underscore),
        cmocka_unit_test(name_that_ends_in_what_is_illegal_has_one_underscore_before_its_suffix),
        cmocka_unit_test(name_of_a_counter_of_ones_is_no_ratio),
        cmocka_unit_test(name_of_an_info_metric_says_so),
        cmocka_unit_test(name_with_a_unit_that_is_too_long_has_no_unit),
        cmocka_unit_test(unit_of_the_specification_has_its_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
