#include "fake_sdk.h"
#include "test_main.h"

static void default_provider_is_one_object_that_needs_no_release(void **state)
{
    /* API-PROV-01 */
    (void)state;
    otm_meter_provider *provider = otm_default_meter_provider();
    assert_non_null(provider);
    assert_ptr_equal(provider, otm_default_meter_provider());
    otm_meter_provider_release(provider);
    assert_ptr_equal(provider, otm_default_meter_provider());
}

static void default_provider_passes_the_scope_on_to_the_installed_sdk(void **state)
{
    /* API-PROV-02, API-PROV-03, API-PROV-04, API-PROV-05 */
    (void)state;
    fake_sdk sdk;
    fake_sdk_init(&sdk);
    assert_int_equal(otm_set_default_meter_provider(&sdk.provider), OTM_OK);
    otm_meter_options options;
    otm_meter_options_init(&options);
    options.version = "1.2";
    options.schema_url = "https://example.org/1";
    otm_attr attrs[] = {otm_attr_string("team", "blue"), otm_attr_i64("n", 1)};
    options.attributes = attrs;
    options.attribute_count = 2;
    otm_meter *plain = otm_meter_provider_get_meter(otm_default_meter_provider(), "shop", NULL);
    otm_meter *full = otm_meter_provider_get_meter(otm_default_meter_provider(), "shop", &options);
    assert_string_equal(sdk.log, "meter shop\nmeter shop version 1.2 schema https://example.org/1 team=blue n:3\n");
    assert_int_equal(sdk.live, 2); /* the SDK's own meters, not something in between */
    otm_meter_release(plain);
    otm_meter_release(full);
    assert_int_equal(sdk.live, 0);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    fake_sdk_fini(&sdk);
}

static void default_provider_holds_a_reference_until_it_is_replaced(void **state)
{
    /* API-PROV-01 */
    (void)state;
    fake_sdk first, second;
    fake_sdk_init(&first);
    fake_sdk_init(&second);
    assert_int_equal(otm_set_default_meter_provider(&first.provider), OTM_OK);
    assert_int_equal(first.references, 2);
    assert_int_equal(otm_set_default_meter_provider(&first.provider), OTM_OK);
    assert_int_equal(first.references, 2);
    assert_int_equal(otm_set_default_meter_provider(&second.provider), OTM_OK);
    assert_int_equal(first.references, 1);
    assert_int_equal(second.references, 2);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    assert_int_equal(second.references, 1);
    fake_sdk_fini(&first);
    fake_sdk_fini(&second);
}

static void default_provider_refuses_to_be_its_own_default(void **state)
{
    /* ERR-01 */
    (void)state;
    assert_int_equal(otm_set_default_meter_provider(otm_default_meter_provider()), OTM_ERR_INVALID_ARGUMENT);
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "m", NULL);
    assert_non_null(meter);
    otm_meter_release(meter);
}

static void setting_the_noop_counts_as_none_so_that_proxies_come_alive_later(void **state)
{
    (void)state;
    fake_sdk sdk;
    fake_sdk_init(&sdk);
    otm_counter_i64 *counter;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_set_default_meter_provider(otm_noop_meter_provider()), OTM_OK);
    assert_false(otm_counter_i64_enabled(counter));
    assert_int_equal(otm_set_default_meter_provider(&sdk.provider), OTM_OK);
    assert_true(otm_counter_i64_enabled(counter));
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    assert_int_equal(sdk.live, 0);
    fake_sdk_fini(&sdk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_provider_is_one_object_that_needs_no_release),
        cmocka_unit_test(default_provider_passes_the_scope_on_to_the_installed_sdk),
        cmocka_unit_test(default_provider_holds_a_reference_until_it_is_replaced),
        cmocka_unit_test(default_provider_refuses_to_be_its_own_default),
        cmocka_unit_test(setting_the_noop_counts_as_none_so_that_proxies_come_alive_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
