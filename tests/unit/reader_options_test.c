#include "reader_fixture.h"

#include <stdlib.h>

static otm_reader *manual(const otm_reader_options *options)
{
    otm_reader *reader = NULL;
    assert_int_equal(otm_manual_reader_create(options, &reader), OTM_OK);
    return reader;
}

/* SDK-RDR-01, SDK-RDR-02, SDK-CARD-03 */
static void reader_without_options_takes_cumulative_default_aggregation_and_2000_series(void **state)
{
    (void)state;
    otm_reader *reader = manual(NULL);
    const otmi_reader_config *config = otmi_reader_config_of(reader);
    for (int k = 0; k < OTM_INSTRUMENT_KIND_COUNT; k++) {
        assert_int_equal(config->temporality[k], OTM_CUMULATIVE);
        assert_int_equal(config->cardinality_limit[k], 2000);
        assert_int_equal(config->aggregation[k].kind, OTM_AGGREGATION_DEFAULT);
    }
    otm_reader_release(reader);
}

/* SDK-RDR-01 */
static void reader_options_by_kind_win_over_preference_and_default(void **state)
{
    (void)state;
    double bounds[] = {1, 2};
    otm_reader_options o;
    otm_reader_options_init(&o);
    o.temporality_preference = OTM_PREFER_DELTA;
    o.temporality[OTM_COUNTER] = OTM_CUMULATIVE;
    o.default_cardinality_limit = 10;
    o.cardinality_limit[OTM_GAUGE] = 20;
    o.aggregation[OTM_HISTOGRAM] = (otm_aggregation){.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                                     .has_boundaries = true,
                                                     .boundaries = bounds,
                                                     .boundary_count = 2};
    otm_reader *reader = manual(&o);
    bounds[0] = 99; /* they were copied */
    const otmi_reader_config *config = otmi_reader_config_of(reader);
    assert_int_equal(config->temporality[OTM_COUNTER], OTM_CUMULATIVE);
    assert_int_equal(config->temporality[OTM_HISTOGRAM], OTM_DELTA);
    assert_int_equal(config->temporality[OTM_UP_DOWN_COUNTER], OTM_CUMULATIVE);
    assert_int_equal(config->cardinality_limit[OTM_GAUGE], 20);
    assert_int_equal(config->cardinality_limit[OTM_COUNTER], 10);
    assert_int_equal(config->aggregation[OTM_HISTOGRAM].boundary_count, 2);
    assert_true(config->aggregation[OTM_HISTOGRAM].boundaries[0] == 1);
    otm_reader_release(reader);
}

/* SDK-RDR-02, SDK-RDR-01 */
static void reader_with_an_exporter_takes_its_temporality_and_aggregation_where_the_options_are_silent(void **state)
{
    (void)state;
    fake_exporter fake;
    fake_exporter_init(&fake);
    fake.temporality = OTM_DELTA;
    fake.aggregation.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    otm_exporter *exporter = fake_exporter_wrap(&fake);
    otm_periodic_reader_options o;
    otm_periodic_reader_options_init(&o);
    otm_reader_options inner;
    otm_reader_options_init(&inner);
    o.reader = &inner;
    inner.temporality[OTM_GAUGE] = OTM_CUMULATIVE;
    otm_reader *reader = NULL;
    assert_int_equal(otm_periodic_reader_create(exporter, &o, &reader), OTM_OK);
    const otmi_reader_config *config = otmi_reader_config_of(reader);
    assert_int_equal(config->temporality[OTM_COUNTER], OTM_DELTA);
    assert_int_equal(config->temporality[OTM_GAUGE], OTM_CUMULATIVE);
    assert_int_equal(config->aggregation[OTM_HISTOGRAM].kind, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM);
    assert_int_equal(config->aggregation[OTM_COUNTER].kind, OTM_AGGREGATION_DEFAULT);
    otm_reader_release(reader);

    inner.temporality_preference = OTM_PREFER_CUMULATIVE;
    assert_int_equal(otm_periodic_reader_create(exporter, &o, &reader), OTM_OK);
    assert_int_equal(otmi_reader_config_of(reader)->temporality[OTM_COUNTER], OTM_CUMULATIVE);
    otm_reader_release(reader);
    otm_exporter_release(exporter);
    fake_exporter_fini(&fake);
}

static void expect_refused(const otm_reader_options *options)
{
    otm_reader *reader = (otm_reader *)1;
    assert_int_equal(otm_manual_reader_create(options, &reader), OTM_ERR_INVALID_ARGUMENT);
    assert_null(reader);
}

/* ERR-02 */
static void reader_options_out_of_range_are_refused(void **state)
{
    (void)state;
    static const double falling[] = {2, 1};
    otm_reader_options fresh;
    otm_reader_options_init(&fresh);
    otm_reader_options o = fresh;
    o.struct_size = 0;
    expect_refused(&o);
    o = fresh;
    o.temporality_preference = OTM_PREFER_LOW_MEMORY + 1;
    expect_refused(&o);
    o = fresh;
    o.temporality[OTM_COUNTER] = 3;
    expect_refused(&o);
    o = fresh;
    o.reserved = 1;
    expect_refused(&o);
    o = fresh;
    o.aggregation[OTM_COUNTER].kind = OTM_AGGREGATION_KIND_COUNT;
    expect_refused(&o);
    o = fresh;
    o.aggregation[OTM_HISTOGRAM] = (otm_aggregation){.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                                     .has_boundaries = true,
                                                     .boundaries = falling,
                                                     .boundary_count = 2};
    expect_refused(&o);
    assert_int_equal(otm_manual_reader_create(&fresh, NULL), OTM_ERR_INVALID_ARGUMENT);
}

/* SDK-COMPAT-01 */
static void reader_options_of_an_older_caller_are_read_no_further_than_they_go(void **state)
{
    (void)state;
    size_t size = offsetof(otm_reader_options, cardinality_limit);
    uint32_t delta = OTM_PREFER_DELTA;
    char *older = calloc(1, size); /* exactly as long: a sanitizer sees more */
    assert_non_null(older);
    memcpy(older, &size, sizeof size);
    memcpy(older + offsetof(otm_reader_options, temporality_preference), &delta, sizeof delta);
    otm_reader *reader = manual((const otm_reader_options *)(const void *)older);
    free(older);
    assert_int_equal(otmi_reader_config_of(reader)->temporality[OTM_COUNTER], OTM_DELTA);
    assert_int_equal(otmi_reader_config_of(reader)->cardinality_limit[OTM_COUNTER], 2000);
    otm_reader_release(reader);
}

/* SDK-COMPAT-01 */
static void reader_options_of_a_newer_caller_pass_only_if_the_unknown_part_is_zero(void **state)
{
    (void)state;
    struct {
        otm_reader_options known;
        uint64_t unknown;
    } newer;
    memset(&newer, 0, sizeof newer);
    newer.known.struct_size = sizeof newer;
    otm_reader_release(manual(&newer.known));
    newer.unknown = 1;
    expect_refused(&newer.known);
}

static void reader_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    static const double bounds[] = {1, 2, 3};
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_reader_options o;
        otm_reader_options_init(&o);
        o.allocator = &fa.base;
        for (int k = 0; k < OTM_INSTRUMENT_KIND_COUNT; k++) {
            o.aggregation[k] = (otm_aggregation){.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                                                 .has_boundaries = true,
                                                 .boundaries = bounds,
                                                 .boundary_count = 3};
        }
        otm_reader *reader = NULL;
        st = otm_manual_reader_create(&o, &reader);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        assert_true((st == OTM_OK) == (reader != NULL));
        otm_reader_release(reader);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_without_options_takes_cumulative_default_aggregation_and_2000_series),
        cmocka_unit_test(reader_options_by_kind_win_over_preference_and_default),
        cmocka_unit_test(reader_with_an_exporter_takes_its_temporality_and_aggregation_where_the_options_are_silent),
        cmocka_unit_test(reader_options_out_of_range_are_refused),
        cmocka_unit_test(reader_options_of_an_older_caller_are_read_no_further_than_they_go),
        cmocka_unit_test(reader_options_of_a_newer_caller_pass_only_if_the_unknown_part_is_zero),
        cmocka_unit_test(reader_create_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
