#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "suite_csv.h"
#include "util/attr_text.h"
#include "util/base64.h"
#include "util/json_text.h"
#include "util/utf8.h"
#include "util/wildcard.h"

/* -- utf8 -------------------------------------------------------------------------------------------------------- */

static bool valid(const char *text)
{
    return otmi_utf8_valid(text, strlen(text));
}

static void utf8_accepts_the_first_and_last_character_of_each_length(void **state)
{
    (void)state;
    assert_true(valid(""));
    assert_true(otmi_utf8_valid("\0", 1));
    assert_true(valid("\x7f"));
    assert_true(valid("\xC2\x80"));
    assert_true(valid("\xDF\xBF"));
    assert_true(valid("\xE0\xA0\x80"));
    assert_true(valid("\xED\x9F\xBF")); /* just below the surrogates */
    assert_true(valid("\xEE\x80\x80")); /* just above */
    assert_true(valid("\xEF\xBF\xBF"));
    assert_true(valid("\xF0\x90\x80\x80"));
    assert_true(valid("\xF4\x8F\xBF\xBF"));
    assert_true(valid("eight ASCII bytes at once, then \xE9\x8D\xB5, then more of them"));
}

static void utf8_refuses_what_is_overlong_a_surrogate_too_large_or_cut(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",         "\xBF",         "\xC0\x80",         "\xC1\xBF",
                                      "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",     "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",     "\xC2",
                                      "\xE9\x8D",     "\xF0\x9F\x98", "\xC2\x41",         "\xE9\x41\xB5",
                                      "\xF0\x9F\x98\x41", "ASCII first \xFE"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(valid(bad[i]));
    }
}

/* -- wildcard ---------------------------------------------------------------------------------------------------- */

static bool matches(const char *pattern, const char *text)
{
    return otmi_wildcard_match(pattern, text, strlen(text));
}

/* SDK-SEL-03 */
static void wildcard_table_matches_as_listed(void **state)
{
    (void)state;
    suite_csv csv;
    if (!suite_csv_open(&csv, "sdk/wildcards.csv", "wildcard_table_matches_as_listed")) {
        skip();
    }
    size_t rows = 0;
    for (; suite_csv_next(&csv); rows++) {
        assert_int_equal(csv.field_count, 4);
        if (matches(csv.fields[1], csv.fields[2]) != (strcmp(csv.fields[3], "yes") == 0)) {
            fail_msg("%s: pattern %s, text %s", csv.fields[0], csv.fields[1], csv.fields[2]);
        }
    }
    suite_csv_close(&csv);
    assert_true(rows > 50);
}

static void wildcard_question_mark_is_one_whole_character(void **state)
{
    (void)state;
    assert_true(matches("?", "\xE9\x8D\xB5"));
    assert_false(matches("??", "\xE9\x8D\xB5"));
    assert_false(matches("*??", "\xE9\x8D\xB5"));
    assert_true(matches("*?b", "a\xE9\x8D\xB5" "b"));
    assert_true(matches("?", "\xFF")); /* no UTF-8: a byte is a character */
}

static void wildcard_is_case_sensitive_and_stops_at_the_given_size(void **state)
{
    (void)state;
    assert_false(matches("foo", "Foo"));
    assert_true(otmi_wildcard_match("foo", "foobar", 3));
    assert_true(matches("", ""));
    assert_false(matches("", "a"));
}

static void wildcard_with_many_stars_ends_in_reasonable_time(void **state)
{
    (void)state;
    char text[20001];
    memset(text, 'a', 20000);
    text[20000] = '\0';
    assert_false(matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void wildcard_is_pattern_only_with_star_or_question_mark(void **state)
{
    (void)state;
    assert_true(otmi_wildcard_is_pattern("a*"));
    assert_true(otmi_wildcard_is_pattern("?"));
    assert_false(otmi_wildcard_is_pattern("a.+[b]"));
    assert_false(otmi_wildcard_is_pattern(""));
}

/* -- base64, JSON strings, attribute values ---------------------------------------------------------------------- */

/* Appends through `call`, and compares what is in the buffer. */
#define assert_appends(call, expected)                          \
    do {                                                        \
        otmi_buf out;                                           \
        otmi_buf_init(&out, NULL, 1 << 20);                     \
        call;                                                   \
        assert_string_equal(otmi_buf_terminate(&out), expected); \
        otmi_buf_fini(&out);                                    \
    } while (0)

/* The vectors of RFC 4648, section 10. */
static void base64_pads_to_four(void **state)
{
    (void)state;
    assert_appends(otmi_base64_append(&out, "", 0), "");
    assert_appends(otmi_base64_append(&out, "f", 1), "Zg==");
    assert_appends(otmi_base64_append(&out, "fo", 2), "Zm8=");
    assert_appends(otmi_base64_append(&out, "foo", 3), "Zm9v");
    assert_appends(otmi_base64_append(&out, "foob", 4), "Zm9vYg==");
    assert_appends(otmi_base64_append(&out, "fooba", 5), "Zm9vYmE=");
    assert_appends(otmi_base64_append(&out, "foobar", 6), "Zm9vYmFy");
    assert_appends(otmi_base64_append(&out, "\xff\xfe\xfd\xfb", 4), "//79+w==");
}

static void json_string_escapes_and_repairs(void **state)
{
    (void)state;
    assert_appends(otmi_json_string(&out, "", 0), "\"\"");
    assert_appends(otmi_json_string(&out, "a\"b\\c", 5), "\"a\\\"b\\\\c\"");
    assert_appends(otmi_json_string(&out, "\b\f\n\r\t\x01\x1f\x7f", 8), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
    assert_appends(otmi_json_string(&out, "\0", 1), "\"\\u0000\"");
    assert_appends(otmi_json_string(&out, "\xE9\x8D\xB5", 3), "\"\xE9\x8D\xB5\"");
    assert_appends(otmi_json_string(&out, "a\xFF\xE9", 3), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void assert_value_text(otm_value value, const char *expected)
{
    assert_appends(otmi_value_text(&out, &value), expected);
}

/* ATTR-06 */
static void value_text_of_plain_values_is_bare(void **state)
{
    (void)state;
    assert_value_text(otm_value_string("hello \"world\""), "hello \"world\"");
    assert_value_text(otm_value_string(""), "");
    assert_value_text(otm_value_empty(), "");
    assert_value_text(otm_value_bool(true), "true");
    assert_value_text(otm_value_bool(false), "false");
    assert_value_text(otm_value_i64(INT64_MIN), "-9223372036854775808");
    assert_value_text(otm_value_f64(3.14159), "3.14159");
    assert_value_text(otm_value_f64((double)INFINITY), "Infinity");
    assert_value_text(otm_value_f64(-(double)INFINITY), "-Infinity");
    assert_value_text(otm_value_f64((double)NAN), "NaN");
    assert_value_text(otm_value_bytes((const uint8_t *)"hello world", 11), "aGVsbG8gd29ybGQ=");
}

/* ATTR-06 */
static void value_text_of_arrays_and_maps_is_json(void **state)
{
    (void)state;
    otm_value inner[] = {otm_value_i64(3), otm_value_empty()};
    otm_attr map[] = {otm_attr_f64("a", -(double)INFINITY), otm_attr_i64("b", 2),
                      otm_attr_value("c", otm_value_array(inner, 2))};
    assert_value_text(otm_value_map(map, 3), "{\"a\":\"-Infinity\",\"b\":2,\"c\":[3,null]}");
    otm_attr nested = otm_attr_value("nested", otm_value_bytes((const uint8_t *)"hello world", 11));
    otm_value mixed[] = {otm_value_i64(1), otm_value_f64((double)NAN), otm_value_string("a"), otm_value_bool(true),
                         otm_value_map(&nested, 1)};
    assert_value_text(otm_value_array(mixed, 5), "[1,\"NaN\",\"a\",true,{\"nested\":\"aGVsbG8gd29ybGQ=\"}]");
    assert_value_text(otm_value_array(NULL, 0), "[]");
}

static void value_text_of_bottomless_nesting_ends(void **state)
{
    (void)state;
    otm_value self = otm_value_empty();
    self = otm_value_array(&self, 1);
    otmi_buf out;
    otmi_buf_init(&out, NULL, 1 << 20);
    otmi_value_text(&out, &self);
    assert_int_equal(out.status, OTM_OK);
    assert_true(out.size < 1000);
    otmi_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_accepts_the_first_and_last_character_of_each_length),
        cmocka_unit_test(utf8_refuses_what_is_overlong_a_surrogate_too_large_or_cut),
        cmocka_unit_test(wildcard_table_matches_as_listed),
        cmocka_unit_test(wildcard_question_mark_is_one_whole_character),
        cmocka_unit_test(wildcard_is_case_sensitive_and_stops_at_the_given_size),
        cmocka_unit_test(wildcard_with_many_stars_ends_in_reasonable_time),
        cmocka_unit_test(wildcard_is_pattern_only_with_star_or_question_mark),
        cmocka_unit_test(base64_pads_to_four),
        cmocka_unit_test(json_string_escapes_and_repairs),
        cmocka_unit_test(value_text_of_plain_values_is_bare),
        cmocka_unit_test(value_text_of_arrays_and_maps_is_json),
        cmocka_unit_test(value_text_of_bottomless_nesting_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
