/* When to try again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "otlp_retry.h"

#define MS UINT64_C(1000000)
#define S UINT64_C(1000000000)
#define NOW_NS (UINT64_C(1700000000) * S) /* Tue, 14 Nov 2023 22:13:20 GMT */

/* OTLP-RETRY-01 */
static void retry_backoff_doubles_up_to_its_maximum(void **state)
{
    (void)state;
    /* span + 1 divides into nothing: the largest remainder is the whole span */
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, 450 * MS, 1, 100 * MS), 100 * MS);
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, 450 * MS, 2, 200 * MS), 200 * MS);
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, 450 * MS, 3, 400 * MS), 400 * MS);
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, 450 * MS, 4, 450 * MS), 450 * MS);
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, 450 * MS, UINT32_MAX, 450 * MS), 450 * MS);
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, 450 * MS, UINT32_MAX, 450 * MS + 1), 0);
}

/* OTLP-HTTP-09, OTLP-RETRY-01: jitter over the full span */
static void retry_backoff_is_anywhere_between_zero_and_the_span(void **state)
{
    (void)state;
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, S, 1, 0), 0);
    assert_int_equal(otmi_otlp_backoff_ns(100 * MS, S, 1, 37 * MS), 37 * MS);
    for (uint64_t random = UINT64_MAX; random > 0; random /= 3) {
        assert_true(otmi_otlp_backoff_ns(100 * MS, S, 3, random) <= 400 * MS);
    }
}

static void retry_backoff_of_extreme_settings_does_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(otmi_otlp_backoff_ns(UINT64_MAX / 2 + 1, UINT64_MAX, 64, 12345), 12345);
    assert_int_equal(otmi_otlp_backoff_ns(0, 0, 7, UINT64_MAX), 0);
}

/* OTLP-HTTP-08 */
static void retry_after_is_read_as_seconds_and_as_a_date(void **state)
{
    (void)state;
    assert_int_equal(otmi_otlp_retry_after_ns("1", NOW_NS), 1 * S);
    assert_int_equal(otmi_otlp_retry_after_ns("120", NOW_NS), 120 * S);
    assert_int_equal(otmi_otlp_retry_after_ns("Tue, 14 Nov 2023 22:13:22 GMT", NOW_NS), 2 * S);
    assert_int_equal(otmi_otlp_retry_after_ns("Tuesday, 14-Nov-23 22:13:22 GMT", NOW_NS), 2 * S);
}

static void retry_after_that_is_none_counts_as_absent(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "0", "-1", "soon", "1.5", "1 s", "12 GMT", " 1",
                                        "Tue, 14 Nov 2023 22:13:19 GMT", "Tue, 14 Nov 2023 22:13:20 GMT",
                                        "Tue, 99 Foo 2023 22:13:22 GMT", "+5"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(otmi_otlp_retry_after_ns(texts[i], NOW_NS), 0);
    }
}

static void retry_after_of_ages_saturates(void **state)
{
    (void)state;
    uint64_t most = UINT64_MAX / S * S;
    assert_int_equal(otmi_otlp_retry_after_ns("99999999999999999999999999", NOW_NS), most);
    assert_int_equal(otmi_otlp_retry_after_ns("18446744073709551615", NOW_NS), most);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_backoff_doubles_up_to_its_maximum),
        cmocka_unit_test(retry_backoff_is_anywhere_between_zero_and_the_span),
        cmocka_unit_test(retry_backoff_of_extreme_settings_does_not_overflow),
        cmocka_unit_test(retry_after_is_read_as_seconds_and_as_a_date),
        cmocka_unit_test(retry_after_that_is_none_counts_as_absent),
        cmocka_unit_test(retry_after_of_ages_saturates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
