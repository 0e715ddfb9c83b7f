/* The slow path of recording: a measurement that is the first of its series, of its slot's cells or of its interval. */
#ifndef OTMI_STORAGE_SLOW_H
#define OTMI_STORAGE_SLOW_H

#include "metrics/storage_internal.h"

/* A recording that takes its time: its slot, inside a section, and what went wrong. */
typedef struct otmi_slow_record {
    int saved_errno;
    bool no_memory;
    bool empty_key;
    otmi_slot *slot;
    uint64_t now_ns;
} otmi_slow_record;

void otmi_slow_begin(otmi_slow_record *slow, const otmi_storage *storage);
/* Applies the measurement to the series, which otmi_storage_begin_measuring_locked() answered inside the section. */
void otmi_slow_apply(otmi_slow_record *slow, otmi_storage *storage, otmi_series *series, const otmi_offer *offer);
/* Reports what went wrong. Preserves errno as of the beginning. */
void otmi_slow_end(otmi_slow_record *slow, const otmi_storage *storage);

/* Makes the slot's cells of the series, where there are none yet. False without memory. */
bool otmi_slow_have_cell(const otmi_storage *storage, otmi_slot *slot, const otmi_series *series);

#endif
