/* What the files of a storage share among themselves. _locked: the caller holds storage->mu. */
#ifndef OTMI_STORAGE_INTERNAL_H
#define OTMI_STORAGE_INTERNAL_H

#include "metrics/storage.h"

otm_status otmi_storage_canonical(const otmi_storage *storage, const otm_attr *attrs, size_t attr_count,
                                  bool *had_empty_key, otmi_attr_set **out);
otmi_series *otmi_storage_find_set(const otmi_storage *storage, const otmi_attr_set *set);

/* Takes the set. NULL without memory. */
otmi_series *otmi_storage_add_locked(otmi_storage *storage, otmi_attr_set *set);

/* Finds or makes the series of a set, which it takes; the overflow series where there is no place or no memory. */
otmi_series *otmi_storage_series_locked(otmi_storage *storage, otmi_attr_set *set, bool *no_memory);

/* The series (or overflow) that a first measurement goes to: admitted to the interval, start time set. */
otmi_series *otmi_storage_begin_measuring_locked(otmi_storage *storage, otmi_series *series, uint64_t now_ns);

/* False: delta, and the interval has no place for a set that is not in it yet. */
bool otmi_storage_has_place_locked(const otmi_storage *storage, const otmi_series *series);

/* Whether what is not found overflows, after series came or went. */
void otmi_storage_update_full_locked(otmi_storage *storage);

/* Turns what signal handlers added into measurements. */
void otmi_storage_record_signals(otmi_storage *storage, uint64_t now_ns);

/* -- Exemplars (storage_exemplar.c) -------------------------------------------------------------------------------- */

/* An eligible measurement of the series, inside the section it was recorded in. */
void otmi_storage_offer(otmi_storage *storage, otmi_series *series, const otmi_offer *offer);

static inline void otmi_storage_offer_if_eligible(otmi_storage *storage, otmi_series *series, const otmi_offer *offer)
{
    if (__builtin_expect(otmi_exemplar_eligible(&storage->exemplars, offer->context), 0)) {
        otmi_storage_offer(storage, series, offer);
    }
}

void otmi_storage_collect_exemplars(otmi_storage *storage, const otmi_series *series, uint32_t reader_bit,
                                    otmi_arena *arena, otm_point *point);
/* The reservoir of a series that is gone, or NULL; the caller destroys it, under no lock. */
otmi_reservoir *otmi_storage_take_exemplars_locked(otmi_storage *storage, const otmi_series *series);
void otmi_storage_exemplars_fini(otmi_storage *storage);

/* -- The end of series (storage_end.c) ----------------------------------------------------------------------------- */

/* `yet_to_see`: bits of the cumulative readers that are to see it once more. */
void otmi_storage_end_locked(otmi_storage *storage, otmi_series *series, uint64_t yet_to_see);
/* Cumulative: ends the series that were not measured for their time to live. The reader has just seen all of them,
 * others may not have. */
void otmi_storage_end_idle_locked(otmi_storage *storage, uint32_t reader_bit, uint64_t monotonic_ns);
/* Delta: sets that were not measured in the interval, and not since, give their place and memory back. */
void otmi_storage_end_unmeasured_locked(otmi_storage *storage);
/* Before a grace period: the collection that begins reads what has ended. */
void otmi_storage_drain_ended_locked(otmi_storage *storage);
/* The reader has seen what was draining: a step further for each. Answers reservoirs to destroy, under no lock. */
otmi_reservoir *otmi_storage_leave_locked(otmi_storage *storage, uint32_t reader_bit);

#endif
