/* Two instruments, and the outsider's exporter that prints them. */
#include "line_exporter.h"

#include <otm/sdk.h>

int main(void)
{
    otm_exporter *exporter;
    otm_reader *reader = NULL;
    otm_meter_provider *provider = NULL;
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.readers = &reader;
    options.reader_count = 1;
    if (line_exporter_create(stdout, &exporter) != OTM_OK ||
        otm_periodic_reader_create(exporter, NULL, &reader) != OTM_OK ||
        otm_meter_provider_create(&options, &provider) != OTM_OK) {
        fprintf(stderr, "metrics are off\n");
        return 1;
    }

    otm_meter *meter = otm_meter_provider_get_meter(provider, "outside", NULL);
    otm_counter_i64 *visits;
    otm_histogram_f64 *seconds;
    (void)otm_meter_create_counter_i64(meter, "visits", NULL, &visits);
    (void)otm_meter_create_histogram_f64(meter, "seconds", NULL, &seconds);
    otm_attr page = otm_attr_string("page", "/");
    otm_counter_i64_add(visits, 2, &page, 1);
    otm_counter_i64_add(visits, 1, NULL, 0);
    otm_histogram_f64_record(seconds, 0.25, &page, 1);

    otm_status st = otm_meter_provider_shutdown(provider, 0); /* exports what is left */
    otm_counter_i64_release(visits);
    otm_histogram_f64_release(seconds);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
    otm_reader_release(reader);
    otm_exporter_release(exporter);
    return st == OTM_OK ? 0 : 1;
}
