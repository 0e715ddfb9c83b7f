/* shutdown(1 ms) of a program whose collector never answers: how long does its end take? */
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <otm/otlp.h>

#include "bench.h"

/* Accepts and stays silent: connections are taken by the kernel, and nobody ever reads them. */
static int silent_listener(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        bench_die("no listening socket", OTM_ERR_IO);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static otm_reader *start(const char *endpoint, otm_meter_provider **provider)
{
    otm_otlp_http_exporter_options exporter_options;
    otm_meter_provider_options options;
    otm_exporter *exporter = NULL;
    otm_reader *reader = NULL;
    otm_otlp_http_exporter_options_init(&exporter_options);
    otm_meter_provider_options_init(&options);
    exporter_options.endpoint = endpoint;
    otm_status st = otm_otlp_http_exporter_create(&exporter_options, NULL, &exporter);
    st = st == OTM_OK ? otm_periodic_reader_create(exporter, NULL, &reader) : st;
    options.readers = &reader;
    options.reader_count = 1;
    st = st == OTM_OK ? otm_meter_provider_create(&options, provider) : st;
    if (st != OTM_OK) {
        bench_die("no pushing provider", st);
    }
    otm_exporter_release(exporter);
    return reader;
}

static void *flush(void *provider)
{
    (void)otm_meter_provider_flush(provider, 5000);
    return NULL;
}

/* An export is in progress when shutdown is called, or the last one is yet to begin. */
static double shut_down(const char *endpoint, bool exporting, char *why)
{
    otm_meter_provider *provider;
    otm_counter_i64 *counter;
    otm_accounts accounts;
    pthread_t flusher;
    otm_reader *reader = start(endpoint, &provider);
    otm_meter *meter = otm_meter_provider_get_meter(provider, "bench", NULL);
    (void)otm_meter_create_counter_i64(meter, "counter", NULL, &counter);
    otm_counter_i64_add(counter, 1, NULL, 0);
    otm_accounts_init(&accounts);
    if (exporting && pthread_create(&flusher, NULL, flush, provider) == 0) {
        while (accounts.pending == 0) {
            otm_reader_accounts(reader, &accounts);
        }
    }
    double began = bench_now_ns();
    otm_status st = otm_meter_provider_shutdown(provider, 1);
    double took = bench_now_ns() - began;
    if (exporting) {
        pthread_join(flusher, NULL);
    }
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
    otm_reader_accounts(reader, &accounts);
    uint64_t dropped = accounts.dropped[OTM_DROP_UNREACHED] + accounts.dropped[OTM_DROP_SHUTDOWN];
    if (st != OTM_ERR_TIMEOUT || accounts.exported != 0 || accounts.pending != 0 || dropped == 0) {
        snprintf(why, BENCH_WHY, "shutdown said %s; %llu exported, %llu pending, %llu dropped", otm_status_name(st),
                 (unsigned long long)accounts.exported, (unsigned long long)accounts.pending,
                 (unsigned long long)dropped);
    }
    otm_reader_release(reader);
    return took / 1e6;
}

void bench_measure_shutdown(void)
{
    static const char *const names[] = {"shutdown(1 ms), collector never answers, idle",
                                        "shutdown(1 ms), collector never answers, exporting"};
    for (size_t n = 0; n < 2; n++) {
        if (bench_wanted(names[n])) {
            double samples[9];
            char endpoint[64];
            uint16_t port;
            bench_figure figure = {.name = names[n], .unit = "ms", .threads = 1, .checked = true};
            int fd = silent_listener(&port);
            snprintf(endpoint, sizeof endpoint, "http://127.0.0.1:%u/v1/metrics", port);
            for (size_t i = 0; i < 9; i++) {
                samples[i] = shut_down(endpoint, n == 1, figure.why);
            }
            bench_report_samples(figure, samples, 9);
            close(fd);
        }
    }
}
