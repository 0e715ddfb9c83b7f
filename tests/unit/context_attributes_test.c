/* The attributes of a context, added to the measurements made in it (OTEP 4931). Cited as ENT-07. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/context_fixture.h"

static const char *const tenant_key[] = {"tenant"};
static const char *const user_key[] = {"user"};

/* -- Whether, and from where --------------------------------------------------------------------------------------- */

/* ENT-07: opt-in; a provider that was not asked to looks at no context's attributes. */
static void contexts_add_nothing_unless_the_provider_was_asked_to(void **state)
{
    (void)state;
    world w;
    world_plan plan = {.off = true};
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(&tenant, 1);
    otm_bound_counter_i64 *bound;
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(w.counter, &user, 1, NULL, &bound), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 1, &user, 1, &context);
    otm_bound_counter_i64_add_ctx(bound, 2, &context);
    (void)otm_context_attach(&context);
    otm_counter_i64_add(w.counter, 4, &user, 1);
    otm_bound_counter_i64_add(bound, 8);
    (void)otm_context_attach(NULL);
    assert_string_equal(collected(&w, 0), "user:7=15");
    otm_bound_counter_i64_release(bound);
    world_close(&w);
}

static bool supply(otm_context *context, void *user_data)
{
    *context = *(const otm_context *)user_data;
    return true;
}

/* ENT-07, API-SYNC-08: whatever exemplars are wanted, switched off too. */
static void context_given_attached_or_supplied_adds_its_attributes(void **state)
{
    (void)state;
    otm_attr names[] = {otm_attr_string("tenant", "given"), otm_attr_string("tenant", "held"),
                        otm_attr_string("tenant", "supplied")};
    otm_context given = context_with(&names[0], 1);
    otm_context held = context_with(&names[1], 1);
    otm_context supplied = context_with(&names[2], 1);
    for (int filter = OTM_EXEMPLARS_TRACE_BASED; filter <= OTM_EXEMPLARS_ALWAYS_OFF; filter++) {
        world w;
        world_plan plan = {.exemplar_filter = (otm_exemplar_filter)filter};
        assert_int_equal(world_open(&w, &plan), OTM_OK);
        otm_counter_i64_add_ctx(w.counter, 1, NULL, 0, &given);
        otm_context_set_supplier(supply, &supplied);
        otm_counter_i64_add(w.counter, 2, NULL, 0);
        (void)otm_context_attach(&held);
        otm_counter_i64_add(w.counter, 3, NULL, 0);
        otm_counter_i64_add_ctx(w.counter, 4, NULL, 0, &given);
        otm_counter_i64_add_ctx(w.counter, 5, NULL, 0, NULL); /* no context, whatever the thread holds */
        (void)otm_context_attach(NULL);
        otm_context_set_supplier(NULL, NULL);
        otm_counter_i64_add(w.counter, 6, NULL, 0);
        assert_string_equal(collected(&w, 0), "=11 tenant:given=5 tenant:held=3 tenant:supplied=2");
        world_close(&w);
    }
}

/* API-COMPAT-01, ENT-07: allocated at its size, so that the address sanitizer sees a read past its end. */
static void context_of_an_older_caller_has_no_attributes(void **state)
{
    (void)state;
    world w;
    world_plan plan = {0};
    size_t count = 1;
    volatile size_t old_size = offsetof(otm_context, attributes); /* unknown to the compiler, which would warn */
    otm_context *old = calloc(1, old_size);
    assert_non_null(old);
    old->struct_size = old_size;
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 1, NULL, 0, old);
    assert_string_equal(collected(&w, 0), "=1");
    assert_null(otm_context_attributes(old, &count));
    assert_int_equal(count, 0);
    assert_null(otm_context_attributes(NULL, &count));
    free(old);
    world_close(&w);
}

static void option_out_of_range_is_refused(void **state)
{
    (void)state;
    otm_meter_provider *provider;
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.context_attributes = 2;
    assert_int_equal(otm_meter_provider_create(&options, &provider), OTM_ERR_INVALID_ARGUMENT);
    otm_meter_provider_release(provider);
}

/* -- What is added ------------------------------------------------------------------------------------------------- */

/* ENT-07: lower priority than attributes of the call; of the context's own, the last of a key counts. */
static void attributes_of_the_call_outrank_those_of_the_context(void **state)
{
    (void)state;
    world w;
    world_plan plan = {0};
    otm_attr scoped[] = {otm_attr_string("tenant", "outer"), otm_attr_string("user", "outer"),
                         otm_attr_string("tenant", "inner")};
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(scoped, 3);
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 1, &user, 1, &context);
    otm_counter_i64_add_ctx(w.counter, 2, NULL, 0, &context);
    assert_string_equal(collected(&w, 0), "tenant:inner,user:7=1 tenant:inner,user:outer=2");
    assert_int_equal(diag_recorder_count(&w.diagnostics), 0);
    world_close(&w);
}

/* ATTR-01 */
static void attribute_of_a_context_without_a_key_is_left_out_and_reported(void **state)
{
    (void)state;
    world w;
    world_plan plan = {.view_count = 1};
    otm_attr scoped[] = {otm_attr_string("", "nothing"), otm_attr_string(NULL, "nothing")};
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(scoped, 2);
    otm_bound_counter_i64 *bound;
    plan.views[0] = view_keeping(NULL, user_key);
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(w.counter, &user, 1, NULL, &bound), OTM_OK);
    otm_bound_counter_i64_add_ctx(bound, 1, &context);
    otm_counter_i64_add_ctx(w.counter, 2, &user, 1, &context);
    assert_string_equal(collected(&w, 0), "user:7=3");
    assert_true(diag_recorder_count_of(&w.diagnostics, OTM_WARN, "empty key") > 0);
    otm_bound_counter_i64_release(bound);
    world_close(&w);
}

/* ENT-07: every kind of synchronous instrument, both numbers; also where a table is called with the other number. */
static void measurements_of_every_synchronous_instrument_take_them(void **state)
{
    (void)state;
    world w;
    world_plan plan = {0};
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_context context = context_with(&tenant, 1);
    otm_counter_f64 *counter;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *histogram;
    otm_gauge_i64 *gauge;
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    assert_int_equal(otm_meter_create_counter_f64(w.meter, "f", NULL, &counter), OTM_OK);
    assert_int_equal(otm_meter_create_up_down_counter_i64(w.meter, "u", NULL, &up_down), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(w.meter, "h", NULL, &histogram), OTM_OK);
    assert_int_equal(otm_meter_create_gauge_i64(w.meter, "g", NULL, &gauge), OTM_OK);
    (void)otm_context_attach(&context);
    otm_counter_f64_add(counter, 4.0, NULL, 0);
    otm_up_down_counter_i64_add(up_down, -3, NULL, 0);
    otm_histogram_f64_record(histogram, 0.5, NULL, 0);
    otm_gauge_i64_record(gauge, 2, NULL, 0);
    otm_instrument *as_any = (otm_instrument *)w.counter;
    as_any->ops->record_f64(as_any, 5.0, NULL, 0);
    as_any->ops->record_f64_ctx(as_any, 0.5, NULL, 0, &context); /* not a whole number: refused */
    otm_counter_i64_add(w.counter, -1, NULL, 0);                 /* refused */
    (void)otm_context_attach(NULL);
    assert_string_equal(collected(&w, 0), "tenant:acme=-3 tenant:acme=1 tenant:acme=2 tenant:acme=4 tenant:acme=5");
    assert_int_equal(diag_recorder_count_of(&w.diagnostics, OTM_WARN, "was refused"), 2);
    otm_counter_f64_release(counter);
    otm_up_down_counter_i64_release(up_down);
    otm_histogram_f64_release(histogram);
    otm_gauge_i64_release(gauge);
    world_close(&w);
}

static otm_context observed_in;

static void observe(otm_observer *observer, void *user_data)
{
    (void)user_data;
    const otm_context *before = otm_context_attach(&observed_in);
    otm_observe_i64(observer, NULL, 9, NULL, 0);
    (void)otm_context_attach(before);
}

/* ENT-07: asynchronous instruments are not covered. */
static void observations_take_none(void **state)
{
    (void)state;
    world w;
    world_plan plan = {0};
    otm_observable *observable;
    otm_instrument_options options;
    otm_attr tenant = otm_attr_string("tenant", "acme");
    observed_in = context_with(&tenant, 1);
    otm_instrument_options_init(&options);
    options.callback = observe;
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    assert_int_equal(otm_meter_create_observable_counter_i64(w.meter, "o", &options, &observable), OTM_OK);
    (void)otm_context_attach(&observed_in);
    assert_string_equal(collected(&w, 0), "=9");
    (void)otm_context_attach(NULL);
    otm_observable_release(observable);
    world_close(&w);
}

/* -- Before everything else ---------------------------------------------------------------------------------------- */

/* ENT-07: views judge the added keys as they judge the others; here one stream each. */
static void views_keep_and_drop_them(void **state)
{
    (void)state;
    world w;
    world_plan plan = {.view_count = 2};
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(&tenant, 1);
    plan.views[0] = view_keeping("by_tenant", tenant_key);
    plan.views[1] = view_keeping("by_user", user_key);
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 3, &user, 1, &context);
    assert_string_equal(collected(&w, 0), "tenant:acme=3 user:7=3");
    otm_counter_i64_add_ctx(w.counter, -1, &user, 1, &context);
    assert_string_equal(collected(&w, 0), "tenant:acme=3 user:7=3");
    assert_int_equal(diag_recorder_count_of(&w.diagnostics, OTM_WARN, "was refused"), 1);
    world_close(&w);
}

/* ENT-07 */
static void advised_keys_keep_and_drop_them(void **state)
{
    (void)state;
    otm_attr scoped[] = {otm_attr_string("tenant", "acme"), otm_attr_string("zone", "z")};
    otm_context context = context_with(scoped, 2);
    world w;
    world_plan plan = {.advised_keys = tenant_key, .advised_key_count = 1};
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 3, NULL, 0, &context);
    assert_string_equal(collected(&w, 0), "tenant:acme=3");
    world_close(&w);
}

/* ENT-07: each of their sets counts against the limit, under both temporalities. */
static void sets_beyond_the_limit_overflow(void **state)
{
    (void)state;
    world w;
    world_plan plan = {.both = true, .cardinality_limit = 2};
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    for (int i = 0; i < 5; i++) {
        otm_attr tenant = otm_attr_i64("tenant", i);
        otm_context context = context_with(&tenant, 1);
        otm_counter_i64_add_ctx(w.counter, 1, NULL, 0, &context);
        otm_counter_i64_add_ctx(w.counter, 1, NULL, 0, &context);
    }
    for (size_t reader = 0; reader < 2; reader++) {
        assert_string_equal(collected(&w, reader), "otel.metric.overflow:1=6 tenant:0=2 tenant:1=2");
    }
    world_close(&w);
}

/* ENT-07, SDK-EX-13: exemplars show those that were dropped, with the value that counted. */
static void exemplars_keep_those_that_a_view_drops(void **state)
{
    (void)state;
    world w;
    world_plan plan = {.view_count = 1};
    otm_attr scoped[] = {otm_attr_string("tenant", "acme"), otm_attr_string("user", "nobody")};
    otm_attr attrs[] = {otm_attr_i64("a", 1), otm_attr_i64("user", 7)};
    otm_context context = context_with(scoped, 2);
    static const char *const a[] = {"a"};
    plan.views[0] = view_keeping(NULL, a);
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 3, attrs, 2, &context);
    assert_string_equal(collected_exemplar(&w, 0), "tenant:acme,user:7");
    assert_string_equal(collected(&w, 0), "a:1=3");
    world_close(&w);
}

/* ENT-07, under delta: every interval has the sets that were measured in it. */
static void intervals_of_delta_have_their_own_sets(void **state)
{
    (void)state;
    world w;
    world_plan plan = {.delta = true};
    otm_attr names[] = {otm_attr_string("tenant", "acme"), otm_attr_string("tenant", "zeta")};
    otm_context acme = context_with(&names[0], 1);
    otm_context zeta = context_with(&names[1], 1);
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 3, NULL, 0, &acme);
    assert_string_equal(collected(&w, 0), "tenant:acme=3");
    otm_counter_i64_add_ctx(w.counter, 4, NULL, 0, &zeta);
    otm_counter_i64_add(w.counter, 5, NULL, 0);
    assert_string_equal(collected(&w, 0), "=5 tenant:zeta=4");
    assert_string_equal(collected(&w, 0), "");
    world_close(&w);
}

/* -- Memory, threads ----------------------------------------------------------------------------------------------- */

/* ENT-07: known sets cost no memory, those with a key that is overridden neither. */
static void known_sets_are_recorded_without_allocating(void **state)
{
    (void)state;
    failing_alloc fa;
    world w;
    failing_alloc_init(&fa, 0);
    world_plan plan = {.allocator = &fa.base, .view_count = 1};
    otm_attr scoped[] = {otm_attr_string("tenant", "outer"), otm_attr_string("user", "nobody"),
                         otm_attr_string("tenant", "inner"), otm_attr_string("zone", "dropped")};
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(scoped, 4);
    static const char *const zone[] = {"zone"};
    otm_view_init(&plan.views[0]);
    plan.views[0].stream.excluded_keys = zone;
    plan.views[0].stream.excluded_key_count = 1;
    plan.exemplar_filter = OTM_EXEMPLARS_ALWAYS_OFF;
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 1, &user, 1, &context);
    uint64_t before = fa.requests;
    for (int i = 0; i < 9; i++) {
        otm_counter_i64_add_ctx(w.counter, 1, &user, 1, &context);
    }
    assert_int_equal(fa.requests, before);
    assert_string_equal(collected(&w, 0), "tenant:inner,user:7=10");
    world_close(&w);
    assert_int_equal(fa.live, 0);
}

#define MANY 100

/* Beyond what the stack has room for. */
static void many_attributes_are_joined_in_memory_of_their_own(void **state)
{
    (void)state;
    failing_alloc fa;
    world w;
    failing_alloc_init(&fa, 0);
    world_plan plan = {.allocator = &fa.base, .exemplar_filter = OTM_EXEMPLARS_ALWAYS_OFF};
    static char keys[2 * MANY][8];
    otm_attr attrs[2 * MANY];
    for (size_t i = 0; i < 2 * MANY; i++) {
        keys[i][0] = i < MANY ? 's' : 'k';
        keys[i][1] = (char)('a' + i % MANY / 10);
        keys[i][2] = (char)('a' + i % 10);
        attrs[i] = otm_attr_i64(keys[i], (int64_t)i);
    }
    otm_context context = context_with(attrs, MANY);
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 1, attrs + MANY, MANY, &context);
    int64_t live = fa.live;
    otm_counter_i64_add_ctx(w.counter, 1, attrs + MANY, MANY, &context);
    assert_int_equal(fa.live, live);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(w.readers[0], 0, &data), OTM_OK);
    const otm_metric *metric = otm_scope_metric(otm_resource_scope(otm_data_resource(data, 0), 0), 0);
    assert_int_equal(metric->point_count, 1);
    assert_int_equal(otm_metric_point(metric, 0)->attribute_count, 2 * MANY);
    assert_int_equal(otm_metric_point(metric, 0)->data.number.as.i64, 2);
    otm_reader_return(w.readers[0], data);

    fa.fail_at = fa.requests + 1; /* now there is no memory for them */
    errno = EDOM;
    otm_counter_i64_add_ctx(w.counter, 1, attrs + MANY, MANY, &context);
    assert_int_equal(errno, EDOM);
    assert_int_equal(diag_recorder_count_of(&w.diagnostics, OTM_ERROR, "it was dropped"), 1);
    world_close(&w);
    assert_int_equal(fa.live, 0);
}

static void recording_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    otm_attr tenant = otm_attr_string("tenant", "acme");
    otm_attr user = otm_attr_i64("user", 7);
    otm_context context = context_with(&tenant, 1);
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        world w;
        failing_alloc_init(&fa, n);
        world_plan plan = {.allocator = &fa.base, .view_count = 1};
        plan.views[0] = view_keeping(NULL, user_key);
        if (world_open(&w, &plan) == OTM_OK) {
            const otm_metrics_data *data = NULL;
            otm_bound_counter_i64 *bound;
            (void)otm_counter_i64_bind(w.counter, &user, 1, NULL, &bound);
            otm_counter_i64_add_ctx(w.counter, 1, &user, 1, &context);
            otm_bound_counter_i64_add_ctx(bound, 1, &context);
            if (otm_reader_collect(w.readers[0], 0, &data) == OTM_OK) {
                otm_reader_return(w.readers[0], data);
            }
            otm_bound_counter_i64_release(bound);
        }
        world_close(&w);
        failed = failing_alloc_failed(&fa);
        assert_int_equal(fa.live, 0);
    }
}

#define THREADS 4
#define PER_THREAD 2000

typedef struct worker {
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    int64_t id;
} worker;

static void *work(void *argument)
{
    const worker *me = argument;
    otm_attr tenant = otm_attr_i64("tenant", me->id);
    otm_context context = context_with(&tenant, 1);
    for (int i = 0; i < PER_THREAD; i++) {
        const otm_context *before = otm_context_attach(i % 2 == 0 ? &context : NULL);
        otm_counter_i64_add(me->counter, 1, NULL, 0);
        otm_bound_counter_i64_add(me->bound, 1);
        (void)otm_context_attach(before);
    }
    return NULL;
}

/* ENT-07: each thread's measurements take those of its own context, while a reader collects. */
static void threads_record_in_contexts_of_their_own(void **state)
{
    (void)state;
    world w;
    world_plan plan = {0};
    pthread_t threads[THREADS];
    worker workers[THREADS];
    otm_bound_counter_i64 *bound;
    otm_attr handle = otm_attr_string("by", "handle");
    assert_int_equal(world_open(&w, &plan), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(w.counter, &handle, 1, NULL, &bound), OTM_OK);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){w.counter, bound, i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        (void)collected(&w, 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_string_equal(collected(&w, 0), "=4000 by:handle,tenant:0=1000 by:handle,tenant:1=1000 "
                                          "by:handle,tenant:2=1000 by:handle,tenant:3=1000 by:handle=4000 "
                                          "tenant:0=1000 tenant:1=1000 tenant:2=1000 tenant:3=1000");
    otm_bound_counter_i64_release(bound);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contexts_add_nothing_unless_the_provider_was_asked_to),
        cmocka_unit_test(context_given_attached_or_supplied_adds_its_attributes),
        cmocka_unit_test(context_of_an_older_caller_has_no_attributes),
        cmocka_unit_test(option_out_of_range_is_refused),
        cmocka_unit_test(attributes_of_the_call_outrank_those_of_the_context),
        cmocka_unit_test(attribute_of_a_context_without_a_key_is_left_out_and_reported),
        cmocka_unit_test(measurements_of_every_synchronous_instrument_take_them),
        cmocka_unit_test(observations_take_none),
        cmocka_unit_test(views_keep_and_drop_them),
        cmocka_unit_test(advised_keys_keep_and_drop_them),
        cmocka_unit_test(sets_beyond_the_limit_overflow),
        cmocka_unit_test(exemplars_keep_those_that_a_view_drops),
        cmocka_unit_test(intervals_of_delta_have_their_own_sets),
        cmocka_unit_test(known_sets_are_recorded_without_allocating),
        cmocka_unit_test(many_attributes_are_joined_in_memory_of_their_own),
        cmocka_unit_test(recording_survives_failure_of_each_allocation),
        cmocka_unit_test(threads_record_in_contexts_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
