/* Selecting instruments, and independent views. */
#include "view_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define KEYS(...) ((const char *const[]){__VA_ARGS__})

static const double one_bound[] = {5};
static const double advised_bounds[] = {1, 2};
static const char *const advised_keys[] = {"a"};

static void resolve(view_fixture *f, const otm_view *views, size_t count)
{
    view_fixture_resolve(f, views, count, OTM_VIEWS_INDEPENDENT);
}

static otm_view aggregating_view(const char *instrument_name, otm_aggregation_kind kind)
{
    otm_view view = view_for(instrument_name);
    view.stream.aggregation.kind = (uint32_t)kind;
    return view;
}

/* True if the view took effect: its description shows. */
static bool selects(view_fixture *f, otm_view view)
{
    view.stream.description = "hit";
    resolve(f, &view, 1);
    return strcmp(view_fixture_only_stream(f)->description, "hit") == 0;
}

/* -- Selection --------------------------------------------------------------------------------------------------- */

/* SDK-SEL-01: no criterion is compulsory. */
static void view_without_criteria_selects_every_instrument(void **state)
{
    assert_true(selects(*state, view_for(NULL)));
}

/* SDK-SEL-02: exact, or a lone *; SDK-PROC-05: what is not selected keeps its defaults. */
static void view_selects_by_name(void **state)
{
    assert_true(selects(*state, view_for("req.count")));
    assert_true(selects(*state, view_for("*")));
    assert_false(selects(*state, view_for("req")));
    assert_false(selects(*state, view_for("req.count.total")));
}

/* SDK-SEL-03 */
static void view_selects_by_pattern(void **state)
{
    assert_true(selects(*state, view_for("req*")));
    assert_true(selects(*state, view_for("req.count*")));
    assert_true(selects(*state, view_for("?eq.coun?")));
    assert_false(selects(*state, view_for("req.count?")));
    assert_false(selects(*state, view_for("req[.]count")));
}

/* SDK-SEL-02: the first-seen spelling is compared as it is, although names of instruments ignore case. */
static void view_selects_by_name_case_sensitively(void **state)
{
    assert_false(selects(*state, view_for("REQ.count")));
    assert_false(selects(*state, view_for("REQ*")));
}

/* SDK-SEL-04 */
static void view_selects_by_kind(void **state)
{
    otm_view view = view_for(NULL);
    view.selector.has_kind = true;
    view.selector.kind = OTM_COUNTER;
    assert_true(selects(*state, view));
    view.selector.kind = OTM_UP_DOWN_COUNTER;
    assert_false(selects(*state, view));
}

/* SDK-SEL-05 */
static void view_selects_by_unit_case_sensitively(void **state)
{
    view_fixture *f = *state;
    otm_view view = view_for(NULL);
    view.selector.unit = "kB";
    assert_true(selects(f, view));
    view.selector.unit = "kb";
    assert_false(selects(f, view));
    view.selector.unit = "";
    assert_false(selects(f, view));
    f->instrument.unit = NULL; /* none is the empty one */
    assert_true(selects(f, view));
}

/* SDK-SEL-06, SDK-SEL-07, SDK-SEL-08 */
static void view_selects_by_meter_name_version_and_schema_url(void **state)
{
    otm_view view = view_for(NULL);
    view.selector.meter_name = "m";
    assert_true(selects(*state, view));
    view.selector.meter_name = "n";
    assert_false(selects(*state, view));
    view = view_for(NULL);
    view.selector.meter_version = "1.2";
    assert_true(selects(*state, view));
    view.selector.meter_version = "1.*"; /* patterns are for names of instruments */
    assert_false(selects(*state, view));
    view = view_for(NULL);
    view.selector.meter_schema_url = "https://example.com/1";
    assert_true(selects(*state, view));
    view.selector.meter_schema_url = "https://example.com/2";
    assert_false(selects(*state, view));
}

/* SDK-SEL-01 */
static void view_selects_only_if_all_criteria_hold(void **state)
{
    otm_view view = view_for("req*");
    view.selector.has_kind = true;
    view.selector.kind = OTM_COUNTER;
    view.selector.unit = "kB";
    view.selector.meter_name = "m";
    view.selector.meter_version = "1.2";
    view.selector.meter_schema_url = "https://example.com/1";
    assert_true(selects(*state, view));
    view.selector.meter_version = "1.3";
    assert_false(selects(*state, view));
}

/* -- Streams ----------------------------------------------------------------------------------------------------- */

/* SDK-PROC-01 */
static void instrument_without_views_gets_the_default_stream(void **state)
{
    view_fixture *f = *state;
    view_fixture_resolve_set(f);
    const otmi_stream *s = view_fixture_only_stream(f);
    assert_string_equal(s->name, "req.count");
    assert_string_equal(s->description, "own");
    assert_string_equal(s->unit, "kB");
    assert_int_equal(s->kind, OTM_COUNTER);
    assert_int_equal(s->number, OTM_NUMBER_I64);
    assert_int_equal(s->temporality, OTM_CUMULATIVE);
    assert_int_equal(s->cardinality_limit, 2000);
    assert_int_equal(s->aggregation.kind, OTM_AGGREGATION_SUM);
    assert_true(s->aggregation.monotonic);
    assert_null(s->filter);
}

/* SDK-STR-01, SDK-STR-03, SDK-VIEW-01: the name is not held to the grammar of instruments. */
static void view_sets_name_and_description(void **state)
{
    view_fixture *f = *state;
    otm_view view = view_for("req.count");
    view.stream.name = "any thing \xc3\xa9";
    view.stream.description = "new";
    resolve(f, &view, 1);
    assert_string_equal(view_fixture_only_stream(f)->name, "any thing \xc3\xa9");
    assert_string_equal(view_fixture_only_stream(f)->description, "new");
    assert_string_equal(view_fixture_only_stream(f)->unit, "kB");
    assert_int_equal(diag_recorder_count(&f->recorder), 0);
}

/* SDK-STR-03 */
static void view_may_empty_a_description(void **state)
{
    otm_view view = view_for("req.count");
    view.stream.description = "";
    resolve(*state, &view, 1);
    assert_string_equal(view_fixture_only_stream(*state)->description, "");
}

/* SDK-STR-02: such a view may select several instruments; their streams then clash, and that is warned about. */
static void view_with_a_name_may_have_a_pattern(void **state)
{
    otm_view view = view_for("*");
    view.stream.name = "y";
    resolve(*state, &view, 1);
    ASSERT_STREAMS(*state, "y");
}

/* SDK-STR-04, SDK-STR-05 */
static void view_sets_attribute_keys(void **state)
{
    otm_view view = view_for("req.count");
    view.stream.has_included_keys = true;
    view.stream.included_keys = KEYS("a*", "b");
    view.stream.included_key_count = 2;
    view.stream.excluded_keys = KEYS("ab");
    view.stream.excluded_key_count = 1;
    resolve(*state, &view, 1);
    const otmi_stream *s = view_fixture_only_stream(*state);
    assert_true(view_fixture_keeps(s, "a"));
    assert_true(view_fixture_keeps(s, "b"));
    assert_false(view_fixture_keeps(s, "ab"));
    assert_false(view_fixture_keeps(s, "c"));
}

/* SDK-INST-06, API-INST-11, SDK-STR-04: advised keys hold where no view gives any, as they are written. */
static void advised_keys_hold_unless_a_view_gives_keys(void **state)
{
    view_fixture *f = *state;
    f->instrument.has_advice_keys = true;
    f->instrument.advice_keys = advised_keys;
    f->instrument.advice_key_count = 1;
    otm_view view = view_for("req.count");
    resolve(f, &view, 1);
    assert_true(view_fixture_keeps(view_fixture_only_stream(f), "a"));
    assert_false(view_fixture_keeps(view_fixture_only_stream(f), "b"));

    view.stream.excluded_keys = KEYS("c"); /* SDK-INST-04: the view has a say on keys */
    view.stream.excluded_key_count = 1;
    resolve(f, &view, 1);
    assert_true(view_fixture_keeps(view_fixture_only_stream(f), "b"));
    assert_false(view_fixture_keeps(view_fixture_only_stream(f), "c"));

    f->instrument.advice_key_count = 0; /* an empty list keeps none */
    resolve(f, NULL, 0);
    assert_false(view_fixture_keeps(view_fixture_only_stream(f), "a"));
}

/* SDK-CARD-03, SDK-STR-09 */
static void cardinality_limit_is_the_views_else_the_readers(void **state)
{
    view_fixture *f = *state;
    f->reader.cardinality_limit[OTM_COUNTER] = 7;
    otm_view view = view_for("req.count");
    resolve(f, &view, 1);
    assert_int_equal(view_fixture_only_stream(f)->cardinality_limit, 7);
    view.stream.cardinality_limit = 3;
    resolve(f, &view, 1);
    assert_int_equal(view_fixture_only_stream(f)->cardinality_limit, 3);
}

static void temporality_is_the_readers_for_the_kind(void **state)
{
    view_fixture *f = *state;
    f->reader.temporality[OTM_COUNTER] = OTM_DELTA;
    resolve(f, NULL, 0);
    assert_int_equal(view_fixture_only_stream(f)->temporality, OTM_DELTA);
}

/* SDK-STR-07 */
static void aggregation_is_the_views_else_the_readers(void **state)
{
    view_fixture *f = *state;
    f->reader.aggregation[OTM_COUNTER].kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    otm_view view = view_for("req.count");
    resolve(f, &view, 1);
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM);
    view.stream.aggregation.kind = OTM_AGGREGATION_SUM;
    resolve(f, &view, 1);
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_SUM);
}

static void aggregation_of_the_reader_that_does_not_fit_counts_as_default(void **state)
{
    view_fixture *f = *state;
    f->instrument.kind = OTM_OBSERVABLE_GAUGE;
    f->reader.aggregation[OTM_OBSERVABLE_GAUGE].kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
    resolve(f, NULL, 0);
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_LAST_VALUE);
}

static void aggregation_of_the_reader_may_be_drop(void **state)
{
    view_fixture *f = *state;
    f->reader.aggregation[OTM_COUNTER].kind = OTM_AGGREGATION_DROP;
    resolve(f, NULL, 0);
    assert_int_equal(f->streams.count, 0);
}

static void assert_bounds(const view_fixture *f, const double *bounds, size_t count)
{
    const otmi_aggregation *a = &view_fixture_only_stream(f)->aggregation;
    assert_int_equal(a->kind, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM);
    assert_int_equal(a->bound_count, count);
    assert_memory_equal(a->bounds, bounds, count * sizeof *bounds);
}

static void advise_bounds(view_fixture *f)
{
    f->instrument.kind = OTM_HISTOGRAM;
    f->instrument.has_advice_bounds = true;
    f->instrument.advice_bounds = advised_bounds;
    f->instrument.advice_bound_count = COUNT(advised_bounds);
}

/* SDK-INST-05, API-INST-10 */
static void advised_bounds_hold_if_no_view_names_an_aggregation(void **state)
{
    view_fixture *f = *state;
    advise_bounds(f);
    resolve(f, NULL, 0);
    assert_bounds(f, advised_bounds, 2);
    otm_view view = view_for("req.count");
    resolve(f, &view, 1);
    assert_bounds(f, advised_bounds, 2);
}

/* SDK-INST-04, SDK-INST-05 */
static void advised_bounds_are_ignored_if_a_view_names_explicit_buckets(void **state)
{
    view_fixture *f = *state;
    advise_bounds(f);
    otm_view view = aggregating_view("req.count", OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM);
    resolve(f, &view, 1);
    assert_bounds(f, otmi_default_bounds, 15);
    view.stream.aggregation.has_boundaries = true;
    view.stream.aggregation.boundaries = one_bound;
    view.stream.aggregation.boundary_count = 1;
    resolve(f, &view, 1);
    assert_bounds(f, one_bound, 1);
}

/* SDK-INST-05 */
static void advised_bounds_beat_the_readers_bounds_but_not_its_exponential_default(void **state)
{
    view_fixture *f = *state;
    advise_bounds(f);
    f->reader.aggregation[OTM_HISTOGRAM] = (otm_aggregation){
        .kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, .has_boundaries = true, .omit_min_max = true,
        .boundaries = one_bound, .boundary_count = 1};
    resolve(f, NULL, 0);
    assert_bounds(f, advised_bounds, 2);
    assert_false(view_fixture_only_stream(f)->aggregation.record_min_max); /* the rest of the reader's choice stays */
    f->instrument.has_advice_bounds = false;
    resolve(f, NULL, 0);
    assert_bounds(f, one_bound, 1);
    advise_bounds(f);
    f->reader.aggregation[OTM_HISTOGRAM] = (otm_aggregation){.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM};
    resolve(f, NULL, 0);
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM);
}

/* -- Several views ----------------------------------------------------------------------------------------------- */

/* SDK-PROC-02, SDK-PROC-07 */
static void independent_views_each_make_their_own_stream(void **state)
{
    view_fixture *f = *state;
    otm_view views[] = {view_for("req.count"), view_for("req.count"), view_for("other")};
    views[0].stream.name = "y";
    views[1].stream.has_included_keys = true;
    views[1].stream.included_keys = KEYS("a");
    views[1].stream.included_key_count = 1;
    resolve(f, views, COUNT(views));
    ASSERT_STREAMS(f, "y", "req.count");
    assert_true(view_fixture_keeps(&f->streams.items[0], "b"));
    assert_false(view_fixture_keeps(&f->streams.items[1], "b"));
}

/* SDK-PROC-05 */
static void instrument_that_no_view_selects_gets_the_default_stream(void **state)
{
    otm_view view = view_for("other");
    view.stream.name = "y";
    resolve(*state, &view, 1);
    ASSERT_STREAMS(*state, "req.count");
}

/* SDK-PROC-06 */
static void drop_view_leaves_the_specific_stream_alone(void **state)
{
    view_fixture *f = *state;
    otm_view views[] = {view_for("req.count"), aggregating_view("*", OTM_AGGREGATION_DROP)};
    resolve(f, views, COUNT(views));
    ASSERT_STREAMS(f, "req.count");
    f->instrument.name = "other";
    resolve(f, views, COUNT(views));
    assert_int_equal(f->streams.count, 0);
    assert_int_equal(diag_recorder_count(&f->recorder), 0);
}

/* SDK-PROC-04 */
static void senseless_view_is_warned_about_and_as_if_not_there(void **state)
{
    view_fixture *f = *state;
    f->instrument.kind = OTM_OBSERVABLE_GAUGE;
    otm_view view = aggregating_view("req*", OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM);
    view.stream.name = "h";
    resolve(f, &view, 1);
    ASSERT_STREAMS(f, "req.count");
    assert_int_equal(view_fixture_only_stream(f)->aggregation.kind, OTM_AGGREGATION_LAST_VALUE);
    assert_int_equal(diag_recorder_count(&f->recorder), 1);
    diag_record record = diag_recorder_at(&f->recorder, 0);
    assert_int_equal(record.level, OTM_WARN);
    assert_string_equal(record.component, "view");
    assert_string_equal(record.meter, "m");
    assert_string_equal(record.instrument, "req.count");
    static const char *const parts[] = {"views[0]",        "\"req*\"",  "explicit_bucket_histogram", "observable_gauge",
                                        "\"req.count\"", "\"m\"", "expected last_value, sum, drop or default"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        assert_non_null(strstr(record.text, parts[i]));
    }
}

/* SDK-PROC-04 */
static void senseless_view_does_not_disturb_another(void **state)
{
    view_fixture *f = *state;
    f->instrument.kind = OTM_OBSERVABLE_COUNTER;
    otm_view views[] = {aggregating_view("req.count", OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM), view_for("req.count")};
    views[0].stream.name = "h";
    views[1].stream.name = "y";
    resolve(f, views, COUNT(views));
    ASSERT_STREAMS(f, "y");
    assert_int_equal(diag_recorder_count_of(&f->recorder, OTM_WARN, "views[0]"), 1);
}

/* SDK-PROC-04: the caller keeps quiet for its second reader. */
static void resolving_without_diagnostics_is_silent(void **state)
{
    view_fixture *f = *state;
    f->instrument.kind = OTM_OBSERVABLE_COUNTER;
    otm_view view = aggregating_view("*", OTM_AGGREGATION_LAST_VALUE);
    resolve(f, &view, 1);
    diag_recorder_clear(&f->recorder);
    otmi_stream_list_fini(&f->streams);
    assert_int_equal(
        otmi_view_set_resolve(f->set, &f->fa.base, &f->scope, &f->instrument, &f->reader, NULL, &f->streams), OTM_OK);
    assert_int_equal(diag_recorder_count(&f->recorder), 0);
}

static bool sets_description(view_fixture *f, const otm_view *views, size_t count)
{
    resolve(f, views, count);
    return otmi_view_set_sets_description(f->set, &f->scope, &f->instrument);
}

/* SDK-DUP-04 */
static void views_set_the_description_if_each_stream_has_one_from_a_view(void **state)
{
    otm_view views[] = {view_for("*"), view_for("req.count"), aggregating_view("*", OTM_AGGREGATION_DROP)};
    assert_false(sets_description(*state, views, 0));
    assert_false(sets_description(*state, views, 1));
    views[0].stream.description = "one";
    assert_true(sets_description(*state, views, 1));
    assert_false(sets_description(*state, views, 2));
    views[1].stream.description = "two";
    assert_true(sets_description(*state, views, 3)); /* what is dropped has no description to speak of */
    assert_false(sets_description(*state, &views[2], 1));
}

static void resolving_survives_failure_of_each_allocation(void **state)
{
    view_fixture *f = *state;
    advise_bounds(f);
    static const char *const keys[] = {"a", "b*"};
    otm_view views[6];
    for (size_t i = 0; i < COUNT(views); i++) { /* enough for the list to grow twice */
        views[i] = view_for("*");
        views[i].stream.excluded_keys = keys;
        views[i].stream.excluded_key_count = 2;
    }
    resolve(f, views, COUNT(views));
    view_fixture_assert_resolving_survives_failing_allocations(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, view_fixture_setup, view_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(view_without_criteria_selects_every_instrument),
        TEST(view_selects_by_name),
        TEST(view_selects_by_pattern),
        TEST(view_selects_by_name_case_sensitively),
        TEST(view_selects_by_kind),
        TEST(view_selects_by_unit_case_sensitively),
        TEST(view_selects_by_meter_name_version_and_schema_url),
        TEST(view_selects_only_if_all_criteria_hold),
        TEST(instrument_without_views_gets_the_default_stream),
        TEST(view_sets_name_and_description),
        TEST(view_may_empty_a_description),
        TEST(view_with_a_name_may_have_a_pattern),
        TEST(view_sets_attribute_keys),
        TEST(advised_keys_hold_unless_a_view_gives_keys),
        TEST(cardinality_limit_is_the_views_else_the_readers),
        TEST(temporality_is_the_readers_for_the_kind),
        TEST(aggregation_is_the_views_else_the_readers),
        TEST(aggregation_of_the_reader_that_does_not_fit_counts_as_default),
        TEST(aggregation_of_the_reader_may_be_drop),
        TEST(advised_bounds_hold_if_no_view_names_an_aggregation),
        TEST(advised_bounds_are_ignored_if_a_view_names_explicit_buckets),
        TEST(advised_bounds_beat_the_readers_bounds_but_not_its_exponential_default),
        TEST(independent_views_each_make_their_own_stream),
        TEST(instrument_that_no_view_selects_gets_the_default_stream),
        TEST(drop_view_leaves_the_specific_stream_alone),
        TEST(senseless_view_is_warned_about_and_as_if_not_there),
        TEST(senseless_view_does_not_disturb_another),
        TEST(resolving_without_diagnostics_is_silent),
        TEST(views_set_the_description_if_each_stream_has_one_from_a_view),
        TEST(resolving_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
