/* What was made through the default provider before the SDK, with the SDK itself. */
#include <otm/sdk.h>

#include "test_main.h"

typedef struct world {
    otm_reader *reader;
    otm_meter_provider *provider;
} world;

static void install(world *w)
{
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    assert_int_equal(otm_manual_reader_create(NULL, &w->reader), OTM_OK);
    options.readers = &w->reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &w->provider), OTM_OK);
    assert_int_equal(otm_set_default_meter_provider(w->provider), OTM_OK);
}

static void uninstall(world *w)
{
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    assert_int_equal(otm_meter_provider_shutdown(w->provider, 0), OTM_OK);
    otm_meter_provider_release(w->provider);
    otm_reader_release(w->reader);
}

/* Collects once, gives the value of the only point of a metric, and -1 if there is none. */
static int64_t collected(world *w, const char *metric_name)
{
    int64_t value = -1;
    const otm_metrics_data *data;
    assert_int_equal(otm_reader_collect(w->reader, 0, &data), OTM_OK);
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            const otm_scope_metrics *scope = otm_resource_scope(resource, s);
            for (size_t m = 0; m < scope->metric_count; m++) {
                const otm_metric *metric = otm_scope_metric(scope, m);
                if (strcmp(metric->name.data, metric_name) == 0) {
                    assert_int_equal(metric->point_count, 1);
                    value = otm_metric_point(metric, 0)->data.number.as.i64;
                }
            }
        }
    }
    otm_reader_return(w->reader, data);
    return value;
}

static otm_meter *get_meter(void)
{
    return otm_meter_provider_get_meter(otm_default_meter_provider(), "early", NULL);
}

static void early_instrument_counts_what_is_recorded_once_the_sdk_is_there(void **state)
{
    /* API-PROV-01 */
    (void)state;
    world w;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_meter *meter = get_meter();
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &bound), OTM_OK);
    otm_counter_i64_add(counter, 1000, NULL, 0);
    install(&w);
    assert_true(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 2, NULL, 0);
    otm_bound_counter_i64_add(bound, 3);
    otm_bound_counter_i64_add_from_signal(bound, 4);
    assert_int_equal(collected(&w, "c"), 9);
    otm_series_value value;
    otm_series_value_init(&value);
    assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_OK);
    assert_int_equal(value.i64, 9);
    uninstall(&w);
    otm_counter_i64_add(counter, 1, NULL, 0); /* after shutdown: nothing, and no harm */
    otm_bound_counter_i64_add(bound, 1);
    assert_false(otm_counter_i64_enabled(counter));
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void early_visible_series_is_exported_at_zero_even_if_all_was_given_back(void **state)
{
    (void)state;
    world w;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_bind_options options;
    otm_bind_options_init(&options);
    options.visible_from_start = true;
    otm_meter *meter = get_meter();
    assert_int_equal(otm_meter_create_counter_i64(meter, "zero", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, &options, &bound), OTM_OK);
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    install(&w);
    assert_int_equal(collected(&w, "zero"), 0);
    uninstall(&w);
}

typedef struct gauges {
    otm_observable *early;
    otm_observable *late;
} gauges;

static void observe_gauges(otm_observer *observer, void *user_data)
{
    const gauges *g = user_data;
    otm_observe_i64(observer, g->early, 11, NULL, 0);
    otm_observe_i64(observer, g->late, 22, NULL, 0);
}

static void early_observables_are_known_to_the_sdk_by_their_old_handles(void **state)
{
    /* API-ASYNC-02, API-ASYNC-03, API-ASYNC-07 */
    (void)state;
    world w;
    gauges g;
    otm_callback_handle *handle;
    otm_meter *meter = get_meter();
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "g.early", NULL, &g.early), OTM_OK);
    install(&w);
    otm_meter *real = get_meter(); /* the SDK's own meter, of the same scope */
    assert_int_equal(otm_meter_create_observable_gauge_i64(real, "g.late", NULL, &g.late), OTM_OK);
    otm_observable *list[] = {g.early, g.late};
    assert_int_equal(otm_meter_register_callback(real, observe_gauges, &g, list, 2, &handle), OTM_OK);
    assert_int_equal(collected(&w, "g.early"), 11);
    assert_int_equal(collected(&w, "g.late"), 22);
    otm_callback_unregister(handle);
    assert_int_equal(collected(&w, "g.early"), -1);
    assert_int_equal(otm_meter_register_callback(meter, observe_gauges, &g, list, 2, &handle), OTM_OK);
    assert_int_equal(collected(&w, "g.late"), 22);
    otm_callback_unregister(handle);
    otm_observable_release(g.early);
    otm_observable_release(g.late);
    otm_meter_release(real);
    otm_meter_release(meter);
    uninstall(&w);
}

static int disable_all(const otm_scope *scope, void *user_data)
{
    (void)scope, (void)user_data;
    return 0;
}

static void early_instrument_follows_its_meter_being_disabled_and_enabled(void **state)
{
    /* API-EN-01 */
    (void)state;
    world w;
    otm_counter_i64 *counter;
    otm_meter *meter = get_meter();
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    install(&w);
    assert_int_equal(otm_meter_provider_configure_meters(w.provider, disable_all, NULL), OTM_OK);
    assert_false(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(otm_meter_provider_configure_meters(w.provider, NULL, NULL), OTM_OK);
    assert_true(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(collected(&w, "c"), 1);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    uninstall(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(early_instrument_counts_what_is_recorded_once_the_sdk_is_there),
        cmocka_unit_test(early_visible_series_is_exported_at_zero_even_if_all_was_given_back),
        cmocka_unit_test(early_observables_are_known_to_the_sdk_by_their_old_handles),
        cmocka_unit_test(early_instrument_follows_its_meter_being_disabled_and_enabled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
