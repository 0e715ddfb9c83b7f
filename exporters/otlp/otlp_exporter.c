/* One batch on its way: encoded whole at begin, then sent, waited for and sent again until it is settled.
 *
 *     idle --begin--> sending --answer--> idle              (exported, rejected or dropped)
 *                        |  ^
 *              try later |  | the wait is over
 *                        v  |
 *                      waiting --deadline, cancel--> idle   (dropped)                                                */
#include "otlp_exporter.h"

#include <inttypes.h>

#include "otlp_encode.h"
#include "otlp_gzip.h"
#include "otlp_response.h"
#include "otlp_retry.h"
#include "otlp_transport_curl.h"
#include "platform/platform.h"
#include "util/alloc.h"
#include "util/arena.h"
#include "util/buf.h"

typedef enum batch_state { IDLE, SENDING, WAITING } batch_state;

/* The reader calls one operation at a time, so only what accounts() reads is guarded: `accounts`, by mu. */
typedef struct otlp_exporter {
    otmi_otlp_settings settings; /* never changes */
    otmi_otlp_transport transport;
    const otm_clock *clock;
    otmi_diag *diag;
    bool has_own_diag; /* the one given at creation: the reader's does not replace it */
    bool shut_down;
    batch_state state;
    unsigned tries;
    size_t points; /* of the batch under way */
    uint64_t deadline_ns;
    uint64_t retry_at_ns;
    const char *body; /* what is sent: request or compressed */
    size_t body_size;
    otmi_pb_writer request;
    otmi_buf compressed;
    otmi_arena scratch;        /* of the compression */
    otmi_otlp_verdict verdict; /* of the last try */
    otmi_mutex mu;
    otm_accounts accounts;
} otlp_exporter;

static uint64_t now_ns(const otlp_exporter *e)
{
    return e->clock->monotonic_ns(e->clock->context);
}

/* -- Accounts and reports ---------------------------------------------------------------------------------------- */

static void account_taken(otlp_exporter *e, uint64_t points)
{
    otmi_mutex_lock(&e->mu);
    e->accounts.pending += points;
    otmi_mutex_unlock(&e->mu);
}

static void account_dropped(otlp_exporter *e, otm_drop_reason reason, uint64_t points)
{
    otmi_mutex_lock(&e->mu);
    e->accounts.pending -= points;
    e->accounts.dropped[reason] += points;
    otmi_mutex_unlock(&e->mu);
}

static void account_exported(otlp_exporter *e, uint64_t rejected)
{
    otmi_mutex_lock(&e->mu);
    e->accounts.pending -= e->points;
    e->accounts.rejected += rejected;
    e->accounts.exported += e->points - rejected;
    otmi_mutex_unlock(&e->mu);
}

#define SECRET_BYTES 4 /* shorter values are no secrets, and would blank out every "1" */

/* Servers may quote the request: a header's value must not come back in a diagnostic. */
static void hide_header_values(const otlp_exporter *e, char *text)
{
    for (size_t i = 0; i < e->settings.headers.count; i++) {
        const char *value = e->settings.headers.items[i].value;
        size_t size = strlen(value);
        for (char *at = text; size >= SECRET_BYTES && (at = strstr(at, value)) != NULL; at += size) {
            memset(at, '*', size);
        }
    }
}

static void report_drop(otlp_exporter *e, otm_status status, otm_drop_reason reason)
{
    hide_header_values(e, e->verdict.text);
    otmi_otlp_report(e->diag, OTM_ERROR, status, "%s %s; %zu points dropped (%s; tries: %u)", e->settings.shown_url,
                     e->verdict.text[0] != '\0' ? e->verdict.text : "had not answered", e->points,
                     otm_drop_reason_name(reason), e->tries);
}

/* -- The end of a batch ------------------------------------------------------------------------------------------ */

static void end_batch(otlp_exporter *e)
{
    e->state = IDLE;
    e->points = 0;
    e->body = NULL;
    e->body_size = 0;
    otmi_pb_reset(&e->request);
    otmi_buf_reset(&e->compressed);
}

static otm_status drop_batch(otlp_exporter *e, otm_status status, otm_drop_reason reason)
{
    if (e->state == SENDING) {
        e->transport.ops->abort(e->transport.self);
    }
    account_dropped(e, reason, e->points);
    report_drop(e, status, reason);
    end_batch(e);
    return status;
}

/* A partial success is a success: the rejected points are settled, and would be rejected again (OTLP-HTTP-06). */
static otm_status finish_batch(otlp_exporter *e)
{
    uint64_t rejected = e->verdict.rejected < e->points ? e->verdict.rejected : e->points;
    account_exported(e, rejected);
    if (e->verdict.text[0] != '\0') {
        hide_header_values(e, e->verdict.text);
        otmi_otlp_report(e->diag, OTM_WARN, rejected > 0 ? OTM_ERR_EXPORT : OTM_OK,
                         "%s %s; %" PRIu64 " points exported, %" PRIu64 " rejected", e->settings.shown_url,
                         e->verdict.text, e->points - rejected, rejected);
    }
    end_batch(e);
    return OTM_OK;
}

/* -- Tries ------------------------------------------------------------------------------------------------------- */

static otm_status send_batch(otlp_exporter *e)
{
    e->state = SENDING;
    e->tries++;
    otm_status st = e->transport.ops->start(e->transport.self, e->body, e->body_size);
    if (st != OTM_OK) {
        e->state = WAITING; /* nothing to abort */
        return drop_batch(e, st, OTM_DROP_NO_MEMORY);
    }
    return OTM_PENDING;
}

/* Waits for the longer of what the peer asks for and a jittered backoff; ends the batch if that would be too late. */
static otm_status wait_for_retry(otlp_exporter *e)
{
    uint64_t wait_ns = otmi_otlp_backoff_ns(e->settings.initial_backoff_ns, e->settings.max_backoff_ns, e->tries,
                                            e->settings.random(e->settings.random_context));
    if (wait_ns < e->verdict.retry_after_ns) {
        wait_ns = e->verdict.retry_after_ns;
    }
    uint64_t now = now_ns(e);
    e->state = WAITING;
    if (now >= e->deadline_ns || wait_ns >= e->deadline_ns - now) {
        return drop_batch(e, OTM_ERR_EXPORT, e->verdict.reason);
    }
    e->retry_at_ns = now + wait_ns;
    return OTM_PENDING;
}

static otm_status settle(otlp_exporter *e, const otmi_otlp_answer *answer)
{
    e->state = WAITING; /* the request is over: nothing to abort */
    otmi_otlp_judge(answer, e->clock->wall_ns(e->clock->context), e->settings.allocator, &e->verdict);
    switch (e->verdict.fate) {
    case OTMI_OTLP_EXPORTED:
        return finish_batch(e);
    case OTMI_OTLP_RETRY:
        return wait_for_retry(e);
    case OTMI_OTLP_DROPPED:
        break;
    }
    return drop_batch(e, e->verdict.reason == OTM_DROP_NO_MEMORY ? OTM_ERR_NO_MEMORY : OTM_ERR_EXPORT,
                      e->verdict.reason);
}

/* -- Operations -------------------------------------------------------------------------------------------------- */

static otm_status encode_batch(otlp_exporter *e, const otm_metrics_data *batch, otmi_otlp_encoded *counts)
{
    otm_status st = otmi_otlp_encode(batch, &e->request, counts);
    e->body = (const char *)otmi_pb_data(&e->request);
    e->body_size = e->request.size;
    if (st == OTM_OK && counts->points > 0 && e->settings.compression == OTM_OTLP_COMPRESSION_GZIP) {
        st = otmi_otlp_gzip(e->body, e->body_size, &e->scratch, &e->compressed);
        e->body = e->compressed.data;
        e->body_size = e->compressed.size;
    }
    return e->body_size > e->settings.max_request_bytes ? OTM_ERR_LIMIT : st;
}

static otm_status drop_unencoded(otlp_exporter *e, otm_status st)
{
    bool too_large = st == OTM_ERR_LIMIT;
    otm_drop_reason reason = too_large ? OTM_DROP_TOO_LARGE : OTM_DROP_NO_MEMORY;
    account_dropped(e, reason, e->points);
    otmi_otlp_report(e->diag, OTM_ERROR, st, "%s not asked: %s; %zu points dropped (%s)", e->settings.shown_url,
                     too_large ? "the request has more than max_request_bytes" : "no memory for the request",
                     e->points, otm_drop_reason_name(reason));
    end_batch(e);
    return st;
}

static otm_status refuse(otlp_exporter *e, const otm_metrics_data *batch, otm_status st, otm_drop_reason reason)
{
    otmi_mutex_lock(&e->mu);
    e->accounts.dropped[reason] += batch->point_count;
    otmi_mutex_unlock(&e->mu);
    return st;
}

static void drop_unsupported(otlp_exporter *e, uint64_t points)
{
    if (points > 0) {
        account_dropped(e, OTM_DROP_UNSUPPORTED, points);
        otmi_otlp_report(e->diag, OTM_ERROR, OTM_ERR_UNSUPPORTED,
                         "%" PRIu64 " points dropped (unsupported): OTLP has no such metric type or temporality",
                         points);
    }
}

static uint64_t earlier_deadline(uint64_t now, int64_t timeout_ms, uint64_t deadline_ns)
{
    uint64_t own_ns = otmi_deadline_ns(now, timeout_ms, 0);
    return own_ns < deadline_ns ? own_ns : deadline_ns;
}

static otm_status exporter_step(void *self, uint64_t until_ns);

static otm_status exporter_begin(void *self, const otm_metrics_data *batch, uint64_t deadline_ns)
{
    otlp_exporter *e = self;
    otmi_otlp_encoded counts;
    if (e->shut_down) {
        return refuse(e, batch, OTM_ERR_SHUTDOWN, OTM_DROP_SHUTDOWN);
    }
    if (e->state != IDLE) {
        return refuse(e, batch, OTM_ERR_IN_USE, OTM_DROP_UNREACHED);
    }
    e->deadline_ns = earlier_deadline(now_ns(e), e->settings.timeout_ms, deadline_ns);
    e->tries = 0;
    e->verdict.text[0] = '\0';
    otm_status st = encode_batch(e, batch, &counts);
    account_taken(e, counts.points + counts.unsupported);
    drop_unsupported(e, counts.unsupported);
    e->points = counts.points;
    if (st != OTM_OK) {
        return drop_unencoded(e, st);
    }
    if (counts.points == 0) {
        end_batch(e);
        return counts.unsupported > 0 ? OTM_ERR_UNSUPPORTED : OTM_OK;
    }
    if (now_ns(e) >= e->deadline_ns) {
        return drop_batch(e, OTM_ERR_TIMEOUT, OTM_DROP_UNREACHED);
    }
    st = send_batch(e);
    return st == OTM_PENDING ? exporter_step(e, 0) : st;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How long this step may wait: not past until_ns, the deadline, or the next try. */
static uint64_t wait_span(const otlp_exporter *e, uint64_t now, uint64_t until_ns)
{
    uint64_t end_ns = earliest(until_ns, e->deadline_ns);
    if (e->state == WAITING) {
        end_ns = earliest(end_ns, e->retry_at_ns);
    }
    return end_ns > now ? end_ns - now : 0;
}

/* Waits once, however often it is woken; the reader calls again. */
static otm_status exporter_step(void *self, uint64_t until_ns)
{
    otlp_exporter *e = self;
    otmi_otlp_answer answer;
    if (e->state == IDLE) {
        return OTM_OK;
    }
    uint64_t now = now_ns(e);
    if (e->state == WAITING && now >= e->retry_at_ns && now < e->deadline_ns) {
        otm_status st = send_batch(e);
        if (st != OTM_PENDING) {
            return st;
        }
    }
    otm_status st = e->transport.ops->drive(e->transport.self, wait_span(e, now, until_ns), &answer);
    if (st == OTM_OK) {
        return settle(e, &answer);
    }
    return now_ns(e) < e->deadline_ns ? OTM_PENDING : drop_batch(e, OTM_ERR_TIMEOUT, OTM_DROP_UNREACHED);
}

static void exporter_cancel(void *self, otm_drop_reason reason)
{
    otlp_exporter *e = self;
    if (e->state != IDLE) {
        drop_batch(e, reason == OTM_DROP_SHUTDOWN ? OTM_ERR_SHUTDOWN : OTM_ERR_EXPORT, reason);
    }
}

static size_t exporter_poll(void *self, otm_poll_fd *fds, size_t capacity, uint64_t *wake_ns)
{
    otlp_exporter *e = self;
    if (e->state == IDLE) {
        return 0;
    }
    uint64_t now = now_ns(e);
    uint64_t wait_ns = wait_span(e, now, *wake_ns);
    size_t count = 0;
    if (e->state == SENDING) {
        count = e->transport.ops->poll(e->transport.self, fds, capacity, &wait_ns);
    }
    *wake_ns = earliest(*wake_ns, now + wait_ns);
    return count;
}

static otm_status exporter_shutdown(void *self, uint64_t deadline_ns)
{
    otlp_exporter *e = self;
    (void)deadline_ns; /* nothing here waits */
    if (e->shut_down) {
        return OTM_ERR_SHUTDOWN;
    }
    exporter_cancel(e, OTM_DROP_SHUTDOWN);
    e->shut_down = true;
    e->transport.ops->destroy(e->transport.self);
    e->transport.ops = NULL;
    return OTM_OK;
}

static otm_temporality exporter_temporality(void *self, otm_instrument_kind kind)
{
    const otlp_exporter *e = self;
    return otm_temporality_of((otm_temporality_preference)e->settings.temporality_preference, kind);
}

static void exporter_aggregation(void *self, otm_instrument_kind kind, otm_aggregation *out)
{
    const otlp_exporter *e = self;
    memset(out, 0, sizeof *out);
    if (kind == OTM_HISTOGRAM && e->settings.histogram == OTM_OTLP_HISTOGRAM_BASE2_EXPONENTIAL) {
        out->kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    }
}

static void exporter_accounts(void *self, otm_accounts *out)
{
    otlp_exporter *e = self;
    size_t size = out->struct_size < sizeof e->accounts ? out->struct_size : sizeof e->accounts;
    size_t struct_size = out->struct_size;
    otmi_mutex_lock(&e->mu);
    memcpy(out, &e->accounts, size);
    otmi_mutex_unlock(&e->mu);
    out->struct_size = struct_size;
}

static void exporter_attach(void *self, const otm_clock *clock, const otm_diagnostics_options *diagnostics)
{
    otlp_exporter *e = self;
    e->clock = otmi_clock_or_system(clock);
    if (!e->has_own_diag) {
        otmi_diag_destroy(e->diag);
        e->diag = otmi_diag_create(e->settings.allocator, diagnostics, e->clock);
    }
}

static void exporter_destroy(void *self)
{
    otlp_exporter *e = self;
    const otm_allocator *allocator = e->settings.allocator;
    exporter_shutdown(e, 0);
    otmi_diag_destroy(e->diag);
    otmi_pb_fini(&e->request);
    otmi_buf_fini(&e->compressed);
    otmi_arena_fini(&e->scratch);
    otmi_mutex_fini(&e->mu);
    otmi_otlp_settings_fini(&e->settings);
    otmi_free(allocator, e, sizeof *e);
}

const otm_exporter_ops otmi_otlp_exporter_ops = {
    .size = sizeof otmi_otlp_exporter_ops,
    .begin = exporter_begin,
    .step = exporter_step,
    .cancel = exporter_cancel,
    .poll = exporter_poll,
    .flush = NULL, /* nothing is buffered behind the batch that the reader steps */
    .shutdown = exporter_shutdown,
    .temporality = exporter_temporality,
    .aggregation = exporter_aggregation,
    .accounts = exporter_accounts,
    .destroy = exporter_destroy,
    .attach = exporter_attach,
};

/* -- Creation ---------------------------------------------------------------------------------------------------- */

/* Takes over the settings; on failure they are the caller's still. */
static otm_status assemble(const otmi_otlp_settings *settings, const otm_diagnostics_options *diagnostics,
                           otmi_otlp_transport_create transport, void *transport_context, otlp_exporter **out)
{
    const otm_allocator *allocator = settings->allocator;
    otlp_exporter *e = otmi_alloc_zeroed(allocator, sizeof *e);
    if (e == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    e->settings = *settings;
    e->clock = otmi_clock_system();
    otm_accounts_init(&e->accounts);
    otmi_pb_init(&e->request, allocator, e->settings.max_request_bytes);
    otmi_buf_init(&e->compressed, allocator, SIZE_MAX); /* encode_batch() watches the limit */
    otmi_arena_init(&e->scratch, allocator, SIZE_MAX);
    otm_status st = otmi_mutex_init(&e->mu);
    if (st != OTM_OK) {
        otmi_free(allocator, e, sizeof *e);
        return st;
    }
    st = transport(&e->settings, transport_context, &e->transport);
    if (st != OTM_OK) {
        otmi_mutex_fini(&e->mu);
        otmi_free(allocator, e, sizeof *e);
        return st;
    }
    if (diagnostics != NULL) {
        e->diag = otmi_diag_create(allocator, diagnostics, e->clock);
        e->has_own_diag = true;
    }
    *out = e;
    return OTM_OK;
}

otm_status otmi_otlp_exporter_make(const otm_otlp_http_exporter_options *options,
                                   const otm_diagnostics_options *diagnostics, otmi_otlp_transport_create transport,
                                   void *transport_context, void **out)
{
    otmi_otlp_settings settings;
    otlp_exporter *e = NULL;
    otm_status st = otmi_otlp_settings_init(&settings, options, diagnostics);
    if (st != OTM_OK) {
        return st;
    }
    st = assemble(&settings, diagnostics, transport, transport_context, &e);
    if (st != OTM_OK) {
        otmi_otlp_settings_fini(&settings);
        return st;
    }
    *out = e;
    return OTM_OK;
}

static otm_status create_curl(const otmi_otlp_settings *settings, void *context, otmi_otlp_transport *out)
{
    (void)context;
    return otmi_otlp_curl_create(settings, out);
}

otm_status otm_otlp_http_exporter_create(const otm_otlp_http_exporter_options *options,
                                         const otm_diagnostics_options *diagnostics, otm_exporter **out)
{
    void *self;
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_status st = otmi_otlp_exporter_make(options, diagnostics, create_curl, NULL, &self);
    return st == OTM_OK ? otm_exporter_create(&otmi_otlp_exporter_ops, self, out) : st; /* destroys it on failure */
}
