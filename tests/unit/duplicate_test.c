#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/duplicate.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static otmi_instrument_desc counter(const char *name)
{
    return (otmi_instrument_desc){
        .kind = OTM_COUNTER, .number = OTM_NUMBER_I64, .name = name, .unit = "s", .description = "d"};
}

/* -- Instruments ------------------------------------------------------------------------------------------------- */

/* SDK-DUP-07: API-INST-02, API-INST-03 say what is identical. */
static void duplicate_with_all_fields_equal_is_identical(void **state)
{
    (void)state;
    otmi_instrument_desc a = counter("x"), b = counter("x");
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_IDENTICAL);
    a.unit = a.description = "";
    b.unit = b.description = NULL; /* none is the empty one */
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_IDENTICAL);
}

/* SDK-DUP-08 */
static void duplicate_that_differs_in_case_alone_is_identical(void **state)
{
    (void)state;
    otmi_instrument_desc a = counter("requestCount"), b = counter("RequestCount");
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_IDENTICAL);
}

/* SDK-DUP-02 */
static void duplicate_of_another_kind_number_or_unit_is_a_conflict(void **state)
{
    (void)state;
    otmi_instrument_desc a = counter("x"), b = counter("X");
    b.kind = OTM_UP_DOWN_COUNTER;
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_CONFLICT);
    b = counter("x");
    b.number = OTM_NUMBER_F64;
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_CONFLICT);
    b = counter("x");
    b.unit = "S"; /* units are case-sensitive */
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_CONFLICT);
    b = counter("y");
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_NONE);
}

/* SDK-DUP-04 */
static void duplicate_with_another_description_is_told_apart_from_a_conflict(void **state)
{
    (void)state;
    otmi_instrument_desc a = counter("x"), b = counter("x");
    b.description = "other";
    assert_int_equal(otmi_duplicate_compare(&a, &b), OTMI_DUPLICATE_DESCRIPTION);
}

/* The meter takes the greatest verdict over its instruments. */
static void duplicate_verdicts_are_ordered_by_likeness(void **state)
{
    (void)state;
    assert_true(OTMI_DUPLICATE_NONE < OTMI_DUPLICATE_CONFLICT);
    assert_true(OTMI_DUPLICATE_CONFLICT < OTMI_DUPLICATE_DESCRIPTION);
    assert_true(OTMI_DUPLICATE_DESCRIPTION < OTMI_DUPLICATE_IDENTICAL);
}

static otmi_duplicate_report explain_same(const otmi_instrument_desc *first, const otmi_instrument_desc *created,
                                          bool views_set_description)
{
    otmi_duplicate_report report;
    otmi_duplicate_report_init(&report);
    otmi_duplicate_explain_same(first, created, views_set_description, &report);
    return report;
}

static void assert_silent(const otmi_duplicate_report *report)
{
    assert_string_equal(report->error, "");
    assert_string_equal(report->warning, "");
}

/* SDK-DUP-07 */
static void duplicate_that_is_identical_is_silent(void **state)
{
    (void)state;
    otmi_instrument_desc a = counter("x");
    otmi_duplicate_report report = explain_same(&a, &a, false);
    assert_silent(&report);
}

/* SDK-DUP-08 */
static void duplicate_with_another_spelling_is_an_error(void **state)
{
    (void)state;
    otmi_instrument_desc a = counter("requestCount"), b = counter("RequestCount");
    otmi_duplicate_report report = explain_same(&a, &b, false);
    assert_non_null(strstr(report.error, "\"RequestCount\" differs from \"requestCount\""));
    assert_string_equal(report.warning, "");
    b.kind = OTM_HISTOGRAM; /* of a conflicting instrument as well */
    otmi_duplicate_report_init(&report);
    otmi_duplicate_explain_spelling(&a, &b, &report);
    assert_non_null(strstr(report.error, "first-seen spelling"));
    otmi_duplicate_report_init(&report);
    otmi_duplicate_explain_spelling(&a, &a, &report);
    assert_silent(&report);
}

/* SDK-DUP-09 */
static void duplicate_with_other_advice_is_an_error(void **state)
{
    (void)state;
    static const double bounds[] = {1, 2}, other_bounds[] = {1, 3};
    static const char *const keys[] = {"a", "b"};
    static const char *const reordered[] = {"b", "a", "b"};
    static const char *const other_keys[] = {"a", "c"};
    otmi_instrument_desc a = counter("x");
    a.has_advice_bounds = a.has_advice_keys = true;
    a.advice_bounds = bounds;
    a.advice_keys = keys;
    a.advice_bound_count = a.advice_key_count = 2;
    otmi_instrument_desc cases[] = {a, a, a, a, a, a};
    cases[0].advice_bounds = other_bounds;
    cases[1].advice_bound_count = 1;
    cases[2].has_advice_bounds = false;
    cases[2].advice_bound_count = 0;
    cases[3].advice_keys = other_keys;
    cases[4].has_advice_keys = false;
    cases[4].advice_key_count = 0;
    cases[5].advice_key_count = 1;
    for (size_t i = 0; i < COUNT(cases); i++) {
        otmi_duplicate_report report = explain_same(&a, &cases[i], false);
        assert_non_null(strstr(report.error, "\"x\" was created before with other advisory parameters"));
        report = explain_same(&cases[i], &a, false);
        assert_non_null(strstr(report.error, "other advisory parameters"));
    }
    otmi_instrument_desc same = a;
    same.advice_keys = reordered;
    same.advice_key_count = 3;
    otmi_duplicate_report report = explain_same(&a, &same, false);
    assert_silent(&report);
}

/* SDK-DUP-04: the warning says how a view helps, and a view that does silences it. */
static void duplicate_with_another_description_is_warned_about_unless_views_set_it(void **state)
{
    (void)state;
    otmi_instrument_desc a = counter("x"), b = counter("x");
    a.description = "one";
    b.description = "two";
    otmi_duplicate_report report = explain_same(&a, &b, false);
    assert_string_equal(report.error, "");
    assert_non_null(strstr(report.warning, "(\"one\", now \"two\")"));
    assert_non_null(strstr(report.warning, "a view that selects instrument_name \"x\" and sets the description"));
    report = explain_same(&a, &b, true);
    assert_silent(&report);
}

/* -- Streams ----------------------------------------------------------------------------------------------------- */

/* The tests' streams hold literals and are never freed. */
static otmi_stream stream(const char *name)
{
    static char unit[] = "s";
    return (otmi_stream){.name = (char *)(uintptr_t)name, .unit = unit, .kind = OTM_COUNTER, .number = OTM_NUMBER_I64};
}

static otmi_duplicate_report explain_streams(const char *first, const otmi_stream *existing, const char *second,
                                             const otmi_stream *created)
{
    otmi_instrument_streams a = {first, existing, 1};
    otmi_instrument_streams b = {second, created, 1};
    otmi_duplicate_report report;
    otmi_duplicate_report_init(&report);
    bool clash = otmi_duplicate_explain_streams(&a, &b, &report);
    assert_int_equal(clash, report.warning[0] != '\0');
    assert_string_equal(report.error, "");
    return report;
}

/* SDK-DUP-01: the caller asks about one meter's streams. SDK-DUP-03: a renaming view that helps is silence. */
static void streams_of_different_names_are_silent(void **state)
{
    (void)state;
    otmi_stream a = stream("x"), b = stream("y");
    b.kind = OTM_HISTOGRAM;
    otmi_duplicate_report report = explain_streams("x", &a, "x", &b);
    assert_silent(&report);
}

/* SDK-DUP-03, SDK-DUP-05 */
static void streams_of_instruments_of_two_kinds_are_warned_about_with_a_renaming_recipe(void **state)
{
    (void)state;
    otmi_stream a = stream("x"), b = stream("x");
    b.kind = OTM_OBSERVABLE_GAUGE;
    otmi_duplicate_report report = explain_streams("x", &a, "x", &b);
    assert_non_null(strstr(report.warning, "metric name \"x\" is used twice, by counter \"x\""));
    assert_non_null(strstr(report.warning, "and observable_gauge \"x\""));
    assert_non_null(strstr(report.warning, "a view that selects instrument_name \"x\" and instrument_type "
                                           "observable_gauge and sets another stream name"));
}

/* SDK-DUP-06, SDK-DUP-03 */
static void streams_of_two_units_or_numbers_are_warned_about_in_general(void **state)
{
    (void)state;
    static char milliseconds[] = "ms";
    otmi_stream a = stream("x"), b = stream("X");
    b.unit = milliseconds;
    otmi_duplicate_report report = explain_streams("x", &a, "x", &b);
    assert_non_null(strstr(report.warning, "unit \"s\""));
    assert_non_null(strstr(report.warning, "unit \"ms\""));
    assert_non_null(strstr(report.warning, "expected one unit and one number type"));
    b = stream("x");
    b.number = OTM_NUMBER_F64;
    report = explain_streams("x", &a, "x", &b);
    assert_non_null(strstr(report.warning, "(integer"));
    assert_non_null(strstr(report.warning, "(double"));
}

/* SDK-PROC-03, SDK-STR-02 */
static void streams_that_views_gave_one_name_are_warned_about(void **state)
{
    (void)state;
    otmi_stream a = stream("y"), b = stream("Y");
    otmi_duplicate_report report = explain_streams("x", &a, "z", &b);
    assert_non_null(strstr(report.warning, "a view for each, selecting instrument_name \"x\" and \"z\""));
}

/* SDK-PROC-03 */
static void streams_of_one_instrument_with_one_name_are_warned_about(void **state)
{
    (void)state;
    otmi_stream items[] = {stream("x"), stream("y"), stream("x")};
    otmi_instrument_streams streams = {"x", items, 3};
    otmi_duplicate_report report;
    otmi_duplicate_report_init(&report);
    assert_true(otmi_duplicate_explain_streams(&streams, &streams, &report));
    assert_non_null(strstr(report.warning, "another stream name in one of the views"));
    streams.count = 2;
    otmi_duplicate_report_init(&report);
    assert_false(otmi_duplicate_explain_streams(&streams, &streams, &report));
    assert_silent(&report);
}

static void texts_that_are_too_long_are_cut(void **state)
{
    (void)state;
    static char name[4000];
    memset(name, 'n', sizeof name - 1);
    otmi_stream a = stream(name), b = stream(name);
    b.kind = OTM_HISTOGRAM;
    a.unit = name;
    otmi_duplicate_report report = explain_streams(name, &a, name, &b);
    assert_int_equal(strlen(report.warning), sizeof report.warning - 1);
    otmi_instrument_desc first = counter("x"), created = counter("x");
    first.description = name;
    report = explain_same(&first, &created, false);
    assert_non_null(strstr(report.warning, "sets the description"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(duplicate_with_all_fields_equal_is_identical),
        cmocka_unit_test(duplicate_that_differs_in_case_alone_is_identical),
        cmocka_unit_test(duplicate_of_another_kind_number_or_unit_is_a_conflict),
        cmocka_unit_test(duplicate_with_another_description_is_told_apart_from_a_conflict),
        cmocka_unit_test(duplicate_verdicts_are_ordered_by_likeness),
        cmocka_unit_test(duplicate_that_is_identical_is_silent),
        cmocka_unit_test(duplicate_with_another_spelling_is_an_error),
        cmocka_unit_test(duplicate_with_other_advice_is_an_error),
        cmocka_unit_test(duplicate_with_another_description_is_warned_about_unless_views_set_it),
        cmocka_unit_test(streams_of_different_names_are_silent),
        cmocka_unit_test(streams_of_instruments_of_two_kinds_are_warned_about_with_a_renaming_recipe),
        cmocka_unit_test(streams_of_two_units_or_numbers_are_warned_about_in_general),
        cmocka_unit_test(streams_that_views_gave_one_name_are_warned_about),
        cmocka_unit_test(streams_of_one_instrument_with_one_name_are_warned_about),
        cmocka_unit_test(texts_that_are_too_long_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
