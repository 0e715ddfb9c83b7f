#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "suite_csv.h"
#include "util/number_text.h"

static double of_bits(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static void assert_text(double number, const char *expected)
{
    char text[OTMI_F64_TEXT_SIZE];
    assert_int_equal(otmi_f64_text(number, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void number_text_has_the_form_of_json(void **state)
{
    (void)state;
    assert_text(0, "0");
    assert_text(-0.0, "-0");
    assert_text(1, "1");
    assert_text(-1, "-1");
    assert_text(0.1, "0.1");
    assert_text(100000, "100000");
    assert_text(1234567, "1234567");
    assert_text(123456.789, "123456.789");
    assert_text(0.000001, "0.000001");
    assert_text(0.0000001, "1e-7");
    assert_text(9007199254740991.0, "9007199254740991");
    assert_text(1e20, "100000000000000000000");
    assert_text(1e21, "1e+21");
    assert_text(1e23, "1e+23");
    assert_text(-1.5e300, "-1.5e+300");
    assert_text(5e-324, "5e-324");
    assert_text(2.2250738585072014e-308, "2.2250738585072014e-308");
    assert_text(1.7976931348623157e308, "1.7976931348623157e+308");
    assert_text((double)NAN, "NaN");
    assert_text((double)INFINITY, "Infinity");
    assert_text(-(double)INFINITY, "-Infinity");
}

/* The doubles above a power of two lie further apart than those below, so the nearest decimal may be the wrong one. */
static void number_text_of_powers_of_two_is_shortest(void **state)
{
    (void)state;
    assert_text(0x1p-44, "5.684341886080802e-14");
    assert_text(0x1p-1022, "2.2250738585072014e-308");
    assert_text(0x1p+100, "1.2676506002282294e+30");
}

static void number_text_of_any_bits_reads_back(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 200000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double number = of_bits(bits);
        char text[OTMI_F64_TEXT_SIZE];
        size_t size = otmi_f64_text(number, text);
        assert_true(size < OTMI_F64_TEXT_SIZE && text[size] == '\0');
        if (!isnan(number) && bits_of(strtod(text, NULL)) != bits) {
            fail_msg("%016llx became %s", (unsigned long long)bits, text);
        }
    }
}

/* Digits alone, without sign, point, exponent and outer zeros. */
static size_t digit_count(const char *text)
{
    size_t count = 0;
    size_t zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '0') {
            zeros += count > 0 ? 1 : 0;
        } else if (*text > '0' && *text <= '9') {
            count += zeros + 1;
            zeros = 0;
        }
    }
    return count;
}

static double rounded(double number, size_t digits)
{
    char text[64];
    snprintf(text, sizeof text, "%.*e", (int)digits - 1, number);
    return strtod(text, NULL);
}

/* These are found with whole numbers; the C library, which finds any by rounding, is the judge. */
static void number_text_of_usual_magnitude_has_no_digit_too_many(void **state)
{
    (void)state;
    static const double steps[] = {0, 1e-3, 0.01, 0.1, 1, 10, 1e15, 0x1p53};
    uint64_t bits = 1;
    for (int i = 0; i < 200000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double number = i % 4 == 0 ? (double)(bits >> 32) / 1000 /* few digits */
                        : i % 4 == 1 ? nextafter(steps[bits >> 61], bits & 1 << 16 ? 0 : (double)INFINITY)
                                     : ldexp((double)(bits >> 11 | UINT64_C(1) << 52), (int)(bits % 64) - 63);
        char text[OTMI_F64_TEXT_SIZE];
        otmi_f64_text(number, text);
        size_t digits = digit_count(text);
        if (strtod(text, NULL) != number || rounded(number, digits) != number ||
            (digits > 15 && rounded(number, digits - 1) == number)) {
            fail_msg("%a became %s", number, text);
        }
    }
}

/* Any spelling that reads back to the same bits will do, and ours is as short. */
static void number_text_table_reads_back_with_as_few_digits(void **state)
{
    (void)state;
    suite_csv csv;
    if (!suite_csv_open(&csv, "prom/numbers.csv", "number_text_table_reads_back_with_as_few_digits")) {
        skip();
    }
    size_t rows = 0;
    for (; suite_csv_next(&csv); rows++) {
        double number = of_bits(strtoull(csv.fields[1], NULL, 16));
        char text[OTMI_F64_TEXT_SIZE];
        otmi_f64_text(number, text);
        bool right = isnan(number) ? strcmp(text, "NaN") == 0 : bits_of(strtod(text, NULL)) == bits_of(number);
        if (!right || (isfinite(number) && digit_count(text) > digit_count(csv.fields[2]))) {
            fail_msg("%s: %s became %s, listed as %s", csv.fields[0], csv.fields[1], text, csv.fields[2]);
        }
    }
    suite_csv_close(&csv);
    assert_true(rows > 200);
}

static void number_text_is_the_same_under_a_comma_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ps_AF.UTF-8", "C.UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_ALL, names[i]) != NULL) {
            assert_text(0.1, "0.1");
            assert_text(1.7976931348623157e308, "1.7976931348623157e+308");
            assert_text(1234567.5, "1234567.5");
        }
    }
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_text_has_the_form_of_json),
        cmocka_unit_test(number_text_of_powers_of_two_is_shortest),
        cmocka_unit_test(number_text_of_any_bits_reads_back),
        cmocka_unit_test(number_text_of_usual_magnitude_has_no_digit_too_many),
        cmocka_unit_test(number_text_table_reads_back_with_as_few_digits),
        cmocka_unit_test(number_text_is_the_same_under_a_comma_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
