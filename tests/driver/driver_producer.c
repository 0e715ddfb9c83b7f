/* producer */
#include <stdlib.h>

#include "driver_provider.h"
#include "driver_tree.h"

static otm_status produce(void *self, const otm_produce_request *request, const otm_metrics_data **out)
{
    const driver_tree *tree = self;
    (void)request;
    *out = &tree->data; /* stays as it is */
    return OTM_OK;
}

static void destroy(void *self)
{
    driver_tree_fini(self);
    free(self);
}

static const otm_metric_producer_ops ops = {.size = sizeof ops, .produce = produce, .destroy = destroy};

otm_status driver_op_producer(driver *d, const json_t *request, json_t *answer)
{
    driver_reader *reader;
    otm_status st = driver_find(&d->readers, request, "reader", answer, &reader);
    if (st != OTM_OK) {
        return st;
    }
    driver_tree *tree = calloc(1, sizeof *tree);
    if (tree == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    if (!driver_tree_init(tree, json_object_get(request, "metrics"))) {
        free(tree);
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "metrics: expected an array of OTLP JSON ScopeMetrics");
    }
    otm_metric_producer *producer;
    st = otm_metric_producer_create(&ops, tree, NULL, &producer);
    if (st == OTM_OK) {
        st = otm_reader_add_producer(reader->reader, producer);
        otm_metric_producer_release(producer);
    }
    return st;
}
