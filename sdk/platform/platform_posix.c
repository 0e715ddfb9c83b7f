#include "platform/platform.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/membarrier.h>
#include <sys/random.h>
#include <sys/syscall.h>
#endif

#define NS_PER_S UINT64_C(1000000000)

/* The longest wait that is one call; a caller with a later deadline finds out and waits again. It keeps tv_sec within
 * time_t, and the kernel's arithmetic within its range. */
#define LONGEST_WAIT_NS (UINT64_C(1) << 60)

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

/* -- Locks and waiting ------------------------------------------------------------------------------------------- */

otm_status otmi_mutex_init(otmi_mutex *mutex)
{
    return pthread_mutex_init(mutex, NULL) == 0 ? OTM_OK : OTM_ERR_NO_MEMORY;
}

void otmi_mutex_fini(otmi_mutex *mutex)
{
    pthread_mutex_destroy(mutex);
}

void otmi_mutex_lock(otmi_mutex *mutex)
{
    pthread_mutex_lock(mutex);
}

void otmi_mutex_unlock(otmi_mutex *mutex)
{
    pthread_mutex_unlock(mutex);
}

otm_status otmi_cond_init(otmi_cond *cond)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return OTM_ERR_NO_MEMORY;
    }
    int failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (failed == 0) {
        failed = pthread_cond_init(cond, &attributes);
    }
    pthread_condattr_destroy(&attributes);
    return failed == 0 ? OTM_OK : OTM_ERR_NO_MEMORY;
}

void otmi_cond_fini(otmi_cond *cond)
{
    pthread_cond_destroy(cond);
}

void otmi_cond_broadcast(otmi_cond *cond)
{
    pthread_cond_broadcast(cond);
}

void otmi_cond_wait(otmi_cond *cond, otmi_mutex *mutex)
{
    pthread_cond_wait(cond, mutex);
}

bool otmi_cond_wait_until(otmi_cond *cond, otmi_mutex *mutex, uint64_t until_ns)
{
    if (until_ns == UINT64_MAX) {
        otmi_cond_wait(cond, mutex);
        return true;
    }
    struct timespec until = to_timespec(until_ns < LONGEST_WAIT_NS ? until_ns : LONGEST_WAIT_NS);
    return pthread_cond_timedwait(cond, mutex, &until) != ETIMEDOUT;
}

/* -- Threads ----------------------------------------------------------------------------------------------------- */

#define THREAD_NAME_BYTES 16 /* of the kernel, NUL included */

static void name_thread(pthread_t thread, const char *name)
{
#ifdef __linux__
    char cut[THREAD_NAME_BYTES] = {0};
    memcpy(cut, name, strnlen(name, sizeof cut - 1));
    pthread_setname_np(thread, cut); /* a name is only a help for people: failure does not matter */
#else
    (void)thread;
    (void)name;
#endif
}

otm_status otmi_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    /* Threads inherit the mask of their maker. Blocking here, and not in the new thread, leaves no moment in which the
     * host's signals could arrive on a thread of ours. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        return OTM_ERR_IO;
    }
    name_thread(*thread, name);
    return OTM_OK;
}

uint64_t otmi_thread_id(void)
{
    static uint64_t last_id;
    static _Thread_local uint64_t id;
    if (id == 0) {
        id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED); /* only uniqueness matters */
    }
    return id;
}

void otmi_thread_yield(void)
{
    sched_yield();
}

void otmi_sleep_ns(uint64_t ns)
{
    struct timespec span = to_timespec(ns < LONGEST_WAIT_NS ? ns : LONGEST_WAIT_NS);
    int saved_errno = errno;
    nanosleep(&span, NULL);
    errno = saved_errno;
}

size_t otmi_cpu_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (size_t)count : 1;
}

/* -- Memory order ------------------------------------------------------------------------------------------------ */

#ifdef __linux__

static bool barrier_registered;
static pthread_once_t barrier_once = PTHREAD_ONCE_INIT;

static void register_barrier(void)
{
    int saved_errno = errno;
    long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    barrier_registered = commands > 0 && (commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0 &&
                         syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved_errno;
}

bool otmi_process_barrier_available(void)
{
    pthread_once(&barrier_once, register_barrier);
    return barrier_registered;
}

bool otmi_process_barrier(void)
{
    int saved_errno = errno;
    bool passed = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0;
    errno = saved_errno;
    return passed;
}

#else

bool otmi_process_barrier_available(void)
{
    return false;
}

bool otmi_process_barrier(void)
{
    return false;
}

#endif

/* -- Randomness -------------------------------------------------------------------------------------------------- */

/* How many bytes the system gave, from the start on. */
static size_t system_random(unsigned char *bytes, size_t size)
{
    size_t filled = 0;
#ifdef __linux__
    while (filled < size) {
        ssize_t got = getrandom(bytes + filled, size - filled, GRND_NONBLOCK);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break; /* old kernel, sandbox, or too early after boot to have any */
        }
        filled += (size_t)got;
    }
#else
    (void)bytes;
    (void)size;
#endif
    return filled;
}

/* SplitMix64 over clocks and addresses: unlike from run to run, but not secret. */
static void guessed_random(unsigned char *bytes, size_t size)
{
    uint64_t state = otmi_wall_ns() ^ otmi_monotonic_ns() << 20 ^ (uint64_t)(uintptr_t)&state ^
                     (uint64_t)getpid() << 40;
    for (size_t i = 0; i < size; i++) {
        state += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t word = (state ^ state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
        bytes[i] = (unsigned char)(word >> 56);
    }
}

void otmi_random_bytes(void *bytes, size_t size)
{
    int saved_errno = errno;
    size_t filled = system_random(bytes, size);
    if (filled < size) {
        guessed_random((unsigned char *)bytes + filled, size - filled);
    }
    errno = saved_errno;
}

/* -- Process ----------------------------------------------------------------------------------------------------- */

bool otmi_executable_name(char *name, size_t capacity)
{
    static const char deleted[] = " (deleted)"; /* the kernel's mark when the file was replaced meanwhile */
    char path[4096];
    int saved_errno = errno;
    ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    errno = saved_errno;
    if (size <= 0 || (size_t)size == sizeof path) {
        return false;
    }
    size_t end = (size_t)size;
    if (end > sizeof deleted && memcmp(path + end - (sizeof deleted - 1), deleted, sizeof deleted - 1) == 0) {
        end -= sizeof deleted - 1;
    }
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    if (start == end || end - start >= capacity) {
        return false;
    }
    memcpy(name, path + start, end - start);
    name[end - start] = '\0';
    return true;
}
