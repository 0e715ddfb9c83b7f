#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/aggregation.h"
#include "support/failing_alloc.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static otmi_aggregation resolve(const otm_aggregation *choice, otm_instrument_kind kind)
{
    otmi_aggregation out;
    assert_int_equal(otmi_aggregation_resolve(NULL, choice, kind, NULL, 0, false, &out), OTM_OK);
    return out;
}

static otm_aggregation explicit_of(const double *bounds, size_t count)
{
    return (otm_aggregation){
        .kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, .has_boundaries = true, .boundaries = bounds,
        .boundary_count = count};
}

/* SDK-AGG-02 */
static void aggregation_default_follows_the_kind(void **state)
{
    (void)state;
    assert_int_equal(otmi_aggregation_default(OTM_COUNTER), OTM_AGGREGATION_SUM);
    assert_int_equal(otmi_aggregation_default(OTM_UP_DOWN_COUNTER), OTM_AGGREGATION_SUM);
    assert_int_equal(otmi_aggregation_default(OTM_OBSERVABLE_COUNTER), OTM_AGGREGATION_SUM);
    assert_int_equal(otmi_aggregation_default(OTM_OBSERVABLE_UP_DOWN_COUNTER), OTM_AGGREGATION_SUM);
    assert_int_equal(otmi_aggregation_default(OTM_GAUGE), OTM_AGGREGATION_LAST_VALUE);
    assert_int_equal(otmi_aggregation_default(OTM_OBSERVABLE_GAUGE), OTM_AGGREGATION_LAST_VALUE);
    assert_int_equal(otmi_aggregation_default(OTM_HISTOGRAM), OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM);
}

/* SDK-AGG-03 */
static void aggregation_sum_is_monotonic_for_what_only_grows(void **state)
{
    (void)state;
    otm_aggregation sum = {.kind = OTM_AGGREGATION_SUM};
    assert_true(resolve(&sum, OTM_COUNTER).monotonic);
    assert_true(resolve(&sum, OTM_OBSERVABLE_COUNTER).monotonic);
    assert_true(resolve(&sum, OTM_HISTOGRAM).monotonic);
    assert_false(resolve(&sum, OTM_UP_DOWN_COUNTER).monotonic);
    assert_false(resolve(&sum, OTM_OBSERVABLE_UP_DOWN_COUNTER).monotonic);
    assert_false(resolve(&sum, OTM_GAUGE).monotonic);
    assert_false(resolve(&sum, OTM_OBSERVABLE_GAUGE).monotonic);
}

/* SDK-AGG-07, SDK-AGG-09 */
static void aggregation_histogram_leaves_out_only_the_sum_where_values_can_be_negative(void **state)
{
    (void)state;
    otm_aggregation choices[] = {explicit_of(NULL, 0), {.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM}};
    for (size_t i = 0; i < COUNT(choices); i++) {
        otm_instrument_kind with[] = {OTM_COUNTER, OTM_HISTOGRAM};
        otm_instrument_kind without[] = {OTM_UP_DOWN_COUNTER, OTM_GAUGE};
        for (size_t k = 0; k < 2; k++) {
            assert_true(resolve(&choices[i], with[k]).record_sum);
            assert_false(resolve(&choices[i], without[k]).record_sum);
            assert_true(resolve(&choices[i], with[k]).record_min_max);
            assert_true(resolve(&choices[i], without[k]).record_min_max);
        }
        choices[i].omit_min_max = true;
        assert_false(resolve(&choices[i], OTM_HISTOGRAM).record_min_max);
    }
}

/* SDK-PROC-04: histograms need single measurements; SDK-AGG-04: a last value is for gauges. */
static void aggregation_fits_the_kinds_it_makes_sense_for(void **state)
{
    (void)state;
    for (int k = 0; k < OTM_INSTRUMENT_KIND_COUNT; k++) {
        otm_instrument_kind kind = (otm_instrument_kind)k;
        bool synchronous = !otmi_kind_is_asynchronous(kind);
        bool gauge = kind == OTM_GAUGE || kind == OTM_OBSERVABLE_GAUGE;
        assert_true(otmi_aggregation_fits(OTM_AGGREGATION_DEFAULT, kind));
        assert_true(otmi_aggregation_fits(OTM_AGGREGATION_DROP, kind));
        assert_true(otmi_aggregation_fits(OTM_AGGREGATION_SUM, kind));
        assert_true(otmi_aggregation_fits(otmi_aggregation_default(kind), kind));
        assert_int_equal(otmi_aggregation_fits(OTM_AGGREGATION_LAST_VALUE, kind), gauge);
        assert_int_equal(otmi_aggregation_fits(OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, kind), synchronous);
        assert_int_equal(otmi_aggregation_fits(OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, kind), synchronous);
    }
}

/* SDK-AGG-08: without boundaries the default ones hold; SDK-AGG-10: 15 of them make 16 buckets. */
static void aggregation_explicit_without_boundaries_takes_the_default_ones(void **state)
{
    (void)state;
    static const double expected[] = {0,   5,   10,   25,   50,   75,   100,  250,
                                      500, 750, 1000, 2500, 5000, 7500, 10000};
    otm_aggregation choice = {.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM};
    otmi_aggregation a = resolve(&choice, OTM_HISTOGRAM);
    assert_int_equal(a.bound_count, COUNT(expected));
    assert_memory_equal(a.bounds, expected, sizeof expected);
    otmi_aggregation_fini(NULL, &a);
}

/* SDK-AGG-10 */
static void aggregation_explicit_with_an_empty_list_makes_one_bucket(void **state)
{
    (void)state;
    otm_aggregation choice = explicit_of(NULL, 0);
    otmi_aggregation a = resolve(&choice, OTM_HISTOGRAM);
    assert_int_equal(a.bound_count, 0);
    otmi_aggregation_fini(NULL, &a);
}

/* SDK-INST-05 */
static void aggregation_advice_applies_to_a_default_choice_only(void **state)
{
    (void)state;
    static const double advice[] = {1, 2};
    otm_aggregation choice = {.kind = OTM_AGGREGATION_DEFAULT};
    otmi_aggregation a;
    assert_int_equal(otmi_aggregation_resolve(NULL, &choice, OTM_HISTOGRAM, advice, 2, true, &a), OTM_OK);
    assert_int_equal(a.bound_count, 2);
    otmi_aggregation_fini(NULL, &a);
    assert_int_equal(otmi_aggregation_resolve(NULL, &choice, OTM_HISTOGRAM, NULL, 0, true, &a), OTM_OK);
    assert_int_equal(a.bound_count, 0);
    otmi_aggregation_fini(NULL, &a);
    choice.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    assert_int_equal(otmi_aggregation_resolve(NULL, &choice, OTM_HISTOGRAM, advice, 2, true, &a), OTM_OK);
    assert_int_equal(a.bound_count, 15);
    otmi_aggregation_fini(NULL, &a);
}

/* SDK-EXPH-01, SDK-EXPH-02 */
static void aggregation_exponential_defaults_to_160_buckets_and_scale_20(void **state)
{
    (void)state;
    otm_aggregation choice = {.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM};
    otmi_aggregation a = resolve(&choice, OTM_HISTOGRAM);
    assert_int_equal(a.max_size, 160);
    assert_int_equal(a.max_scale, 20);
    choice.has_max_scale = true;
    choice.max_scale = 0;
    choice.max_size = 4;
    a = resolve(&choice, OTM_HISTOGRAM);
    assert_int_equal(a.max_size, 4);
    assert_int_equal(a.max_scale, 0);
}

static void assert_invalid(const otm_aggregation *aggregation)
{
    const char *why = NULL;
    assert_int_equal(otmi_aggregation_validate(aggregation, &why), OTM_ERR_INVALID_ARGUMENT);
    assert_non_null(why);
    assert_int_equal(otmi_aggregation_validate(aggregation, NULL), OTM_ERR_INVALID_ARGUMENT);
}

/* SDK-INST-03, CONF-N16 */
static void aggregation_boundaries_out_of_order_or_not_finite_are_refused(void **state)
{
    (void)state;
    const double bad[][2] = {{2, 1}, {1, 1}, {0, -0.0}, {NAN, 1}, {1, NAN}, {1, INFINITY}, {-INFINITY, 1}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        otm_aggregation a = explicit_of(bad[i], 2);
        assert_invalid(&a);
    }
    static const double good[] = {-1, 0, 1e300};
    otm_aggregation a = explicit_of(good, 3);
    assert_int_equal(otmi_aggregation_validate(&a, NULL), OTM_OK);
    a.has_boundaries = false; /* given, but not said so */
    assert_invalid(&a);
    a = explicit_of(NULL, 1);
    assert_invalid(&a);
}

static void aggregation_with_too_many_boundaries_is_refused(void **state)
{
    (void)state;
    static double bounds[4097];
    for (size_t i = 0; i < COUNT(bounds); i++) {
        bounds[i] = (double)i;
    }
    otm_aggregation a = explicit_of(bounds, 4096);
    assert_int_equal(otmi_aggregation_validate(&a, NULL), OTM_OK);
    a.boundary_count = 4097;
    assert_invalid(&a);
}

/* CONF-N16, SDK-EXPH-01, SDK-EXPH-02 */
static void aggregation_exponential_parameters_out_of_range_are_refused(void **state)
{
    (void)state;
    for (int32_t scale = -12; scale <= 22; scale++) {
        otm_aggregation a = {
            .kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, .has_max_scale = true, .max_scale = scale};
        bool valid = otmi_aggregation_validate(&a, NULL) == OTM_OK;
        assert_int_equal(valid, scale >= -10 && scale <= 20);
    }
    otm_aggregation a = {.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, .max_size = 1};
    assert_invalid(&a);
    a.max_size = 16385;
    assert_invalid(&a);
    a.max_size = 2;
    assert_int_equal(otmi_aggregation_validate(&a, NULL), OTM_OK);
    a.kind = OTM_AGGREGATION_KIND_COUNT;
    assert_invalid(&a);
}

static void aggregations_are_equal_if_every_parameter_is(void **state)
{
    (void)state;
    static const double bounds[] = {1, 2};
    static const double others[] = {1, 3};
    otm_aggregation choice = explicit_of(bounds, 2);
    otm_aggregation other = explicit_of(others, 2);
    otm_aggregation shorter = explicit_of(bounds, 1);
    otm_aggregation bare = explicit_of(bounds, 2);
    bare.omit_min_max = true;
    otmi_aggregation a = resolve(&choice, OTM_HISTOGRAM);
    otmi_aggregation all[] = {resolve(&choice, OTM_HISTOGRAM), resolve(&other, OTM_HISTOGRAM),
                              resolve(&shorter, OTM_HISTOGRAM), resolve(&bare, OTM_HISTOGRAM),
                              resolve(&choice, OTM_GAUGE)};
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_int_equal(otmi_aggregation_equal(&a, &all[i]), i == 0);
        otmi_aggregation_fini(NULL, &all[i]);
    }
    otmi_aggregation_fini(NULL, &a);
}

static void aggregation_names_are_those_of_configuration_files(void **state)
{
    (void)state;
    assert_string_equal(otmi_kind_name(OTM_OBSERVABLE_UP_DOWN_COUNTER), "observable_up_down_counter");
    assert_string_equal(otmi_aggregation_name(OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM),
                        "base2_exponential_bucket_histogram");
    assert_string_equal(otmi_kind_name((otm_instrument_kind)99), "unknown");
    assert_string_equal(otmi_aggregation_name((otm_aggregation_kind)99), "unknown");
}

static void aggregation_resolve_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_aggregation choice = {.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM};
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_aggregation a;
        st = otmi_aggregation_resolve(&fa.base, &choice, OTM_HISTOGRAM, NULL, 0, false, &a);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        if (st == OTM_OK) {
            otmi_aggregation_fini(&fa.base, &a);
        }
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aggregation_default_follows_the_kind),
        cmocka_unit_test(aggregation_sum_is_monotonic_for_what_only_grows),
        cmocka_unit_test(aggregation_histogram_leaves_out_only_the_sum_where_values_can_be_negative),
        cmocka_unit_test(aggregation_fits_the_kinds_it_makes_sense_for),
        cmocka_unit_test(aggregation_explicit_without_boundaries_takes_the_default_ones),
        cmocka_unit_test(aggregation_explicit_with_an_empty_list_makes_one_bucket),
        cmocka_unit_test(aggregation_advice_applies_to_a_default_choice_only),
        cmocka_unit_test(aggregation_exponential_defaults_to_160_buckets_and_scale_20),
        cmocka_unit_test(aggregation_boundaries_out_of_order_or_not_finite_are_refused),
        cmocka_unit_test(aggregation_with_too_many_boundaries_is_refused),
        cmocka_unit_test(aggregation_exponential_parameters_out_of_range_are_refused),
        cmocka_unit_test(aggregations_are_equal_if_every_parameter_is),
        cmocka_unit_test(aggregation_names_are_those_of_configuration_files),
        cmocka_unit_test(aggregation_resolve_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
