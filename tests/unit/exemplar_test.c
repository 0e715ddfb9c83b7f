/* Exemplars through the public API: contexts, filters, reservoirs of the host's, bound handles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "support/failing_alloc.h"

typedef struct world {
    otm_reader *readers[2];
    otm_meter_provider *provider;
    otm_counter_i64 *counter;
} world;

static otm_status world_init(world *w, otm_exemplar_filter filter, const otm_view *view, size_t reader_count,
                             const otm_allocator *allocator)
{
    otm_reader_options reader;
    otm_meter_provider_options options;
    memset(w, 0, sizeof *w);
    otm_reader_options_init(&reader);
    reader.allocator = allocator;
    otm_meter_provider_options_init(&options);
    options.allocator = allocator;
    options.exemplar_filter = filter;
    options.views = view;
    options.view_count = view != NULL;
    options.readers = w->readers;
    otm_status st = OTM_OK;
    for (size_t i = 0; i < reader_count && st == OTM_OK; i++) {
        st = otm_manual_reader_create(&reader, &w->readers[i]);
        options.reader_count = i + (st == OTM_OK);
    }
    st = st == OTM_OK ? otm_meter_provider_create(&options, &w->provider) : st;
    otm_meter *meter = otm_meter_provider_get_meter(w->provider, "exemplars", NULL);
    otm_status created = otm_meter_create_counter_i64(meter, "c", NULL, &w->counter);
    otm_meter_release(meter);
    return st != OTM_OK ? st : created;
}

static void world_fini(world *w)
{
    otm_counter_i64_release(w->counter);
    otm_meter_provider_release(w->provider);
    otm_reader_release(w->readers[0]);
    otm_reader_release(w->readers[1]);
}

static otm_context sampled(uint8_t id)
{
    otm_context context;
    otm_context_init(&context);
    memset(context.trace_id, id, sizeof context.trace_id);
    memset(context.span_id, id, sizeof context.span_id);
    context.trace_flags = OTM_TRACE_FLAG_SAMPLED;
    return context;
}

/* How many exemplars the only point has; the first goes to *first, with its first filtered attribute's key size. */
static size_t collect(world *w, size_t reader, otm_exemplar *first)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(w->readers[reader], 0, &data), OTM_OK);
    size_t count = 0;
    if (data->resource_count > 0) {
        const otm_point *point = otm_metric_point(
            otm_scope_metric(otm_resource_scope(otm_data_resource(data, 0), 0), 0), 0);
        count = point->exemplar_count;
        if (count > 0) {
            *first = point->exemplars[0];
        }
    }
    otm_reader_return(w->readers[reader], data);
    return count;
}

/* SDK-EX-04, SDK-EX-08, API-SYNC-08 */
static void measurement_takes_the_context_given_or_the_one_its_thread_holds(void **state)
{
    (void)state;
    world w;
    otm_exemplar e;
    otm_context given = sampled(1);
    otm_context held = sampled(2);
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_TRACE_BASED, NULL, 1, NULL), OTM_OK);
    otm_counter_i64_add(w.counter, 1, NULL, 0);
    assert_int_equal(collect(&w, 0, &e), 0);
    otm_counter_i64_add_ctx(w.counter, 7, NULL, 0, &given);
    assert_int_equal(collect(&w, 0, &e), 1);
    assert_int_equal(e.value.i64, 7);
    assert_memory_equal(e.trace_id, given.trace_id, sizeof e.trace_id);
    assert_ptr_equal(otm_context_attach(&held), NULL);
    otm_counter_i64_add(w.counter, 8, NULL, 0);
    assert_int_equal(collect(&w, 0, &e), 1);
    assert_memory_equal(e.span_id, held.span_id, sizeof e.span_id);
    otm_counter_i64_add_ctx(w.counter, 9, NULL, 0, NULL); /* no context, whatever the thread holds */
    assert_int_equal(collect(&w, 0, &e), 0);
    held.trace_flags = 0;
    otm_counter_i64_add(w.counter, 10, NULL, 0);
    assert_int_equal(collect(&w, 0, &e), 0);
    assert_ptr_equal(otm_context_attach(NULL), &held);
    world_fini(&w);
}

static bool supply(otm_context *context, void *user_data)
{
    *context = *(const otm_context *)user_data;
    return true;
}

static void host_with_a_tracer_supplies_the_context(void **state)
{
    (void)state;
    world w;
    otm_exemplar e;
    otm_context tracer = sampled(3);
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_TRACE_BASED, NULL, 1, NULL), OTM_OK);
    otm_context_set_supplier(supply, &tracer);
    otm_counter_i64_add(w.counter, 1, NULL, 0);
    assert_int_equal(collect(&w, 0, &e), 1);
    assert_memory_equal(e.trace_id, tracer.trace_id, sizeof e.trace_id);
    otm_context_set_supplier(NULL, NULL);
    otm_counter_i64_add(w.counter, 1, NULL, 0);
    assert_int_equal(collect(&w, 0, &e), 0);
    world_fini(&w);
}

/* SDK-BIND-04, SDK-EX-13, SDK-STR-06 */
static void bound_recordings_are_candidates_and_keep_what_a_view_filtered_out(void **state)
{
    (void)state;
    world w;
    otm_exemplar e;
    otm_context context = sampled(4);
    otm_view view;
    otm_bound_counter_i64 *bound;
    static const char *const kept[] = {"a"};
    otm_attr attrs[] = {otm_attr_i64("a", 1), otm_attr_string("user", "u")};
    otm_view_init(&view);
    view.stream.has_included_keys = true;
    view.stream.included_keys = kept;
    view.stream.included_key_count = 1;
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_TRACE_BASED, &view, 1, NULL), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(w.counter, attrs, 2, NULL, &bound), OTM_OK);
    otm_bound_counter_i64_add_ctx(bound, 5, &context);
    assert_int_equal(collect(&w, 0, &e), 1);
    assert_int_equal(e.value.i64, 5);
    assert_int_equal(e.filtered_attribute_count, 1);
    (void)otm_context_attach(&context);
    otm_bound_counter_i64_add(bound, 6);
    (void)otm_context_attach(NULL);
    assert_int_equal(collect(&w, 0, &e), 1);
    assert_int_equal(e.value.i64, 6);
    otm_bound_counter_i64_release(bound);
    world_fini(&w);
}

/* SDK-EX-06, SDK-EX-07, SDK-EX-12, SDK-RDR-10 */
static void two_readers_each_see_what_is_new_to_them(void **state)
{
    (void)state;
    world w;
    otm_exemplar e;
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_ALWAYS_ON, NULL, 2, NULL), OTM_OK);
    otm_counter_i64_add(w.counter, 1, NULL, 0);
    assert_int_equal(collect(&w, 0, &e), 1);
    assert_int_equal(e.has_span, 0);
    assert_int_equal(collect(&w, 0, &e), 0);
    assert_int_equal(collect(&w, 1, &e), 1);
    assert_int_equal(collect(&w, 1, &e), 0);
    world_fini(&w);
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_ALWAYS_OFF, NULL, 1, NULL), OTM_OK);
    otm_context context = sampled(5);
    otm_counter_i64_add_ctx(w.counter, 1, NULL, 0, &context);
    assert_int_equal(collect(&w, 0, &e), 0);
    world_fini(&w);
}

/* -- A reservoir of the host's ----------------------------------------------------------------------------------- */

typedef struct last_kept {
    int *alive;
    bool set;
    int64_t value;
    size_t attribute_count;
    uint64_t time_ns;
} last_kept;

static void *last_create(void *factory, const otm_reservoir_config *config)
{
    last_kept *kept = config->bucket_count == 0 ? calloc(1, sizeof *kept) : NULL;
    if (kept != NULL) {
        kept->alive = factory;
        ++*kept->alive;
    }
    return kept;
}

static void last_offer(void *self, const otm_measurement *measurement)
{
    last_kept *kept = self;
    kept->set = true;
    kept->value = measurement->i64;
    kept->attribute_count = measurement->attribute_count;
    kept->time_ns = measurement->time_unix_nano;
}

static size_t last_collect(void *self, otm_exemplar *exemplars, size_t capacity)
{
    last_kept *kept = self;
    if (!kept->set || capacity == 0) {
        return 0;
    }
    memset(exemplars, 0, sizeof *exemplars);
    exemplars->value.i64 = 1000 * (int64_t)kept->attribute_count + kept->value;
    exemplars->time_unix_nano = kept->time_ns;
    kept->set = false;
    return 1;
}

static void last_destroy(void *self)
{
    last_kept *kept = self;
    --*kept->alive;
    free(kept);
}

static const otm_reservoir_ops last_ops = {sizeof last_ops, last_create, last_offer, last_collect, last_destroy};

/* SDK-EX-09, SDK-EX-10, SDK-EX-19, SDK-STR-08, SDK-EX-12 */
static void reservoir_of_a_view_gets_every_offer_and_one_instance_a_series(void **state)
{
    (void)state;
    world w;
    otm_exemplar e;
    otm_view view;
    int alive = 0;
    otm_attr attrs[] = {otm_attr_i64("a", 1), otm_attr_i64("b", 2)};
    otm_view_init(&view);
    view.stream.exemplar_reservoir = (otm_reservoir_choice){OTM_RESERVOIR_CUSTOM, 0, &last_ops, &alive};
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_ALWAYS_ON, &view, 1, NULL), OTM_OK);
    otm_counter_i64_add(w.counter, 3, attrs, 2);
    otm_counter_i64_add(w.counter, 4, attrs, 2);
    assert_int_equal(alive, 1);
    assert_int_equal(collect(&w, 0, &e), 1);
    assert_int_equal(e.value.i64, 2004);
    assert_int_equal(collect(&w, 0, &e), 0);
    otm_counter_i64_add(w.counter, 5, attrs, 1);
    assert_int_equal(alive, 2);
    assert_int_equal(otm_counter_i64_remove(w.counter, attrs, 1), OTM_OK);
    for (int i = 0; i < 4; i++) {
        (void)collect(&w, 0, &e);
    }
    assert_int_equal(alive, 1); /* a series that is gone takes its reservoir along */
    world_fini(&w);
    assert_int_equal(alive, 0);
}

/* SDK-EX-02, SDK-EX-07: switched off, nothing of it is there: no reservoir is made, whatever the context. */
static void switched_off_exemplars_make_no_reservoir(void **state)
{
    (void)state;
    world w;
    otm_view view;
    int alive = 0;
    otm_context context = sampled(7);
    otm_view_init(&view);
    view.stream.exemplar_reservoir = (otm_reservoir_choice){OTM_RESERVOIR_CUSTOM, 0, &last_ops, &alive};
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_ALWAYS_OFF, &view, 1, NULL), OTM_OK);
    otm_counter_i64_add_ctx(w.counter, 1, NULL, 0, &context);
    assert_int_equal(alive, 0);
    world_fini(&w);
}

/* SDK-EX-15: sizes; a fixed-size reservoir of 3 keeps three of many. */
static void reservoir_size_of_a_view_is_kept(void **state)
{
    (void)state;
    world w;
    otm_exemplar e;
    otm_view view;
    otm_view_init(&view);
    view.stream.exemplar_reservoir = (otm_reservoir_choice){OTM_RESERVOIR_FIXED_SIZE, 3, NULL, NULL};
    assert_int_equal(world_init(&w, OTM_EXEMPLARS_ALWAYS_ON, &view, 1, NULL), OTM_OK);
    for (int i = 0; i < 50; i++) {
        otm_counter_i64_add(w.counter, 1, NULL, 0);
    }
    assert_int_equal(collect(&w, 0, &e), 3);
    world_fini(&w);
}

/* SDK-EX-14 aside: without memory there are fewer exemplars, and nothing else is different. */
static void sampling_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    otm_attr attr = otm_attr_string("k", "v");
    otm_context context = sampled(6);
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        world w;
        failing_alloc_init(&fa, n);
        otm_view view;
        static const char *const none[] = {"none"};
        otm_view_init(&view);
        view.stream.has_included_keys = true;
        view.stream.included_keys = none;
        view.stream.included_key_count = 1;
        if (world_init(&w, OTM_EXEMPLARS_TRACE_BASED, &view, 1, &fa.base) == OTM_OK) {
            const otm_metrics_data *data = NULL;
            otm_counter_i64_add_ctx(w.counter, 1, &attr, 1, &context);
            if (otm_reader_collect(w.readers[0], 0, &data) == OTM_OK) {
                otm_reader_return(w.readers[0], data);
            }
        }
        world_fini(&w);
        failed = failing_alloc_failed(&fa);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measurement_takes_the_context_given_or_the_one_its_thread_holds),
        cmocka_unit_test(host_with_a_tracer_supplies_the_context),
        cmocka_unit_test(bound_recordings_are_candidates_and_keep_what_a_view_filtered_out),
        cmocka_unit_test(two_readers_each_see_what_is_new_to_them),
        cmocka_unit_test(reservoir_of_a_view_gets_every_offer_and_one_instance_a_series),
        cmocka_unit_test(switched_off_exemplars_make_no_reservoir),
        cmocka_unit_test(reservoir_size_of_a_view_is_kept),
        cmocka_unit_test(sampling_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
