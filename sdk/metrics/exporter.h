/* A push exporter as readers use it: one call at a time, one batch at a time, accounts kept.
 *
 * A reader takes the exporter, begins batches, hastens or flushes, and gives it back. A batch may stay open after that
 * (a host-stepped reader must not wait); then whoever takes the exporter next finishes it first, so that no reader
 * depends on another one's progress. */
#ifndef OTMI_EXPORTER_H
#define OTMI_EXPORTER_H

#include <otm/sdk_reader.h>

#include "metrics/reader_limit.h"

/* The exporter's preferences; cumulative and DEFAULT where it has none. */
otm_temporality otmi_exporter_temporality(otm_exporter *exporter, otm_instrument_kind kind);
void otmi_exporter_aggregation(otm_exporter *exporter, otm_instrument_kind kind, otm_aggregation *out);

/* A reader begins to use the exporter: the first one's clock and diagnostics are passed on. */
void otmi_exporter_join(otm_exporter *exporter, const otm_clock *clock, const otm_diagnostics_options *diagnostics);

/* A reader that goes without having been shut down. */
void otmi_exporter_quit(otm_exporter *exporter);

/* A reader that was shut down: the last one shuts the exporter down, earlier ones flush it. If the limit passes while
 * another thread is inside the exporter, OTM_ERR_TIMEOUT; that thread then cancels the batch and shuts it down. */
otm_status otmi_exporter_leave(otm_exporter *exporter, const otmi_limit *limit);

/* Takes the exporter for the calling thread, and finishes the batch that is open. OTM_ERR_TIMEOUT, and
 * OTM_ERR_REENTRANT if this thread has it already. */
otm_status otmi_exporter_take(otm_exporter *exporter, const otmi_limit *limit);
/* The same without waiting or finishing: OTM_PENDING if another thread has it. */
otm_status otmi_exporter_try_take(otm_exporter *exporter);
void otmi_exporter_give(otm_exporter *exporter);

/* The calls below are for the thread that has taken the exporter. */

/* Begins a batch. Past the limit it is cancelled under `late`. While it is open *result is OTM_PENDING, later the
 * outcome, which is also returned; read it with otmi_exporter_result() only. *result must stay valid until then, or
 * until otmi_exporter_abandon(). */
otm_status otmi_exporter_begin(otm_exporter *exporter, const otm_metrics_data *data, const otmi_limit *limit,
                               otm_drop_reason late, otm_status *result);
otm_status otmi_exporter_result(otm_exporter *exporter, const otm_status *result);

/* Steps the open batch until the moment given (0: no waiting). OTM_OK: none is open (any more), else OTM_PENDING. */
otm_status otmi_exporter_advance(otm_exporter *exporter, uint64_t until_ns);
/* Steps the open batch to its end; OTM_ERR_TIMEOUT if the limit passes before, and it stays open. */
otm_status otmi_exporter_finish(otm_exporter *exporter, const otmi_limit *limit);

otm_status otmi_exporter_flush(otm_exporter *exporter, const otmi_limit *limit);
/* What the open batch waits for; lowers *wake_ns. */
size_t otmi_exporter_poll(otm_exporter *exporter, otm_poll_fd *fds, size_t capacity, uint64_t *wake_ns);

/* Any thread: puts points to account that are to be given to the exporter, all of them before they are: each ends in a
 * batch that begins, or is dropped without. */
void otmi_exporter_announce(otm_exporter *exporter, uint64_t point_count);
void otmi_exporter_drop(otm_exporter *exporter, uint64_t point_count, otm_drop_reason reason);

/* Any thread: the batch with this result is cancelled, unless it has ended: at once, or by the thread that has the
 * exporter, or has it next. *result is set and not touched any more. */
void otmi_exporter_abandon(otm_exporter *exporter, otm_status *result, otm_drop_reason reason);

#endif
