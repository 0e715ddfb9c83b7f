#include "metrics/slot.h"

#include <errno.h>
#include <stdlib.h>

#include "platform/platform.h"

otmi_slot otmi_empty_slot;
/* Not a member of `engine`, whose initial values are in the file: this would put 128 KiB of zeros there. */
static otmi_slot shared_slot;

_Thread_local otmi_thread otmi_this_thread OTMI_TLS_MODEL = {&otmi_empty_slot, false};

/* Slots and chunk ids of the process. `mu` guards growth and ids; slots[] entries are published before count. */
static struct {
    pthread_once_t once;
    pthread_key_t exit_key;
    bool usable; /* the exit hook could be installed and the barrier exists: slots may be leased */
    otmi_mutex mu;
    otmi_mutex shared_mu; /* held by whoever has the shared slot */
    otmi_slot *slots[OTMI_MAX_SLOTS]; /* atomic */
    size_t count;                     /* atomic; slots[0] is the shared one */
    size_t limit;
    uint32_t generation; /* atomic */
    uint32_t ids_from;   /* where the search for a free id begins */
    uint64_t ids_taken[OTMI_CHUNK_IDS / 64];
} engine = {.once = PTHREAD_ONCE_INIT, .mu = PTHREAD_MUTEX_INITIALIZER, .shared_mu = PTHREAD_MUTEX_INITIALIZER,
            .generation = 1, .ids_from = 1, .ids_taken = {1}};

static void thread_ended(void *slot)
{
    otmi_this_thread.slot = &otmi_empty_slot;
    otmi_this_thread.ended = true;
    __atomic_store_n(&((otmi_slot *)slot)->leased, 0, __ATOMIC_RELEASE);
}

/* One thread is left, and it may have been inside anything of ours. Older objects are inert from here on (they
 * remember their generation); locks of the process are made anew, leases of threads that are gone are taken back. */
static void child_of_fork(void)
{
    __atomic_add_fetch(&engine.generation, 1, __ATOMIC_RELAXED);
    pthread_mutex_init(&engine.mu, NULL);
    pthread_mutex_init(&engine.shared_mu, NULL);
    for (size_t i = 0; i < engine.count; i++) {
        engine.slots[i]->section = 0;
        if (engine.slots[i] != otmi_this_thread.slot) {
            engine.slots[i]->leased = 0;
        }
    }
}

static size_t default_limit(void)
{
    size_t by_cpu = 4 * otmi_cpu_count();
    size_t limit = by_cpu < 64 ? 64 : by_cpu;
    return limit < OTMI_MAX_SLOTS ? limit : OTMI_MAX_SLOTS - 1;
}

static void engine_start(void)
{
    engine.slots[0] = &shared_slot;
    engine.count = 1;
    engine.limit = default_limit();
    engine.usable = pthread_key_create(&engine.exit_key, thread_ended) == 0 && otmi_process_barrier_available();
    pthread_atfork(NULL, NULL, child_of_fork);
}

void otmi_slot_limit(size_t limit)
{
    pthread_once(&engine.once, engine_start);
    engine.limit = limit == 0 ? default_limit() : limit < OTMI_MAX_SLOTS ? limit : OTMI_MAX_SLOTS - 1;
}

static otmi_slot *free_slot(void)
{
    size_t count = __atomic_load_n(&engine.count, __ATOMIC_ACQUIRE);
    for (size_t i = 1; i < count; i++) {
        otmi_slot *slot = __atomic_load_n(&engine.slots[i], __ATOMIC_RELAXED);
        uint32_t nobody = 0;
        /* Acquire: the last lessee's cells become ours. */
        if (__atomic_load_n(&slot->leased, __ATOMIC_RELAXED) == 0 &&
            __atomic_compare_exchange_n(&slot->leased, &nobody, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            return slot;
        }
    }
    return NULL;
}

static otmi_slot *new_slot(void)
{
    otmi_slot *slot = NULL;
    otmi_mutex_lock(&engine.mu);
    if (engine.count <= engine.limit) {
        /* The table of cells is large and mostly never touched: calloc has it as fresh zero pages from the system.
         * Never freed, so the pointer that it gave need not be kept. */
        char *memory = calloc(1, sizeof *slot + 64);
        if (memory != NULL) {
            slot = (otmi_slot *)(void *)(memory + (64 - (uintptr_t)memory % 64));
            slot->leased = 1;
            __atomic_store_n(&engine.slots[engine.count], slot, __ATOMIC_RELAXED);
            __atomic_store_n(&engine.count, engine.count + 1, __ATOMIC_RELEASE);
        }
    }
    otmi_mutex_unlock(&engine.mu);
    return slot;
}

otm_status otmi_slot_lease(void)
{
    if (otmi_this_thread.slot != &otmi_empty_slot) {
        return OTM_OK;
    }
    if (otmi_this_thread.ended) {
        return OTM_ERR_LIMIT;
    }
    int saved = errno;
    pthread_once(&engine.once, engine_start);
    otmi_slot *slot = NULL;
    if (engine.usable) {
        slot = free_slot();
        slot = slot != NULL ? slot : new_slot();
    }
    if (slot != NULL && pthread_setspecific(engine.exit_key, slot) != 0) {
        __atomic_store_n(&slot->leased, 0, __ATOMIC_RELEASE);
        slot = NULL;
    }
    if (slot != NULL) {
        otmi_this_thread.slot = slot;
    }
    errno = saved;
    return slot != NULL ? OTM_OK : OTM_ERR_LIMIT;
}

otmi_slot *otmi_slot_borrow(void)
{
    pthread_once(&engine.once, engine_start);
    otmi_mutex_lock(&engine.shared_mu);
    /* The mutex does not keep collectors out, and there may be no process barrier: otmi_slots_wait() has the other
     * exchange. */
    __atomic_exchange_n(&shared_slot.section, 1, __ATOMIC_SEQ_CST);
    return &shared_slot;
}

void otmi_slot_return(otmi_slot *slot)
{
    otmi_slot_leave(slot);
    otmi_mutex_unlock(&engine.shared_mu);
}

size_t otmi_slot_count(void)
{
    pthread_once(&engine.once, engine_start);
    return __atomic_load_n(&engine.count, __ATOMIC_ACQUIRE);
}

otmi_slot *otmi_slot_at(size_t index)
{
    return __atomic_load_n(&engine.slots[index], __ATOMIC_RELAXED);
}

static otm_status wait_outside(const otmi_slot *slot, uint64_t deadline_ns)
{
    for (unsigned tries = 0; __atomic_load_n(&slot->section, __ATOMIC_ACQUIRE) != 0; tries++) {
        if (tries < 64) {
            continue; /* a section lasts nanoseconds */
        }
        if (otmi_monotonic_ns() >= deadline_ns) {
            return OTM_ERR_TIMEOUT;
        }
        if (tries < 256) {
            otmi_thread_yield();
        } else {
            otmi_sleep_ns(50000); /* its thread was stopped by the scheduler */
        }
    }
    return OTM_OK;
}

otm_status otmi_slots_wait(uint64_t deadline_ns)
{
    (void)otmi_slot_count(); /* starts the engine */
    if (engine.usable && !otmi_process_barrier()) {
        return OTM_ERR_UNSUPPORTED;
    }
    /* The shared slot is entered by an exchange and needs no barrier: of two exchanges of one word the later one sees
     * what came before the earlier. */
    (void)__atomic_fetch_add(&shared_slot.section, 0, __ATOMIC_SEQ_CST);
    /* Counted after the barrier: whoever was inside a new slot before it has published that slot. */
    size_t count = otmi_slot_count();
    for (size_t i = 0; i < count; i++) {
        otm_status st = wait_outside(otmi_slot_at(i), deadline_ns);
        if (st != OTM_OK) {
            return st;
        }
    }
    return OTM_OK;
}

uint32_t otmi_chunk_id_take(void)
{
    uint32_t id = 0;
    otmi_mutex_lock(&engine.mu);
    for (uint32_t tried = 0; tried < OTMI_CHUNK_IDS && id == 0; tried++) {
        uint32_t candidate = (engine.ids_from + tried) % OTMI_CHUNK_IDS;
        if ((engine.ids_taken[candidate / 64] >> (candidate % 64) & 1) == 0) {
            engine.ids_taken[candidate / 64] |= UINT64_C(1) << (candidate % 64);
            engine.ids_from = candidate + 1;
            id = candidate;
        }
    }
    otmi_mutex_unlock(&engine.mu);
    return id;
}

void otmi_chunk_id_give(uint32_t id)
{
    if (id == 0) {
        return;
    }
    otmi_mutex_lock(&engine.mu);
    engine.ids_taken[id / 64] &= ~(UINT64_C(1) << (id % 64));
    if (id < engine.ids_from) {
        engine.ids_from = id;
    }
    otmi_mutex_unlock(&engine.mu);
}

uint32_t otmi_process_generation(void)
{
    pthread_once(&engine.once, engine_start);
    return __atomic_load_n(&engine.generation, __ATOMIC_RELAXED);
}
