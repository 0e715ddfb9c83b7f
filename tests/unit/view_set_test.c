/* Copying and checking views. */
#include "view_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define KEYS(...) ((const char *const[]){__VA_ARGS__})

static otm_status create(view_fixture *f, const otm_view *views, size_t count, size_t stride,
                         otm_view_matching matching)
{
    otmi_view_set_destroy(f->set);
    return otmi_view_set_create(&f->fa.base, views, count, stride, matching, f->diag, &f->set);
}

/* Refused, with a report that says which view and what was expected. */
static void assert_refused(view_fixture *f, const otm_view *bad, const char *expected)
{
    otm_view views[] = {view_for("*"), *bad};
    diag_recorder_clear(&f->recorder);
    assert_int_equal(create(f, views, 2, sizeof *views, OTM_VIEWS_INDEPENDENT), OTM_ERR_INVALID_ARGUMENT);
    assert_null(f->set);
    assert_int_equal(diag_recorder_count(&f->recorder), 1);
    diag_record record = diag_recorder_at(&f->recorder, 0);
    assert_int_equal(record.level, OTM_ERROR);
    assert_string_equal(record.component, "view");
    assert_non_null(strstr(record.text, "views[1]"));
    assert_non_null(strstr(record.text, expected));
}

/* SDK-VIEW-01: what the caller does with its views afterwards does not matter. */
static void view_set_copies_all_that_views_point_to(void **state)
{
    view_fixture *f = *state;
    char name[] = "req*", unit[] = "kB", meter[] = "m", version[] = "1.2", url[] = "https://example.com/1";
    char stream[] = "y", description[] = "d", key[] = "a", excluded[] = "b";
    double bounds[] = {5, 6};
    const char *keys[] = {key};
    const char *excluded_keys[] = {excluded};
    otm_view view = view_for(name);
    view.selector = (otm_view_selector){
        .instrument_name = name, .unit = unit, .meter_name = meter, .meter_version = version, .meter_schema_url = url};
    view.stream = (otm_view_stream){
        .name = stream, .description = description, .has_included_keys = true, .included_keys = keys,
        .included_key_count = 1, .excluded_keys = excluded_keys, .excluded_key_count = 1,
        .aggregation = {.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, .has_boundaries = true,
                        .boundaries = bounds, .boundary_count = 2}};
    assert_int_equal(create(f, &view, 1, sizeof view, OTM_VIEWS_INDEPENDENT), OTM_OK);
    char *const texts[] = {name, unit, meter, version, url, stream, description, key, excluded};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        memset(texts[i], '#', strlen(texts[i]));
    }
    keys[0] = excluded_keys[0] = NULL;
    bounds[0] = bounds[1] = 0;
    view_fixture_resolve_set(f);
    const otmi_stream *s = view_fixture_only_stream(f);
    assert_string_equal(s->name, "y");
    assert_string_equal(s->description, "d");
    assert_true(view_fixture_keeps(s, "a"));
    assert_false(view_fixture_keeps(s, "b"));
    assert_int_equal(s->aggregation.bound_count, 2);
    assert_true(s->aggregation.bounds[0] == 5 && s->aggregation.bounds[1] == 6);
}

/* CONF-N14 */
static void view_with_a_bad_selector_is_refused(void **state)
{
    otm_view view = view_for("");
    assert_refused(*state, &view, "selector.instrument_name: expected");
    view = view_for("x");
    view.selector.has_kind = true;
    view.selector.kind = OTM_INSTRUMENT_KIND_COUNT;
    assert_refused(*state, &view, "selector.kind: expected");
}

/* CONF-N15 */
static void view_with_bad_attribute_keys_is_refused(void **state)
{
    otm_view view = view_for("x");
    view.stream.has_included_keys = true;
    view.stream.included_keys = KEYS("a", "");
    view.stream.included_key_count = 2;
    assert_refused(*state, &view, "not empty");
    view.stream.included_keys = KEYS("a", NULL);
    assert_refused(*state, &view, "not empty");
    view.stream.included_keys = NULL;
    assert_refused(*state, &view, "not NULL");
    view.stream.included_keys = KEYS("a", "b");
    view.stream.has_included_keys = false;
    assert_refused(*state, &view, "has_included_keys");
    view = view_for("x");
    view.stream.excluded_keys = KEYS("");
    view.stream.excluded_key_count = 1;
    assert_refused(*state, &view, "not empty");
    view.stream.excluded_key_count = OTMI_KEY_LIST_MAX + 1;
    assert_refused(*state, &view, "4096");
}

/* CONF-N16 */
static void view_with_bad_aggregation_parameters_is_refused(void **state)
{
    otm_view view = view_for("x");
    view.stream.aggregation = (otm_aggregation){
        .kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM, .has_max_scale = true, .max_scale = 21};
    assert_refused(*state, &view, "max_scale");
    static const double bounds[] = {2, 1};
    view.stream.aggregation = (otm_aggregation){
        .kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, .has_boundaries = true, .boundaries = bounds,
        .boundary_count = 2};
    assert_refused(*state, &view, "increasing");
    view.stream.aggregation = (otm_aggregation){.kind = OTM_AGGREGATION_KIND_COUNT};
    assert_refused(*state, &view, "otm_aggregation_kind");
}

static void view_with_an_empty_or_malformed_stream_name_is_refused(void **state)
{
    otm_view view = view_for("x");
    view.stream.name = "";
    assert_refused(*state, &view, "stream.name: expected a name");
    view.stream.name = "\xff";
    assert_refused(*state, &view, "UTF-8");
    view.stream.name = NULL;
    view.stream.description = "\xc3";
    assert_refused(*state, &view, "UTF-8");
}

static void view_that_was_not_initialized_is_refused(void **state)
{
    otm_view view;
    memset(&view, 0, sizeof view);
    assert_refused(*state, &view, "otm_view_init()");
}

/* An application built against a later header, whose views are longer. */
typedef struct later_view {
    otm_view view;
    uint64_t new_field;
} later_view;

static void view_of_a_later_release_is_accepted_without_its_new_fields(void **state)
{
    view_fixture *f = *state;
    later_view views[2] = {{view_for("*"), 0}, {view_for("req.count"), 0}};
    for (size_t i = 0; i < 2; i++) {
        views[i].view.struct_size = sizeof views[i];
        views[i].view.stream.name = i == 0 ? "y" : "z";
    }
    assert_int_equal(create(f, &views[0].view, 2, sizeof *views, OTM_VIEWS_INDEPENDENT), OTM_OK);
    view_fixture_resolve_set(f);
    ASSERT_STREAMS(f, "y", "z");
    views[1].new_field = 1;
    assert_int_equal(create(f, &views[0].view, 2, sizeof *views, OTM_VIEWS_INDEPENDENT), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(diag_recorder_count_of(&f->recorder, OTM_ERROR, "views[1]"), 1);
}

/* SDK-PROC-08 */
static void view_matching_mode_out_of_range_is_refused(void **state)
{
    view_fixture *f = *state;
    otm_view view = view_for("*");
    assert_int_equal(create(f, &view, 1, sizeof view, (otm_view_matching)2), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(diag_recorder_count_of(&f->recorder, OTM_ERROR, "view_matching"), 1);
}

static void view_array_that_cannot_be_walked_is_refused(void **state)
{
    view_fixture *f = *state;
    otm_view view = view_for("*");
    assert_int_equal(create(f, NULL, 1, sizeof view, OTM_VIEWS_INDEPENDENT), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(create(f, &view, 1, 0, OTM_VIEWS_INDEPENDENT), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(create(f, &view, 4097, sizeof view, OTM_VIEWS_INDEPENDENT), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(create(f, NULL, 0, 0, OTM_VIEWS_INDEPENDENT), OTM_OK);
}

static void view_set_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_view view = view_for("*");
    view.stream.name = "y";
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_view_set *set;
        st = otmi_view_set_create(&fa.base, &view, 1, sizeof view, OTM_VIEWS_INDEPENDENT, NULL, &set);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && set == NULL));
        otmi_view_set_destroy(set);
        assert_int_equal(fa.live, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, view_fixture_setup, view_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(view_set_copies_all_that_views_point_to),
        TEST(view_with_a_bad_selector_is_refused),
        TEST(view_with_bad_attribute_keys_is_refused),
        TEST(view_with_bad_aggregation_parameters_is_refused),
        TEST(view_with_an_empty_or_malformed_stream_name_is_refused),
        TEST(view_that_was_not_initialized_is_refused),
        TEST(view_of_a_later_release_is_accepted_without_its_new_fields),
        TEST(view_matching_mode_out_of_range_is_refused),
        TEST(view_array_that_cannot_be_walked_is_refused),
        TEST(view_set_create_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
