#include "process_state.h"

#include <pthread.h>
#include <unistd.h>

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint64_t generation; /* mu */
static pid_t owner;         /* mu; the process that `generation` was raised in; 0: none yet */

static void lock(void)
{
    pthread_mutex_lock(&mu);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mu);
}

static void unlock_in_child(void)
{
    owner = 0; /* even if the child should get the number of a dead ancestor */
    pthread_mutex_unlock(&mu);
}

static void register_hooks(void)
{
    pthread_atfork(lock, unlock, unlock_in_child);
}

void otmi_process_lock(void)
{
    pthread_once(&once, register_hooks);
    lock();
}

void otmi_process_unlock(void)
{
    unlock();
}

/* The number of the process tells of children whose making ran no hooks, such as those of a bare clone(). */
uint64_t otmi_process_generation_locked(void)
{
    pid_t self = getpid();
    if (owner != self) {
        owner = self;
        generation++;
    }
    return generation;
}
