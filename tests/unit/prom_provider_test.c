/* The exporter behind a provider, through the public headers and the shared libraries alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <otm/prometheus.h>
#include <otm/sdk.h>

typedef struct fixture {
    otm_prometheus_exporter *exporter;
    otm_meter_provider *provider;
    otm_meter *meter;
    otm_prometheus_response response;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    otm_prometheus_exporter_options options;
    otm_meter_provider_options provider_options;
    otm_attr name = otm_attr_string("service.name", "shop");
    otm_resource *resource;
    otm_prometheus_exporter_options_init(&options);
    options.omit_scope_info = true;
    assert_int_equal(otm_prometheus_exporter_create(&options, &f.exporter), OTM_OK);
    otm_reader *reader = otm_prometheus_exporter_reader(f.exporter);
    assert_int_equal(otm_resource_create(&name, 1, NULL, NULL, &resource), OTM_OK);
    otm_meter_provider_options_init(&provider_options);
    provider_options.resource = resource;
    provider_options.readers = &reader;
    provider_options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&provider_options, &f.provider), OTM_OK);
    otm_resource_release(resource);
    f.meter = otm_meter_provider_get_meter(f.provider, "shop", NULL);
    otm_prometheus_response_init(&f.response);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_prometheus_response_free(&f->response);
    otm_meter_release(f->meter);
    otm_meter_provider_release(f->provider);
    assert_int_equal(otm_prometheus_exporter_release(f->exporter), OTM_OK);
    return 0;
}

/* PROM-EXP-01, PROM-EXP-05, SDK-EXP-08 */
static void provider_is_scraped_with_totals(void **state)
{
    fixture *f = *state;
    static const double bounds[] = {1, 2};
    otm_instrument_options options;
    otm_counter_i64 *orders;
    otm_histogram_f64 *seconds;
    otm_attr good = otm_attr_string("result", "good");
    otm_instrument_options_init(&options);
    options.description = "orders taken";
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "shop.orders", &options, &orders), OTM_OK);
    otm_instrument_options_init(&options);
    options.unit = "s";
    options.has_bucket_boundaries = true;
    options.bucket_boundaries = bounds;
    options.bucket_boundary_count = 2;
    assert_int_equal(otm_meter_create_histogram_f64(f->meter, "shop.wait", &options, &seconds), OTM_OK);
    for (int i = 1; i <= 2; i++) {
        otm_counter_i64_add(orders, 2, &good, 1);
        otm_histogram_f64_record(seconds, 1.5, NULL, 0);
        assert_int_equal(otm_prometheus_render(f->exporter, NULL, NULL, &f->response), OTM_OK);
        char want[512];
        snprintf(want, sizeof want,
                 "# HELP target_info Target metadata\n# TYPE target_info gauge\ntarget_info{service_name=\"shop\"} 1\n"
                 "# HELP shop_orders_total orders taken\n# TYPE shop_orders_total counter\n"
                 "shop_orders_total{result=\"good\"} %d\n"
                 "# TYPE shop_wait_seconds histogram\nshop_wait_seconds_bucket{le=\"1\"} 0\n"
                 "shop_wait_seconds_bucket{le=\"2\"} %d\nshop_wait_seconds_bucket{le=\"+Inf\"} %d\n"
                 "shop_wait_seconds_sum %s\nshop_wait_seconds_count %d\n",
                 2 * i, i, i, i == 1 ? "1.5" : "3", i);
        assert_int_equal(f->response.size, strlen(want));
        assert_memory_equal(f->response.body, want, f->response.size);
        otm_prometheus_response_free(&f->response);
    }
    otm_counter_i64_release(orders);
    otm_histogram_f64_release(seconds);
}

static void provider_that_was_shut_down_is_scraped_with_503(void **state)
{
    fixture *f = *state;
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 1000), OTM_OK);
    assert_int_equal(otm_prometheus_render(f->exporter, NULL, NULL, &f->response), OTM_ERR_SHUTDOWN);
    assert_int_equal(f->response.status, 503);
}

static void provider_may_outlive_the_exporter(void **state)
{
    fixture *f = *state;
    assert_int_equal(otm_prometheus_exporter_release(f->exporter), OTM_OK);
    f->exporter = NULL;
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 1000), OTM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(provider_is_scraped_with_totals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(provider_that_was_shut_down_is_scraped_with_503, set_up, tear_down),
        cmocka_unit_test_setup_teardown(provider_may_outlive_the_exporter, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
