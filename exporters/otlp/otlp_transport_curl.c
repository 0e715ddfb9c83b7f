/* libcurl does the work; this file decides when it runs and how much it may take in.
 *
 * Sockets come and go through libcurl's socket callback, so that a host's event loop can wait for them itself, whatever
 * their numbers are (curl_multi_fdset() ends at FD_SETSIZE). libcurl runs on the system's clock. */
#include "otlp_transport_curl.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/platform.h"
#include "platform/signals.h"
#include "util/alloc.h"
#include "util/buf.h"

/* One transfer watches at most five sockets (MAX_SOCKSPEREASYHANDLE); idle connections are not watched. */
#define MAX_SOCKETS 8

#define HEAD_BYTES ((size_t)256 << 10)      /* of all header lines of an answer */
#define KEPT_BODY_BYTES ((size_t)64 << 10)  /* a larger body buffer is not kept for the next answer */
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

typedef struct watched_socket {
    int fd;
    short events;
} watched_socket;

typedef struct curl_transport {
    const otmi_otlp_settings *settings;
    pid_t owner;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *headers;
    watched_socket sockets[MAX_SOCKETS];
    size_t socket_count;
    uint64_t timer_ns; /* when libcurl wants to run, system's monotonic clock; UINT64_MAX: never */
    /* Of the request under way: */
    bool active;
    bool head_complete;
    bool too_large;
    size_t head_bytes;
    otmi_buf body;
    char error[CURL_ERROR_SIZE];
} curl_transport;

/* -- libcurl's callbacks ----------------------------------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *unused)
{
    curl_transport *t = self;
    size_t i = 0;
    (void)easy;
    (void)unused;
    while (i < t->socket_count && t->sockets[i].fd != fd) {
        i++;
    }
    if (what == CURL_POLL_REMOVE) {
        if (i < t->socket_count) {
            t->sockets[i] = t->sockets[--t->socket_count];
        }
        return 0;
    }
    if (i == MAX_SOCKETS) {
        return 0; /* it will be served late, by the timer */
    }
    if (i == t->socket_count) {
        t->socket_count++;
        fcntl(fd, F_SETFD, FD_CLOEXEC); /* not all of them come from open_socket(): the resolver's end of a pair */
    }
    t->sockets[i].fd = fd;
    t->sockets[i].events =
        (short)(((what & CURL_POLL_IN) != 0 ? POLLIN : 0) | ((what & CURL_POLL_OUT) != 0 ? POLLOUT : 0));
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *self)
{
    curl_transport *t = self;
    (void)multi;
    t->timer_ns = timeout_ms < 0 ? UINT64_MAX : otmi_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
    return 0;
}

static curl_socket_t open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)self;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Returning less than was given ends the transfer. */
static size_t on_header(char *line, size_t one, size_t size, void *self)
{
    curl_transport *t = self;
    (void)one;
    t->head_bytes += size;
    if (t->head_bytes > HEAD_BYTES) {
        t->too_large = true;
        return 0;
    }
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (size <= 2 && (size == 0 || line[0] == '\r' || line[0] == '\n') && status >= 200) {
        t->head_complete = true; /* the blank line; not that of an interim 1xx answer */
    }
    return size;
}

static size_t on_body(char *data, size_t one, size_t size, void *self)
{
    curl_transport *t = self;
    (void)one;
    otmi_buf_append(&t->body, data, size);
    t->too_large = t->too_large || t->body.status == OTM_ERR_LIMIT;
    return t->body.status == OTM_OK ? size : 0;
}

/* Stops an answer that stays small only after decompression. */
static int on_progress(void *self, curl_off_t expected, curl_off_t received, curl_off_t to_send, curl_off_t sent)
{
    curl_transport *t = self;
    (void)expected;
    (void)to_send;
    (void)sent;
    if (received > 0 && (uint64_t)received > t->settings->max_response_bytes) {
        t->too_large = true;
        return 1;
    }
    return 0;
}

/* -- Setting up -------------------------------------------------------------------------------------------------- */

static CURLcode global_code;

static void global_init(void)
{
    /* Never undone: the host may use libcurl as well, and this count is the process's. */
    global_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    *list = longer != NULL ? longer : *list;
    return longer != NULL;
}

static bool add_header(const curl_transport *t, struct curl_slist **list, const otmi_kv *header)
{
    size_t size = strlen(header->key) + strlen(header->value) + sizeof ": ";
    char *line = otmi_alloc(t->settings->allocator, size);
    if (line == NULL) {
        return false;
    }
    /* An empty value is written with a semicolon; "name:" would remove the header. */
    snprintf(line, size, header->value[0] != '\0' ? "%s: %s" : "%s;", header->key, header->value);
    bool added = add_line(list, line);
    otmi_free(t->settings->allocator, line, size);
    return added;
}

static bool make_headers(curl_transport *t)
{
    bool ok = add_line(&t->headers, "Content-Type: application/x-protobuf");
    ok = ok && add_line(&t->headers, "Expect:"); /* no waiting for a 100 that many servers never send */
    if (t->settings->compression == OTM_OTLP_COMPRESSION_GZIP) {
        ok = ok && add_line(&t->headers, "Content-Encoding: gzip");
    }
    for (size_t i = 0; ok && i < t->settings->headers.count; i++) {
        ok = add_header(t, &t->headers, &t->settings->headers.items[i]);
    }
    return ok;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(t->easy, (option), (value)) == CURLE_OK)

static bool set_tls(curl_transport *t)
{
    bool ok = true;
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2); /* at least */
    if (t->settings->ca_file != NULL) {
        SET(CURLOPT_CAINFO, t->settings->ca_file);
        SET(CURLOPT_CAPATH, NULL); /* these authorities and no others */
    }
    if (t->settings->cert_file != NULL) {
        SET(CURLOPT_SSLCERT, t->settings->cert_file);
    }
    if (t->settings->key_file != NULL) {
        SET(CURLOPT_SSLKEY, t->settings->key_file);
    }
    return ok;
}

static bool set_request(curl_transport *t)
{
    bool ok = true;
    SET(CURLOPT_URL, t->settings->url);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_HTTPHEADER, t->headers);
    SET(CURLOPT_USERAGENT, t->settings->user_agent);
    SET(CURLOPT_ACCEPT_ENCODING, "gzip");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* do not wait for a resolver that is stuck */
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    return ok;
}

static bool set_callbacks(curl_transport *t)
{
    bool ok = true;
    SET(CURLOPT_ERRORBUFFER, t->error);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
    ok = ok && curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK;
    ok = ok && curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK;
    ok = ok && curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK;
    return ok && curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) == CURLM_OK;
}

static bool set_up(curl_transport *t)
{
    t->multi = curl_multi_init();
    t->easy = curl_easy_init();
    return t->multi != NULL && t->easy != NULL && make_headers(t) && set_request(t) && set_tls(t) && set_callbacks(t);
}

/* -- A request --------------------------------------------------------------------------------------------------- */

static otm_status transport_start(void *self, const char *body, size_t size)
{
    curl_transport *t = self;
    otmi_signal_guard guard;
    bool ok = true;
    if (t->body.capacity > KEPT_BODY_BYTES) {
        otmi_buf_fini(&t->body);
    }
    otmi_buf_reset(&t->body);
    t->head_complete = false;
    t->too_large = false;
    t->head_bytes = 0;
    t->error[0] = '\0';
    SET(CURLOPT_POSTFIELDS, body);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    if (!ok) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_signals_block(&guard);
    t->active = curl_multi_add_handle(t->multi, t->easy) == CURLM_OK;
    otmi_signals_restore(&guard);
    return t->active ? OTM_OK : OTM_ERR_NO_MEMORY;
}

static void transport_abort(void *self)
{
    curl_transport *t = self;
    otmi_signal_guard guard;
    if (t->active) {
        otmi_signals_block(&guard);
        curl_multi_remove_handle(t->multi, t->easy);
        otmi_signals_restore(&guard);
        t->active = false;
    }
}

static otmi_otlp_outcome outcome_of(const curl_transport *t, CURLcode code)
{
    if (code == CURLE_OK) {
        return OTMI_OTLP_ANSWERED;
    }
    if (t->too_large) {
        return OTMI_OTLP_TOO_LARGE;
    }
    if (t->body.status == OTM_ERR_NO_MEMORY) {
        return OTMI_OTLP_NO_MEMORY;
    }
    if (t->head_complete) {
        return OTMI_OTLP_ANSWERED;
    }
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL: /* bytes without a status line, which HTTP/0.9 would have been */
    case CURLE_WEIRD_SERVER_REPLY:
        return OTMI_OTLP_NOT_HTTP;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_USE_SSL_FAILED:
        return OTMI_OTLP_HOPELESS;
    case CURLE_OUT_OF_MEMORY: /* also what libcurl says of one endless header line */
        return t->head_bytes > 0 ? OTMI_OTLP_TOO_LARGE : OTMI_OTLP_NO_MEMORY;
    default:
        return OTMI_OTLP_NO_ANSWER;
    }
}

static const char *header_of(CURL *easy, const char *name)
{
    struct curl_header *header = NULL;
    return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK ? header->value : "";
}

static void fill_answer(curl_transport *t, CURLcode code, otmi_otlp_answer *out)
{
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    *out = (otmi_otlp_answer){
        .outcome = outcome_of(t, code),
        .body_broken = code != CURLE_OK,
        .status = (int)status,
        .content_type = header_of(t->easy, "Content-Type"),
        .retry_after = header_of(t->easy, "Retry-After"),
        .location = header_of(t->easy, "Location"),
        .body = t->body.data != NULL ? t->body.data : "",
        .body_size = t->body.size,
        .error = t->error[0] != '\0' ? t->error : curl_easy_strerror(code),
    };
}

/* OTM_OK once the transfer is over. */
static otm_status take_result(curl_transport *t, otmi_otlp_answer *out)
{
    int left;
    const CURLMsg *message = curl_multi_info_read(t->multi, &left);
    if (message == NULL || message->msg != CURLMSG_DONE) {
        return OTM_PENDING;
    }
    CURLcode code = message->data.result;
    transport_abort(t); /* off the list; the connection is kept if it is good */
    fill_answer(t, code, out);
    return OTM_OK;
}

/* -- Driving ----------------------------------------------------------------------------------------------------- */

static void act_on(curl_transport *t, curl_socket_t fd, int what)
{
    otmi_signal_guard guard;
    int running;
    otmi_signals_block(&guard);
    curl_multi_socket_action(t->multi, fd, what, &running);
    otmi_signals_restore(&guard);
}

static int curl_events(short events)
{
    return ((events & (POLLIN | POLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
           ((events & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
           ((events & (POLLERR | POLLNVAL)) != 0 ? CURL_CSELECT_ERR : 0);
}

static void act_on_timer(curl_transport *t)
{
    if (t->timer_ns <= otmi_monotonic_ns()) {
        t->timer_ns = UINT64_MAX; /* it rings once; libcurl sets the next */
        act_on(t, CURL_SOCKET_TIMEOUT, 0);
    }
}

/* Waits for sockets and timer at most wait_ns, then lets libcurl act. False: a signal cut the wait short. */
static bool wait_and_act(curl_transport *t, uint64_t wait_ns)
{
    struct pollfd ready[MAX_SOCKETS]; /* a copy: acting changes the list */
    size_t count = t->active ? t->socket_count : 0;
    uint64_t now_ns = otmi_monotonic_ns();
    uint64_t timer_ns = !t->active ? UINT64_MAX : t->timer_ns > now_ns ? t->timer_ns - now_ns : 0;
    uint64_t span_ns = wait_ns < timer_ns ? wait_ns : timer_ns;
    for (size_t i = 0; i < count; i++) {
        ready[i] = (struct pollfd){.fd = t->sockets[i].fd, .events = t->sockets[i].events};
    }
    struct timespec span = {.tv_sec = (time_t)(span_ns / NS_PER_S), .tv_nsec = (long)(span_ns % NS_PER_S)};
    int found = ppoll(ready, count, &span, NULL);
    bool interrupted = found < 0 && errno == EINTR;
    for (size_t i = 0; found > 0 && i < count; i++) {
        if (ready[i].revents != 0) {
            act_on(t, ready[i].fd, curl_events(ready[i].revents));
        }
    }
    if (t->active) {
        act_on_timer(t);
    }
    return !interrupted;
}

static otm_status transport_drive(void *self, uint64_t wait_ns, otmi_otlp_answer *out)
{
    curl_transport *t = self;
    int saved_errno = errno;
    uint64_t start_ns = otmi_monotonic_ns();
    uint64_t spent_ns = 0;
    otm_status st = OTM_PENDING;
    bool go_on = true;
    do {
        go_on = wait_and_act(t, wait_ns - spent_ns);
        st = t->active ? take_result(t, out) : OTM_PENDING;
        spent_ns = otmi_monotonic_ns() - start_ns;
    } while (st == OTM_PENDING && go_on && spent_ns < wait_ns);
    errno = saved_errno;
    return st;
}

static size_t transport_poll(void *self, otm_poll_fd *fds, size_t capacity, uint64_t *wait_ns)
{
    curl_transport *t = self;
    if (!t->active) {
        return 0;
    }
    for (size_t i = 0; i < t->socket_count && i < capacity; i++) {
        fds[i].fd = t->sockets[i].fd;
        fds[i].events = ((t->sockets[i].events & POLLIN) != 0 ? OTM_POLL_IN : 0) |
                        ((t->sockets[i].events & POLLOUT) != 0 ? OTM_POLL_OUT : 0);
    }
    uint64_t now_ns = otmi_monotonic_ns();
    uint64_t timer_ns = t->timer_ns > now_ns ? t->timer_ns - now_ns : 0;
    if (t->timer_ns != UINT64_MAX && timer_ns < *wait_ns) {
        *wait_ns = timer_ns;
    }
    return t->socket_count;
}

/* -- Life -------------------------------------------------------------------------------------------------------- */

static void clean_up(curl_transport *t)
{
    otmi_signal_guard guard;
    otmi_signals_block(&guard);
    if (t->active) {
        curl_multi_remove_handle(t->multi, t->easy);
    }
    curl_easy_cleanup(t->easy);
    curl_multi_cleanup(t->multi);
    curl_slist_free_all(t->headers);
    otmi_signals_restore(&guard);
}

static void transport_destroy(void *self)
{
    curl_transport *t = self;
    /* In a forked child the connection is the parent's still: a farewell on it would end the parent's TLS session. What
     * libcurl holds is left behind there. */
    if (t->owner == getpid()) {
        clean_up(t);
    }
    otmi_buf_fini(&t->body);
    otmi_free(t->settings->allocator, t, sizeof *t);
}

otm_status otmi_otlp_curl_create(const otmi_otlp_settings *settings, otmi_otlp_transport *out)
{
    static const otmi_otlp_transport_ops ops = {
        .start = transport_start,
        .drive = transport_drive,
        .abort = transport_abort,
        .poll = transport_poll,
        .destroy = transport_destroy,
    };
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, global_init);
    if (global_code != CURLE_OK) {
        return OTM_ERR_IO;
    }
    curl_transport *t = otmi_alloc_zeroed(settings->allocator, sizeof *t);
    if (t == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    t->settings = settings;
    t->owner = getpid();
    t->timer_ns = UINT64_MAX;
    otmi_buf_init(&t->body, settings->allocator, settings->max_response_bytes);
    if (!set_up(t)) {
        transport_destroy(t);
        return OTM_ERR_NO_MEMORY;
    }
    *out = (otmi_otlp_transport){&ops, t};
    return OTM_OK;
}
