/* One line of OTLP JSON for each batch: encoded whole at begin, then written as fast as the descriptor takes it.
 *
 * A batch that ends before its line does (refused, or out of time) leaves the start of a line behind. It is not
 * finished later, since its points have been counted as dropped; the next batch begins with a newline instead, so that
 * no good line is ever glued to a torn one. */
#include <otm/stream.h>

#include <errno.h>
#include <unistd.h>

#include "otlp_json.h"
#include "platform/platform.h"
#include "shared_fd.h"
#include "stream_preferences.h"
#include "util/alloc.h"
#include "util/diag.h"
#include "util/options.h"

#define DEFAULT_MAX_LINE_BYTES ((size_t)64 << 20)

/* The reader calls one operation at a time; nothing here is read beside it. */
typedef struct stdout_exporter {
    otm_stdout_exporter_options options; /* never changes, but for fd, which is then set in any case */
    otmi_stream_preferences preferences;
    const otm_clock *clock;
    otmi_diag *diag;
    bool shut_down;
    bool torn;    /* what was written last ended within a line */
    bool writing; /* a batch is under way; what follows is about it */
    otmi_shared_fd out;
    otmi_buf line;
    size_t written; /* of the line */
    size_t points;
    uint64_t deadline_ns;
} stdout_exporter;

static uint64_t now_ns(const stdout_exporter *e)
{
    return e->clock->monotonic_ns(e->clock->context);
}

/* -- The end of a batch ------------------------------------------------------------------------------------------ */

static const otmi_diag_origin origin = {.component = "stdout_metric_exporter"};
static const char too_slow[] = "the line was not taken in time";

static void end_batch(stdout_exporter *e)
{
    if (e->written > 0) {
        e->torn = e->line.data[e->written - 1] != '\n';
    }
    otmi_shared_fd_close(&e->out);
    e->writing = false;
}

/* The reader counts the points by the status returned. */
static otm_status drop_batch(stdout_exporter *e, otm_status status, const char *why)
{
    otmi_diag_report(e->diag, OTM_ERROR, status, &origin, "descriptor %d: %s; %zu of %zu bytes written, %zu points "
                     "dropped", e->options.fd, why, e->written, e->line.size, e->points);
    end_batch(e);
    return status;
}

static otm_status drop_refused(stdout_exporter *e, int error)
{
    const char *why = strerrordesc_np(error);
    return drop_batch(e, OTM_ERR_IO, why != NULL ? why : "unknown error");
}

/* -- Operations -------------------------------------------------------------------------------------------------- */

static otm_status encode(stdout_exporter *e, const otm_metrics_data *batch)
{
    otmi_buf_reset(&e->line);
    if (e->torn) {
        otmi_buf_byte(&e->line, '\n');
    }
    otmi_otlp_json_append(&e->line, batch);
    otmi_buf_byte(&e->line, '\n');
    if (e->line.status != OTM_OK) {
        otmi_diag_report(e->diag, OTM_ERROR, e->line.status, &origin, "%s; %zu points dropped",
                         e->line.status == OTM_ERR_LIMIT ? "the line has more than max_line_bytes"
                                                         : "no memory for the line",
                         (size_t)batch->point_count);
    }
    return e->line.status;
}

static otm_status give_to_host(stdout_exporter *e, uint64_t deadline_ns)
{
    otm_status st = e->options.write(e->options.write_context, e->line.data, e->line.size, deadline_ns);
    return st == OTM_PENDING ? OTM_ERR_EXPORT : st; /* there is no second call for the rest */
}

/* Writes until all is written, the descriptor takes no more, or the time is over; at least once. */
static otm_status write_on(stdout_exporter *e, uint64_t until_ns)
{
    do {
        ssize_t n = otmi_shared_fd_write(&e->out, e->line.data + e->written, e->line.size - e->written);
        if (n < 0) {
            return drop_refused(e, (int)-n);
        }
        if (n == 0) {
            return OTM_PENDING;
        }
        e->written += (size_t)n;
    } while (e->written < e->line.size && now_ns(e) < until_ns);
    if (e->written < e->line.size) {
        return OTM_PENDING;
    }
    end_batch(e);
    return OTM_OK;
}

static otm_status stdout_step(void *self, uint64_t until_ns)
{
    stdout_exporter *e = self;
    if (!e->writing) {
        return OTM_OK;
    }
    uint64_t now = now_ns(e);
    uint64_t end_ns = until_ns < e->deadline_ns ? until_ns : e->deadline_ns;
    if (now < end_ns) {
        otmi_shared_fd_wait(&e->out, end_ns - now);
    }
    otm_status st = write_on(e, end_ns);
    return st == OTM_PENDING && now_ns(e) >= e->deadline_ns ? drop_batch(e, OTM_ERR_TIMEOUT, too_slow) : st;
}

static otm_status stdout_begin(void *self, const otm_metrics_data *batch, uint64_t deadline_ns)
{
    stdout_exporter *e = self;
    if (e->shut_down) {
        return OTM_ERR_SHUTDOWN;
    }
    if (e->writing) {
        return OTM_ERR_IN_USE;
    }
    otm_status st = encode(e, batch);
    if (st != OTM_OK || e->options.write != NULL) {
        return st == OTM_OK ? give_to_host(e, deadline_ns) : st;
    }
    otmi_shared_fd_open(&e->out, e->options.fd);
    e->writing = true;
    e->written = 0;
    e->points = (size_t)batch->point_count;
    e->deadline_ns = deadline_ns;
    return stdout_step(e, 0);
}

static void stdout_cancel(void *self, otm_drop_reason reason)
{
    stdout_exporter *e = self;
    if (e->writing) {
        bool closing = reason == OTM_DROP_SHUTDOWN;
        (void)drop_batch(e, closing ? OTM_ERR_SHUTDOWN : OTM_ERR_TIMEOUT,
                         closing ? "shut down within the line" : too_slow);
    }
}

static size_t stdout_poll(void *self, otm_poll_fd *fds, size_t capacity, uint64_t *wake_ns)
{
    const stdout_exporter *e = self;
    (void)wake_ns; /* the reader knows the deadline */
    if (!e->writing) {
        return 0;
    }
    if (capacity > 0) {
        fds[0] = (otm_poll_fd){.fd = e->out.fd, .events = OTM_POLL_OUT};
    }
    return 1;
}

static otm_status stdout_shutdown(void *self, uint64_t deadline_ns)
{
    stdout_exporter *e = self;
    (void)deadline_ns; /* nothing here waits */
    stdout_cancel(e, OTM_DROP_SHUTDOWN);
    e->shut_down = true;
    return OTM_OK;
}

static otm_temporality stdout_temporality(void *self, otm_instrument_kind kind)
{
    const stdout_exporter *e = self;
    return otmi_stream_temporality(&e->preferences, kind);
}

static void stdout_aggregation(void *self, otm_instrument_kind kind, otm_aggregation *out)
{
    const stdout_exporter *e = self;
    otmi_stream_aggregation(&e->preferences, kind, out);
}

static void stdout_attach(void *self, const otm_clock *clock, const otm_diagnostics_options *diagnostics)
{
    stdout_exporter *e = self;
    e->clock = otmi_clock_or_system(clock);
    otmi_diag_destroy(e->diag);
    e->diag = otmi_diag_create(e->options.allocator, diagnostics, e->clock);
}

static void stdout_destroy(void *self)
{
    stdout_exporter *e = self;
    const otm_allocator *allocator = e->options.allocator;
    stdout_cancel(e, OTM_DROP_SHUTDOWN);
    otmi_diag_destroy(e->diag);
    otmi_buf_fini(&e->line);
    otmi_free(allocator, e, sizeof *e);
}

static const otm_exporter_ops stdout_ops = {
    .size = sizeof stdout_ops,
    .begin = stdout_begin,
    .step = stdout_step,
    .cancel = stdout_cancel,
    .poll = stdout_poll,
    .flush = NULL, /* nothing is buffered behind the batch that the reader steps */
    .shutdown = stdout_shutdown,
    .temporality = stdout_temporality,
    .aggregation = stdout_aggregation,
    .accounts = NULL, /* the reader's count is exact: a line is written whole, or its points are dropped */
    .destroy = stdout_destroy,
    .attach = stdout_attach,
};

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static otm_status read_options(const otm_stdout_exporter_options *options, otm_stdout_exporter_options *out,
                               otmi_stream_preferences *preferences)
{
    otm_status st = otmi_options_read(options, out, sizeof *out);
    bool contradicts = out->has_fd && (out->fd < 0 || out->write != NULL);
    if (st != OTM_OK || contradicts) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (!out->has_fd) {
        out->fd = STDOUT_FILENO;
    }
    if (out->max_line_bytes == 0) {
        out->max_line_bytes = DEFAULT_MAX_LINE_BYTES;
    }
    out->allocator = otmi_allocator_or_default(out->allocator);
    return otmi_stream_preferences_init(preferences, out->temporality_preference, out->temporality, out->aggregation);
}

otm_status otm_stdout_exporter_create(const otm_stdout_exporter_options *options, otm_exporter **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_stdout_exporter_options o;
    otmi_stream_preferences preferences;
    otm_status st = read_options(options, &o, &preferences);
    if (st != OTM_OK) {
        return st;
    }
    stdout_exporter *e = otmi_alloc_zeroed(o.allocator, sizeof *e);
    if (e == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    e->options = o;
    e->preferences = preferences;
    e->clock = otmi_clock_system();
    otmi_buf_init(&e->line, o.allocator, o.max_line_bytes);
    return otm_exporter_create(&stdout_ops, e, out); /* destroys it on failure */
}
