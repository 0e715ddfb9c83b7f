#include "metrics/stream.h"

#include "util/alloc.h"

void otmi_stream_fini(const otm_allocator *allocator, otmi_stream *stream)
{
    otmi_free_text(allocator, stream->name);
    otmi_free_text(allocator, stream->description);
    otmi_free_text(allocator, stream->unit);
    otmi_aggregation_fini(allocator, &stream->aggregation);
    otmi_key_filter_destroy(stream->filter);
    memset(stream, 0, sizeof *stream);
}

static bool same_reservoir(const otm_reservoir_choice *a, const otm_reservoir_choice *b)
{
    return a->kind == b->kind && a->size == b->size && a->ops == b->ops && a->factory == b->factory;
}

bool otmi_stream_same_storage(const otmi_stream *a, const otmi_stream *b)
{
    return a->temporality == OTM_CUMULATIVE && b->temporality == OTM_CUMULATIVE && a->kind == b->kind &&
           a->number == b->number && a->cardinality_limit == b->cardinality_limit &&
           otmi_aggregation_equal(&a->aggregation, &b->aggregation) && otmi_key_filter_equal(a->filter, b->filter) &&
           a->idle_ttl_ms == b->idle_ttl_ms && same_reservoir(&a->reservoir, &b->reservoir);
}
