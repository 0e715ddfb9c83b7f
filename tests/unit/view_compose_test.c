/* Composable views. */
#include "view_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KEYS(...) ((const char *const[]){__VA_ARGS__})

static void compose(view_fixture *f, const otm_view *views, size_t count)
{
    view_fixture_resolve(f, views, count, OTM_VIEWS_COMPOSABLE);
}

static otm_view named_view(const char *stream_name)
{
    otm_view view = view_for("req.count");
    view.stream.name = stream_name;
    return view;
}

static otm_view aggregating_view(otm_aggregation_kind kind)
{
    otm_view view = named_view(NULL);
    view.stream.has_aggregation = true;
    view.stream.aggregation.kind = (uint32_t)kind;
    return view;
}

static otm_view including_view(const char *const *keys, size_t count)
{
    otm_view view = named_view(NULL);
    view.stream.has_included_keys = true;
    view.stream.included_keys = keys;
    view.stream.included_key_count = count;
    return view;
}

/* SDK-PROC-09 */
static void composed_views_give_a_stream_for_each_name_and_unnamed_ones_join_all(void **state)
{
    view_fixture *f = *state;
    otm_view views[] = {named_view("y"), including_view(KEYS("a", "b"), 2), named_view("z"), named_view(NULL)};
    views[2].stream.excluded_keys = KEYS("b");
    views[2].stream.excluded_key_count = 1;
    views[3].stream.description = "one";
    compose(f, views, COUNT(views));
    ASSERT_STREAMS(f, "y", "z");
    for (size_t i = 0; i < 2; i++) {
        const otmi_stream *s = &f->streams.items[i];
        assert_string_equal(s->description, "one");
        assert_true(view_fixture_keeps(s, "a"));
        assert_int_equal(view_fixture_keeps(s, "b"), strcmp(s->name, "y") == 0);
        assert_false(view_fixture_keeps(s, "c"));
    }
}

/* SDK-PROC-09 */
static void composed_views_of_one_name_make_one_stream(void **state)
{
    otm_view views[] = {named_view("y"), named_view("y")};
    views[1].stream.description = "one";
    compose(*state, views, COUNT(views));
    ASSERT_STREAMS(*state, "y");
    assert_string_equal(view_fixture_only_stream(*state)->description, "one");
}

/* SDK-PROC-09, SDK-PROC-05 */
static void composed_views_without_a_name_make_one_stream_under_the_instruments(void **state)
{
    otm_view views[] = {named_view(NULL), view_for("*"), view_for("other")};
    views[2].stream.name = "y";
    compose(*state, views, COUNT(views));
    ASSERT_STREAMS(*state, "req.count");
    compose(*state, &views[2], 1);
    ASSERT_STREAMS(*state, "req.count");
    compose(*state, NULL, 0);
    ASSERT_STREAMS(*state, "req.count");
}

/* SDK-PROC-10 */
static void composed_views_let_the_last_one_that_sets_an_aspect_win(void **state)
{
    static const double first[] = {1};
    static const double last[] = {2, 5};
    view_fixture *f = *state;
    f->instrument.kind = OTM_HISTOGRAM;
    otm_view views[] = {aggregating_view(OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM),
                        aggregating_view(OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM), view_for("*")};
    views[0].stream.aggregation.has_boundaries = true;
    views[0].stream.aggregation.omit_min_max = true;
    views[0].stream.aggregation.boundaries = first;
    views[0].stream.aggregation.boundary_count = 1;
    views[0].stream.description = "one";
    views[0].stream.cardinality_limit = 5;
    views[1].stream.aggregation.has_boundaries = true;
    views[1].stream.aggregation.boundaries = last;
    views[1].stream.aggregation.boundary_count = 2;
    views[1].stream.description = "two";
    views[1].stream.cardinality_limit = 6;
    compose(f, views, COUNT(views));
    const otmi_stream *s = view_fixture_only_stream(f);
    assert_string_equal(s->description, "two");
    assert_int_equal(s->cardinality_limit, 6);
    assert_int_equal(s->aggregation.bound_count, 2);
    assert_true(s->aggregation.record_min_max); /* an aggregation comes with all its parameters */
}

/* SDK-PROC-10 */
static void composed_view_that_leaves_an_aspect_open_does_not_reset_it(void **state)
{
    otm_view views[] = {named_view(NULL), including_view(KEYS("a"), 1), view_for("*")};
    views[0].stream.description = "one";
    compose(*state, views, COUNT(views));
    assert_string_equal(view_fixture_only_stream(*state)->description, "one");
    assert_false(view_fixture_keeps(view_fixture_only_stream(*state), "b"));
}

/* SDK-PROC-10 */
static void composed_drop_counts_if_it_is_the_last_aggregation(void **state)
{
    view_fixture *f = *state;
    otm_view views[] = {aggregating_view(OTM_AGGREGATION_SUM), aggregating_view(OTM_AGGREGATION_DROP),
                        aggregating_view(OTM_AGGREGATION_SUM)};
    compose(f, views, 2);
    assert_int_equal(f->streams.count, 0);
    compose(f, views, 3);
    ASSERT_STREAMS(f, "req.count");
}

/* SDK-PROC-10: DEFAULT given on purpose undoes an earlier choice; not given it does not. */
static void composed_default_aggregation_counts_only_where_it_is_given(void **state)
{
    view_fixture *f = *state;
    otm_view views[] = {aggregating_view(OTM_AGGREGATION_DROP), aggregating_view(OTM_AGGREGATION_DEFAULT)};
    compose(f, views, 2);
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_SUM);
    views[1].stream.has_aggregation = false;
    compose(f, views, 2);
    assert_int_equal(f->streams.count, 0);
}

/* SDK-PROC-11 */
static void composed_allow_lists_are_all_to_be_passed(void **state)
{
    otm_view views[] = {including_view(KEYS("a", "b"), 2), including_view(KEYS("b", "c"), 2)};
    compose(*state, views, COUNT(views));
    assert_false(view_fixture_keeps(view_fixture_only_stream(*state), "a"));
    assert_true(view_fixture_keeps(view_fixture_only_stream(*state), "b"));
    assert_false(view_fixture_keeps(view_fixture_only_stream(*state), "c"));
}

/* SDK-PROC-12: the nearest earlier valid setting of the group, and other aspects stay. */
static void composed_senseless_aggregation_is_replaced_and_warned_about(void **state)
{
    view_fixture *f = *state;
    f->instrument.kind = OTM_OBSERVABLE_GAUGE;
    otm_view views[] = {aggregating_view(OTM_AGGREGATION_SUM),
                        aggregating_view(OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM)};
    views[1].stream.description = "one";
    compose(f, views, 2);
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_SUM);
    assert_string_equal(view_fixture_only_stream(f)->description, "one");
    assert_int_equal(diag_recorder_count(&f->recorder), 1);
    assert_int_equal(diag_recorder_count_of(&f->recorder, OTM_WARN, "views[1]"), 1);
    compose(f, &views[1], 1);
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_LAST_VALUE);
}

/* SDK-PROC-12: one warning, however many groups the view joins. */
static void composed_senseless_view_is_warned_about_once(void **state)
{
    view_fixture *f = *state;
    f->instrument.kind = OTM_OBSERVABLE_COUNTER;
    otm_view views[] = {named_view("y"), named_view("z"), aggregating_view(OTM_AGGREGATION_LAST_VALUE)};
    compose(f, views, COUNT(views));
    ASSERT_STREAMS(f, "y", "z");
    assert_int_equal(diag_recorder_count(&f->recorder), 1);
}

/* SDK-PROC-12, SDK-INST-06, SDK-INST-05: advice holds for what no view of the group sets. */
static void composed_views_beat_advice_only_on_what_they_set(void **state)
{
    static const double bounds[] = {1, 2};
    static const char *const keys[] = {"a"};
    view_fixture *f = *state;
    f->instrument.kind = OTM_HISTOGRAM;
    f->instrument.has_advice_keys = true;
    f->instrument.advice_keys = keys;
    f->instrument.advice_key_count = 1;
    f->instrument.has_advice_bounds = true;
    f->instrument.advice_bounds = bounds;
    f->instrument.advice_bound_count = 2;
    otm_view views[] = {named_view(NULL), including_view(KEYS("b"), 1)};
    views[0].stream.description = "one";
    compose(f, views, 1);
    assert_false(view_fixture_keeps(view_fixture_only_stream(f), "b"));
    assert_int_equal(view_fixture_only_stream(f)->aggregation.bound_count, 2);
    compose(f, views, 2);
    assert_true(view_fixture_keeps(view_fixture_only_stream(f), "b"));
    assert_int_equal(view_fixture_only_stream(f)->aggregation.bound_count, 2);
}

/* SDK-DUP-04 */
static void composed_views_set_the_description_if_each_group_has_one(void **state)
{
    view_fixture *f = *state;
    otm_view views[] = {named_view("y"), named_view("z"), named_view(NULL)};
    views[0].stream.description = "one";
    compose(f, views, COUNT(views));
    assert_false(otmi_view_set_sets_description(f->set, &f->scope, &f->instrument));
    views[2].stream.description = "two";
    compose(f, views, COUNT(views));
    assert_true(otmi_view_set_sets_description(f->set, &f->scope, &f->instrument));
}

static void composing_survives_failure_of_each_allocation(void **state)
{
    view_fixture *f = *state;
    otm_view views[] = {named_view("y"), named_view("z"), including_view(KEYS("a", "b*"), 2)};
    compose(f, views, COUNT(views));
    view_fixture_assert_resolving_survives_failing_allocations(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, view_fixture_setup, view_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(composed_views_give_a_stream_for_each_name_and_unnamed_ones_join_all),
        TEST(composed_views_of_one_name_make_one_stream),
        TEST(composed_views_without_a_name_make_one_stream_under_the_instruments),
        TEST(composed_views_let_the_last_one_that_sets_an_aspect_win),
        TEST(composed_view_that_leaves_an_aspect_open_does_not_reset_it),
        TEST(composed_drop_counts_if_it_is_the_last_aggregation),
        TEST(composed_default_aggregation_counts_only_where_it_is_given),
        TEST(composed_allow_lists_are_all_to_be_passed),
        TEST(composed_senseless_aggregation_is_replaced_and_warned_about),
        TEST(composed_senseless_view_is_warned_about_once),
        TEST(composed_views_beat_advice_only_on_what_they_set),
        TEST(composed_views_set_the_description_if_each_group_has_one),
        TEST(composing_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
