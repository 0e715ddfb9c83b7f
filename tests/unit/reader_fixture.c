#include "reader_fixture.h"

#include <errno.h>
#include <time.h>

#include "platform/platform.h"

/* -- Time and gates ---------------------------------------------------------------------------------------------- */

uint64_t in_ms(uint64_t ms)
{
    return otmi_monotonic_ns() + ms * MS;
}

uint64_t soon(void)
{
    return in_ms(PATIENCE_MS);
}

static struct timespec patience(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    return until;
}

void gate_init(gate *g)
{
    pthread_mutex_init(&g->mu, NULL);
    pthread_cond_init(&g->changed, NULL);
    g->open = false;
}

void gate_fini(gate *g)
{
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->mu);
}

void gate_open(gate *g)
{
    pthread_mutex_lock(&g->mu);
    g->open = true;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mu);
}

void gate_wait(gate *g)
{
    struct timespec until = patience();
    int failed = 0;
    pthread_mutex_lock(&g->mu);
    while (!g->open && failed == 0) {
        failed = pthread_cond_timedwait(&g->changed, &g->mu, &until);
    }
    pthread_mutex_unlock(&g->mu);
}

/* -- Pipeline ---------------------------------------------------------------------------------------------------- */

void pipeline_init(otmi_pipeline *p)
{
    memset(p, 0, sizeof *p);
    fake_clock_init(&p->clock);
    diag_recorder_init(&p->diagnostics);
    p->diag = otmi_diag_create(NULL, &p->diagnostics.options, &p->clock.base);
    p->alive = true;
    p->point_count = 3;
}

void pipeline_fini(otmi_pipeline *p)
{
    otmi_diag_destroy(p->diag);
    diag_recorder_fini(&p->diagnostics);
}

uint64_t pipeline_collections(otmi_pipeline *p)
{
    return __atomic_load_n(&p->collections, __ATOMIC_SEQ_CST);
}

static otm_status make_tree(otmi_pipeline *p, otmi_arena *arena, const otm_metrics_data **out)
{
    struct tree {
        otm_metrics_data data;
        otm_resource_metrics resource;
        otm_scope_metrics scope;
        otm_metric metric;
    } *t = otmi_arena_alloc(arena, sizeof *t);
    otm_point *points = otmi_arena_alloc(arena, (p->point_count + 1) * sizeof *points);
    if (t == NULL || points == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    t->metric = (otm_metric){
        .type = OTM_METRIC_GAUGE, .points = points, .point_count = p->point_count, .point_stride = sizeof *points};
    t->scope = (otm_scope_metrics){.metrics = &t->metric, .metric_count = 1, .metric_stride = sizeof t->metric};
    t->resource = (otm_resource_metrics){.scopes = &t->scope, .scope_count = 1, .scope_stride = sizeof t->scope};
    t->data = (otm_metrics_data){.struct_size = sizeof t->data,
                                 .resources = &t->resource,
                                 .resource_count = p->point_count > 0,
                                 .resource_stride = sizeof t->resource,
                                 .point_count = p->point_count};
    *out = &t->data;
    return OTM_OK;
}

otm_status otmi_pipeline_collect(otmi_pipeline *p, const otmi_collect_request *request, otmi_collected *out)
{
    if (__atomic_fetch_add(&p->running, 1, __ATOMIC_SEQ_CST) != 0) {
        __atomic_fetch_add(&p->overlaps, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_fetch_add(&p->collections, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&p->last_deadline_ns, request->deadline_ns, __ATOMIC_SEQ_CST);
    if (p->callback != NULL) {
        p->callback(p->callback_data);
    }
    otm_status st = p->status == OTM_OK ? make_tree(p, request->arena, &out->data) : p->status;
    __atomic_fetch_sub(&p->running, 1, __ATOMIC_SEQ_CST);
    return st;
}

const otm_clock *otmi_pipeline_clock(const otmi_pipeline *p)
{
    return p->system_clock ? otmi_clock_system() : &p->clock.base;
}

otmi_diag *otmi_pipeline_diag(const otmi_pipeline *p)
{
    return p->diag;
}

const otm_diagnostics_options *otmi_pipeline_diagnostics(const otmi_pipeline *p)
{
    return &p->diagnostics.options;
}

bool otmi_pipeline_inside_callback(void)
{
    return false;
}

bool otmi_pipeline_alive(const otmi_pipeline *p)
{
    return p->alive;
}

/* -- Exporter ---------------------------------------------------------------------------------------------------- */

static void enter(fake_exporter *fake, uint64_t *counter)
{
    pthread_mutex_lock(&fake->mu);
    (*counter)++;
    fake->overlaps += fake->running;
    fake->running++;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->mu);
}

static void leave(fake_exporter *fake)
{
    pthread_mutex_lock(&fake->mu);
    fake->running--;
    pthread_mutex_unlock(&fake->mu);
}

static otm_status fake_begin(void *self, const otm_metrics_data *batch, uint64_t deadline_ns)
{
    fake_exporter *fake = self;
    enter(fake, &fake->begins);
    pthread_mutex_lock(&fake->mu);
    fake->points += batch->point_count;
    fake->batches[(fake->begins - 1) % 16] = batch->point_count;
    fake->last_deadline_ns = deadline_ns;
    pthread_mutex_unlock(&fake->mu);
    if (fake->begin_gate != NULL) {
        gate_wait(fake->begin_gate);
    }
    if (fake->inside != NULL) {
        fake->inside(fake->inside_data);
    }
    leave(fake);
    return fake->begin_status;
}

static otm_status fake_step(void *self, uint64_t until_ns)
{
    fake_exporter *fake = self;
    (void)until_ns;
    enter(fake, &fake->steps);
    if (fake->step_gate != NULL) {
        gate_wait(fake->step_gate);
    }
    pthread_mutex_lock(&fake->mu);
    otm_status st = fake->step_status;
    pthread_mutex_unlock(&fake->mu);
    leave(fake);
    return st;
}

static void fake_cancel(void *self, otm_drop_reason reason)
{
    fake_exporter *fake = self;
    enter(fake, &fake->cancels);
    pthread_mutex_lock(&fake->mu);
    fake->last_reason = reason;
    pthread_mutex_unlock(&fake->mu);
    leave(fake);
}

static size_t fake_poll(void *self, otm_poll_fd *fds, size_t capacity, uint64_t *wake_ns)
{
    fake_exporter *fake = self;
    for (size_t i = 0; i < fake->fd_count && i < capacity; i++) {
        fds[i] = fake->fds[i];
    }
    *wake_ns = fake->poll_wake_ns < *wake_ns ? fake->poll_wake_ns : *wake_ns;
    return fake->fd_count;
}

static otm_status fake_flush(void *self, uint64_t deadline_ns)
{
    fake_exporter *fake = self;
    enter(fake, &fake->flushes);
    pthread_mutex_lock(&fake->mu);
    fake->last_flush_deadline_ns = deadline_ns;
    pthread_mutex_unlock(&fake->mu);
    leave(fake);
    return fake->flush_status;
}

static otm_status fake_shutdown(void *self, uint64_t deadline_ns)
{
    fake_exporter *fake = self;
    (void)deadline_ns;
    enter(fake, &fake->shutdowns);
    leave(fake);
    return fake->shutdown_status;
}

static otm_temporality fake_temporality(void *self, otm_instrument_kind kind)
{
    fake_exporter *fake = self;
    (void)kind;
    return fake->temporality != 0 ? fake->temporality : OTM_CUMULATIVE;
}

static void fake_aggregation(void *self, otm_instrument_kind kind, otm_aggregation *out)
{
    fake_exporter *fake = self;
    if (kind == OTM_HISTOGRAM) {
        *out = fake->aggregation;
    }
}

static void fake_destroy(void *self)
{
    fake_exporter *fake = self;
    pthread_mutex_lock(&fake->mu);
    fake->destroys++;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->mu); /* from here on the test may take the fake away */
}

static void fake_attach(void *self, const otm_clock *clock, const otm_diagnostics_options *diagnostics)
{
    fake_exporter *fake = self;
    (void)diagnostics;
    enter(fake, &fake->attaches);
    pthread_mutex_lock(&fake->mu);
    fake->attached_clock = clock;
    pthread_mutex_unlock(&fake->mu);
    leave(fake);
}

const otm_exporter_ops fake_exporter_ops = {.size = sizeof(otm_exporter_ops),
                                            .begin = fake_begin,
                                            .step = fake_step,
                                            .cancel = fake_cancel,
                                            .poll = fake_poll,
                                            .flush = fake_flush,
                                            .shutdown = fake_shutdown,
                                            .temporality = fake_temporality,
                                            .aggregation = fake_aggregation,
                                            .destroy = fake_destroy,
                                            .attach = fake_attach};

void fake_exporter_init(fake_exporter *fake)
{
    memset(fake, 0, sizeof *fake);
    fake->poll_wake_ns = UINT64_MAX;
    pthread_mutex_init(&fake->mu, NULL);
    pthread_cond_init(&fake->changed, NULL);
}

/* The wrapper's last reference may be held by a thread that is just ending. */
void fake_exporter_fini(fake_exporter *fake)
{
    fake_exporter_wait(fake, &fake->destroys, 1);
    pthread_cond_destroy(&fake->changed);
    pthread_mutex_destroy(&fake->mu);
}

void fake_exporter_set_step(fake_exporter *fake, otm_status status)
{
    pthread_mutex_lock(&fake->mu);
    fake->step_status = status;
    pthread_mutex_unlock(&fake->mu);
}

uint64_t fake_exporter_read(fake_exporter *fake, const uint64_t *counter)
{
    pthread_mutex_lock(&fake->mu);
    uint64_t value = *counter;
    pthread_mutex_unlock(&fake->mu);
    return value;
}

void fake_exporter_wait(fake_exporter *fake, const uint64_t *counter, uint64_t at_least)
{
    struct timespec until = patience();
    int failed = 0;
    pthread_mutex_lock(&fake->mu);
    while (*counter < at_least && failed == 0) {
        failed = pthread_cond_timedwait(&fake->changed, &fake->mu, &until);
    }
    bool reached = *counter >= at_least;
    pthread_mutex_unlock(&fake->mu);
    assert_true(reached);
}

otm_exporter *fake_exporter_wrap(fake_exporter *fake)
{
    otm_exporter *exporter = NULL;
    assert_int_equal(otm_exporter_create(&fake_exporter_ops, fake, &exporter), OTM_OK);
    return exporter;
}
