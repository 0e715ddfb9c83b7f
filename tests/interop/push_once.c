/* Pushes N points to an OTLP/HTTP endpoint once and prints in which account each of them ended.
 *
 *     push_once URL POINTS TIMEOUT_MS [gzip] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <otm/otlp.h>
#include <otm/sdk.h>

static void tell(const otm_diagnostic *diagnostic, void *user_data)
{
    (void)user_data;
    fprintf(stderr, "%s: %s\n", diagnostic->component, diagnostic->text);
}

static void record(otm_meter_provider *provider, long points)
{
    otm_meter *meter = otm_meter_provider_get_meter(provider, "interop", NULL);
    otm_counter_i64 *counter;
    (void)otm_meter_create_counter_i64(meter, "pushed", NULL, &counter);
    for (long i = 0; i < points; i++) {
        otm_attr attr = otm_attr_i64("n", i);
        otm_counter_i64_add(counter, i, &attr, 1);
    }
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void print_accounts(otm_reader *reader, otm_status flush)
{
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    otm_reader_accounts(reader, &accounts);
    printf("{\"flush\":\"%s\",\"exported\":%llu,\"rejected\":%llu,\"pending\":%llu",
           otm_status_name(flush), (unsigned long long)accounts.exported,
           (unsigned long long)accounts.rejected, (unsigned long long)accounts.pending);
    for (int i = 0; i < OTM_DROP_REASON_COUNT; i++) {
        printf(",\"%s\":%llu", otm_drop_reason_name((otm_drop_reason)i), (unsigned long long)accounts.dropped[i]);
    }
    puts("}");
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fputs("usage: push_once URL POINTS TIMEOUT_MS [gzip]\n", stderr);
        return 2;
    }
    otm_diagnostics_options diagnostics;
    otm_diagnostics_options_init(&diagnostics);
    diagnostics.handler = tell;
    otm_otlp_http_exporter_options otlp;
    otm_otlp_http_exporter_options_init(&otlp);
    otlp.endpoint = argv[1];
    otlp.timeout_ms = strtol(argv[3], NULL, 10);
    otlp.compression = argc > 4 ? OTM_OTLP_COMPRESSION_GZIP : OTM_OTLP_COMPRESSION_NONE;
    otm_exporter *exporter = NULL;
    otm_reader *reader = NULL;
    otm_meter_provider *provider = NULL;
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.readers = &reader;
    options.reader_count = 1;
    options.diagnostics = diagnostics;
    otm_status st = otm_otlp_http_exporter_create(&otlp, &diagnostics, &exporter);
    st = st == OTM_OK ? otm_periodic_reader_create(exporter, NULL, &reader) : st;
    st = st == OTM_OK ? otm_meter_provider_create(&options, &provider) : st;
    if (st != OTM_OK) {
        fprintf(stderr, "push_once: %s\n", otm_status_text(st));
        return 1;
    }
    record(provider, strtol(argv[2], NULL, 10));
    otm_status flush = otm_meter_provider_flush(provider, 20000);
    print_accounts(reader, flush);
    (void)otm_meter_provider_shutdown(provider, 1);
    otm_meter_provider_release(provider);
    otm_reader_release(reader);
    otm_exporter_release(exporter);
    return 0;
}
