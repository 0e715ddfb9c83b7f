/* Threads that create, record and give back while providers come and go. The thread sanitizer looks for what is not
 * ordered, the counts at the end for what was lost or not given back. */
#include "fake_sdk.h"
#include "test_main.h"

enum { WORKERS = 4, ROUNDS = 400, ADDS = 2000 };

static fake_sdk first, second;
static int stop; /* atomic */

static void observe_one(otm_observer *observer, void *user_data)
{
    (void)user_data;
    otm_observe_i64(observer, NULL, 1, NULL, 0);
}

static void *create_record_and_release(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "race", NULL);
        otm_counter_i64 *counter;
        otm_bound_counter_i64 *bound;
        otm_attr attr = otm_attr_string("k", "v");
        (void)otm_meter_create_counter_i64(meter, "c", NULL, &counter);
        (void)otm_counter_i64_bind(counter, &attr, 1, NULL, &bound);
        (void)otm_counter_i64_enabled(counter);
        otm_counter_i64_add(counter, 1, &attr, 1);
        otm_bound_counter_i64_add(bound, 1);
        otm_meter_release(otm_meter_retain(meter));
        otm_meter_release(meter);
        otm_counter_i64_release(counter);
        otm_bound_counter_i64_add(bound, 1);
        otm_bound_counter_i64_release(bound);
    }
    return NULL;
}

static void *install_and_remove(void *argument)
{
    fake_sdk *sdk = argument;
    while (__atomic_load_n(&stop, __ATOMIC_RELAXED) == 0) {
        (void)otm_set_default_meter_provider(&sdk->provider);
        (void)otm_set_default_meter_provider(NULL);
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    assert_int_equal(pthread_create(thread, NULL, run, argument), 0);
}

static void setting_and_using_the_default_provider_race_without_harm(void **state)
{
    /* API-PROV-01, API-CONC-01 */
    (void)state;
    pthread_t workers[WORKERS], setters[2];
    fake_sdk_init(&first);
    fake_sdk_init(&second);
    first.quiet = second.quiet = true;
    start(&setters[0], install_and_remove, &first);
    start(&setters[1], install_and_remove, &second);
    for (size_t i = 0; i < WORKERS; i++) {
        start(&workers[i], create_record_and_release, NULL);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    pthread_join(setters[0], NULL);
    pthread_join(setters[1], NULL);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    assert_int_equal(first.live, 0);
    assert_int_equal(second.live, 0);
    assert_int_equal(first.references, 1);
    assert_int_equal(second.references, 1);
    fake_sdk_fini(&first);
    fake_sdk_fini(&second);
}

typedef struct recorder {
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    int begun; /* atomic */
} recorder;

static void *record_until_installed_then_count(void *argument)
{
    recorder *r = argument;
    while (!otm_counter_i64_enabled(r->counter)) {
        otm_counter_i64_add(r->counter, 0, NULL, 0);
        otm_bound_counter_i64_add(r->bound, 0);
        __atomic_store_n(&r->begun, 1, __ATOMIC_RELAXED);
    }
    for (int i = 0; i < ADDS; i++) {
        otm_counter_i64_add(r->counter, 1, NULL, 0);
    }
    return NULL;
}

static void recording_threads_see_the_sdk_appear_and_lose_nothing_from_then_on(void **state)
{
    /* API-CONC-01 */
    (void)state;
    fake_sdk_init(&first);
    first.quiet = true;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "race", NULL);
    recorder shared = {0};
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &shared.counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(shared.counter, NULL, 0, NULL, &shared.bound), OTM_OK);
    pthread_t workers[WORKERS];
    for (size_t i = 0; i < WORKERS; i++) {
        start(&workers[i], record_until_installed_then_count, &shared);
    }
    while (__atomic_load_n(&shared.begun, __ATOMIC_RELAXED) == 0) {
    }
    assert_int_equal(otm_set_default_meter_provider(&first.provider), OTM_OK);
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
    }
    assert_int_equal(first.total, WORKERS * ADDS);
    otm_bound_counter_i64_release(shared.bound);
    otm_counter_i64_release(shared.counter);
    otm_meter_release(meter);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    assert_int_equal(first.live, 0);
    fake_sdk_fini(&first);
}

static void *register_and_unregister(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) {
        otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "race", NULL);
        otm_observable *gauge;
        otm_callback_handle *handle;
        (void)otm_meter_create_observable_gauge_i64(meter, "g", NULL, &gauge);
        (void)otm_meter_register_callback(meter, observe_one, NULL, &gauge, 1, &handle);
        otm_callback_unregister(handle);
        otm_observable_release(gauge);
        otm_meter_release(meter);
    }
    return NULL;
}

static void unregistering_while_the_callback_is_being_connected_leaves_nothing_behind(void **state)
{
    /* API-ASYNC-03 */
    (void)state;
    pthread_t worker;
    fake_sdk_init(&first);
    first.quiet = true;
    start(&worker, register_and_unregister, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        (void)otm_set_default_meter_provider(&first.provider);
        (void)otm_set_default_meter_provider(NULL);
    }
    pthread_join(worker, NULL);
    assert_int_equal(first.live, 0);
    assert_int_equal(first.references, 1);
    for (size_t i = 0; i < FAKE_CALLBACKS; i++) {
        assert_null(first.callbacks[i]);
    }
    fake_sdk_fini(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_and_using_the_default_provider_race_without_harm),
        cmocka_unit_test(recording_threads_see_the_sdk_appear_and_lose_nothing_from_then_on),
        cmocka_unit_test(unregistering_while_the_callback_is_being_connected_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
