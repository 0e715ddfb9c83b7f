/* Callbacks and asynchronous instruments made through the default provider before an SDK is installed. */
#include "proxy_fixture.h"

typedef struct both {
    otm_observable *a;
    otm_observable *b;
} both;

static void observe_both(otm_observer *observer, void *user_data)
{
    const both *instruments = user_data;
    otm_observe_i64(observer, instruments->a, 1, NULL, 0);
    otm_observe_f64(observer, instruments->b, 2, NULL, 0);
}

static void observe_itself(otm_observer *observer, void *user_data)
{
    otm_observe_i64(observer, *(otm_observable **)user_data, 3, NULL, 0);
}

static void proxy_callback_serves_several_instruments_known_by_their_old_handles(void **state)
{
    /* API-ASYNC-02, API-ASYNC-03, API-ASYNC-06, API-ASYNC-07, API-ASYNC-09 */
    (void)state;
    otm_meter *meter = get_meter("m");
    both instruments;
    otm_callback_handle *handle;
    assert_int_equal(otm_meter_create_observable_counter_i64(meter, "a", NULL, &instruments.a), OTM_OK);
    assert_int_equal(otm_meter_create_observable_up_down_counter_f64(meter, "b", NULL, &instruments.b), OTM_OK);
    otm_observable *list[] = {instruments.a, instruments.b};
    assert_int_equal(otm_meter_register_callback(meter, observe_both, &instruments, list, 2, &handle), OTM_OK);
    install();
    fake_sdk_collect(&sdk);
    assert_string_equal(sdk.log, "meter m\nobservable m/a kind 4 number 0\nobservable m/b kind 5 number 1\n"
                                 "callback a b\nobserve a 1\nobserve b 2\n");
    fake_sdk_forget(&sdk);
    otm_callback_unregister(handle);
    fake_sdk_collect(&sdk);
    assert_string_equal(sdk.log, "unregister\n");
    otm_observable_release(instruments.a);
    otm_observable_release(instruments.b);
    otm_meter_release(meter);
}

static void proxy_callbacks_registered_for_good_come_alive_without_their_handles(void **state)
{
    /* API-ASYNC-01 */
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_observable *own, *other;
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    options.callback = observe_itself;
    options.callback_user_data = &own;
    assert_int_equal(otm_meter_create_observable_gauge_f64(meter, "own", &options, &own), OTM_OK);
    otm_observable_release(own);
    own = NULL;
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "other", NULL, &other), OTM_OK);
    assert_int_equal(otm_meter_register_callback(meter, observe_itself, &own, &other, 1, NULL), OTM_OK);
    otm_observable_release(other);
    otm_meter_release(meter);
    install();
    fake_sdk_collect(&sdk);
    assert_string_equal(sdk.log, "meter m\nobservable m/own kind 6 number 1\nobservable m/other kind 6 number 0\n"
                                 "callback other\nobserve itself 3\nobserve itself 3\n");
    assert_int_equal(sdk.live, 0);
}

/* The own callback of an instrument made early may run before its proxy knows what it stands for, and names it. */
static void proxy_callback_may_name_its_own_instrument(void **state)
{
    /* API-ASYNC-07 */
    (void)state;
    static otm_observable *own;
    otm_meter *meter = get_meter("m");
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    options.callback = observe_itself;
    options.callback_user_data = &own;
    assert_int_equal(otm_meter_create_observable_counter_i64(meter, "own", &options, &own), OTM_OK);
    assert_null(otm_observable_behind(own));
    install();
    fake_sdk_forget(&sdk);
    fake_sdk_collect(&sdk);
    assert_string_equal(sdk.log, "observe own 3\n");
    otm_observable_release(own);
    otm_meter_release(meter);
}

static void connected_proxy_meter_creates_real_objects(void **state)
{
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_observable *early, *late;
    otm_counter_i64 *counter, *second;
    otm_bound_counter_i64 *bound;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "early", NULL, &early), OTM_OK);
    install();
    fake_sdk_forget(&sdk);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &bound), OTM_OK);
    assert_int_equal(otm_meter_create_counter_i64(meter, "d", NULL, &second), OTM_OK);
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "late", NULL, &late), OTM_OK);
    assert_ptr_equal(otm_observable_behind(late), late);
    otm_observable *list[] = {early, late};
    otm_callback_handle *handle;
    assert_int_equal(otm_meter_register_callback(meter, observe_itself, &early, list, 2, &handle), OTM_OK);
    assert_int_equal(otm_meter_register_callback(meter, observe_itself, &early, list, 1, NULL), OTM_OK);
    fake_sdk_collect(&sdk);
    otm_callback_unregister(handle);
    assert_string_equal(sdk.log, "bind c\ninstrument m/d kind 0 number 0 unit - bounds 0 keys 0\n"
                                 "observable m/late kind 6 number 0\ncallback early late\ncallback early\n"
                                 "observe early 3\nobserve early 3\nunregister\n");
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(counter);
    otm_counter_i64_release(second);
    otm_observable_release(early);
    otm_observable_release(late);
    otm_meter_release(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(proxy_callback_serves_several_instruments_known_by_their_old_handles),
        TEST(proxy_callbacks_registered_for_good_come_alive_without_their_handles),
        TEST(proxy_callback_may_name_its_own_instrument),
        TEST(connected_proxy_meter_creates_real_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
