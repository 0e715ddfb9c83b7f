/* A stream: what one view (or no view) makes of one instrument for one reader, resolved to the last detail. */
#ifndef OTMI_STREAM_H
#define OTMI_STREAM_H

#include <otm/exemplar.h>
#include <otm/sdk_reader.h>

#include "metrics/aggregation.h"
#include "metrics/key_filter.h"

typedef struct otmi_stream {
    char *name; /* owned, like description and unit */
    char *description;
    bool described; /* by a view: not the instrument's description */
    char *unit;
    otm_instrument_kind kind;
    otm_number number;
    otm_temporality temporality;
    uint32_t cardinality_limit;
    otmi_aggregation aggregation; /* kind DROP: the stream produces nothing */
    otmi_key_filter *filter;      /* owned; NULL keeps all */
    otm_reservoir_choice reservoir;
    int64_t idle_ttl_ms; /* cumulative; 0: series never end for being idle */
} otmi_stream;

void otmi_stream_fini(const otm_allocator *allocator, otmi_stream *stream);

/* Same data, whatever the name and description: such streams of one instrument may share a storage. Never true of
 * delta streams: a delta reader has a storage of its own, since what it drains is gone. */
bool otmi_stream_same_storage(const otmi_stream *a, const otmi_stream *b);

#endif
