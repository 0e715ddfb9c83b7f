/* The periodic reader: its parts in reader_periodic.c (when), reader_periodic_export.c (one collection, in batches) and
 * reader_periodic_thread.c (who). */
#ifndef OTMI_READER_PERIODIC_H
#define OTMI_READER_PERIODIC_H

#include "metrics/batch_split.h"
#include "metrics/exporter.h"
#include "metrics/periodic_machine.h"
#include "metrics/reader_internal.h"

/* The export of one collection in batches; the turn's. */
typedef struct otmi_periodic_export {
    const otm_metrics_data *tree; /* not all of it has begun; NULL: there is none (any more) */
    otmi_batch_cursor next;
    size_t points_left; /* that have not begun */
    otmi_limit limit;   /* of every batch */
    otm_drop_reason late;
    otm_status outcome; /* the first failure of a batch */
} otmi_periodic_export;

/* The machine changes under base.mu, by the thread that has the turn. */
typedef struct otmi_periodic {
    otm_reader base;
    otm_exporter *exporter; /* a reference */
    uint64_t timeout_ns;    /* of one collection with its export; UINT64_MAX: none */
    otm_run_mode run_mode;
    size_t batch_points;    /* the most in one batch; 0: no limit */
    otmi_periodic_machine machine;
    otm_status result;      /* of the last batch; the exporter's to write while it is open */
    otmi_periodic_export export;
    otmi_arena batch_arena; /* of the batch that begins */
    bool joined;            /* counts among the exporter's readers */

    pthread_t thread;   /* these four under base.mu */
    uint64_t thread_id; /* as in base.turn; 0 before it runs */
    bool has_thread;    /* neither joined nor detached yet */
    bool thread_ended;
} otmi_periodic;

/* NULL if it is not a periodic reader. */
otmi_periodic *otmi_periodic_of(otm_reader *reader);

/* One collection with its export (reader_periodic_export.c). The calling thread has the turn and the exporter.
 * OTM_PENDING: a batch is open, of which otmi_exporter_advance() and others tell when it has ended; else all have, and
 * the result is the first failure. Failures are reported in here. */
otm_status otmi_periodic_begin(otmi_periodic *periodic, const otmi_limit *limit, otm_drop_reason late);
/* Goes on after a batch has ended. */
otm_status otmi_periodic_go_on(otmi_periodic *periodic);
/* Steps the open batch, and goes on, until all have ended or the limit passes (OTM_PENDING). */
otm_status otmi_periodic_finish(otmi_periodic *periodic, const otmi_limit *limit);
/* Between two of these calls the thread may let go of the turn: then it must park what is left. */
void otmi_periodic_park(otmi_periodic *periodic);
/* Drops what has not begun. Needs the turn, or the last reference, alone. */
void otmi_periodic_drop_rest(otmi_periodic *periodic, otm_drop_reason reason);

/* For reports without a pipeline at hand. */
void otmi_periodic_report_collection(otmi_periodic *periodic, otm_status status);

/* One regular collection with its export, to the end; the calling thread has the turn. */
void otmi_periodic_cycle(otmi_periodic *periodic);

otm_status otmi_periodic_thread_start(otmi_periodic *periodic);
/* Waits for the thread to end, which it does by itself once the reader is no longer open. OTM_ERR_TIMEOUT: it is still
 * at work, on a reference of its own. */
otm_status otmi_periodic_thread_wait(otmi_periodic *periodic, uint64_t system_ns);
/* The same for the last release, which has no deadline of the caller's: up to a second for a thread that is idle, a
 * tenth of it for one at work. */
void otmi_periodic_thread_part(otmi_periodic *periodic);

#endif
