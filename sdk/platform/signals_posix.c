#include "platform/signals.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static bool pipe_is_pending(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

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
    guard->pipe_was_pending = pipe_is_pending();
    pthread_sigmask(SIG_BLOCK, &all, &guard->before);
    errno = saved_errno;
}

void otmi_signals_restore(const otmi_signal_guard *guard)
{
    int saved_errno = errno;
    if (!guard->pipe_was_pending && pipe_is_pending()) {
        sigset_t pipe_only;
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        while (sigtimedwait(&pipe_only, NULL, &(struct timespec){0, 0}) == -1 && errno == EINTR) {
        }
    }
    pthread_sigmask(SIG_SETMASK, &guard->before, NULL);
    errno = saved_errno;
}
