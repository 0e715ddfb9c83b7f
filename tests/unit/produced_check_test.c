/* What a metric producer gives that exporters could not walk, or their peers would refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/produced_check.h"

/* A sound metric of one point, to be spoilt. */
typedef struct sample {
    otm_value nested;
    otm_attr attribute;
    otm_exemplar exemplar;
    otm_histogram_data histogram;
    otm_point point;
    otm_metric metric;
} sample;

static void sample_init(sample *s)
{
    memset(s, 0, sizeof *s);
    s->nested = otm_value_string("v");
    s->attribute = otm_attr_value("k", otm_value_array(&s->nested, 1));
    s->exemplar.filtered_attributes = &s->attribute;
    s->exemplar.filtered_attribute_count = 1;
    s->point.attributes = &s->attribute;
    s->point.attribute_count = 1;
    s->point.exemplars = &s->exemplar;
    s->point.exemplar_count = 1;
    s->metric.name = (otm_string){"name", 4};
    s->metric.type = OTM_METRIC_GAUGE;
    s->metric.points = &s->point;
    s->metric.point_count = 1;
    s->metric.point_stride = sizeof s->point;
}

static void sample_init_of(sample *s, otm_metric_type type)
{
    sample_init(s);
    s->metric.type = type;
    s->metric.temporality = OTM_DELTA;
    s->point.data.histogram = &s->histogram;
}

static void expect_flaw(const sample *s, const char *part)
{
    const char *flaw = otmi_produced_metric_flaw(&s->metric);
    assert_non_null(flaw);
    assert_non_null(strstr(flaw, part));
}

static void produced_metric_that_is_sound_has_no_flaw(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    assert_null(otmi_produced_metric_flaw(&s.metric));
    for (int type = OTM_METRIC_HISTOGRAM; type <= OTM_METRIC_SUMMARY; type++) {
        sample_init_of(&s, (otm_metric_type)type);
        assert_null(otmi_produced_metric_flaw(&s.metric));
    }
}

/* ATTR-07 */
static void produced_text_that_is_no_utf_8_is_a_flaw_wherever_it_is(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    s.metric.name = (otm_string){"\xff", 1};
    expect_flaw(&s, "not UTF-8");
    sample_init(&s);
    s.metric.unit = (otm_string){"\xc0\x80", 2};
    expect_flaw(&s, "not UTF-8");
    sample_init(&s);
    s.metric.description = (otm_string){"\xed\xa0\x80", 3};
    expect_flaw(&s, "not UTF-8");
    sample_init(&s);
    s.nested = otm_value_string("\xff");
    expect_flaw(&s, "attributes of a point");
    s.point.attribute_count = 0;
    expect_flaw(&s, "exemplars of a point");
    sample_init(&s);
    s.attribute.key = "\xff";
    expect_flaw(&s, "attributes of a point");
    sample_init(&s);
    s.nested = otm_value_bytes((const uint8_t *)"\xff", 1); /* bytes may be anything */
    assert_null(otmi_produced_metric_flaw(&s.metric));
}

static void produced_attributes_that_are_missing_or_of_no_kind_are_a_flaw(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    s.point.attributes = NULL;
    expect_flaw(&s, "attributes of a point");
    sample_init(&s);
    s.attribute.key_size = 0;
    expect_flaw(&s, "attributes of a point");
    sample_init(&s);
    s.attribute.key = NULL;
    expect_flaw(&s, "attributes of a point");
    sample_init(&s);
    s.nested.as.string = NULL;
    expect_flaw(&s, "attributes of a point");
    sample_init(&s);
    s.nested.type = OTM_VALUE_MAP + 1;
    expect_flaw(&s, "attributes of a point");
    sample_init(&s);
    s.point.exemplars = NULL;
    expect_flaw(&s, "exemplars of a point");
    sample_init(&s);
    s.exemplar.number = OTM_NUMBER_F64 + 1;
    expect_flaw(&s, "exemplars of a point");
}

/* A value that holds itself ends the walk too. */
static void produced_values_that_nest_too_deep_are_a_flaw(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    s.nested = otm_value_array(&s.nested, 1);
    expect_flaw(&s, "nested too deep");
    sample_init(&s);
    s.attribute.value = otm_value_map(&s.attribute, 1);
    expect_flaw(&s, "nested too deep");
}

static void produced_points_without_their_data_are_a_flaw(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    s.point.data.number.number = OTM_NUMBER_F64 + 1;
    expect_flaw(&s, "lacks its data");
    for (int type = OTM_METRIC_HISTOGRAM; type <= OTM_METRIC_SUMMARY; type++) {
        sample_init_of(&s, (otm_metric_type)type);
        s.point.data.histogram = NULL;
        expect_flaw(&s, "lacks its data");
    }
    sample_init_of(&s, OTM_METRIC_HISTOGRAM);
    s.histogram.bound_count = 1;
    expect_flaw(&s, "lacks its data");
    s.histogram.bucket_count = 3;
    expect_flaw(&s, "lacks its data");
    s.histogram.bucket_count = 2;
    expect_flaw(&s, "lacks its data");
    sample_init_of(&s, OTM_METRIC_EXPONENTIAL_HISTOGRAM);
    s.histogram.negative.count_size = 2;
    expect_flaw(&s, "lacks its data");
    sample_init_of(&s, OTM_METRIC_SUMMARY);
    s.histogram.quantile_count = 2;
    expect_flaw(&s, "lacks its data");
}

static void produced_metric_of_no_type_or_temporality_is_a_flaw(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    s.metric.type = OTM_METRIC_SUMMARY + 1;
    expect_flaw(&s, "type");
    s.metric.type = 0;
    expect_flaw(&s, "type");
    s.metric.type = OTM_METRIC_SUM;
    expect_flaw(&s, "temporality");
    sample_init(&s);
    s.metric.name.size = 0;
    expect_flaw(&s, "no name");
    sample_init(&s);
    s.metric.point_stride = sizeof s.point - 1;
    expect_flaw(&s, "stride");
}

static void produced_scope_of_no_text_or_without_metrics_is_a_flaw(void **state)
{
    (void)state;
    const otm_attr attribute = otm_attr_string("k", "\xff");
    otm_scope_metrics scope = {.name = {NULL, 0}};
    assert_null(otmi_produced_scope_flaw(&scope));
    scope.name.size = 1;
    assert_non_null(otmi_produced_scope_flaw(&scope));
    scope = (otm_scope_metrics){.version = {"\xff", 1}};
    assert_non_null(otmi_produced_scope_flaw(&scope));
    scope = (otm_scope_metrics){.attributes = &attribute, .attribute_count = 1};
    assert_non_null(otmi_produced_scope_flaw(&scope));
    scope = (otm_scope_metrics){.metric_count = 1};
    assert_non_null(otmi_produced_scope_flaw(&scope));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(produced_metric_that_is_sound_has_no_flaw),
        cmocka_unit_test(produced_text_that_is_no_utf_8_is_a_flaw_wherever_it_is),
        cmocka_unit_test(produced_attributes_that_are_missing_or_of_no_kind_are_a_flaw),
        cmocka_unit_test(produced_values_that_nest_too_deep_are_a_flaw),
        cmocka_unit_test(produced_points_without_their_data_are_a_flaw),
        cmocka_unit_test(produced_metric_of_no_type_or_temporality_is_a_flaw),
        cmocka_unit_test(produced_scope_of_no_text_or_without_metrics_is_a_flaw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
