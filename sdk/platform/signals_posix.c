#include "platform/signals.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

/* Raised for the thread by what it writes itself. */
static const int swallowed[] = {SIGPIPE, SIGXFSZ};

void otmi_signals_block(otmi_signal_guard *guard)
{
    /* A fault that is blocked kills the process without the host's handler for it: these stay open. */
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    int saved_errno = errno;
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        sigdelset(&all, faults[i]);
    }
    sigemptyset(&guard->pending);
    sigpending(&guard->pending);
    pthread_sigmask(SIG_BLOCK, &all, &guard->before);
    errno = saved_errno;
}

void otmi_signals_restore(const otmi_signal_guard *guard)
{
    int saved_errno = errno;
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    for (size_t i = 0; i < sizeof swallowed / sizeof swallowed[0]; i++) {
        if (sigismember(&pending, swallowed[i]) != 1 || sigismember(&guard->pending, swallowed[i]) == 1) {
            continue;
        }
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, swallowed[i]);
        while (sigtimedwait(&one, NULL, &(struct timespec){0, 0}) == -1 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
    errno = saved_errno;
}
