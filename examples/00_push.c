#include <otm/otlp.h>
#include <otm/sdk.h>

int main(void)
{
    otm_otlp_http_exporter_options otlp;
    otm_otlp_http_exporter_options_init(&otlp);
    otlp.use_environment = true; /* OTEL_EXPORTER_OTLP_ENDPOINT and its like; else http://localhost:4318/v1/metrics */
    otm_exporter *exporter = NULL;
    otm_reader *reader = NULL;
    otm_meter_provider *provider = NULL;
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.readers = &reader;
    options.reader_count = 1;
    bool on = otm_otlp_http_exporter_create(&otlp, NULL, &exporter) == OTM_OK &&
              otm_periodic_reader_create(exporter, NULL, &reader) == OTM_OK &&
              otm_meter_provider_create(&options, &provider) == OTM_OK;
    (void)on; /* if not, metrics are off: every call below still works, and does nothing */
    otm_meter *meter = otm_meter_provider_get_meter(provider, "shop", NULL);
    otm_counter_i64 *orders;
    (void)otm_meter_create_counter_i64(meter, "orders", NULL, &orders);
    otm_attr attrs[] = {otm_attr_string("country", "nz")};
    otm_counter_i64_add(orders, 3, attrs, 1);
    otm_status st = otm_meter_provider_shutdown(provider, 5000); /* exports what is left */
    otm_counter_i64_release(orders);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
    return st == OTM_OK ? 0 : 1;
}
