/* What we need from an operating system. Only the .c files of this folder contain #ifdef. */
#ifndef OTMI_PLATFORM_H
#define OTMI_PLATFORM_H

#include <pthread.h>

#include <otm/host.h>

/* -- Time -------------------------------------------------------------------------------------------------------- */

uint64_t otmi_wall_ns(void);
uint64_t otmi_monotonic_ns(void);

/* The system's clocks as an otm_clock. */
const otm_clock *otmi_clock_system(void);
const otm_clock *otmi_clock_or_system(const otm_clock *clock);

/* now + timeout_ms, saturating; 0 takes default_ms; OTM_NO_TIMEOUT (or any negative) gives UINT64_MAX. */
uint64_t otmi_deadline_ns(uint64_t now_ns, int64_t timeout_ms, int64_t default_ms);

/* -- Locks and waiting ------------------------------------------------------------------------------------------- */

typedef pthread_mutex_t otmi_mutex;

otm_status otmi_mutex_init(otmi_mutex *mutex);
void otmi_mutex_fini(otmi_mutex *mutex);
void otmi_mutex_lock(otmi_mutex *mutex);
void otmi_mutex_unlock(otmi_mutex *mutex);

/* A condition that waits on the system's monotonic clock. */
typedef pthread_cond_t otmi_cond;

otm_status otmi_cond_init(otmi_cond *cond);
void otmi_cond_fini(otmi_cond *cond);
void otmi_cond_broadcast(otmi_cond *cond);
void otmi_cond_wait(otmi_cond *cond, otmi_mutex *mutex);
/* False when the system's monotonic clock reached until_ns (UINT64_MAX: never) before a broadcast. */
bool otmi_cond_wait_until(otmi_cond *cond, otmi_mutex *mutex, uint64_t until_ns);

/* -- Threads ----------------------------------------------------------------------------------------------------- */

/* Starts a thread with all signals blocked. name is cut to 15 characters. */
otm_status otmi_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument);

/* A number for the calling thread, never 0, not reused while the thread lives. */
uint64_t otmi_thread_id(void);

void otmi_thread_yield(void);
void otmi_sleep_ns(uint64_t ns); /* for short waits on other threads, never for timing */

size_t otmi_cpu_count(void);

/* -- Memory order ------------------------------------------------------------------------------------------------ */

/* Makes every running thread of this process pass a full memory barrier (membarrier, expedited). */
bool otmi_process_barrier_available(void); /* registers on first use */
/* Only if available. False: the system refused it, as a filter of system calls that was set up later may. */
bool otmi_process_barrier(void);

/* -- Randomness -------------------------------------------------------------------------------------------------- */

/* Fills from the operating system's source; falls back to clocks and addresses where there is none. */
void otmi_random_bytes(void *bytes, size_t size);

/* -- Process ----------------------------------------------------------------------------------------------------- */

/* Base name of the running executable; false if unknown. */
bool otmi_executable_name(char *name, size_t capacity);

#endif
