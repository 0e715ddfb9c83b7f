/* What a reader leaves out: its filter. */
#include "metrics/reader_internal.h"

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
