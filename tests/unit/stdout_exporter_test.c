/* The exporter to standard output behind a provider, a reader that is stepped, and a clock that stands still. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <otm/sdk.h>
#include <otm/stream.h>

#include "support/diag_recorder.h"
#include "support/failing_alloc.h"
#include "support/fake_clock.h"

#define INTERVAL_MS 10000
#define TIMEOUT_MS 5000
#define PIPE_BYTES 4096

typedef struct fixture {
    fake_clock clock;
    diag_recorder heard;
    int reading;
    int writing;
    otm_stdout_exporter_options options; /* of the exporter; writes to the pipe */
    otm_exporter *exporter;
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter *meter;
    otm_counter_i64 *counter;
    char read[1 << 20]; /* all that came through the pipe */
    size_t size;
} fixture;

/* -- Set-up ------------------------------------------------------------------------------------------------------ */

static fixture *fixture_new(void)
{
    fixture *f = calloc(1, sizeof *f);
    int ends[2];
    assert_non_null(f);
    fake_clock_init(&f->clock);
    diag_recorder_init(&f->heard);
    assert_int_equal(pipe(ends), 0);
    f->reading = ends[0];
    f->writing = ends[1];
    otm_stdout_exporter_options_init(&f->options);
    f->options.has_fd = true;
    f->options.fd = f->writing;
    return f;
}

static void start(fixture *f)
{
    otm_periodic_reader_options periodic;
    otm_meter_provider_options provider;
    assert_int_equal(otm_stdout_exporter_create(&f->options, &f->exporter), OTM_OK);
    otm_periodic_reader_options_init(&periodic);
    periodic.run_mode = OTM_RUN_HOST_STEPPED;
    periodic.interval_ms = INTERVAL_MS;
    periodic.timeout_ms = TIMEOUT_MS;
    assert_int_equal(otm_periodic_reader_create(f->exporter, &periodic, &f->reader), OTM_OK);
    otm_meter_provider_options_init(&provider);
    provider.clock = &f->clock.base;
    provider.diagnostics = f->heard.options;
    provider.readers = &f->reader;
    provider.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&provider, &f->provider), OTM_OK);
    f->meter = otm_meter_provider_get_meter(f->provider, "shop", NULL);
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "orders", NULL, &f->counter), OTM_OK);
}

static void end(fixture *f)
{
    otm_counter_i64_release(f->counter);
    otm_meter_release(f->meter);
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->reader);
    otm_exporter_release(f->exporter);
    if (f->reading != -1) {
        close(f->reading);
    }
    if (f->writing != -1) {
        close(f->writing);
    }
    diag_recorder_fini(&f->heard);
    free(f);
}

/* A pipe that is smaller than a line of the series added here. */
static void make_lines_longer_than_the_pipe(fixture *f)
{
    char name[32];
    assert_int_equal(fcntl(f->writing, F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "product number %d", i);
        otm_attr attr = otm_attr_string("product", name);
        otm_counter_i64_add(f->counter, 1, &attr, 1);
    }
}

/* -- Use --------------------------------------------------------------------------------------------------------- */

static otm_status step(fixture *f)
{
    return otm_periodic_reader_step(f->reader, NULL, 0, NULL, NULL);
}

static otm_status export_now(fixture *f)
{
    fake_clock_advance_ms(&f->clock, INTERVAL_MS);
    return step(f);
}

static otm_accounts accounts_of(fixture *f)
{
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    otm_exporter_accounts(f->exporter, &accounts);
    return accounts;
}

/* What is in the pipe now is appended to f->read. */
static void drain(fixture *f)
{
    ssize_t n = 1;
    assert_int_not_equal(fcntl(f->reading, F_SETFL, O_NONBLOCK), -1); /* this end has nothing to do with the other */
    while (n > 0) {
        n = read(f->reading, f->read + f->size, sizeof f->read - f->size - 1);
        f->size += n > 0 ? (size_t)n : 0;
    }
    f->read[f->size] = '\0';
}

static size_t line_count(const fixture *f)
{
    size_t count = 0;
    for (size_t i = 0; i < f->size; i++) {
        count += f->read[i] == '\n';
    }
    return count;
}

static bool is_whole_line(const char *line, size_t size)
{
    static const char head[] = "{\"resourceMetrics\":[{";
    return size > sizeof head && memcmp(line, head, sizeof head - 1) == 0 && memcmp(line + size - 3, "}]}", 3) == 0;
}

/* How many lines of what was read are whole; the others were torn. */
static size_t whole_line_count(const fixture *f)
{
    size_t count = 0;
    const char *line = f->read;
    for (const char *newline = strchr(line, '\n'); newline != NULL; newline = strchr(line, '\n')) {
        count += is_whole_line(line, (size_t)(newline - line));
        line = newline + 1;
    }
    return count;
}

/* -- Lines ------------------------------------------------------------------------------------------------------- */

/* OUT-01, LIB-02 */
static void stdout_exporter_writes_a_line_an_export_and_nothing_else(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    start(f);
    drain(f);
    assert_int_equal(f->size, 0);
    otm_counter_i64_add(f->counter, 3, NULL, 0);
    assert_int_equal(export_now(f), OTM_OK);
    otm_counter_i64_add(f->counter, 4, NULL, 0);
    assert_int_equal(export_now(f), OTM_OK);
    drain(f);
    assert_int_equal(line_count(f), 2);
    assert_int_equal(whole_line_count(f), 2);
    assert_non_null(strstr(f->read, "\"asInt\":\"3\""));
    assert_non_null(strstr(f->read, "\"asInt\":\"7\"")); /* cumulative, by default */
    assert_int_equal(accounts_of(f).exported, 2);
    assert_int_equal(diag_recorder_count(&f->heard), 0);
    assert_int_equal(otm_meter_provider_shutdown(f->provider, 0), OTM_OK);
    drain(f);
    assert_int_equal(line_count(f), 3); /* the last export */
    end(f);
}

static void stdout_exporter_writes_to_standard_output_by_default(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    otm_stdout_exporter_options_init(&f->options);
    start(f);
    otm_counter_i64_add(f->counter, 3, NULL, 0);
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    assert_int_equal(dup2(f->writing, STDOUT_FILENO), STDOUT_FILENO); /* also after the exporter was made */
    otm_status st = export_now(f);
    assert_int_equal(dup2(before, STDOUT_FILENO), STDOUT_FILENO);
    close(before);
    assert_int_equal(st, OTM_OK);
    drain(f);
    assert_int_equal(line_count(f), 1);
    assert_int_equal(whole_line_count(f), 1);
    end(f);
}

/* OUT-01, SDK-RDR-02 */
static void stdout_exporter_asks_for_temporality_and_aggregation_by_kind(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    f->options.temporality[OTM_COUNTER] = OTM_DELTA;
    f->options.aggregation[OTM_HISTOGRAM] = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    start(f);
    otm_histogram_f64 *histogram;
    assert_int_equal(otm_meter_create_histogram_f64(f->meter, "price", NULL, &histogram), OTM_OK);
    otm_counter_i64_add(f->counter, 3, NULL, 0);
    otm_histogram_f64_record(histogram, 2.5, NULL, 0);
    assert_int_equal(export_now(f), OTM_OK);
    drain(f);
    assert_non_null(strstr(f->read, "\"isMonotonic\":true"));
    assert_non_null(strstr(f->read, "\"aggregationTemporality\":1"));
    assert_non_null(strstr(f->read, "\"exponentialHistogram\""));
    assert_non_null(strstr(f->read, "\"aggregationTemporality\":2"));
    otm_histogram_f64_release(histogram);
    end(f);
}

/* -- Descriptors that take less ---------------------------------------------------------------------------------- */

static void stdout_exporter_goes_on_with_a_line_when_there_is_room(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    start(f);
    make_lines_longer_than_the_pipe(f);
    int flags = fcntl(f->writing, F_GETFL);
    otm_poll_fd fds[2];
    size_t count;
    fake_clock_advance_ms(&f->clock, INTERVAL_MS);
    (void)otm_periodic_reader_step(f->reader, fds, 2, &count, NULL);
    assert_int_equal(count, 1);
    assert_int_equal(fds[0].events, OTM_POLL_OUT);
    assert_int_equal(fcntl(f->writing, F_GETFL), flags);
    assert_int_equal(accounts_of(f).pending, 100);
    for (int i = 0; i < 100 && accounts_of(f).pending > 0; i++) {
        drain(f);
        (void)step(f);
    }
    drain(f);
    assert_int_equal(accounts_of(f).exported, 100);
    assert_true(f->size > 2 * PIPE_BYTES);
    assert_int_equal(line_count(f), 1);
    assert_int_equal(whole_line_count(f), 1);
    end(f);
}

/* SDK-EXP-02 */
static void stdout_exporter_drops_what_is_not_taken_in_time_and_keeps_the_next_line_whole(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    start(f);
    make_lines_longer_than_the_pipe(f);
    (void)export_now(f);
    assert_int_equal(accounts_of(f).pending, 100);
    fake_clock_advance_ms(&f->clock, TIMEOUT_MS);
    assert_int_equal(step(f), OTM_ERR_TIMEOUT);
    assert_int_equal(accounts_of(f).pending, 0);
    assert_int_equal(accounts_of(f).dropped[OTM_DROP_UNREACHED], 100);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "the line was not taken in time; 4096 of "), 1);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "100 points dropped"), 1);

    drain(f);
    (void)export_now(f);
    for (int i = 0; i < 100 && accounts_of(f).pending > 0; i++) {
        drain(f);
        (void)step(f);
    }
    drain(f);
    assert_int_equal(accounts_of(f).exported, 100);
    assert_int_equal(line_count(f), 2);
    assert_int_equal(whole_line_count(f), 1);
    end(f);
}

static void stdout_exporter_shut_down_within_a_line_accounts_for_it(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    start(f);
    make_lines_longer_than_the_pipe(f);
    (void)export_now(f);
    (void)otm_meter_provider_shutdown(f->provider, 1);
    assert_int_equal(accounts_of(f).pending, 0);
    assert_int_equal(accounts_of(f).exported, 0);
    assert_true(accounts_of(f).dropped[OTM_DROP_SHUTDOWN] >= 100);
    end(f);
}

/* -- Descriptors that fail --------------------------------------------------------------------------------------- */

static void assert_refused(fixture *f, const char *why)
{
    otm_counter_i64_add(f->counter, 1, NULL, 0);
    uint64_t before = accounts_of(f).dropped[OTM_DROP_REFUSED];
    assert_int_equal(export_now(f), OTM_ERR_IO);
    assert_int_equal(accounts_of(f).dropped[OTM_DROP_REFUSED], before + 1);
    assert_int_equal(accounts_of(f).pending, 0);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, why), 1);
}

/* The default action of SIGPIPE would end the test. */
static void stdout_exporter_survives_a_reader_that_is_gone(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    start(f);
    close(f->reading);
    f->reading = -1;
    assert_refused(f, strerror(EPIPE));
    end(f);
}

static void stdout_exporter_survives_a_descriptor_that_is_closed(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    start(f);
    close(f->writing);
    f->writing = -1;
    assert_refused(f, strerror(EBADF));
    end(f);
}

static void stdout_exporter_survives_a_full_disk_and_goes_on_when_there_is_room(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    assert_true(full != -1);
    start(f);
    int pipe_end = dup(f->writing);
    assert_int_equal(dup2(full, f->writing), f->writing);
    assert_refused(f, strerror(ENOSPC));
    assert_int_equal(dup2(pipe_end, f->writing), f->writing);
    close(full);
    close(pipe_end);
    assert_int_equal(export_now(f), OTM_OK);
    drain(f);
    assert_int_equal(line_count(f), 1);
    assert_int_equal(whole_line_count(f), 1);
    end(f);
}

/* LIB-03 */
static void stdout_exporter_drops_a_line_over_its_maximum(void **state)
{
    (void)state;
    fixture *f = fixture_new();
    f->options.max_line_bytes = 200;
    start(f);
    otm_counter_i64_add(f->counter, 1, NULL, 0);
    assert_int_equal(export_now(f), OTM_ERR_LIMIT);
    assert_int_equal(accounts_of(f).dropped[OTM_DROP_TOO_LARGE], 1);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "max_line_bytes"), 1);
    drain(f);
    assert_int_equal(f->size, 0);
    end(f);
}

/* -- The host's callback ----------------------------------------------------------------------------------------- */

typedef struct line_taker {
    otm_status status;
    int calls;
    uint64_t deadline_ns;
    char line[4096];
} line_taker;

static otm_status take_line(void *context, const char *line, size_t size, uint64_t deadline_ns)
{
    line_taker *taker = context;
    assert_true(size < sizeof taker->line);
    memcpy(taker->line, line, size);
    taker->line[size] = '\0';
    taker->calls++;
    taker->deadline_ns = deadline_ns;
    return taker->status;
}

static void stdout_exporter_gives_whole_lines_to_a_callback(void **state)
{
    (void)state;
    static const struct {
        otm_status status;
        otm_status outcome;
        otm_drop_reason reason;
    } cases[] = {{OTM_ERR_TIMEOUT, OTM_ERR_TIMEOUT, OTM_DROP_UNREACHED},
                 {OTM_ERR_NO_MEMORY, OTM_ERR_NO_MEMORY, OTM_DROP_NO_MEMORY},
                 {OTM_ERR_LIMIT, OTM_ERR_LIMIT, OTM_DROP_TOO_LARGE},
                 {OTM_ERR_IO, OTM_ERR_IO, OTM_DROP_REFUSED},
                 {OTM_PENDING, OTM_ERR_EXPORT, OTM_DROP_REFUSED}};
    fixture *f = fixture_new();
    static line_taker taker;
    memset(&taker, 0, sizeof taker);
    otm_stdout_exporter_options_init(&f->options);
    f->options.write = take_line;
    f->options.write_context = &taker;
    start(f);
    otm_counter_i64_add(f->counter, 1, NULL, 0);
    assert_int_equal(export_now(f), OTM_OK);
    assert_int_equal(taker.calls, 1);
    assert_true(taker.deadline_ns == f->clock.monotonic_ns + TIMEOUT_MS * UINT64_C(1000000));
    assert_true(is_whole_line(taker.line, strlen(taker.line) - 1));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t before = accounts_of(f).dropped[cases[i].reason];
        taker.status = cases[i].status;
        assert_int_equal(export_now(f), cases[i].outcome);
        assert_int_equal(accounts_of(f).dropped[cases[i].reason], before + 1);
        assert_int_equal(taker.line[0], '{'); /* no newline before it: nothing of ours was torn */
    }
    assert_int_equal(accounts_of(f).exported, 1);
    end(f);
}

/* -- Creation, memory -------------------------------------------------------------------------------------------- */

static void assert_no_such_options(const otm_stdout_exporter_options *options)
{
    otm_exporter *exporter;
    assert_int_equal(otm_stdout_exporter_create(options, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_null(exporter);
}

static void stdout_exporter_create_refuses_bad_arguments(void **state)
{
    (void)state;
    otm_stdout_exporter_options options;
    assert_int_equal(otm_stdout_exporter_create(NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    otm_stdout_exporter_options_init(&options);
    options.temporality_preference = 77;
    assert_no_such_options(&options);
    otm_stdout_exporter_options_init(&options);
    options.aggregation[OTM_COUNTER] = 77;
    assert_no_such_options(&options);
    otm_stdout_exporter_options_init(&options);
    options.has_fd = true;
    options.fd = -1;
    assert_no_such_options(&options);
    options.fd = 1;
    options.write = take_line;
    assert_no_such_options(&options);
    memset(&options, 0, sizeof options); /* without init */
    assert_no_such_options(&options);
}

static void stdout_exporter_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 2; st != OTM_OK; n++) { /* the first one is creation's */
        failing_alloc fa;
        fixture *f = fixture_new();
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        start(f);
        otm_counter_i64_add(f->counter, 1, NULL, 0);
        st = export_now(f);
        drain(f);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        assert_int_equal(whole_line_count(f), st == OTM_OK);
        assert_int_equal(accounts_of(f).dropped[OTM_DROP_NO_MEMORY], st != OTM_OK);
        st = failing_alloc_failed(&fa) ? OTM_ERR_NO_MEMORY : st;
        end(f);
        assert_int_equal(fa.live, 0);
    }
    failing_alloc fa;
    otm_exporter *exporter;
    otm_stdout_exporter_options options;
    failing_alloc_init(&fa, 1);
    otm_stdout_exporter_options_init(&options);
    options.allocator = &fa.base;
    assert_int_equal(otm_stdout_exporter_create(&options, &exporter), OTM_ERR_NO_MEMORY);
    assert_null(exporter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stdout_exporter_writes_a_line_an_export_and_nothing_else),
        cmocka_unit_test(stdout_exporter_writes_to_standard_output_by_default),
        cmocka_unit_test(stdout_exporter_asks_for_temporality_and_aggregation_by_kind),
        cmocka_unit_test(stdout_exporter_goes_on_with_a_line_when_there_is_room),
        cmocka_unit_test(stdout_exporter_drops_what_is_not_taken_in_time_and_keeps_the_next_line_whole),
        cmocka_unit_test(stdout_exporter_shut_down_within_a_line_accounts_for_it),
        cmocka_unit_test(stdout_exporter_survives_a_reader_that_is_gone),
        cmocka_unit_test(stdout_exporter_survives_a_descriptor_that_is_closed),
        cmocka_unit_test(stdout_exporter_survives_a_full_disk_and_goes_on_when_there_is_room),
        cmocka_unit_test(stdout_exporter_drops_a_line_over_its_maximum),
        cmocka_unit_test(stdout_exporter_gives_whole_lines_to_a_callback),
        cmocka_unit_test(stdout_exporter_create_refuses_bad_arguments),
        cmocka_unit_test(stdout_exporter_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
