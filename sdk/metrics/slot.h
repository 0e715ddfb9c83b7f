/* Slots: where threads keep their cells, and how a collector knows that nobody is inside.
 *
 * A thread leases a slot on its first recording and gives it back when it ends; the cells stay, and the next lessee
 * adds to them. Slot 0 is the shared slot: threads without a lease use it under a mutex.
 *
 * Every access to series or cells happens inside a section: the owner stores section = 1, works, stores 0 (release).
 * otmi_slots_wait() is the other side: after it, every section that had begun before is over, and what it wrote is
 * visible. docs/design/recording.md argues why. */
#ifndef OTMI_SLOT_H
#define OTMI_SLOT_H

#include <otm/host.h>

#include "metrics/memo.h"

/* Chunks of cells alive in the process, over all providers. */
#define OTMI_CHUNK_IDS 32768u
#define OTMI_MAX_SLOTS 1024u

typedef struct otmi_slot {
    _Alignas(64) char *nowhere; /* always NULL: first, so that location 0 finds it */
    uint32_t section; /* 1 while its owner is inside; written by the owner alone */
    uint32_t leased;  /* 1 while a thread has it; compare-and-swap, acquire on taking, release on return */
    _Alignas(64) char *cells[OTMI_CHUNK_IDS]; /* by chunk id: its cells, or NULL; the owner publishes (release) */
    otmi_memo memo; /* the owner's, in its section */
} otmi_slot;

#if defined(OTMI_TLS_INITIAL_EXEC)
#define OTMI_TLS_MODEL __attribute__((tls_model("initial-exec")))
#else
#define OTMI_TLS_MODEL
#endif

/* The only thread-local data of the engine. Without a lease, slot is the empty slot, whose cells are all NULL. */
typedef struct otmi_thread {
    otmi_slot *slot;
    bool ended; /* the exit hook has run: no further lease, the shared slot serves what is still recorded */
} otmi_thread;

extern _Thread_local otmi_thread otmi_this_thread OTMI_TLS_MODEL;

/* Nobody's slot, which no collector waits for: being "inside" it protects nothing but its own NULL cells. */
extern otmi_slot otmi_empty_slot __attribute__((visibility("hidden")));

static inline void otmi_slot_enter(otmi_slot *slot)
{
    __atomic_store_n(&slot->section, 1, __ATOMIC_RELAXED);
    /* The store must not sink below the loads that follow. For the compiler this fence; for the processor the
     * barrier that otmi_slots_wait() makes every thread pass. */
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline void otmi_slot_leave(otmi_slot *slot)
{
    __atomic_store_n(&slot->section, 0, __ATOMIC_RELEASE);
}

/* A cell's place: where in a slot its chunk's cells are found in the upper half, byte offset within these in the lower.
 * 0 is nowhere. */
typedef uint64_t otmi_location;

static inline otmi_location otmi_location_make(uint32_t chunk, uint32_t offset)
{
    uint64_t at = offsetof(otmi_slot, cells) + chunk * sizeof(char *);
    return at << 32 | offset;
}

/* The cell of this slot, or NULL if the slot has none there yet. */
static inline char *otmi_slot_cell(const otmi_slot *slot, otmi_location location)
{
    char *const *at = (char *const *)(const void *)((const char *)slot + (location >> 32));
    char *cells = __atomic_load_n(at, __ATOMIC_ACQUIRE);
    return cells == NULL ? NULL : cells + (uint32_t)location;
}

/* Gives the calling thread a slot: its leased one, a free one, or (OTM_ERR_LIMIT, OTM_ERR_NO_MEMORY) none: then the
 * caller borrows the shared slot. Preserves errno. */
otm_status otmi_slot_lease(void);

/* The shared slot, entered; give it back at once. Blocks while another thread has it. */
otmi_slot *otmi_slot_borrow(void);
void otmi_slot_return(otmi_slot *slot);

/* A slot to work in, entered: the thread's own, leased now if it has none yet, or the shared one. */
static inline otmi_slot *otmi_slot_begin(void)
{
    otmi_slot *slot = otmi_this_thread.slot;
    if (__builtin_expect(slot == &otmi_empty_slot, 0)) {
        if (otmi_slot_lease() != OTM_OK) {
            return otmi_slot_borrow();
        }
        slot = otmi_this_thread.slot;
    }
    otmi_slot_enter(slot);
    return slot;
}

static inline void otmi_slot_end(otmi_slot *slot)
{
    if (__builtin_expect(slot == otmi_this_thread.slot, 1)) {
        otmi_slot_leave(slot);
    } else {
        otmi_slot_return(slot);
    }
}

/* The slots made so far, the shared one first. Slots are never freed. */
size_t otmi_slot_count(void);
otmi_slot *otmi_slot_at(size_t index);

/* Most slots there may be; for tests. 0: max(64, 4 x CPUs). */
void otmi_slot_limit(size_t limit);

/* Waits until every section that began before the call has ended. OTM_ERR_TIMEOUT at deadline_ns (system monotonic):
 * a thread was stopped inside one. OTM_ERR_UNSUPPORTED: the system does not let us have the barrier any more. */
otm_status otmi_slots_wait(uint64_t deadline_ns);

/* Chunk ids; 0 when all are in use. */
uint32_t otmi_chunk_id_take(void);
void otmi_chunk_id_give(uint32_t id);

/* Raised in the child of every fork; objects remember the one they were made under. */
uint32_t otmi_process_generation(void);

#endif
