#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <otm/sdk_reader.h>

static const otm_instrument_kind kinds[OTM_INSTRUMENT_KIND_COUNT] = {
    OTM_COUNTER,
    OTM_UP_DOWN_COUNTER,
    OTM_HISTOGRAM,
    OTM_GAUGE,
    OTM_OBSERVABLE_COUNTER,
    OTM_OBSERVABLE_UP_DOWN_COUNTER,
    OTM_OBSERVABLE_GAUGE,
};

static void expect(otm_temporality_preference preference, const otm_temporality expected[OTM_INSTRUMENT_KIND_COUNT])
{
    for (size_t i = 0; i < OTM_INSTRUMENT_KIND_COUNT; i++) {
        assert_int_equal(otm_temporality_of(preference, kinds[i]), expected[i]);
    }
}

/* SDK-RDR-02: without a preference everything is cumulative. */
static void temporality_of_default_and_cumulative_is_cumulative_for_every_kind(void **state)
{
    (void)state;
    static const otm_temporality expected[] = {OTM_CUMULATIVE, OTM_CUMULATIVE, OTM_CUMULATIVE, OTM_CUMULATIVE,
                                               OTM_CUMULATIVE, OTM_CUMULATIVE, OTM_CUMULATIVE};
    expect(OTM_PREFER_DEFAULT, expected);
    expect(OTM_PREFER_CUMULATIVE, expected);
}

/* OTLP-OPT-16 */
static void temporality_of_delta_leaves_only_the_up_down_counters_cumulative(void **state)
{
    (void)state;
    static const otm_temporality expected[] = {OTM_DELTA, OTM_CUMULATIVE, OTM_DELTA, OTM_DELTA,
                                               OTM_DELTA, OTM_CUMULATIVE, OTM_DELTA};
    expect(OTM_PREFER_DELTA, expected);
}

/* OTLP-OPT-16 */
static void temporality_of_low_memory_makes_only_counter_and_histogram_delta(void **state)
{
    (void)state;
    static const otm_temporality expected[] = {OTM_DELTA,      OTM_CUMULATIVE, OTM_DELTA,     OTM_CUMULATIVE,
                                               OTM_CUMULATIVE, OTM_CUMULATIVE, OTM_CUMULATIVE};
    expect(OTM_PREFER_LOW_MEMORY, expected);
}

static void temporality_of_an_unknown_kind_or_preference_is_cumulative(void **state)
{
    (void)state;
    assert_int_equal(otm_temporality_of(OTM_PREFER_DELTA, (otm_instrument_kind)99), OTM_CUMULATIVE);
    assert_int_equal(otm_temporality_of((otm_temporality_preference)99, OTM_COUNTER), OTM_CUMULATIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(temporality_of_default_and_cumulative_is_cumulative_for_every_kind),
        cmocka_unit_test(temporality_of_delta_leaves_only_the_up_down_counters_cumulative),
        cmocka_unit_test(temporality_of_low_memory_makes_only_counter_and_histogram_delta),
        cmocka_unit_test(temporality_of_an_unknown_kind_or_preference_is_cumulative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
