/* Each allocation of the API library fails in turn: calls answer OTM_ERR_NO_MEMORY with a working no-op, and nothing is
 * left behind. */
#include <stdlib.h>

#include "fake_sdk.h"
#include "test_main.h"

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static size_t fail_at; /* 0: none */
static size_t requests;

void *__wrap_calloc(size_t count, size_t size)
{
    requests++;
    return requests == fail_at ? NULL : __real_calloc(count, size);
}

static void observe_nothing(otm_observer *observer, void *user_data)
{
    (void)observer, (void)user_data;
}

static bool is_expected(otm_status st)
{
    return st == OTM_OK || st == OTM_ERR_NO_MEMORY;
}

static void create_everything_then_give_it_back(void)
{
    otm_attr attr = otm_attr_string("k", "v");
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_observable *observable;
    otm_callback_handle *handle;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "m", NULL);
    assert_non_null(meter);
    assert_true(is_expected(otm_meter_create_counter_i64(meter, "c", NULL, &counter)));
    assert_true(is_expected(otm_counter_i64_bind(counter, &attr, 1, NULL, &bound)));
    assert_true(is_expected(otm_meter_create_observable_gauge_i64(meter, "g", NULL, &observable)));
    assert_true(is_expected(otm_meter_register_callback(meter, observe_nothing, NULL, &observable, 1, &handle)));
    otm_counter_i64_add(counter, 1, &attr, 1);
    otm_bound_counter_i64_add(bound, 1);
    otm_callback_unregister(handle);
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(counter);
    otm_observable_release(observable);
    otm_meter_release(meter);
}

/* The leak sanitizer looks for what is left behind. */
static void proxies_survive_failure_of_each_allocation(void **state)
{
    /* ERR-01, ERR-04 */
    (void)state;
    size_t n = 0;
    do {
        requests = 0;
        fail_at = ++n;
        create_everything_then_give_it_back();
    } while (requests >= n);
    fail_at = 0;
    assert_int_equal(n, 6); /* five objects, an allocation each */
    fake_sdk sdk;
    fake_sdk_init(&sdk);
    assert_int_equal(otm_set_default_meter_provider(&sdk.provider), OTM_OK);
    assert_string_equal(sdk.log, ""); /* nothing is remembered */
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    fake_sdk_fini(&sdk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_survive_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
