#include "metrics/storage_slow.h"

#include <errno.h>

void otmi_slow_begin(otmi_slow_record *slow, const otmi_storage *storage)
{
    const otm_clock *clock = storage->env->clock;
    *slow = (otmi_slow_record){.saved_errno = errno};
    slow->now_ns = clock->wall_ns(clock->context); /* the host's code: after errno was saved, before the section */
    slow->slot = otmi_slot_begin();
}

void otmi_slow_end(otmi_slow_record *slow, const otmi_storage *storage)
{
    otmi_slot_end(slow->slot);
    otmi_diag_origin origin = {"instrument", storage->meter_name, storage->instrument_name};
    if (slow->no_memory) {
        otmi_diag_report(storage->env->diag, OTM_ERROR, OTM_ERR_NO_MEMORY, &origin,
                         "no memory for a measurement of '%s': it went to the overflow series or was dropped",
                         storage->instrument_name);
    }
    if (slow->empty_key) {
        otmi_diag_report(storage->env->diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                         "an attribute of '%s' has an empty key and was left out: keys must be non-empty strings",
                         storage->instrument_name);
    }
    errno = slow->saved_errno;
}

bool otmi_slow_have_cell(const otmi_storage *storage, otmi_slot *slot, const otmi_series *series)
{
    return storage->shape.cell_size == 0 || otmi_series_cell(series, slot) != NULL ||
           otmi_cells_create(&storage->table, slot, series);
}

/* Inside this section no collector gets past the series. One may have raised the epoch since it was admitted, though:
 * then the next turn admits it to the new interval. */
void otmi_slow_apply(otmi_slow_record *slow, otmi_storage *storage, otmi_series *series, const otmi_offer *offer)
{
    for (;;) {
        if (!otmi_slow_have_cell(storage, slow->slot, series)) {
            slow->no_memory = true;
            return;
        }
        if (otmi_storage_apply(storage, slow->slot, series, offer->value)) {
            otmi_storage_offer_if_eligible(storage, series, offer);
            return;
        }
        otmi_mutex_lock(&storage->mu);
        series = otmi_storage_begin_measuring_locked(storage, series, slow->now_ns);
        otmi_mutex_unlock(&storage->mu);
    }
}
