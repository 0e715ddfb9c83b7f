#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/stream.h"
#include "support/failing_alloc.h"
#include "util/alloc.h"

static const otmi_stream counter = {
    .kind = OTM_COUNTER,
    .number = OTM_NUMBER_I64,
    .temporality = OTM_CUMULATIVE,
    .cardinality_limit = 2000,
    .aggregation = {.kind = OTM_AGGREGATION_SUM, .monotonic = true},
};

static otmi_key_filter *filter_of(const char *const *keys, size_t count)
{
    otmi_key_filter *filter;
    otmi_key_list list = {.keys = keys, .count = count};
    assert_int_equal(otmi_key_filter_create(NULL, &list, 1, &filter), OTM_OK);
    return filter;
}

/* Names and descriptions belong to the metric, not to what is stored. */
static void stream_of_another_name_may_share_the_storage(void **state)
{
    (void)state;
    char name[] = "a";
    char description[] = "b";
    otmi_stream other = counter;
    other.name = name;
    other.description = description;
    assert_true(otmi_stream_same_storage(&counter, &other));
}

static void stream_that_differs_in_what_is_computed_has_its_own_storage(void **state)
{
    (void)state;
    double bound = 1;
    otmi_stream others[6];
    for (size_t i = 0; i < 6; i++) {
        others[i] = counter;
    }
    others[0].kind = OTM_UP_DOWN_COUNTER;
    others[1].number = OTM_NUMBER_F64;
    others[2].cardinality_limit = 2001;
    others[3].aggregation.kind = OTM_AGGREGATION_LAST_VALUE;
    others[4].aggregation.monotonic = false;
    others[5].aggregation.bounds = &bound;
    others[5].aggregation.bound_count = 1;
    for (size_t i = 0; i < 6; i++) {
        assert_false(otmi_stream_same_storage(&counter, &others[i]));
        assert_false(otmi_stream_same_storage(&others[i], &counter));
    }
}

static void stream_that_keeps_other_keys_has_its_own_storage(void **state)
{
    (void)state;
    otmi_stream a = counter;
    otmi_stream b = counter;
    a.filter = filter_of((const char *const[]){"x", "y"}, 2);
    b.filter = filter_of((const char *const[]){"y", "x"}, 2);
    assert_true(otmi_stream_same_storage(&a, &b));
    assert_false(otmi_stream_same_storage(&a, &counter));
    otmi_key_filter_destroy(b.filter);
    b.filter = filter_of((const char *const[]){"x"}, 1);
    assert_false(otmi_stream_same_storage(&a, &b));
    otmi_key_filter_destroy(a.filter);
    otmi_key_filter_destroy(b.filter);
}

/* What a delta reader drains is gone for others. */
static void stream_of_a_delta_reader_never_shares_its_storage(void **state)
{
    (void)state;
    otmi_stream delta = counter;
    delta.temporality = OTM_DELTA;
    assert_false(otmi_stream_same_storage(&delta, &delta));
    assert_false(otmi_stream_same_storage(&delta, &counter));
    assert_false(otmi_stream_same_storage(&counter, &delta));
}

static void stream_fini_frees_all_it_owns(void **state)
{
    (void)state;
    static const double bounds[] = {1, 2};
    const otm_aggregation choice = {.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                    .has_boundaries = true,
                                    .boundaries = bounds,
                                    .boundary_count = 2};
    const otmi_key_list list = {.keys = (const char *const[]){"x"}, .count = 1};
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otmi_stream stream = counter;
    stream.name = otmi_text_copy(&fa.base, "n", 1);
    stream.description = otmi_text_copy(&fa.base, "", 0);
    stream.unit = otmi_text_copy(&fa.base, "s", 1);
    assert_int_equal(
        otmi_aggregation_resolve(&fa.base, &choice, OTM_HISTOGRAM, NULL, 0, false, &stream.aggregation), OTM_OK);
    assert_int_equal(otmi_key_filter_create(&fa.base, &list, 1, &stream.filter), OTM_OK);
    otmi_stream_fini(&fa.base, &stream);
    assert_int_equal(fa.live, 0);
    otmi_stream_fini(&fa.base, &stream); /* nothing is left to free */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_of_another_name_may_share_the_storage),
        cmocka_unit_test(stream_that_differs_in_what_is_computed_has_its_own_storage),
        cmocka_unit_test(stream_that_keeps_other_keys_has_its_own_storage),
        cmocka_unit_test(stream_of_a_delta_reader_never_shares_its_storage),
        cmocka_unit_test(stream_fini_frees_all_it_owns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
