/* Prints its metrics, to look at while learning or debugging: one line of JSON an export. The format is not
 * standardised; a program in production pushes (00_push.c) or is scraped. */
#include <otm/sdk.h>
#include <otm/stream.h>

int main(void)
{
    otm_exporter *exporter = NULL;
    otm_reader *reader = NULL;
    otm_meter_provider *provider = NULL;
    otm_periodic_reader_options periodic;
    otm_periodic_reader_options_init(&periodic);
    periodic.interval_ms = OTM_STDOUT_INTERVAL_MS;
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.readers = &reader;
    options.reader_count = 1;
    bool on = otm_stdout_exporter_create(NULL, &exporter) == OTM_OK &&
              otm_periodic_reader_create(exporter, &periodic, &reader) == OTM_OK &&
              otm_meter_provider_create(&options, &provider) == OTM_OK;
    (void)on; /* if not, metrics are off, and every call below still works */

    otm_meter *meter = otm_meter_provider_get_meter(provider, "shop", NULL);
    otm_counter_i64 *orders;
    (void)otm_meter_create_counter_i64(meter, "orders", NULL, &orders);
    otm_counter_i64_add(orders, 3, NULL, 0);
    otm_status st = otm_meter_provider_shutdown(provider, 5000); /* prints what is left */

    otm_counter_i64_release(orders);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
    otm_reader_release(reader);
    otm_exporter_release(exporter);
    return st == OTM_OK ? 0 : 1;
}
