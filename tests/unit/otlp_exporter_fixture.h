/* The exporter over a transport that does as it is told, on a clock that moves by hand. For otlp_exporter_test.c. */
#ifndef OTLP_EXPORTER_FIXTURE_H
#define OTLP_EXPORTER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "otlp_exporter.h"
#include "otlp_tree.h"
#include "support/diag_recorder.h"
#include "support/failing_alloc.h"
#include "support/fake_clock.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MS UINT64_C(1000000)
#define MAX_REQUESTS 32

/* -- A peer that does as it is told ------------------------------------------------------------------------------ */

/* One request's fate: the answer arrives after `after_ms` on the fake clock. */
typedef struct planned {
    uint64_t after_ms; /* UINT64_MAX: never */
    otmi_otlp_outcome outcome;
    int status;
    const char *retry_after;
    const char *content_type;
    const char *body;
    size_t body_size;
} planned;

typedef struct fake_peer {
    fake_clock *clock;
    const planned *plan; /* the last one repeats */
    size_t plan_count;
    size_t requests;
    size_t aborts;
    size_t destroyed;
    uint64_t started_ns[MAX_REQUESTS];
    uint64_t answer_ns;
    bool active;
    bool refuse_to_start;
    size_t body_size;
    unsigned char body_start[2];
} fake_peer;

static const planned *plan_of(const fake_peer *p)
{
    size_t i = p->requests - 1;
    return &p->plan[i < p->plan_count ? i : p->plan_count - 1];
}

static otm_status fake_start(void *self, const char *body, size_t size)
{
    fake_peer *p = self;
    assert_false(p->active);
    if (p->refuse_to_start) {
        return OTM_ERR_NO_MEMORY;
    }
    assert_true(p->requests < MAX_REQUESTS);
    p->started_ns[p->requests++] = p->clock->monotonic_ns;
    p->active = true;
    p->body_size = size;
    memcpy(p->body_start, body, 2);
    uint64_t after_ms = plan_of(p)->after_ms;
    p->answer_ns = after_ms == UINT64_MAX ? UINT64_MAX : p->clock->monotonic_ns + after_ms * MS;
    return OTM_OK;
}

/* Waiting moves the clock: to the answer, or to the end of the wait. */
static otm_status fake_drive(void *self, uint64_t wait_ns, otmi_otlp_answer *out)
{
    fake_peer *p = self;
    uint64_t end_ns = p->clock->monotonic_ns + wait_ns;
    if (p->active && p->answer_ns <= end_ns) {
        const planned *plan = plan_of(p);
        if (p->answer_ns > p->clock->monotonic_ns) {
            fake_clock_advance(p->clock, p->answer_ns - p->clock->monotonic_ns);
        }
        p->active = false;
        *out = (otmi_otlp_answer){
            .outcome = plan->outcome,
            .status = plan->status,
            .content_type = plan->content_type != NULL ? plan->content_type : "",
            .retry_after = plan->retry_after != NULL ? plan->retry_after : "",
            .location = "",
            .body = plan->body != NULL ? plan->body : "",
            .body_size = plan->body_size,
            .error = "connection refused",
        };
        return OTM_OK;
    }
    fake_clock_advance(p->clock, wait_ns);
    return OTM_PENDING;
}

static void fake_abort(void *self)
{
    fake_peer *p = self;
    assert_true(p->active);
    p->active = false;
    p->aborts++;
}

static size_t fake_poll(void *self, otm_poll_fd *fds, size_t capacity, uint64_t *wait_ns)
{
    (void)self;
    if (capacity > 0) {
        fds[0] = (otm_poll_fd){42, OTM_POLL_IN};
    }
    *wait_ns = *wait_ns < 3 * MS ? *wait_ns : 3 * MS;
    return 1;
}

static void fake_destroy(void *self)
{
    fake_peer *p = self;
    p->destroyed++;
}

static otm_status fake_create(const otmi_otlp_settings *settings, void *context, otmi_otlp_transport *out)
{
    static const otmi_otlp_transport_ops ops = {fake_start, fake_drive, fake_abort, fake_poll, fake_destroy};
    (void)settings;
    *out = (otmi_otlp_transport){&ops, context};
    return OTM_OK;
}

/* -- The fixture ------------------------------------------------------------------------------------------------- */

typedef struct fixture {
    fake_clock clock;
    fake_peer peer;
    diag_recorder diag;
    otm_otlp_http_exporter_options options;
    uint64_t random; /* what the random source gives */
    void *exporter;
} fixture;

static const otm_exporter_ops *const ops = &otmi_otlp_exporter_ops;

static uint64_t fixed_random(void *context)
{
    return *(uint64_t *)context;
}

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    fake_clock_init(&f.clock);
    f.peer.clock = &f.clock;
    diag_recorder_init(&f.diag);
    otm_otlp_http_exporter_options_init(&f.options);
    f.options.endpoint = "http://me:pass@peer:4318/v1/metrics";
    f.options.initial_backoff_ms = 100;
    f.options.max_backoff_ms = 1000;
    f.options.random = fixed_random;
    f.options.random_context = &f.random;
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    if (f->exporter != NULL) {
        ops->destroy(f->exporter);
        assert_int_equal(f->peer.destroyed, 1);
    }
    diag_recorder_fini(&f->diag);
    return 0;
}

static void make(fixture *f, const planned *plan, size_t plan_count)
{
    f->peer.plan = plan;
    f->peer.plan_count = plan_count;
    assert_int_equal(otmi_otlp_exporter_make(&f->options, NULL, fake_create, &f->peer, &f->exporter), OTM_OK);
    ops->attach(f->exporter, &f->clock.base, &f->diag.options);
}

#define MAKE(f, ...) \
    static const planned plan[] = {__VA_ARGS__}; \
    make((f), plan, COUNT(plan))

static uint64_t now(const fixture *f)
{
    return f->clock.monotonic_ns;
}

/* Begins, then steps to the end as a reader does: in slices, never past the deadline. */
static otm_status export(fixture *f, const otm_metrics_data *data, uint64_t timeout_ms)
{
    uint64_t deadline_ns = now(f) + timeout_ms * MS;
    otm_status st = ops->begin(f->exporter, data, deadline_ns);
    for (size_t steps = 0; st == OTM_PENDING; steps++) {
        uint64_t until_ns = now(f) + 20 * MS < deadline_ns ? now(f) + 20 * MS : deadline_ns;
        st = ops->step(f->exporter, until_ns);
        assert_true(now(f) <= until_ns);
        assert_true(steps < 100000);
    }
    return st;
}

static otm_accounts accounts(const fixture *f)
{
    otm_accounts out;
    otm_accounts_init(&out);
    ops->accounts(f->exporter, &out);
    return out;
}

/* Every point is in one account; this is all of them. */
static uint64_t accounted(const otm_accounts *a)
{
    uint64_t sum = a->exported + a->rejected + a->pending;
    for (size_t i = 0; i < OTM_DROP_REASON_COUNT; i++) {
        sum += a->dropped[i];
    }
    return sum;
}

static void assert_all_dropped(const fixture *f, otm_drop_reason reason, uint64_t points)
{
    otm_accounts a = accounts(f);
    assert_int_equal(a.dropped[reason], points);
    assert_int_equal(accounted(&a), points);
}

#define OK_ANSWER {.status = 200}

#endif
