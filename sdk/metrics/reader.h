/* Readers as the provider sees them. */
#ifndef OTMI_READER_H
#define OTMI_READER_H

#include <otm/sdk_reader.h>

#include "metrics/pipeline.h"

/* A reader's choices, resolved: no zero, no DEFAULT preference left (aggregation DEFAULT may be). */
typedef struct otmi_reader_config {
    otm_temporality temporality[OTM_INSTRUMENT_KIND_COUNT];
    uint32_t cardinality_limit[OTM_INSTRUMENT_KIND_COUNT];
    otm_aggregation aggregation[OTM_INSTRUMENT_KIND_COUNT]; /* boundaries owned by the reader */
    int64_t idle_ttl_ms;
} otmi_reader_config;

const otmi_reader_config *otmi_reader_config_of(const otm_reader *reader);

/* Ties a reader to its provider. OTM_ERR_IN_USE if it has or had one. The provider calls detach before it goes, once
 * the reader is shut down. */
otm_status otmi_reader_attach(otm_reader *reader, otmi_pipeline *pipeline, size_t index);
/* Starts a periodic reader's timer, and its thread; to be called for every reader. One that is detached before it was
 * started may be attached again. */
otm_status otmi_reader_start(otm_reader *reader);
/* False if some thread is still inside the pipeline (a callback that does not end, a tree not given back): then the
 * pipeline has to be left behind. Waits a tenth of a second for such a thread, at most. */
bool otmi_reader_detach(otm_reader *reader);

/* For the provider's flush and shutdown. deadline_ns is on the system's monotonic clock. */
otm_status otmi_reader_flush(otm_reader *reader, uint64_t deadline_ns);
otm_status otmi_reader_shutdown(otm_reader *reader, uint64_t deadline_ns);

/* True if the calling thread is inside a collection or an export of this reader. */
bool otmi_reader_inside(const otm_reader *reader);

#endif
