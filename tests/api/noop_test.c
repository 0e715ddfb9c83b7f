#include <errno.h>
#include <pthread.h>

#include <otm/metrics.h>

#include "test_main.h"

static void must_not_run(otm_observer *observer, void *user_data)
{
    (void)observer, (void)user_data;
    fail_msg("the no-op ran a callback");
}

static void noop_provider_is_shared_and_gives_a_meter_for_anything(void **state)
{
    /* API-NOOP-01 */
    (void)state;
    otm_meter_provider *provider = otm_noop_meter_provider();
    assert_ptr_equal(provider, otm_noop_meter_provider());
    otm_meter_options options;
    otm_meter_options_init(&options);
    options.version = "1";
    options.schema_url = "not a url";
    otm_attr attr = otm_attr_value(NULL, otm_value_empty());
    options.attributes = &attr;
    options.attribute_count = 1;
    assert_ptr_equal(otm_meter_provider_get_meter(provider, NULL, NULL), otm_noop_meter());
    assert_ptr_equal(otm_meter_provider_get_meter(provider, "x", &options), otm_noop_meter());
    otm_meter_provider_release(otm_meter_provider_retain(provider));
    otm_meter_provider_release(provider);
    otm_meter_provider_release(provider); /* never freed, however often it is given back */
    assert_ptr_equal(otm_meter_provider_get_meter(provider, "x", NULL), otm_noop_meter());
}

#define CREATE(type, kind)                                                                             \
    do {                                                                                               \
        type *made = NULL;                                                                             \
        assert_int_equal(otm_meter_create_##kind(meter, NULL, &nonsense, &made), OTM_OK);              \
        assert_non_null(made);                                                                         \
        assert_int_equal(otm_meter_create_##kind(meter, "", NULL, NULL), OTM_OK);                      \
    } while (0)

static void noop_meter_creates_every_kind_from_anything_without_an_error(void **state)
{
    /* API-METER-01, API-NOOP-02, API-NOOP-04, API-NOOP-05 */
    (void)state;
    otm_meter *meter = otm_noop_meter();
    otm_instrument_options nonsense;
    otm_instrument_options_init(&nonsense);
    nonsense.struct_size = 3;
    nonsense.unit = "\xff\xfe";
    nonsense.bucket_boundary_count = 5; /* without boundaries */
    nonsense.callback = must_not_run;
    CREATE(otm_counter_i64, counter_i64);
    CREATE(otm_counter_f64, counter_f64);
    CREATE(otm_up_down_counter_i64, up_down_counter_i64);
    CREATE(otm_up_down_counter_f64, up_down_counter_f64);
    CREATE(otm_histogram_i64, histogram_i64);
    CREATE(otm_histogram_f64, histogram_f64);
    CREATE(otm_gauge_i64, gauge_i64);
    CREATE(otm_gauge_f64, gauge_f64);
    CREATE(otm_observable, observable_counter_i64);
    CREATE(otm_observable, observable_counter_f64);
    CREATE(otm_observable, observable_up_down_counter_i64);
    CREATE(otm_observable, observable_up_down_counter_f64);
    CREATE(otm_observable, observable_gauge_i64);
    CREATE(otm_observable, observable_gauge_f64);
    otm_callback_handle *handle = NULL;
    assert_int_equal(otm_meter_register_callback(meter, NULL, NULL, NULL, 9, &handle), OTM_OK);
    otm_callback_unregister(handle);
    otm_callback_unregister(handle);
}

static void noop_operations_do_nothing_and_answer_that_nobody_listens(void **state)
{
    /* API-NOOP-02, API-EN-01, API-EN-02 */
    (void)state;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound = NULL;
    assert_int_equal(otm_meter_create_counter_i64(otm_noop_meter(), "c", NULL, &counter), OTM_OK);
    assert_false(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, -1, NULL, 7);
    otm_counter_i64_add_ctx(counter, -1, NULL, 7, NULL);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 7, NULL, &bound), OTM_OK);
    assert_non_null(bound);
    otm_bound_counter_i64_add(bound, 1);
    otm_bound_counter_i64_add_from_signal(bound, 1);
    assert_int_equal(otm_bound_counter_i64_rebind(bound), OTM_OK);
    otm_series_value value;
    otm_series_value_init(&value);
    assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_ERR_NOT_FOUND);
    assert_int_equal(otm_counter_i64_remove(counter, NULL, 0), OTM_OK);
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(otm_counter_i64_retain(counter));
}

/* Past the state word, as an implementation that wraps another would call them. */
static void noop_tables_are_complete_and_do_nothing_when_called_directly(void **state)
{
    /* API-NOOP-02, API-NOOP-04 */
    (void)state;
    otm_instrument *i = otm_noop_instrument();
    i->ops->record_i64(i, 1, NULL, 1);
    i->ops->record_f64(i, 1, NULL, 1);
    i->ops->record_i64_ctx(i, 1, NULL, 1, NULL);
    i->ops->record_f64_ctx(i, 1, NULL, 1, NULL);
    otm_bound *b = otm_noop_bound();
    b->ops->record_i64(b, 1);
    b->ops->record_f64(b, 1);
    b->ops->record_i64_ctx(b, 1, NULL);
    b->ops->record_f64_ctx(b, 1, NULL);
    b->ops->add_from_signal_i64(b, 1);
    b->ops->add_from_signal_f64(b, 1);
    b->ops->retain(b);
    b->ops->release(b);
    assert_int_equal(b->ops->peek(b, NULL), OTM_ERR_NOT_FOUND);
    otm_observable *o = otm_noop_observable();
    assert_ptr_equal(otm_observable_behind(o), o);
    otm_observable_release(otm_observable_retain(o));
    otm_meter_release(otm_meter_retain(otm_noop_meter()));
}

static void null_handles_are_ignored_everywhere(void **state)
{
    /* ERR-01, ERR-04 */
    (void)state;
    errno = 1234;
    otm_counter_f64 *counter = NULL;
    otm_bound_counter_f64 *bound = NULL;
    otm_counter_f64_add(NULL, 1, NULL, 0);
    otm_counter_f64_add_ctx(NULL, 1, NULL, 0, NULL);
    otm_histogram_i64_record(NULL, 1, NULL, 0);
    otm_gauge_f64_record(NULL, 1, NULL, 0);
    otm_bound_counter_f64_add(NULL, 1);
    otm_bound_counter_f64_add_from_signal(NULL, 1);
    otm_bound_histogram_f64_record_ctx(NULL, 1, NULL);
    assert_false(otm_counter_f64_enabled(NULL));
    assert_int_equal(otm_meter_create_counter_f64(NULL, "c", NULL, &counter), OTM_OK);
    assert_ptr_equal(counter, otm_noop_instrument());
    assert_int_equal(otm_counter_f64_bind(NULL, NULL, 0, NULL, &bound), OTM_OK);
    assert_ptr_equal(bound, otm_noop_bound());
    assert_int_equal(otm_counter_f64_remove(NULL, NULL, 0), OTM_OK);
    assert_int_equal(otm_bound_counter_f64_rebind(NULL), OTM_OK);
    assert_ptr_equal(otm_meter_provider_get_meter(NULL, "m", NULL), otm_noop_meter());
    assert_int_equal(otm_meter_register_callback(NULL, must_not_run, NULL, NULL, 0, NULL), OTM_OK);
    assert_null(otm_meter_retain(NULL));
    assert_null(otm_meter_provider_retain(NULL));
    assert_null(otm_counter_f64_retain(NULL));
    assert_null(otm_observable_retain(NULL));
    assert_null(otm_observable_behind(NULL));
    otm_meter_release(NULL);
    otm_meter_provider_release(NULL);
    otm_counter_f64_release(NULL);
    otm_bound_counter_f64_release(NULL);
    otm_observable_release(NULL);
    otm_callback_unregister(NULL);
    otm_observe_i64(NULL, NULL, 1, NULL, 0);
    otm_observe_f64(NULL, NULL, 1, NULL, 0);
    assert_int_equal(errno, 1234);
}

static void *use_noops(void *unused)
{
    (void)unused;
    for (int n = 0; n < 2000; n++) {
        otm_meter *meter = otm_meter_provider_get_meter(otm_noop_meter_provider(), "m", NULL);
        otm_gauge_i64 *gauge;
        otm_bound_gauge_i64 *bound;
        (void)otm_meter_create_gauge_i64(meter, "g", NULL, &gauge);
        (void)otm_gauge_i64_bind(gauge, NULL, 0, NULL, &bound);
        otm_gauge_i64_record(gauge, n, NULL, 0);
        otm_bound_gauge_i64_record(bound, n);
        otm_bound_gauge_i64_release(bound);
        otm_gauge_i64_release(gauge);
        otm_meter_release(meter);
    }
    return NULL;
}

/* Under the thread sanitizer this shows that nothing shared is written. */
static void noop_operations_run_at_the_same_time(void **state)
{
    /* API-NOOP-03 */
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_noops, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noop_provider_is_shared_and_gives_a_meter_for_anything),
        cmocka_unit_test(noop_meter_creates_every_kind_from_anything_without_an_error),
        cmocka_unit_test(noop_operations_do_nothing_and_answer_that_nobody_listens),
        cmocka_unit_test(noop_tables_are_complete_and_do_nothing_when_called_directly),
        cmocka_unit_test(null_handles_are_ignored_everywhere),
        cmocka_unit_test(noop_operations_run_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
