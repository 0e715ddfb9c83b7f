/* What tests of readers and exporters share: a pipeline and an exporter that do as they are told. */
#ifndef OTM_TEST_READER_FIXTURE_H
#define OTM_TEST_READER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "metrics/pipeline.h"
#include "metrics/reader.h"
#include "support/diag_recorder.h"
#include "support/failing_alloc.h"
#include "support/fake_clock.h"

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

/* How long a test waits for another thread before it gives up; never reached when all is well. */
#define PATIENCE_MS 20000

/* A deadline on the system's clock, far enough for work that does not wait. */
uint64_t soon(void);
uint64_t in_ms(uint64_t ms);

/* A flag that one thread sets and another waits for. */
typedef struct gate {
    pthread_mutex_t mu;
    pthread_cond_t changed;
    bool open;
} gate;

void gate_init(gate *g);
void gate_fini(gate *g);
void gate_open(gate *g);
void gate_wait(gate *g); /* gives up after PATIENCE_MS */

/* Each collection gives one metric with `point_count` points. Set the members before threads start. */
struct otmi_pipeline {
    fake_clock clock;
    bool system_clock; /* answer with the system's clock instead */
    diag_recorder diagnostics;
    otmi_diag *diag;
    bool alive;
    size_t point_count;
    otm_status status;            /* of collections */
    void (*callback)(void *data); /* runs inside each collection; NULL: none */
    void *callback_data;
    uint64_t collections;         /* atomic, as are the next ones */
    uint64_t running;
    uint64_t overlaps;
    uint64_t last_deadline_ns;
};

void pipeline_init(otmi_pipeline *pipeline);
void pipeline_fini(otmi_pipeline *pipeline);
uint64_t pipeline_collections(otmi_pipeline *pipeline);

/* Counts calls, sees overlaps. Members above `mu` are set by the test before threads start. */
typedef struct fake_exporter {
    otm_status begin_status;
    otm_status flush_status;
    otm_status shutdown_status;
    gate *begin_gate;            /* begin waits for it; NULL: does not */
    gate *step_gate;             /* step waits for it */
    void (*inside)(void *data);  /* runs inside begin */
    void *inside_data;
    otm_temporality temporality; /* 0: cumulative */
    otm_aggregation aggregation;
    otm_poll_fd fds[2];
    size_t fd_count;
    uint64_t poll_wake_ns; /* UINT64_MAX: leaves it alone */

    pthread_mutex_t mu; /* guards what follows */
    pthread_cond_t changed;
    otm_status step_status; /* OTM_PENDING: never finishes by itself */
    uint64_t attaches, begins, steps, cancels, flushes, shutdowns, destroys;
    uint64_t running, overlaps;
    uint64_t points;
    uint64_t batches[16]; /* points of each, the last 16 */
    uint64_t last_deadline_ns, last_flush_deadline_ns;
    otm_drop_reason last_reason;
    const otm_clock *attached_clock;
} fake_exporter;

extern const otm_exporter_ops fake_exporter_ops;

void fake_exporter_init(fake_exporter *fake);
void fake_exporter_fini(fake_exporter *fake);
void fake_exporter_set_step(fake_exporter *fake, otm_status status);
/* The value of a counter above, read under the lock; and waiting until it has at least this value. */
uint64_t fake_exporter_read(fake_exporter *fake, const uint64_t *counter);
void fake_exporter_wait(fake_exporter *fake, const uint64_t *counter, uint64_t at_least);
otm_exporter *fake_exporter_wrap(fake_exporter *fake);

#endif
