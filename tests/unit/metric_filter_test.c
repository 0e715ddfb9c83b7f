/* Metric filters of a reader: the object, what it is asked, and what is not done for what it drops. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "support/failing_alloc.h"

/* -- A filter that counts ---------------------------------------------------------------------------------------- */

typedef struct counting {
    otm_filter_result dropped;    /* the answer about the metric named "dropped" */
    otm_filter_result everything; /* and about all others */
    otm_reader *nested;           /* collected from inside each question; NULL: none */
    uint64_t metrics;             /* this and the next ones: atomic */
    uint64_t attributes;
    uint64_t destroys;
    char scope[128];
    char unit[16];
    uint32_t type;
} counting;

static void collect_nested(const counting *f)
{
    const otm_metrics_data *data;
    if (f->nested != NULL) {
        assert_int_equal(otm_reader_collect(f->nested, 5000, &data), OTM_OK);
        otm_reader_return(f->nested, data);
    }
}

static otm_filter_result test_metric(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                     const char *unit)
{
    counting *f = self;
    __atomic_fetch_add(&f->metrics, 1, __ATOMIC_RELAXED);
    if (strcmp(name, "described") == 0) {
        (void)snprintf(f->scope, sizeof f->scope, "%s %s %s %zu", scope->name, scope->version, scope->schema_url,
                       scope->attribute_count);
        (void)snprintf(f->unit, sizeof f->unit, "%s", unit);
        f->type = type;
    }
    collect_nested(f);
    return strcmp(name, "dropped") == 0 ? f->dropped : f->everything;
}

/* Drops the series {"k": 1}. */
static otm_filter_result test_attributes(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                         const char *unit, const otm_attr *attributes, size_t attribute_count)
{
    counting *f = self;
    (void)scope;
    (void)name;
    (void)type;
    (void)unit;
    __atomic_fetch_add(&f->attributes, 1, __ATOMIC_RELAXED);
    collect_nested(f);
    return attribute_count == 1 && attributes[0].value.as.i64 == 1 ? OTM_FILTER_DROP : OTM_FILTER_ACCEPT;
}

static void destroy(void *self)
{
    counting *f = self;
    __atomic_fetch_add(&f->destroys, 1, __ATOMIC_RELAXED);
}

static const otm_metric_filter_ops ops = {
    .size = sizeof ops, .test_metric = test_metric, .test_attributes = test_attributes, .destroy = destroy};

static otm_metric_filter *wrap(counting *f)
{
    otm_metric_filter *filter = NULL;
    assert_int_equal(otm_metric_filter_create(&ops, f, NULL, &filter), OTM_OK);
    return filter;
}

/* -- A provider with two readers --------------------------------------------------------------------------------- */

typedef struct fixture {
    otm_reader *readers[2];
    otm_meter_provider *provider;
    otm_meter *meter;
    counting filter; /* of the first reader, from the test on */
} fixture;

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(otm_manual_reader_create(NULL, &f.readers[i]), OTM_OK);
    }
    options.readers = f.readers;
    options.reader_count = 2;
    assert_int_equal(otm_meter_provider_create(&options, &f.provider), OTM_OK);
    f.meter = otm_meter_provider_get_meter(f.provider, "filters", NULL);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_meter_release(f->meter);
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->readers[0]);
    otm_reader_release(f->readers[1]);
    assert_int_equal(f->filter.metrics > 0 ? f->filter.destroys : 1, 1);
    return 0;
}

static void use(fixture *f)
{
    otm_metric_filter *filter = wrap(&f->filter);
    assert_int_equal(otm_reader_set_filter(f->readers[0], filter), OTM_OK);
    otm_metric_filter_release(filter);
}

static size_t points_of(otm_reader *reader)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(reader, 0, &data), OTM_OK);
    size_t points = data->point_count;
    otm_reader_return(reader, data);
    return points;
}

static void count_series(fixture *f, const char *name)
{
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(f->meter, name, NULL, &counter), OTM_OK);
    for (int64_t k = 0; k < 3; k++) {
        otm_attr attr = otm_attr_i64("k", k);
        otm_counter_i64_add(counter, 1, &attr, 1);
    }
    otm_counter_i64_release(counter);
}

/* -- The object -------------------------------------------------------------------------------------------------- */

static void filter_without_its_first_operation_is_refused_and_destroyed(void **state)
{
    (void)state;
    counting f = {.destroys = 0};
    otm_metric_filter_ops lacking = ops;
    lacking.test_metric = NULL;
    otm_metric_filter *filter = (otm_metric_filter *)1;
    assert_int_equal(otm_metric_filter_create(&lacking, &f, NULL, &filter), OTM_ERR_INVALID_ARGUMENT);
    assert_null(filter);
    assert_int_equal(f.destroys, 1);
    assert_int_equal(otm_metric_filter_create(&ops, &f, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(f.destroys, 2);
    assert_int_equal(otm_metric_filter_create(NULL, &f, NULL, &filter), OTM_ERR_INVALID_ARGUMENT);
}

static void filter_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        counting f = {.destroys = 0};
        otm_metric_filter *filter = NULL;
        failing_alloc_init(&fa, n);
        st = otm_metric_filter_create(&ops, &f, &fa.base, &filter);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otm_metric_filter_release(filter);
        assert_int_equal(f.destroys, 1);
        assert_int_equal(fa.live, 0);
    }
}

static void filter_of_an_older_shorter_table_accepts_all_attributes(void **state)
{
    (void)state;
    counting f = {.everything = OTM_FILTER_ACCEPT_PARTIAL};
    otm_scope scope = {.name = "s", .version = "", .schema_url = ""};
    otm_attr attr = otm_attr_i64("k", 1);
    otm_metric_filter_ops shorter = ops;
    shorter.size = offsetof(otm_metric_filter_ops, test_attributes);
    void *old = malloc(shorter.size); /* and not a byte more */
    assert_non_null(old);
    memcpy(old, &shorter, shorter.size);
    otm_metric_filter *filter;
    assert_int_equal(otm_metric_filter_create(old, &f, NULL, &filter), OTM_OK);
    free(old);
    assert_int_equal(otm_metric_filter_test_metric(filter, &scope, "m", OTM_METRIC_SUM, ""),
                     OTM_FILTER_ACCEPT_PARTIAL);
    assert_int_equal(otm_metric_filter_test_attributes(filter, &scope, "m", OTM_METRIC_SUM, "", &attr, 1),
                     OTM_FILTER_ACCEPT);
    otm_metric_filter_release(filter);
    assert_int_equal(f.destroys, 0); /* the table had no destroy */
}

static void filter_that_is_null_accepts_everything_and_nonsense_counts_as_acceptance(void **state)
{
    (void)state;
    counting f = {.everything = (otm_filter_result)77};
    otm_scope scope = {.name = "s", .version = "", .schema_url = ""};
    assert_int_equal(otm_metric_filter_test_metric(NULL, &scope, "m", OTM_METRIC_SUM, ""), OTM_FILTER_ACCEPT);
    assert_int_equal(otm_metric_filter_test_attributes(NULL, &scope, "m", OTM_METRIC_SUM, "", NULL, 0),
                     OTM_FILTER_ACCEPT);
    assert_null(otm_metric_filter_retain(NULL));
    otm_metric_filter_release(NULL);
    otm_metric_filter *filter = wrap(&f);
    assert_int_equal(otm_metric_filter_test_metric(filter, &scope, "m", OTM_METRIC_SUM, ""), OTM_FILTER_ACCEPT);
    otm_metric_filter_release(filter);
    assert_int_equal(otm_reader_set_filter(NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
}

/* SDK-FILT-03 */
static void filter_in_the_options_is_held_by_its_reader(void **state)
{
    (void)state;
    counting f = {.destroys = 0};
    otm_reader_options options;
    otm_reader_options_init(&options);
    options.filter = wrap(&f);
    otm_reader *reader;
    assert_int_equal(otm_manual_reader_create(&options, &reader), OTM_OK);
    otm_metric_filter_release(options.filter);
    assert_int_equal(f.destroys, 0);
    assert_int_equal(otm_reader_set_filter(reader, NULL), OTM_OK); /* replaced: the last reference goes */
    assert_int_equal(f.destroys, 1);
    otm_reader_release(reader);
}

/* -- Asking ------------------------------------------------------------------------------------------------------ */

/* SDK-FILT-01 SDK-FILT-02 */
static void filter_is_asked_once_a_stream_and_collection_and_about_attributes_only_if_it_wants_to(void **state)
{
    fixture *f = *state;
    count_series(f, "one");
    count_series(f, "dropped");
    f->filter.dropped = OTM_FILTER_DROP;
    use(f);
    assert_int_equal(points_of(f->readers[0]), 3);
    assert_int_equal(f->filter.metrics, 2);
    assert_int_equal(f->filter.attributes, 0);
    f->filter.dropped = OTM_FILTER_ACCEPT_PARTIAL;
    assert_int_equal(points_of(f->readers[0]), 5);
    assert_int_equal(f->filter.metrics, 4);
    assert_int_equal(f->filter.attributes, 3);
    assert_int_equal(points_of(f->readers[1]), 6); /* has no filter */
    assert_int_equal(f->filter.metrics, 4);
}

/* SDK-FILT-01 */
static void filter_is_told_scope_kind_and_unit(void **state)
{
    fixture *f = *state;
    otm_attr attr = otm_attr_string("a", "b");
    otm_meter_options options;
    otm_meter_options_init(&options);
    options.version = "1.2";
    options.schema_url = "https://example.org/s";
    options.attributes = &attr;
    options.attribute_count = 1;
    otm_meter *meter = otm_meter_provider_get_meter(f->provider, "deep", &options);
    otm_instrument_options io;
    otm_instrument_options_init(&io);
    io.unit = "ms";
    otm_histogram_f64 *histogram;
    assert_int_equal(otm_meter_create_histogram_f64(meter, "described", &io, &histogram), OTM_OK);
    use(f);
    (void)points_of(f->readers[0]);
    assert_string_equal(f->filter.scope, "deep 1.2 https://example.org/s 1");
    assert_string_equal(f->filter.unit, "ms");
    assert_int_equal(f->filter.type, OTM_METRIC_HISTOGRAM);
    otm_histogram_f64_release(histogram);
    otm_meter_release(meter);
}

/* Neither question is asked under a lock, nor while other collections wait for a snapshot. */
static void filter_may_collect_another_reader_while_it_is_asked(void **state)
{
    fixture *f = *state;
    count_series(f, "one");
    f->filter.everything = OTM_FILTER_ACCEPT_PARTIAL;
    f->filter.nested = f->readers[1];
    use(f);
    assert_int_equal(points_of(f->readers[0]), 2);
    assert_int_equal(f->filter.attributes, 3);
}

/* -- Early ------------------------------------------------------------------------------------------------------- */

static void observe_all(otm_observer *observer, void *user_data)
{
    uint64_t *calls = user_data;
    (*calls)++;
    otm_observe_i64(observer, NULL, 1, NULL, 0);
}

static otm_observable *observed(fixture *f, const char *name)
{
    otm_observable *created;
    assert_int_equal(otm_meter_create_observable_gauge_i64(f->meter, name, NULL, &created), OTM_OK);
    return created;
}

/* SDK-FILT-04 */
static void filter_that_drops_a_metric_keeps_its_callback_from_running_for_this_reader_alone(void **state)
{
    fixture *f = *state;
    uint64_t calls = 0;
    otm_observable *gauge = observed(f, "dropped");
    otm_callback_handle *handle;
    assert_int_equal(otm_meter_register_callback(f->meter, observe_all, &calls, &gauge, 1, &handle), OTM_OK);
    f->filter.dropped = OTM_FILTER_DROP;
    use(f);
    assert_int_equal(points_of(f->readers[0]), 0);
    assert_int_equal(calls, 0);
    assert_int_equal(points_of(f->readers[1]), 1);
    assert_int_equal(calls, 1);
    f->filter.dropped = OTM_FILTER_ACCEPT;
    assert_int_equal(points_of(f->readers[0]), 1);
    assert_int_equal(calls, 2);
    otm_callback_unregister(handle);
    otm_observable_release(gauge);
}

static void observe_both(otm_observer *observer, void *user_data)
{
    otm_observable **both = user_data;
    otm_observe_i64(observer, both[0], 1, NULL, 0);
    otm_observe_i64(observer, both[1], 2, NULL, 0);
}

/* SDK-FILT-04 */
static void filter_that_drops_one_of_two_metrics_of_a_callback_lets_it_run_for_the_other(void **state)
{
    fixture *f = *state;
    otm_observable *both[2] = {observed(f, "dropped"), observed(f, "kept")};
    otm_callback_handle *handle;
    assert_int_equal(otm_meter_register_callback(f->meter, observe_both, both, both, 2, &handle), OTM_OK);
    f->filter.dropped = OTM_FILTER_DROP;
    use(f);
    assert_int_equal(points_of(f->readers[0]), 1);
    assert_int_equal(points_of(f->readers[1]), 2);
    otm_callback_unregister(handle);
    otm_observable_release(both[0]);
    otm_observable_release(both[1]);
}

/* -- Replacing --------------------------------------------------------------------------------------------------- */

/* Gives back how often a collection had the points of neither filter. */
static void *collect_many_times(void *argument)
{
    uintptr_t mixed = 0;
    for (int i = 0; i < 200; i++) {
        size_t points = points_of(argument);
        mixed += points != 0 && points != 3;
    }
    return (void *)mixed;
}

static void filter_may_be_replaced_while_its_reader_collects(void **state)
{
    fixture *f = *state;
    pthread_t thread;
    void *mixed;
    count_series(f, "one");
    count_series(f, "dropped");
    count_series(f, "another");
    counting none = {.everything = OTM_FILTER_DROP, .dropped = OTM_FILTER_DROP};
    counting one = {.everything = OTM_FILTER_DROP, .dropped = OTM_FILTER_ACCEPT};
    otm_metric_filter *filters[2] = {wrap(&none), wrap(&one)};
    assert_int_equal(otm_reader_set_filter(f->readers[0], filters[0]), OTM_OK);
    assert_int_equal(pthread_create(&thread, NULL, collect_many_times, f->readers[0]), 0);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(otm_reader_set_filter(f->readers[0], filters[i % 2]), OTM_OK);
    }
    pthread_join(thread, &mixed);
    assert_null(mixed);
    assert_int_equal(otm_reader_set_filter(f->readers[0], NULL), OTM_OK);
    otm_metric_filter_release(filters[0]);
    otm_metric_filter_release(filters[1]);
    assert_int_equal(none.destroys + one.destroys, 2);
    assert_int_equal(points_of(f->readers[0]), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_without_its_first_operation_is_refused_and_destroyed),
        cmocka_unit_test(filter_create_survives_failure_of_each_allocation),
        cmocka_unit_test(filter_of_an_older_shorter_table_accepts_all_attributes),
        cmocka_unit_test(filter_that_is_null_accepts_everything_and_nonsense_counts_as_acceptance),
        cmocka_unit_test(filter_in_the_options_is_held_by_its_reader),
        cmocka_unit_test_setup_teardown(
            filter_is_asked_once_a_stream_and_collection_and_about_attributes_only_if_it_wants_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(filter_is_told_scope_kind_and_unit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(filter_may_collect_another_reader_while_it_is_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            filter_that_drops_a_metric_keeps_its_callback_from_running_for_this_reader_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            filter_that_drops_one_of_two_metrics_of_a_callback_lets_it_run_for_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(filter_may_be_replaced_while_its_reader_collects, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
