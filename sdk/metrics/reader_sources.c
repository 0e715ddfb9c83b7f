/* What a reader collects beside the SDK's metrics, and what it leaves out: its producers and its filter. */
#include "metrics/reader_internal.h"

otm_status otmi_reader_take_sources(otm_reader *r, const otm_reader_options *options)
{
    if (options->producer_count > OTMI_MAX_PRODUCERS || (options->producer_count > 0 && options->producers == NULL)) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < options->producer_count; i++) {
        if (options->producers[i] == NULL) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
        r->producers[r->producer_count++] = otm_metric_producer_retain(options->producers[i]);
    }
    r->filter = otm_metric_filter_retain(options->filter);
    return OTM_OK;
}

void otmi_reader_give_sources(otm_reader *r)
{
    otmi_leases_end(r->leases); /* of a tree that was never returned */
    for (size_t i = 0; i < r->producer_count; i++) {
        otm_metric_producer_release(r->producers[i]);
    }
    otm_metric_filter_release(r->filter);
}

otm_status otm_reader_add_producer(otm_reader *reader, otm_metric_producer *producer)
{
    if (reader == NULL || producer == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (otmi_reader_dead_by_fork(reader)) {
        return OTM_ERR_SHUTDOWN;
    }
    otmi_mutex_lock(&reader->mu);
    bool room = reader->producer_count < OTMI_MAX_PRODUCERS;
    if (room) {
        reader->producers[reader->producer_count++] = otm_metric_producer_retain(producer);
    }
    otmi_mutex_unlock(&reader->mu);
    return room ? OTM_OK : OTM_ERR_LIMIT;
}

otm_status otm_reader_set_filter(otm_reader *reader, otm_metric_filter *filter)
{
    if (reader == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (otmi_reader_dead_by_fork(reader)) {
        return OTM_ERR_SHUTDOWN;
    }
    otmi_mutex_lock(&reader->mu);
    otm_metric_filter *before = reader->filter;
    reader->filter = otm_metric_filter_retain(filter);
    otmi_mutex_unlock(&reader->mu);
    otm_metric_filter_release(before); /* may call the host's destroy: not under the lock */
    return OTM_OK;
}
