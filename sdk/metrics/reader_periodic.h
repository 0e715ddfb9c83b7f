/* The periodic reader: its parts in reader_periodic.c (what it does) and reader_periodic_thread.c (who does it). */
#ifndef OTMI_READER_PERIODIC_H
#define OTMI_READER_PERIODIC_H

#include "metrics/exporter.h"
#include "metrics/periodic_machine.h"
#include "metrics/reader_internal.h"

/* The machine changes under base.mu, by the thread that has the turn. */
typedef struct otmi_periodic {
    otm_reader base;
    otm_exporter *exporter; /* a reference */
    uint64_t timeout_ns;    /* of one collection with its export; UINT64_MAX: none */
    otm_run_mode run_mode;
    otmi_periodic_machine machine;
    otm_status result;      /* of the last batch; the exporter's to write while it is open */
    bool joined;            /* counts among the exporter's readers */

    pthread_t thread;   /* these four under base.mu */
    uint64_t thread_id; /* as in base.turn; 0 before it runs */
    bool has_thread;    /* neither joined nor detached yet */
    bool thread_ended;
} otmi_periodic;

/* NULL if it is not a periodic reader. */
otmi_periodic *otmi_periodic_of(otm_reader *reader);

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
