#include "shared_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform/signals.h"

#define NS_PER_S UINT64_C(1000000000)
#define MAX_WAIT_NS (UINT64_C(3600) * NS_PER_S) /* the caller comes again */

static bool may_block(int fd, const struct stat *what)
{
    int flags = fcntl(fd, F_GETFL);
    bool writable = flags != -1 && (flags & O_ACCMODE) != O_RDONLY;
    return writable && (flags & O_NONBLOCK) == 0 && (S_ISFIFO(what->st_mode) || isatty(fd) == 1);
}

/* -1: not possible. Only for pipes and terminals: opening another device may do something to it. */
static int open_again(int fd)
{
    char path[sizeof "/proc/self/fd/" + 3 * sizeof fd];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void otmi_shared_fd_open(otmi_shared_fd *shared, int fd)
{
    struct stat what;
    *shared = (otmi_shared_fd){.fd = fd};
    if (fstat(fd, &what) != 0) {
        return;
    }
    shared->socket = S_ISSOCK(what.st_mode);
    if (may_block(fd, &what)) {
        int again = open_again(fd);
        shared->ours = again != -1;
        shared->careful = again == -1;
        shared->fd = again != -1 ? again : fd;
    }
}

void otmi_shared_fd_close(otmi_shared_fd *shared)
{
    if (shared->ours) {
        (void)close(shared->fd);
    }
    *shared = (otmi_shared_fd){.fd = -1};
}

/* True if a write, or a wait, comes back at once: there is room, or an error to be had. */
static bool poll_out(int fd, uint64_t span_ns)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    struct timespec span = {.tv_sec = (time_t)(span_ns / NS_PER_S), .tv_nsec = (long)(span_ns % NS_PER_S)};
    return ppoll(&wanted, 1, &span, NULL) == 1;
}

static ssize_t write_once(const otmi_shared_fd *shared, const char *bytes, size_t size)
{
    if (shared->socket) {
        return send(shared->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (shared->careful && !poll_out(shared->fd, 0)) {
        errno = EAGAIN;
        return -1;
    }
    return write(shared->fd, bytes, shared->careful && size > PIPE_BUF ? PIPE_BUF : size);
}

ssize_t otmi_shared_fd_write(const otmi_shared_fd *shared, const char *bytes, size_t size)
{
    otmi_signal_guard guard; /* SIGPIPE of a pipe that nobody reads, SIGTTOU of a terminal, SIGXFSZ of a file */
    ssize_t n;
    otmi_signals_block(&guard);
    do {
        n = write_once(shared, bytes, size);
    } while (n == -1 && errno == EINTR);
    int error = n == 0 ? EIO : errno; /* a device that takes nothing and says so: asking again would spin */
    otmi_signals_restore(&guard);
    if (n > 0) {
        return n;
    }
    return error == EAGAIN || error == EWOULDBLOCK ? 0 : -error;
}

void otmi_shared_fd_wait(const otmi_shared_fd *shared, uint64_t span_ns)
{
    (void)poll_out(shared->fd, span_ns < MAX_WAIT_NS ? span_ns : MAX_WAIT_NS);
}
