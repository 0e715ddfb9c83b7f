#include "metrics/metric_producer.h"

#include <stdatomic.h>

#include "util/alloc.h"
#include "util/options.h"

struct otm_metric_producer {
    _Atomic uint32_t references;
    const otm_allocator *allocator; /* from here: never changes */
    otm_metric_producer_ops ops;    /* entries that the given table was too short for are NULL */
    void *self;
};

static otm_metric_producer *producer_new(const otm_metric_producer_ops *ops, void *self, const otm_allocator *given)
{
    const otm_allocator *allocator = otmi_allocator_or_default(given);
    otm_metric_producer *producer = otmi_alloc_zeroed(allocator, sizeof *producer);
    if (producer != NULL) {
        atomic_init(&producer->references, 1);
        producer->allocator = allocator;
        producer->ops = *ops;
        producer->self = self;
    }
    return producer;
}

otm_status otm_metric_producer_create(const otm_metric_producer_ops *given, void *self, const otm_allocator *allocator,
                                      otm_metric_producer **out)
{
    otm_metric_producer_ops ops;
    otmi_options_take_known(given, &ops, sizeof ops);
    otm_metric_producer *producer = NULL;
    otm_status st = out == NULL || ops.produce == NULL ? OTM_ERR_INVALID_ARGUMENT : OTM_OK;
    if (st == OTM_OK) {
        producer = producer_new(&ops, self, allocator);
        st = producer != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
    }
    if (st != OTM_OK && ops.destroy != NULL) {
        ops.destroy(self);
    }
    if (out != NULL) {
        *out = producer;
    }
    return st;
}

otm_metric_producer *otm_metric_producer_retain(otm_metric_producer *producer)
{
    if (producer != NULL) {
        atomic_fetch_add_explicit(&producer->references, 1, memory_order_relaxed); /* the caller has one already */
    }
    return producer;
}

void otm_metric_producer_release(otm_metric_producer *producer)
{
    /* Release what this thread did to it; the last one acquires what all others did, before it frees. */
    if (producer == NULL || atomic_fetch_sub_explicit(&producer->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (producer->ops.destroy != NULL) {
        producer->ops.destroy(producer->self);
    }
    otmi_free(producer->allocator, producer, sizeof *producer);
}

otm_status otmi_metric_producer_ask(otm_metric_producer *producer, const otm_produce_request *request,
                                    const otm_metrics_data **out)
{
    *out = NULL;
    return producer->ops.produce(producer->self, request, out);
}

void otmi_metric_producer_give_back(otm_metric_producer *producer, const otm_metrics_data *data)
{
    if (producer->ops.release != NULL) {
        producer->ops.release(producer->self, data);
    }
}
