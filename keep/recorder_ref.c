/* A recorder pointer that may change while others record through it.
 *
 * Why not a plain atomic pointer: whoever loads it needs a reference before the swapper gives the last one back. Here
 * one atomic addition does both, it tells which slot is current and leaves a mark of having entered. Nobody waits.
 *
 *   current     top byte: number of the slot, 0 for none; the rest: how often it was entered since it became current.
 *               Written by additions of 1 (enter) and by exchange (set).
 *   slot.left   +1 from each call that leaves the slot. Whoever replaces the slot learns from the exchange how many
 *               have entered it, and subtracts that number. From then on the sum is zero exactly when all are out, and
 *               before then it never comes to zero by an addition; so whoever brings it to zero, and no one else,
 *               releases the recorder and frees the slot.
 *   slot.recorder  claimed by a setter (compare and swap from NULL), read by those inside, cleared by the one that
 *               found zero.
 *
 * The exchange publishes the slot's recorder (release); enter is a read-modify-write, which reads from that exchange
 * or from an addition after it, so its acquire sees the recorder. Each leave is a release and an acquire on `left`:
 * the last one out has everybody's calls behind it when it releases the recorder.
 *
 * Inside, slot.recorder is read relaxed: it cannot change there, but a setter that looks for a free slot touches it.
 *
 * The fields are plain in the public header, which is C++ too; hence the compiler's builtins. */
#include "recorder.h"

#define SLOT_SHIFT 56
#define ENTERED_MASK ((UINT64_C(1) << SLOT_SHIFT) - 1)

static unsigned slot_of(uint64_t current)
{
    return (unsigned)(current >> SLOT_SHIFT);
}

static void settle(otm_keep_recorder_ref *ref, unsigned slot, int64_t change)
{
    int64_t *left = &ref->slots[slot - 1].left;
    if (__atomic_add_fetch(left, change, __ATOMIC_ACQ_REL) != 0) {
        return;
    }
    otm_keep_recorder *recorder = __atomic_load_n(&ref->slots[slot - 1].recorder, __ATOMIC_RELAXED);
    __atomic_store_n(&ref->slots[slot - 1].recorder, NULL, __ATOMIC_RELEASE); /* free for the next setter */
    otm_keep_recorder_release(recorder);
}

/* The number of the slot entered, 0 if there is no recorder. */
static unsigned enter(otm_keep_recorder_ref *ref, otm_keep_recorder **recorder)
{
    *recorder = NULL;
    /* Without a recorder the word is not even written. Acquire is not needed: nothing is read. */
    if (ref == NULL || slot_of(__atomic_load_n(&ref->current, __ATOMIC_RELAXED)) == 0) {
        return 0;
    }
    unsigned slot = slot_of(__atomic_fetch_add(&ref->current, 1, __ATOMIC_ACQUIRE));
    if (slot != 0) {
        *recorder = __atomic_load_n(&ref->slots[slot - 1].recorder, __ATOMIC_RELAXED);
    }
    return slot;
}

static void leave(otm_keep_recorder_ref *ref, unsigned slot)
{
    if (slot != 0) {
        settle(ref, slot, 1);
    }
}

/* Takes a free slot for the recorder and a reference with it; 0 if there is none. */
static unsigned claim_slot(otm_keep_recorder_ref *ref, otm_keep_recorder *recorder)
{
    for (unsigned slot = 1; slot <= OTM_KEEP_RECORDER_REF_SLOTS; slot++) {
        otm_keep_recorder *nobody = NULL;
        if (__atomic_compare_exchange_n(&ref->slots[slot - 1].recorder, &nobody, recorder, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            (void)otm_keep_recorder_retain(recorder);
            return slot;
        }
    }
    return 0;
}

otm_status otm_keep_recorder_ref_set(otm_keep_recorder_ref *ref, otm_keep_recorder *recorder)
{
    if (ref == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    unsigned slot = recorder == NULL ? 0 : claim_slot(ref, recorder);
    if (slot == 0 && recorder != NULL) {
        return OTM_ERR_LIMIT;
    }
    uint64_t before = __atomic_exchange_n(&ref->current, (uint64_t)slot << SLOT_SHIFT, __ATOMIC_ACQ_REL);
    if (slot_of(before) != 0) {
        settle(ref, slot_of(before), -(int64_t)(before & ENTERED_MASK));
    }
    return OTM_OK;
}

void otm_keep_recorder_ref_fini(otm_keep_recorder_ref *ref)
{
    (void)otm_keep_recorder_ref_set(ref, NULL);
}

otm_keep_recorder *otm_keep_recorder_ref_retain(otm_keep_recorder_ref *ref)
{
    otm_keep_recorder *recorder = NULL;
    unsigned slot = enter(ref, &recorder);
    (void)otm_keep_recorder_retain(recorder);
    leave(ref, slot);
    return recorder;
}

otm_status otm_keep_recorder_ref_increment(otm_keep_recorder_ref *ref, otm_keep_metric metric, double value)
{
    otm_keep_recorder *recorder = NULL;
    unsigned slot = enter(ref, &recorder);
    otm_status st = otm_keep_recorder_increment(recorder, metric, value);
    leave(ref, slot);
    return st;
}

otm_status otm_keep_recorder_ref_record_ns(otm_keep_recorder_ref *ref, otm_keep_metric metric, int64_t duration_ns)
{
    otm_keep_recorder *recorder = NULL;
    unsigned slot = enter(ref, &recorder);
    otm_status st = otm_keep_recorder_record_ns(recorder, metric, duration_ns);
    leave(ref, slot);
    return st;
}

otm_status otm_keep_recorder_ref_record_seconds(otm_keep_recorder_ref *ref, otm_keep_metric metric, double duration_s)
{
    otm_keep_recorder *recorder = NULL;
    unsigned slot = enter(ref, &recorder);
    otm_status st = otm_keep_recorder_record_seconds(recorder, metric, duration_s);
    leave(ref, slot);
    return st;
}

otm_status otm_keep_recorder_ref_set_gauge(otm_keep_recorder_ref *ref, otm_keep_metric metric, double value)
{
    otm_keep_recorder *recorder = NULL;
    unsigned slot = enter(ref, &recorder);
    otm_status st = otm_keep_recorder_set_gauge(recorder, metric, value);
    leave(ref, slot);
    return st;
}
