/* The server, over loopback on free ports, by raw sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <otm/prometheus.h>

#include "diag_recorder.h"
#include "failing_alloc.h"
#include "prom_fake_reader.h"
#include "prom_tree.h"

#define ANSWER_MS 10000 /* far more than any answer takes: it ends a test that would hang */

static prom_tree tree;
static diag_recorder diag;
static otm_prometheus_exporter_options options;
static otm_prometheus_exporter *exporter;

static int set_up(void **state)
{
    (void)state;
    prom_tree_init(&tree);
    prom_fake_reader_reset();
    prom_fake_reader.data = &tree.data;
    diag_recorder_init(&diag);
    otm_prometheus_exporter_options_init(&options);
    options.diagnostics = diag.options;
    options.omit_scope_info = true;
    options.port = OTM_PORT_ANY;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 7, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    exporter = NULL;
    diag_recorder_fini(&diag);
    return 0;
}

static void create(void)
{
    assert_int_equal(otm_prometheus_exporter_create(&options, &exporter), OTM_OK);
}

static void serve(void)
{
    create();
    assert_int_equal(otm_prometheus_exporter_start(exporter), OTM_OK);
    assert_true(otm_prometheus_exporter_port(exporter) > 0);
}

/* -- A client ---------------------------------------------------------------------------------------------------- */

/* A connection, or -1. */
static int connect_to(int family, uint32_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int connected = family == AF_INET ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
                                      : connect(fd, (struct sockaddr *)&v6, sizeof v6);
    if (connected != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void send_text(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Everything until the server closes; NUL-terminated. */
static size_t read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    while (length + 1 < size) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, ANSWER_MS) != 1) {
            fail_msg("no answer");
        }
        ssize_t got = recv(fd, text + length, size - 1 - length, 0);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    text[length] = '\0';
    return length;
}

static char answer[65536];

/* The answer to one request on a connection of its own. */
static const char *request_on(int family, const char *method_and_path, const char *headers)
{
    char text[1024];
    int fd = connect_to(family, otm_prometheus_exporter_port(exporter));
    assert_true(fd >= 0);
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", method_and_path, headers);
    send_text(fd, text);
    (void)read_all(fd, answer, sizeof answer);
    close(fd);
    return answer;
}

static const char *request(const char *method_and_path, const char *headers)
{
    return request_on(AF_INET, method_and_path, headers);
}

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static const char *body_of(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

/* -- Paths and methods ------------------------------------------------------------------------------------------- */

/* PROM-EXP-01, PROM-EXP-06 */
static void server_answers_a_scrape_with_the_metrics(void **state)
{
    (void)state;
    serve();
    const char *got = request("GET /metrics?name=x", "");
    assert_true(begins(got, "HTTP/1.1 200 "));
    assert_non_null(strstr(got, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8;"));
    assert_string_equal(body_of(got), "# TYPE c_total counter\nc_total 7\n");
}

/* PROM-EXP-06 */
static void server_listens_on_both_loopback_addresses(void **state)
{
    (void)state;
    serve();
    assert_true(begins(request_on(AF_INET, "GET /metrics", ""), "HTTP/1.1 200 "));
    int fd = connect_to(AF_INET6, otm_prometheus_exporter_port(exporter));
    if (fd < 0) {
        printf("SKIP %s: this machine has no ::1\n", __func__);
        skip();
    }
    close(fd);
    assert_true(begins(request_on(AF_INET6, "GET /metrics", ""), "HTTP/1.1 200 "));
}

static void server_answers_head_without_a_body(void **state)
{
    (void)state;
    serve();
    const char *got = request("HEAD /metrics", "");
    assert_true(begins(got, "HTTP/1.1 200 "));
    assert_non_null(strstr(got, "\r\nContent-Length: 33\r\n"));
    assert_string_equal(body_of(got), "");
}

static void server_answers_other_methods_with_405(void **state)
{
    static const char *const methods[] = {"POST /metrics", "PUT /metrics", "DELETE /metrics", "OPTIONS /",
                                          "NONSENSE /"};
    (void)state;
    serve();
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const char *got = request(methods[i], "Content-Length: 0\r\n");
        assert_true(begins(got, "HTTP/1.1 405 "));
        assert_non_null(strstr(got, "\r\nAllow: GET, HEAD\r\n"));
    }
    assert_int_equal(prom_fake_reader.collections, 0);
}

static void server_answers_other_paths_with_404_and_the_root_with_a_page(void **state)
{
    (void)state;
    serve();
    assert_true(begins(request("GET /metricsx", ""), "HTTP/1.1 404 "));
    assert_true(begins(request("GET /metrics/", ""), "HTTP/1.1 404 "));
    const char *got = request("GET /", "");
    assert_true(begins(got, "HTTP/1.1 200 "));
    assert_non_null(strstr(got, "text/html"));
    assert_non_null(strstr(got, "href=\"/metrics\""));
}

/* PROM-NEG-03 */
static void server_compresses_what_the_client_lets_it(void **state)
{
    static otm_attr attrs[64];
    (void)state;
    for (size_t i = 0; i < 64; i++) {
        attrs[i] = otm_attr_i64("shard.number", (int64_t)i);
        prom_tree_i64(&tree, (int64_t)i, &attrs[i], 1);
    }
    serve();
    const char *got = request("GET /metrics", "Accept-Encoding: gzip\r\n");
    assert_non_null(strstr(got, "\r\nContent-Encoding: gzip\r\n"));
    assert_non_null(strstr(got, "\r\nVary: "));
    assert_memory_equal(body_of(got), "\x1f\x8b", 2);
    assert_null(strstr(request("GET /metrics", ""), "Content-Encoding"));
}

static void server_answers_a_failed_collection_with_503(void **state)
{
    (void)state;
    prom_fake_reader.status = OTM_ERR_SHUTDOWN;
    serve();
    const char *got = request("GET /metrics", "");
    assert_true(begins(got, "HTTP/1.1 503 "));
    assert_string_equal(body_of(got), otm_status_text(OTM_ERR_SHUTDOWN));
    assert_int_equal(diag_recorder_count_of(&diag, OTM_WARN, "503"), 1);
}

static void server_serves_two_requests_on_one_connection(void **state)
{
    (void)state;
    serve();
    int fd = connect_to(AF_INET, otm_prometheus_exporter_port(exporter));
    send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    (void)read_all(fd, answer, sizeof answer);
    close(fd);
    assert_non_null(strstr(answer, "c_total 7\n"));
    assert_non_null(strstr(answer, "<!doctype html>"));
}

/* -- The host's own paths ---------------------------------------------------------------------------------------- */

static void answer_diagnostics(const char *path, otm_prometheus_reply *reply, void *user_data)
{
    ++*(int *)user_data;
    if (strcmp(path, "/diagnostics") != 0) {
        return;
    }
    assert_int_equal(otm_prometheus_exporter_stop(exporter), OTM_ERR_REENTRANT);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_ERR_REENTRANT);
    assert_int_equal(otm_prometheus_reply_send(reply, 99, "a/b", "", 0), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_prometheus_reply_send(reply, 200, "application/json", "{\"peers\":3}", 11), OTM_OK);
    assert_int_equal(otm_prometheus_reply_send(reply, 200, "a/b", "", 0), OTM_ERR_IN_USE);
}

static void server_lets_the_host_answer_other_paths(void **state)
{
    int calls = 0;
    (void)state;
    options.on_request = answer_diagnostics;
    options.on_request_user_data = &calls;
    serve();
    const char *got = request("GET /diagnostics?x=1", "");
    assert_true(begins(got, "HTTP/1.1 200 "));
    assert_non_null(strstr(got, "\r\nContent-Type: application/json\r\n"));
    assert_string_equal(body_of(got), "{\"peers\":3}");
    assert_true(begins(request("GET /other", ""), "HTTP/1.1 404 "));
    assert_true(begins(request("GET /", ""), "HTTP/1.1 200 "));
    assert_int_equal(calls, 3);
    assert_true(begins(request("GET /metrics", ""), "HTTP/1.1 200 "));
    assert_int_equal(calls, 3);
}

/* -- Clients that misbehave -------------------------------------------------------------------------------------- */

static void server_is_not_held_up_by_silent_clients(void **state)
{
    int silent[8];
    (void)state;
    serve();
    for (size_t i = 0; i < 8; i++) {
        silent[i] = connect_to(AF_INET, otm_prometheus_exporter_port(exporter));
        if (i % 2 == 0) {
            send_text(silent[i], "GET /metr");
        }
    }
    assert_true(begins(request("GET /metrics", ""), "HTTP/1.1 200 "));
    assert_int_equal(otm_prometheus_exporter_stop(exporter), OTM_OK); /* nor is the stop */
    for (size_t i = 0; i < 8; i++) {
        close(silent[i]);
    }
}

static void server_closes_a_connection_that_stays_silent(void **state)
{
    (void)state;
    options.connection_timeout_ms = 1; /* a second, rounded up */
    serve();
    int fd = connect_to(AF_INET, otm_prometheus_exporter_port(exporter));
    (void)read_all(fd, answer, sizeof answer); /* fails unless the server ends it */
    close(fd);
}

static void server_survives_garbage(void **state)
{
    static const char *const garbage[] = {"\x16\x03\x01\x02\x01\xFF\xFF\r\n\r\n", "GET\r\n\r\n", "\r\n\r\n\r\n",
                                          "GET /metrics HTTP/9.9\r\n\r\n",
                                          "GET /metrics HTTP/1.1\r\nHost x\r\n\xFF: y\r\nContent-Length: -1\r\n\r\n"};
    static char endless[40000];
    (void)state;
    options.connection_timeout_ms = 1; /* libmicrohttpd may miss the end of a request of blank lines */
    serve();
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        int fd = connect_to(AF_INET, otm_prometheus_exporter_port(exporter));
        send_text(fd, garbage[i]);
        shutdown(fd, SHUT_WR);
        (void)read_all(fd, answer, sizeof answer);
        close(fd);
    }
    memset(endless, 'a', sizeof endless - 1);
    int fd = connect_to(AF_INET, otm_prometheus_exporter_port(exporter));
    send_text(fd, "GET /");
    (void)!send(fd, endless, sizeof endless - 1, MSG_NOSIGNAL);
    (void)read_all(fd, answer, sizeof answer);
    close(fd);
    assert_true(begins(request("GET /metrics", ""), "HTTP/1.1 200 "));
}

static void *scrape(void *body)
{
    int fd = connect_to(AF_INET, otm_prometheus_exporter_port(exporter));
    send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    (void)read_all(fd, body, 4096);
    close(fd);
    return NULL;
}

static void server_answers_two_clients_at_once(void **state)
{
    static char bodies[2][4096];
    pthread_t threads[2];
    (void)state;
    serve();
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, scrape, bodies[i]), 0);
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_string_equal(body_of(bodies[i]), "# TYPE c_total counter\nc_total 7\n");
    }
}

/* -- Start and stop ---------------------------------------------------------------------------------------------- */

static void start_on_a_taken_port_fails_and_names_it(void **state)
{
    char port[32];
    (void)state;
    serve();
    otm_prometheus_exporter *first = exporter;
    options.port = otm_prometheus_exporter_port(first);
    create();
    assert_int_equal(otm_prometheus_exporter_start(exporter), OTM_ERR_IN_USE);
    assert_int_equal(otm_prometheus_exporter_port(exporter), 0);
    snprintf(port, sizeof port, "127.0.0.1), port %u", (unsigned int)options.port);
    assert_int_equal(diag_recorder_count_of(&diag, OTM_ERROR, port), 1);
    assert_int_equal(otm_prometheus_exporter_release(first), OTM_OK);
    assert_int_equal(otm_prometheus_exporter_start(exporter), OTM_OK); /* it may try again */
    assert_true(begins(request("GET /metrics", ""), "HTTP/1.1 200 "));
}

/* PROM-EXP-06; somebody else may have the port: then the refusal names it. */
static void start_without_options_is_on_localhost_port_9464(void **state)
{
    (void)state;
    options.port = 0;
    options.host = NULL;
    create();
    if (otm_prometheus_exporter_start(exporter) == OTM_OK) {
        assert_int_equal(otm_prometheus_exporter_port(exporter), 9464);
    } else {
        assert_int_equal(diag_recorder_count_of(&diag, OTM_ERROR, "port 9464"), 1);
    }
}

static void start_on_a_bad_host_fails_and_names_it(void **state)
{
    static const char *const hosts[] = {"192.0.2.1", "300.1.1.1", "", "2001:db8::1", "::1::2"};
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char named[64];
        options.host = hosts[i];
        create();
        assert_int_equal(otm_prometheus_exporter_start(exporter), OTM_ERR_INVALID_ARGUMENT);
        snprintf(named, sizeof named, "host \"%s\"", hosts[i]);
        assert_int_equal(diag_recorder_count_of(&diag, OTM_ERROR, named), 1);
        assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    }
    exporter = NULL;
}

static void start_on_all_interfaces_serves_both_families(void **state)
{
    (void)state;
    options.host = "::";
    create();
    if (otm_prometheus_exporter_start(exporter) != OTM_OK) {
        printf("SKIP %s: this machine has no IPv6\n", __func__);
        skip();
    }
    assert_true(begins(request_on(AF_INET, "GET /metrics", ""), "HTTP/1.1 200 "));
    assert_true(begins(request_on(AF_INET6, "GET /metrics", ""), "HTTP/1.1 200 "));
}

static void start_twice_is_refused_and_stop_frees_the_port(void **state)
{
    (void)state;
    serve();
    uint32_t port = otm_prometheus_exporter_port(exporter);
    assert_int_equal(otm_prometheus_exporter_start(exporter), OTM_ERR_IN_USE);
    assert_int_equal(otm_prometheus_exporter_stop(exporter), OTM_OK);
    assert_int_equal(otm_prometheus_exporter_stop(exporter), OTM_OK);
    assert_int_equal(otm_prometheus_exporter_port(exporter), 0);
    assert_int_equal(connect_to(AF_INET, port), -1);
    assert_int_equal(otm_prometheus_exporter_start(exporter), OTM_OK);
    assert_true(begins(request("GET /metrics", ""), "HTTP/1.1 200 "));
}

static void start_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        options.allocator = &fa.base;
        otm_status st = otm_prometheus_exporter_create(&options, &exporter);
        if (st == OTM_OK) {
            st = otm_prometheus_exporter_start(exporter);
        }
        if (st == OTM_OK) {
            const char *got = request("GET /metrics", "");
            assert_true(begins(got, "HTTP/1.1 200 ") || begins(got, "HTTP/1.1 503 "));
        }
        assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
        assert_int_equal(fa.live, 0);
        failed = failing_alloc_failed(&fa);
    }
    exporter = NULL;
}

/* -- The process around it --------------------------------------------------------------------------------------- */

static void block_report(void *user_data)
{
    sigset_t *blocked = user_data;
    pthread_sigmask(SIG_SETMASK, NULL, blocked);
}

static void server_thread_blocks_all_signals(void **state)
{
    sigset_t blocked;
    sigset_t mine;
    (void)state;
    sigemptyset(&blocked);
    prom_fake_reader.on_collect = block_report;
    prom_fake_reader.user_data = &blocked;
    serve();
    assert_true(begins(request("GET /metrics", ""), "HTTP/1.1 200 "));
    assert_true(sigismember(&blocked, SIGPIPE) && sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGUSR1));
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
}

/* Descriptors that are open without close-on-exec, but for the standard three. */
static size_t inheritable_descriptors(void)
{
    size_t count = 0;
    for (int fd = 3; fd < 256; fd++) {
        int flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && (flags & FD_CLOEXEC) == 0;
    }
    return count;
}

static void server_descriptors_are_close_on_exec(void **state)
{
    (void)state;
    size_t before = inheritable_descriptors();
    serve();
    int fd = connect_to(AF_INET, otm_prometheus_exporter_port(exporter));
    send_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); /* answered, and kept open */
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, ANSWER_MS), 1);
    assert_int_equal(inheritable_descriptors(), before);
    close(fd);
}

static int listening_sockets(void)
{
    int count = 0;
    for (int fd = 3; fd < 256; fd++) {
        int listens = 0;
        socklen_t size = sizeof listens;
        count += getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
    }
    return count;
}

static void server_is_absent_in_a_forked_child(void **state)
{
    (void)state;
    serve();
    assert_true(listening_sockets() > 0);
    pid_t child = fork();
    if (child == 0) {
        bool ok = listening_sockets() == 0 && otm_prometheus_exporter_port(exporter) == 0 &&
                  otm_prometheus_exporter_stop(exporter) == OTM_ERR_SHUTDOWN;
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(begins(request("GET /metrics", ""), "HTTP/1.1 200 "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(server_answers_a_scrape_with_the_metrics),
        TEST(server_listens_on_both_loopback_addresses),
        TEST(server_answers_head_without_a_body),
        TEST(server_answers_other_methods_with_405),
        TEST(server_answers_other_paths_with_404_and_the_root_with_a_page),
        TEST(server_compresses_what_the_client_lets_it),
        TEST(server_answers_a_failed_collection_with_503),
        TEST(server_serves_two_requests_on_one_connection),
        TEST(server_lets_the_host_answer_other_paths),
        TEST(server_is_not_held_up_by_silent_clients),
        TEST(server_closes_a_connection_that_stays_silent),
        TEST(server_survives_garbage),
        TEST(server_answers_two_clients_at_once),
        TEST(start_on_a_taken_port_fails_and_names_it),
        TEST(start_without_options_is_on_localhost_port_9464),
        TEST(start_on_a_bad_host_fails_and_names_it),
        TEST(start_on_all_interfaces_serves_both_families),
        TEST(start_twice_is_refused_and_stop_frees_the_port),
        TEST(start_survives_failure_of_each_allocation),
        TEST(server_thread_blocks_all_signals),
        TEST(server_descriptors_are_close_on_exec),
        TEST(server_is_absent_in_a_forked_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
