/* An application with metrics: counts orders, keeps what is exported in memory, and prints it.
 *
 * Put otm_otlp_http_exporter_create() in the place of the memory exporter, and the same program pushes to a
 * Collector. */
#include <stdio.h>

#include <otm/sdk.h>
#include <otm/stream.h>

static otm_status start(otm_exporter *exporter, otm_meter_provider **provider)
{
    otm_reader *reader = NULL;
    otm_status st = otm_periodic_reader_create(exporter, NULL, &reader); /* every minute, on a thread of its own */
    if (st == OTM_OK) {
        otm_meter_provider_options options;
        otm_meter_provider_options_init(&options);
        options.readers = &reader;
        options.reader_count = 1;
        st = otm_meter_provider_create(&options, provider);
        otm_reader_release(reader); /* the provider holds it now */
    }
    return st;
}

static void sell(otm_meter *meter)
{
    otm_counter_i64 *orders;
    otm_histogram_f64 *price;
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    options.unit = "{order}";
    options.description = "Orders taken.";
    (void)otm_meter_create_counter_i64(meter, "shop.orders", &options, &orders); /* on failure a no-op: go on */
    (void)otm_meter_create_histogram_f64(meter, "shop.price", NULL, &price);
    for (int i = 0; i < 10; i++) {
        otm_attr attrs[] = {otm_attr_string("country", i % 3 == 0 ? "nz" : "at"), otm_attr_bool("paid", i != 4)};
        otm_counter_i64_add(orders, 1, attrs, 2);
        otm_histogram_f64_record(price, 7.5 * i, attrs, 1);
    }
    otm_counter_i64_release(orders);
    otm_histogram_f64_release(price);
}

int main(void)
{
    otm_exporter *exporter = NULL;
    otm_meter_provider *provider = NULL;
    otm_status st = otm_memory_exporter_create(NULL, &exporter);
    if (st == OTM_OK) {
        st = start(exporter, &provider);
    }
    if (st != OTM_OK) {
        fprintf(stderr, "metrics are off: %s\n", otm_status_text(st)); /* and carry on */
    }

    otm_meter *meter = otm_meter_provider_get_meter(provider, "shop", NULL);
    sell(meter);
    otm_meter_release(meter);

    (void)otm_meter_provider_shutdown(provider, 5000); /* exports what is left */
    char *json = NULL;
    if (otm_memory_exporter_json(exporter, 0, &json) == OTM_OK) {
        puts(json);
    }
    otm_memory_exporter_free_json(json);
    otm_meter_provider_release(provider);
    otm_exporter_release(exporter);
    return 0;
}
