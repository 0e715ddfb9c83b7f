/* What each test of the late-binding proxies begins and ends with. */
#ifndef PROXY_FIXTURE_H
#define PROXY_FIXTURE_H

#include "fake_sdk.h"
#include "test_main.h"

static fake_sdk sdk;

static int setup(void **state)
{
    (void)state;
    fake_sdk_init(&sdk);
    return 0;
}

/* Each test ends with everything given back and no SDK installed. */
static int teardown(void **state)
{
    (void)state;
    (void)otm_set_default_meter_provider(NULL);
    int left = sdk.live + sdk.references - 1;
    fake_sdk_fini(&sdk);
    return left;
}

static void install(void)
{
    assert_int_equal(otm_set_default_meter_provider(&sdk.provider), OTM_OK);
}

static otm_meter *get_meter(const char *name)
{
    return otm_meter_provider_get_meter(otm_default_meter_provider(), name, NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

#endif
