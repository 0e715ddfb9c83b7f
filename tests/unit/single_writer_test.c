/* One program, run several times at once: what tells the metrics of one run from those of another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <otm/detectors.h>
#include <otm/sdk.h>
#include <otm/stream.h>

#define LINE_BYTES 65536

/* The default resource, over what the service detector finds if that is asked for. */
static otm_resource *resource_of(bool with_detector)
{
    static const char *const names[] = {"service"};
    otm_resource *standard = NULL;
    otm_resource *detected = NULL;
    otm_resource *merged = NULL;
    otm_status st = otm_resource_default(NULL, NULL, &standard);
    if (st == OTM_OK && with_detector) {
        st = otm_resource_detect(names, 1, NULL, &detected);
    }
    if (st == OTM_OK) {
        st = otm_resource_merge(detected, standard, NULL, &merged);
    }
    otm_resource_release(detected);
    otm_resource_release(standard);
    return st == OTM_OK ? merged : NULL;
}

/* The program that runs: counts, and writes one line to `fd`. */
static int run(int fd, bool with_detector)
{
    otm_stdout_exporter_options writing;
    otm_meter_provider_options options;
    otm_exporter *exporter = NULL;
    otm_reader *reader = NULL;
    otm_meter_provider *provider = NULL;
    otm_counter_i64 *counter = NULL;
    otm_stdout_exporter_options_init(&writing);
    writing.has_fd = true;
    writing.fd = fd;
    otm_meter_provider_options_init(&options);
    options.resource = resource_of(with_detector);
    options.readers = &reader;
    options.reader_count = 1;
    bool on = options.resource != NULL && otm_stdout_exporter_create(&writing, &exporter) == OTM_OK &&
              otm_periodic_reader_create(exporter, NULL, &reader) == OTM_OK &&
              otm_meter_provider_create(&options, &provider) == OTM_OK;
    otm_meter *meter = otm_meter_provider_get_meter(provider, "shop", NULL);
    (void)otm_meter_create_counter_i64(meter, "orders", NULL, &counter);
    otm_counter_i64_add(counter, 1, NULL, 0);
    on = on && otm_meter_provider_shutdown(provider, 0) == OTM_OK;
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
    otm_resource_release(options.resource);
    otm_reader_release(reader);
    otm_exporter_release(exporter);
    return on ? 0 : 1;
}

/* What a run writes about its resource: up to the metrics, which begin with their scope. */
static void run_in_a_process(bool with_detector, char resource[LINE_BYTES])
{
    int ends[2];
    int status;
    size_t size = 0;
    ssize_t n = 1;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(run(ends[1], with_detector));
    }
    close(ends[1]);
    while (n > 0) {
        n = read(ends[0], resource + size, LINE_BYTES - 1 - size);
        size += n > 0 ? (size_t)n : 0;
    }
    resource[size] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    char *metrics = strstr(resource, "\"scopeMetrics\"");
    assert_non_null(metrics);
    *metrics = '\0';
}

/* DM-ID-05: all else of a stream's identity is equal. */
static void two_runs_with_the_service_detector_are_two_writers(void **state)
{
    (void)state;
    static const char key[] = "{\"key\":\"service.instance.id\",\"value\":{\"stringValue\":\"";
    static char one[LINE_BYTES];
    static char other[LINE_BYTES];
    run_in_a_process(true, one);
    run_in_a_process(true, other);
    char *id = strstr(one, key);
    assert_non_null(id);
    assert_string_not_equal(one, other);
    memcpy(strstr(other, key) + strlen(key), id + strlen(key), 36); /* a UUID */
    assert_string_equal(one, other);
}

/* DM-ID-05: so a program that runs more than once asks for the detector, or says itself which run it is. */
static void two_runs_with_the_default_resource_alone_are_not_told_apart(void **state)
{
    (void)state;
    static char one[LINE_BYTES];
    static char other[LINE_BYTES];
    run_in_a_process(false, one);
    run_in_a_process(false, other);
    assert_string_equal(one, other);
    assert_null(strstr(one, "service.instance.id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_runs_with_the_service_detector_are_two_writers),
        cmocka_unit_test(two_runs_with_the_default_resource_alone_are_not_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
