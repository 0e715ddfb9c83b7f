/* A counter of a provider that adds the attributes of contexts to measurements, and what its readers see of it. */
#ifndef OTM_TEST_CONTEXT_FIXTURE_H
#define OTM_TEST_CONTEXT_FIXTURE_H

#include <otm/sdk.h>

#include "support/diag_recorder.h"
#include "support/failing_alloc.h"

#define WORLD_READERS 2
#define WORLD_VIEWS 2

/* Zero it, change what you need, open it. */
typedef struct world_plan {
    bool off; /* contexts add nothing */
    bool delta;
    bool both; /* a second reader, of delta; the first is cumulative */
    otm_exemplar_filter exemplar_filter;
    uint32_t cardinality_limit;
    otm_view views[WORLD_VIEWS];
    size_t view_count;
    const char *const *advised_keys; /* of the counter */
    size_t advised_key_count;
    const otm_allocator *allocator;
} world_plan;

typedef struct world {
    diag_recorder diagnostics;
    otm_reader *readers[WORLD_READERS];
    otm_meter_provider *provider;
    otm_meter *meter;
    otm_counter_i64 *counter;
} world;

otm_status world_open(world *w, const world_plan *plan);
void world_close(world *w);

/* A view that keeps this key only. */
otm_view view_keeping(const char *stream_name, const char *const *key);

/* All points of integer sums, as "attributes=value" in order: "tenant:acme,user:7=3 =1". Histograms tell their count,
 * texts stand as they are. Valid until the next call. */
const char *collected(world *w, size_t reader);

/* The filtered attributes of the first exemplar that is found, in the same form; "none" without one. */
const char *collected_exemplar(world *w, size_t reader);

/* A context with these attributes; that of a sampled span. */
otm_context context_with(const otm_attr *attrs, size_t count);

#endif
