/* Bound handles and the attributes of contexts: the handle's are a call's attributes (OTEP 4931). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/context_fixture.h"

static const otm_exemplar_filter filters[] = {OTM_EXEMPLARS_TRACE_BASED, OTM_EXEMPLARS_ALWAYS_ON,
                                              OTM_EXEMPLARS_ALWAYS_OFF};
#define FILTERS (sizeof filters / sizeof filters[0])

/* ENT-07: the series of both; what is measured outside of the context stays in the handle's. */
static void handle_records_its_attributes_and_those_of_the_context(void **state)
{
    (void)state;
    otm_attr scoped[] = {otm_attr_string("tenant", "acme"), otm_attr_string("user", "nobody")};
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(scoped, 2);
    for (size_t f = 0; f < FILTERS; f++) {
        world w;
        world_plan plan = {.both = true, .exemplar_filter = filters[f]};
        otm_bound_counter_i64 *bound;
        assert_int_equal(world_open(&w, &plan), OTM_OK);
        assert_int_equal(otm_counter_i64_bind(w.counter, &user, 1, NULL, &bound), OTM_OK);
        otm_bound_counter_i64_add(bound, 1);
        otm_bound_counter_i64_add_ctx(bound, 2, &context);
        (void)otm_context_attach(&context);
        otm_bound_counter_i64_add(bound, 4);
        (void)otm_context_attach(NULL);
        otm_bound_counter_i64_add(bound, 8);
        assert_string_equal(collected(&w, 0), "tenant:acme,user:7=6 user:7=9");
        assert_string_equal(collected(&w, 1), "tenant:acme,user:7=6 user:7=9");
        otm_bound_counter_i64_add(bound, 1);
        otm_bound_counter_i64_add_ctx(bound, 2, &context);
        assert_string_equal(collected(&w, 0), "tenant:acme,user:7=8 user:7=10");
        assert_string_equal(collected(&w, 1), "tenant:acme,user:7=2 user:7=1");
        otm_bound_counter_i64_release(bound);
        world_close(&w);
    }
}

/* Operations are made for a shape; each has to look at the context, also where no exemplar is wanted of it. */
static void handles_of_every_shape_look_at_the_context(void **state)
{
    (void)state;
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_context context = context_with(&tenant, 1);
    context.trace_flags = 0;
    for (int delta = 0; delta < 2; delta++) {
        world w;
        world_plan plan = {.delta = delta != 0};
        otm_counter_f64 *counter;
        otm_histogram_f64 *histogram;
        otm_gauge_i64 *gauge;
        otm_bound_counter_f64 *bound_counter;
        otm_bound_histogram_f64 *bound_histogram;
        otm_bound_gauge_i64 *bound_gauge;
        assert_int_equal(world_open(&w, &plan), OTM_OK);
        assert_int_equal(otm_meter_create_counter_f64(w.meter, "f", NULL, &counter), OTM_OK);
        assert_int_equal(otm_meter_create_histogram_f64(w.meter, "h", NULL, &histogram), OTM_OK);
        assert_int_equal(otm_meter_create_gauge_i64(w.meter, "g", NULL, &gauge), OTM_OK);
        assert_int_equal(otm_counter_f64_bind(counter, NULL, 0, NULL, &bound_counter), OTM_OK);
        assert_int_equal(otm_histogram_f64_bind(histogram, NULL, 0, NULL, &bound_histogram), OTM_OK);
        assert_int_equal(otm_gauge_i64_bind(gauge, NULL, 0, NULL, &bound_gauge), OTM_OK);
        (void)otm_context_attach(&context);
        otm_bound_counter_f64_add(bound_counter, 4.0);
        otm_bound_histogram_f64_record(bound_histogram, 0.5);
        otm_bound_gauge_i64_record(bound_gauge, 2);
        otm_bound_counter_f64_add(bound_counter, -1.0); /* refused */
        (void)otm_context_attach(NULL);
        assert_string_equal(collected(&w, 0), "tenant:acme=1 tenant:acme=2 tenant:acme=4");
        assert_int_equal(diag_recorder_count_of(&w.diagnostics, OTM_WARN, "was refused"), 1);
        otm_bound_counter_f64_release(bound_counter);
        otm_bound_histogram_f64_release(bound_histogram);
        otm_bound_gauge_i64_release(bound_gauge);
        otm_counter_f64_release(counter);
        otm_histogram_f64_release(histogram);
        otm_gauge_i64_release(gauge);
        world_close(&w);
    }
}

/* The typed calls never do so; callers of the tables may. */
static void handles_called_with_the_other_number_look_at_the_context(void **state)
{
    (void)state;
    world w;
    world_plan plan = {0};
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_context context = context_with(&tenant, 1);
    otm_counter_f64 *doubles;
    otm_bound_counter_f64 *bound_double;
    otm_bound_counter_i64 *bound_integer;
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    assert_int_equal(otm_meter_create_counter_f64(w.meter, "f", NULL, &doubles), OTM_OK);
    assert_int_equal(otm_counter_f64_bind(doubles, NULL, 0, NULL, &bound_double), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(w.counter, NULL, 0, NULL, &bound_integer), OTM_OK);
    otm_bound *of_doubles = (otm_bound *)bound_double;
    otm_bound *of_integers = (otm_bound *)bound_integer;
    for (int inside = 0; inside < 2; inside++) {
        (void)otm_context_attach(inside ? &context : NULL);
        of_doubles->ops->record_i64(of_doubles, 1);
        of_doubles->ops->record_i64_ctx(of_doubles, 2, &context);
        of_integers->ops->record_f64(of_integers, 4.0);
        of_integers->ops->record_f64_ctx(of_integers, 8.0, &context);
        of_integers->ops->record_f64(of_integers, 0.5);               /* refused, as is the next */
        of_integers->ops->record_f64_ctx(of_integers, 0.5, &context);
    }
    (void)otm_context_attach(NULL);
    assert_string_equal(collected(&w, 0), "=1 =4 tenant:acme=20 tenant:acme=5");
    assert_int_equal(diag_recorder_count_of(&w.diagnostics, OTM_WARN, "was refused"), 4);
    otm_bound_counter_f64_release(bound_double);
    otm_bound_counter_i64_release(bound_integer);
    otm_counter_f64_release(doubles);
    world_close(&w);
}

/* ENT-07, SDK-BIND-03: where nothing of the context is left in the series, the handle's is it, wherever that is. */
static void handle_keeps_its_series_where_the_context_changes_nothing(void **state)
{
    (void)state;
    static const char *const user_key[] = {"user"};
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_attr users[] = {otm_attr_i64("user", 1), otm_attr_i64("user", 2), otm_attr_i64("user", 3)};
    otm_context dropped = context_with(&tenant, 1);
    otm_context overridden = context_with(&users[0], 1);
    for (int both = 0; both < 2; both++) {
        world w;
        world_plan plan = {.both = both != 0, .view_count = 1, .cardinality_limit = 2};
        otm_bound_counter_i64 *bound[3];
        plan.views[0] = view_keeping(NULL, user_key);
        assert_int_equal(world_open(&w, &plan), OTM_OK);
        for (size_t i = 0; i < 3; i++) { /* the last one is in the overflow series */
            assert_int_equal(otm_counter_i64_bind(w.counter, &users[i], 1, NULL, &bound[i]), OTM_OK);
            otm_bound_counter_i64_add_ctx(bound[i], 1, &dropped);
            otm_bound_counter_i64_add_ctx(bound[i], 2, &overridden);
        }
        for (size_t reader = 0; reader < (both ? 2u : 1u); reader++) {
            assert_string_equal(collected(&w, reader), "otel.metric.overflow:1=3 user:1=3 user:2=3");
        }
        otm_bound_counter_i64_release(bound[0]);
        assert_int_equal(otm_counter_i64_remove(w.counter, &users[0], 1), OTM_OK);
        otm_bound_counter_i64_add_ctx(bound[2], 4, &dropped); /* it does not take the place by itself */
        otm_series_value value;
        otm_series_value_init(&value);
        assert_int_equal(otm_bound_counter_i64_peek(bound[1], &value), OTM_OK);
        assert_int_equal(value.i64, 3);
        assert_non_null(strstr(collected(&w, 0), "otel.metric.overflow:1=7"));
        otm_bound_counter_i64_release(bound[1]);
        otm_bound_counter_i64_release(bound[2]);
        world_close(&w);
    }
}

/* ENT-07: each stream has its own filter; exemplars show what was dropped of either. */
static void streams_of_a_handle_each_keep_what_they_are_to(void **state)
{
    (void)state;
    static const char *const keys[][1] = {{"tenant"}, {"user"}};
    otm_attr scoped[] = {otm_attr_string("tenant", "acme"), otm_attr_string("user", "nobody")};
    otm_attr attrs[] = {otm_attr_i64("a", 1), otm_attr_i64("user", 7)};
    otm_context context = context_with(scoped, 2);
    for (size_t f = 0; f < FILTERS; f++) {
        world w;
        world_plan plan = {.view_count = 2, .exemplar_filter = filters[f]};
        otm_bound_counter_i64 *bound;
        plan.views[0] = view_keeping("by_tenant", keys[0]);
        plan.views[1] = view_keeping("by_user", keys[1]);
        assert_int_equal(world_open(&w, &plan), OTM_OK);
        assert_int_equal(otm_counter_i64_bind(w.counter, attrs, 2, NULL, &bound), OTM_OK);
        otm_bound_counter_i64_add_ctx(bound, 3, &context);
        assert_string_equal(collected(&w, 0), "tenant:acme=3 user:7=3");
        otm_bound_counter_i64_release(bound);
        world_close(&w);
    }
    for (size_t i = 0; i < 2; i++) {
        world w;
        world_plan plan = {.view_count = 1};
        otm_bound_counter_i64 *bound;
        plan.views[0] = view_keeping(NULL, keys[i]);
        assert_int_equal(world_open(&w, &plan), OTM_OK);
        assert_int_equal(otm_counter_i64_bind(w.counter, attrs, 2, NULL, &bound), OTM_OK);
        otm_bound_counter_i64_add_ctx(bound, 3, &context);
        assert_string_equal(collected_exemplar(&w, 0), i == 0 ? "a:1,user:7" : "a:1,tenant:acme");
        otm_bound_counter_i64_release(bound);
        world_close(&w);
    }
}

static void known_sets_are_recorded_without_allocating(void **state)
{
    (void)state;
    failing_alloc fa;
    world w;
    failing_alloc_init(&fa, 0);
    world_plan plan = {.allocator = &fa.base, .exemplar_filter = OTM_EXEMPLARS_ALWAYS_OFF};
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(&tenant, 1);
    otm_bound_counter_i64 *bound;
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(w.counter, &user, 1, NULL, &bound), OTM_OK);
    otm_bound_counter_i64_add_ctx(bound, 1, &context);
    uint64_t before = fa.requests;
    for (int i = 0; i < 9; i++) {
        otm_bound_counter_i64_add_ctx(bound, 1, &context);
    }
    assert_int_equal(fa.requests, before);
    assert_string_equal(collected(&w, 0), "tenant:acme,user:7=10");
    otm_bound_counter_i64_release(bound);
    world_close(&w);
    assert_int_equal(fa.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle_records_its_attributes_and_those_of_the_context),
        cmocka_unit_test(handles_of_every_shape_look_at_the_context),
        cmocka_unit_test(handles_called_with_the_other_number_look_at_the_context),
        cmocka_unit_test(handle_keeps_its_series_where_the_context_changes_nothing),
        cmocka_unit_test(streams_of_a_handle_each_keep_what_they_are_to),
        cmocka_unit_test(known_sets_are_recorded_without_allocating),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
