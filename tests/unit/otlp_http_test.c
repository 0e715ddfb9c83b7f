/* Real requests over the loopback, on the system's clock. Nothing here waits for time to pass but where the test says
 * how long a peer stays silent. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "otlp_exporter.h"
#include "otlp_metrics_service.pb-c.h"
#include "otlp_server.h"
#include "otlp_transport_curl.h"
#include "otlp_tree.h"
#include "platform/platform.h"
#include "platform/signals.h"
#include "support/diag_recorder.h"
#include "support/failing_alloc.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MS UINT64_C(1000000)

#define HEAD(size) "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: " size "\r\n"
#define REPLY(text) {(text), sizeof(text) - 1, false}
#define LAST_REPLY(text) {(text), sizeof(text) - 1, true}
#define NO_REPLY {NULL, 0, true}
#define OK_REPLY REPLY(HEAD("2") "\r\n\x0A\0")

typedef struct fixture {
    otlp_server server;
    bool serving;
    diag_recorder diag;
    otm_otlp_http_exporter_options options;
    char endpoint[64];
    void *exporter;
} fixture;

static const otm_exporter_ops *const ops = &otmi_otlp_exporter_ops;

static otm_status create_curl(const otmi_otlp_settings *settings, void *context, otmi_otlp_transport *out)
{
    (void)context;
    return otmi_otlp_curl_create(settings, out);
}

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    diag_recorder_init(&f.diag);
    otm_otlp_http_exporter_options_init(&f.options);
    f.options.initial_backoff_ms = 1;
    f.options.max_backoff_ms = 2;
    *state = &f;
    return 0;
}

static void destroy_exporter(fixture *f)
{
    if (f->exporter != NULL) {
        ops->destroy(f->exporter);
        f->exporter = NULL;
    }
}

static int tear_down(void **state)
{
    fixture *f = *state;
    destroy_exporter(f);
    if (f->serving) {
        otlp_server_stop(&f->server);
    }
    diag_recorder_fini(&f->diag);
    return 0;
}

static void make(fixture *f)
{
    f->options.endpoint = f->endpoint;
    assert_int_equal(otmi_otlp_exporter_make(&f->options, &f->diag.options, create_curl, NULL, &f->exporter), OTM_OK);
}

static void serve(fixture *f, const otlp_reply *replies, size_t count)
{
    otlp_server_start(&f->server, replies, count);
    f->serving = true;
    snprintf(f->endpoint, sizeof f->endpoint, "http://127.0.0.1:%u/v1/metrics", f->server.port);
    make(f);
}

#define SERVE(f, ...) \
    static const otlp_reply replies[] = {__VA_ARGS__}; \
    serve((f), replies, COUNT(replies))

static otm_status export_within(fixture *f, const otm_metrics_data *data, uint64_t timeout_ms)
{
    otm_status st = ops->begin(f->exporter, data, otmi_monotonic_ns() + timeout_ms * MS);
    while (st == OTM_PENDING) {
        st = ops->step(f->exporter, UINT64_MAX);
    }
    return st;
}

static otm_status export(fixture *f, const otm_metrics_data *data)
{
    return export_within(f, data, 60000);
}

static otm_accounts accounts(const fixture *f)
{
    otm_accounts out;
    otm_accounts_init(&out);
    ops->accounts(f->exporter, &out);
    return out;
}

static void assert_is_the_full_tree(const uint8_t *body, size_t size)
{
    Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest *request =
        opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(NULL, size, body);
    assert_non_null(request);
    assert_int_equal(request->n_resource_metrics, 1);
    assert_int_equal(request->resource_metrics[0]->n_scope_metrics, 2);
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(request, NULL);
}

/* -- The request ------------------------------------------------------------------------------------------------- */

/* OTLP-HTTP-01, OTLP-HTTP-02, OTLP-HTTP-04, OTLP-OPT-08, OTLP-OPT-18; http_request.csv h000 to h007 */
static void http_request_is_a_post_with_these_headers_each_once(void **state)
{
    fixture *f = *state;
    static const otm_otlp_header headers[] = {{"X-Mine", "yes"}, {"X-Empty", ""}};
    f->options.headers = headers;
    f->options.header_count = 2;
    SERVE(f, OK_REPLY);
    assert_int_equal(export(f, otlp_tree_full()), OTM_OK);
    assert_int_equal(otlp_server_count_line(&f->server, "POST /v1/metrics HTTP/1.1"), 1);
    assert_int_equal(otlp_server_count_line(&f->server, "Content-Type: application/x-protobuf"), 1);
    assert_int_equal(otlp_server_count_line(&f->server, "User-Agent: OTel-OTLP-Exporter-C/" OTM_VERSION_STRING), 1);
    assert_int_equal(otlp_server_count_line(&f->server, "Accept-Encoding: gzip"), 1);
    assert_int_equal(otlp_server_count_line(&f->server, "X-Mine: yes"), 1);
    assert_int_equal(otlp_server_count_line(&f->server, "X-Empty:"), 1);
    assert_false(otlp_server_has_header(&f->server, "Content-Encoding"));
    assert_false(otlp_server_has_header(&f->server, "Expect"));
    assert_is_the_full_tree(f->server.body, f->server.body_size);
    assert_int_equal(accounts(f).exported, OTLP_TREE_POINTS);
    assert_int_equal(diag_recorder_count(&f->diag), 0);
}

typedef struct path_row {
    const char *path;
    const char *request_line;
} path_row;

/* OTLP-OPT-02, OTLP-OPT-04, OTLP-HTTP-01: used unchanged; only a missing path becomes "/". */
static void http_request_asks_for_the_path_of_the_endpoint(void **state)
{
    fixture *f = *state;
    static const path_row rows[] = {
        {"", "POST / HTTP/1.1"},
        {"/a/../b%20c?key=1", "POST /a/../b%20c?key=1 HTTP/1.1"},
        {"/x/", "POST /x/ HTTP/1.1"},
    };
    static const otlp_reply replies[] = {OK_REPLY};
    for (size_t i = 0; i < COUNT(rows); i++) {
        otlp_server_start(&f->server, replies, 1);
        snprintf(f->endpoint, sizeof f->endpoint, "http://127.0.0.1:%u%s", f->server.port, rows[i].path);
        make(f);
        assert_int_equal(export(f, otlp_tree_small()), OTM_OK);
        assert_int_equal(otlp_server_count_line(&f->server, rows[i].request_line), 1);
        destroy_exporter(f);
        otlp_server_stop(&f->server);
    }
}

/* libcurl would ask for a "100 Continue" before so large a body, and wait a second for servers that never send one. */
static void http_request_with_a_large_body_does_not_wait_to_be_told_to_continue(void **state)
{
    fixture *f = *state;
    static char text[2 << 20];
    memset(text, 'x', sizeof text);
    otm_attr attr = otm_attr_value("large", otm_value_string_sized(text, sizeof text));
    otm_point point = {.attributes = &attr, .attribute_count = 1};
    otm_metric metric = {
        .type = OTM_METRIC_GAUGE, .points = &point, .point_count = 1, .point_stride = sizeof point};
    SERVE(f, OK_REPLY);
    assert_int_equal(export(f, otlp_tree_of(&metric, 1)), OTM_OK);
    assert_int_equal(otlp_server_requests(&f->server), 1);
    assert_true(f->server.body_size > sizeof text);
    assert_false(otlp_server_has_header(&f->server, "Expect"));
}

/* OTLP-HTTP-10 */
static void http_requests_of_several_exports_share_one_connection(void **state)
{
    fixture *f = *state;
    SERVE(f, OK_REPLY);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(export(f, otlp_tree_small()), OTM_OK);
    }
    assert_int_equal(otlp_server_requests(&f->server), 5);
    assert_int_equal(otlp_server_connections(&f->server), 1);
}

static void http_connection_that_the_server_closed_meanwhile_is_replaced(void **state)
{
    fixture *f = *state;
    SERVE(f, LAST_REPLY(HEAD("0") "\r\n"));
    for (size_t i = 1; i <= 3; i++) {
        assert_int_equal(export(f, otlp_tree_small()), OTM_OK);
        assert_int_equal(otlp_server_connections(&f->server), i);
    }
    assert_int_equal(accounts(f).exported, 3);
}

/* OTLP-HTTP-03 */
static void http_request_with_gzip_says_so_and_inflates_to_the_same(void **state)
{
    fixture *f = *state;
    static uint8_t plain[1 << 16];
    f->options.compression = OTM_OTLP_COMPRESSION_GZIP;
    SERVE(f, OK_REPLY);
    assert_int_equal(export(f, otlp_tree_full()), OTM_OK);
    assert_int_equal(otlp_server_count_line(&f->server, "Content-Encoding: gzip"), 1);
    z_stream z = {.next_in = f->server.body,
                  .avail_in = (uInt)f->server.body_size,
                  .next_out = plain,
                  .avail_out = sizeof plain};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_is_the_full_tree(plain, z.total_out);
    inflateEnd(&z);
}

/* -- The answer -------------------------------------------------------------------------------------------------- */

static size_t gzip(const void *data, size_t size, uint8_t *out, size_t capacity)
{
    z_stream z = {
        .next_in = (z_const Bytef *)data, .avail_in = (uInt)size, .next_out = out, .avail_out = (uInt)capacity};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* An answer with this body, gzipped. */
static otlp_reply gzip_reply(const void *data, size_t size)
{
    static uint8_t reply[1 << 16];
    static uint8_t body[1 << 15];
    size_t body_size = gzip(data, size, body, sizeof body);
    int head_size = snprintf((char *)reply, sizeof reply,
                             "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Encoding: gzip\r\n"
                             "Content-Length: %zu\r\n\r\n",
                             body_size);
    memcpy(reply + head_size, body, body_size);
    return (otlp_reply){reply, (size_t)head_size + body_size, false};
}

/* OTLP-HTTP-03; http_behaviour.csv h042 */
static void http_answer_in_gzip_is_inflated(void **state)
{
    fixture *f = *state;
    otlp_reply reply = gzip_reply("\x0A\x07\x08\x03\x12\x03" "bad", 9);
    serve(f, &reply, 1);
    assert_int_equal(export(f, otlp_tree_full()), OTM_OK);
    assert_int_equal(accounts(f).rejected, 3);
}

/* OTLP-OPT-13 */
static void http_answer_in_gzip_that_grows_past_the_limit_is_final(void **state)
{
    fixture *f = *state;
    static const uint8_t zeros[4 << 20];
    otlp_reply reply = gzip_reply(zeros, sizeof zeros);
    f->options.max_response_bytes = 1 << 20;
    serve(f, &reply, 1);
    assert_int_equal(export(f, otlp_tree_full()), OTM_ERR_EXPORT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_RESPONSE], OTLP_TREE_POINTS);
    assert_int_equal(otlp_server_requests(&f->server), 1);
}

/* OTLP-OPT-13; http_behaviour.csv h040 */
static void http_answer_past_the_limit_is_final(void **state)
{
    fixture *f = *state;
    f->options.max_response_bytes = 4;
    SERVE(f, REPLY("HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\n12345"), REPLY(HEAD("4") "\r\n\x12\x02\0\0"));
    assert_int_equal(export(f, otlp_tree_full()), OTM_ERR_EXPORT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_RESPONSE], OTLP_TREE_POINTS);
    assert_int_equal(export(f, otlp_tree_full()), OTM_OK); /* at the limit */
}

/* http_behaviour.csv h043 */
static void http_answer_with_a_head_without_end_is_given_up(void **state)
{
    fixture *f = *state;
    static char text[4 << 20];
    int used = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\n");
    for (size_t i = (size_t)used; i + 8 <= sizeof text; i += 8) {
        memcpy(text + i, "X: y  \r\n", 8);
    }
    otlp_reply reply = {text, sizeof text, true};
    serve(f, &reply, 1);
    assert_int_equal(export(f, otlp_tree_full()), OTM_ERR_EXPORT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_RESPONSE], OTLP_TREE_POINTS);
}

static void http_answer_with_one_line_without_end_is_given_up(void **state)
{
    fixture *f = *state;
    static char text[1 << 20];
    memset(text, 'x', sizeof text);
    memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
    otlp_reply reply = {text, sizeof text, true};
    serve(f, &reply, 1);
    assert_int_equal(export(f, otlp_tree_full()), OTM_ERR_EXPORT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_RESPONSE], OTLP_TREE_POINTS);
}

static void http_answer_that_is_not_http_is_final(void **state)
{
    fixture *f = *state;
    SERVE(f, LAST_REPLY("\0\xFF\x13 this is not HTTP \r\n\r\n"));
    assert_int_equal(export(f, otlp_tree_full()), OTM_ERR_EXPORT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_RESPONSE], OTLP_TREE_POINTS);
}

static void http_answer_of_success_that_breaks_off_is_exported_and_told(void **state)
{
    fixture *f = *state;
    SERVE(f, LAST_REPLY(HEAD("1000") "\r\n\x0A"));
    assert_int_equal(export(f, otlp_tree_full()), OTM_OK);
    assert_int_equal(accounts(f).exported, OTLP_TREE_POINTS);
    assert_int_equal(otlp_server_requests(&f->server), 1);
    assert_int_equal(diag_recorder_count_of(&f->diag, OTM_WARN, "broke off"), 1);
}

/* OTLP-HTTP-07: http_behaviour.csv h009 */
static void http_answer_of_a_redirect_is_not_followed(void **state)
{
    fixture *f = *state;
    static const otm_otlp_header secret = {"Authorization", "Bearer t0ken"};
    f->options.headers = &secret;
    f->options.header_count = 1;
    SERVE(f, REPLY("HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"), OK_REPLY);
    assert_int_equal(export(f, otlp_tree_full()), OTM_ERR_EXPORT);
    assert_int_equal(otlp_server_requests(&f->server), 1);
    assert_int_equal(accounts(f).dropped[OTM_DROP_REFUSED], OTLP_TREE_POINTS);
    assert_int_equal(diag_recorder_count_of(&f->diag, OTM_ERROR, "/elsewhere"), 1);
}

/* -- Trying again ------------------------------------------------------------------------------------------------ */

/* OTLP-HTTP-07 */
static void http_answer_of_503_is_followed_by_another_try_on_the_same_connection(void **state)
{
    fixture *f = *state;
    SERVE(f, REPLY("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), OK_REPLY);
    assert_int_equal(export(f, otlp_tree_full()), OTM_OK);
    assert_int_equal(otlp_server_requests(&f->server), 2);
    assert_int_equal(otlp_server_connections(&f->server), 1);
    assert_is_the_full_tree(f->server.body, f->server.body_size); /* the whole body again */
}

/* OTLP-HTTP-09; http_behaviour.csv h048 */
static void http_connection_closed_without_an_answer_is_followed_by_another_try(void **state)
{
    fixture *f = *state;
    SERVE(f, LAST_REPLY(""), LAST_REPLY("HTTP/1.1 2"), OK_REPLY);
    assert_int_equal(export(f, otlp_tree_full()), OTM_OK);
    assert_int_equal(otlp_server_requests(&f->server), 3);
    assert_int_equal(accounts(f).exported, OTLP_TREE_POINTS);
}

/* OTLP-HTTP-09; http_behaviour.csv h034 */
static void http_connection_refused_is_tried_until_the_deadline(void **state)
{
    fixture *f = *state;
    static const otlp_reply replies[] = {OK_REPLY};
    otlp_server_start(&f->server, replies, 1);
    snprintf(f->endpoint, sizeof f->endpoint, "http://127.0.0.1:%u/", f->server.port);
    otlp_server_stop(&f->server); /* nobody listens there now */
    make(f);
    otm_status st = export_within(f, otlp_tree_full(), 50);
    assert_true(st == OTM_ERR_EXPORT || st == OTM_ERR_TIMEOUT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_UNREACHED], OTLP_TREE_POINTS);
    assert_int_equal(diag_recorder_count(&f->diag), 1);
}

/* -- Silence ----------------------------------------------------------------------------------------------------- */

/* SDK-EXP-02 */
static void http_peer_that_never_answers_is_given_up_at_the_deadline(void **state)
{
    fixture *f = *state;
    SERVE(f, NO_REPLY);
    uint64_t begun_ns = otmi_monotonic_ns();
    assert_int_equal(export_within(f, otlp_tree_full(), 50), OTM_ERR_TIMEOUT);
    assert_true(otmi_monotonic_ns() - begun_ns >= 50 * MS);
    assert_int_equal(accounts(f).dropped[OTM_DROP_UNREACHED], OTLP_TREE_POINTS);
}

static void http_peer_that_never_answers_is_left_at_once_by_cancel(void **state)
{
    fixture *f = *state;
    SERVE(f, NO_REPLY, OK_REPLY);
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), UINT64_MAX), OTM_PENDING);
    while (otlp_server_requests(&f->server) == 0) {
        assert_int_equal(ops->step(f->exporter, otmi_monotonic_ns() + MS), OTM_PENDING);
    }
    ops->cancel(f->exporter, OTM_DROP_SHUTDOWN);
    assert_int_equal(accounts(f).dropped[OTM_DROP_SHUTDOWN], OTLP_TREE_POINTS);
    assert_int_equal(export(f, otlp_tree_small()), OTM_OK); /* over a new connection */
    assert_int_equal(otlp_server_connections(&f->server), 2);
}

/* An event loop: waits for the descriptors that poll() names, and never inside a step. */
static void http_export_is_driven_by_descriptors_alone(void **state)
{
    fixture *f = *state;
    SERVE(f, OK_REPLY);
    otm_status st = ops->begin(f->exporter, otlp_tree_full(), UINT64_MAX);
    while (st == OTM_PENDING) {
        otm_poll_fd fds[8];
        struct pollfd waited[8];
        uint64_t wake_ns = UINT64_MAX;
        size_t count = ops->poll(f->exporter, fds, 8, &wake_ns);
        for (size_t i = 0; i < count; i++) {
            assert_true((fcntl(fds[i].fd, F_GETFD) & FD_CLOEXEC) != 0);
            waited[i] = (struct pollfd){
                .fd = fds[i].fd,
                .events = (short)(((fds[i].events & OTM_POLL_IN) != 0 ? POLLIN : 0) |
                                  ((fds[i].events & OTM_POLL_OUT) != 0 ? POLLOUT : 0))};
        }
        uint64_t now_ns = otmi_monotonic_ns();
        uint64_t wait_ms = wake_ns > now_ns ? (wake_ns - now_ns) / MS + 1 : 0;
        poll(waited, count, wait_ms < 10000 ? (int)wait_ms : 10000);
        st = ops->step(f->exporter, 0);
    }
    assert_int_equal(st, OTM_OK);
    assert_int_equal(accounts(f).exported, OTLP_TREE_POINTS);
}

/* select() would end at 1024. */
static void http_export_works_with_descriptors_past_those_of_select(void **state)
{
    fixture *f = *state;
    struct rlimit limit;
    int held[1100];
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < 1300) {
        printf("SKIP %s: the process may not open that many files\n", __func__);
        skip();
    }
    limit.rlim_cur = limit.rlim_cur < 1300 ? 1300 : limit.rlim_cur;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (size_t i = 0; i < COUNT(held); i++) {
        held[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_true(held[i] >= 0);
    }
    SERVE(f, OK_REPLY);
    otm_status st = export(f, otlp_tree_full());
    for (size_t i = 0; i < COUNT(held); i++) {
        close(held[i]);
    }
    assert_int_equal(st, OTM_OK);
}

/* -- Names, TLS -------------------------------------------------------------------------------------------------- */

/* http_behaviour.csv h037 */
static void http_name_that_does_not_resolve_is_unreached(void **state)
{
    fixture *f = *state;
    snprintf(f->endpoint, sizeof f->endpoint, "http://no-such-host.invalid/v1/metrics");
    make(f);
    otm_status st = export_within(f, otlp_tree_full(), 300);
    assert_true(st == OTM_ERR_EXPORT || st == OTM_ERR_TIMEOUT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_UNREACHED], OTLP_TREE_POINTS);
}

/* OTLP-OPT-02: http_behaviour.csv h036 */
static void http_peer_without_tls_is_not_talked_to_in_the_clear(void **state)
{
    fixture *f = *state;
    static const otlp_reply replies[] = {LAST_REPLY("HTTP/1.1 400 Bad\r\n\r\n")};
    otlp_server_start(&f->server, replies, 1);
    f->serving = true;
    snprintf(f->endpoint, sizeof f->endpoint, "https://127.0.0.1:%u/v1/metrics", f->server.port);
    make(f);
    /* The server waits for a blank line that TLS need not have; the deadline ends it. */
    otm_status st = export_within(f, otlp_tree_full(), 100);
    assert_true(st == OTM_ERR_EXPORT || st == OTM_ERR_TIMEOUT);
    assert_int_equal(accounts(f).dropped[OTM_DROP_UNREACHED], OTLP_TREE_POINTS);
    assert_int_equal(otlp_server_requests(&f->server), 0);
}

/* -- Signals, creation ------------------------------------------------------------------------------------------- */

static void signals_between_block_and_restore_do_not_include_a_broken_pipe(void **state)
{
    (void)state;
    int ends[2];
    otmi_signal_guard guard;
    sigset_t before;
    sigset_t after;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    otmi_signals_block(&guard);
    assert_int_equal(write(ends[1], "x", 1), -1); /* raises SIGPIPE, which kills by default */
    otmi_signals_restore(&guard);
    pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(sigismember(&before, SIGPIPE), sigismember(&after, SIGPIPE));
    close(ends[1]);
}

static void http_exporter_create_gives_an_exporter_or_nothing(void **state)
{
    fixture *f = *state;
    otm_exporter *exporter = NULL;
    assert_int_equal(otm_otlp_http_exporter_create(NULL, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_otlp_http_exporter_create(NULL, NULL, &exporter), OTM_OK);
    assert_non_null(exporter);
    otm_exporter_release(exporter);
    f->options.endpoint = "gopher://x";
    assert_int_equal(otm_otlp_http_exporter_create(&f->options, NULL, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_null(exporter);
}

static void http_exporter_create_survives_failure_of_each_allocation(void **state)
{
    fixture *f = *state;
    static const otm_otlp_header headers[] = {{"a", "1"}, {"b", ""}};
    f->options.headers = headers;
    f->options.header_count = 2;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        otm_exporter *exporter = NULL;
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        st = otm_otlp_http_exporter_create(&f->options, NULL, &exporter);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otm_exporter_release(exporter);
        assert_int_equal(fa.live, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    /* libcurl reads these; the loopback is not to be looked for behind a proxy. */
    setenv("no_proxy", "127.0.0.1", 1);
    const struct CMUnitTest tests[] = {
        TEST(http_request_is_a_post_with_these_headers_each_once),
        TEST(http_request_asks_for_the_path_of_the_endpoint),
        TEST(http_request_with_a_large_body_does_not_wait_to_be_told_to_continue),
        TEST(http_requests_of_several_exports_share_one_connection),
        TEST(http_connection_that_the_server_closed_meanwhile_is_replaced),
        TEST(http_request_with_gzip_says_so_and_inflates_to_the_same),
        TEST(http_answer_in_gzip_is_inflated),
        TEST(http_answer_in_gzip_that_grows_past_the_limit_is_final),
        TEST(http_answer_past_the_limit_is_final),
        TEST(http_answer_with_a_head_without_end_is_given_up),
        TEST(http_answer_with_one_line_without_end_is_given_up),
        TEST(http_answer_that_is_not_http_is_final),
        TEST(http_answer_of_success_that_breaks_off_is_exported_and_told),
        TEST(http_answer_of_a_redirect_is_not_followed),
        TEST(http_answer_of_503_is_followed_by_another_try_on_the_same_connection),
        TEST(http_connection_closed_without_an_answer_is_followed_by_another_try),
        TEST(http_connection_refused_is_tried_until_the_deadline),
        TEST(http_peer_that_never_answers_is_given_up_at_the_deadline),
        TEST(http_peer_that_never_answers_is_left_at_once_by_cancel),
        TEST(http_export_is_driven_by_descriptors_alone),
        TEST(http_export_works_with_descriptors_past_those_of_select),
        TEST(http_name_that_does_not_resolve_is_unreached),
        TEST(http_peer_without_tls_is_not_talked_to_in_the_clear),
        TEST(signals_between_block_and_restore_do_not_include_a_broken_pipe),
        TEST(http_exporter_create_gives_an_exporter_or_nothing),
        TEST(http_exporter_create_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
