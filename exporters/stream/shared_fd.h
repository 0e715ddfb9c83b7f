/* Writing to a descriptor that is the host's, and that the host and other processes may be writing to as well.
 *
 * O_NONBLOCK belongs to what the descriptor stands for, and would change it for all of them. So the flag is never
 * set; instead, by what it is:
 *     a pipe or terminal  opened once more for ourselves, without blocking, while a text is written (/proc/self/fd)
 *     a socket            each write says by itself that it may not block
 *     one opened without blocking by the host, and anything else (a file, /dev/null): written to as it is
 * Where a pipe or terminal cannot be opened again (no /proc, or it is another user's), only as much is written as a
 * pipe that polls ready has room for; then a write may block if somebody else fills the pipe in between. */
#ifndef OTMI_SHARED_FD_H
#define OTMI_SHARED_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct otmi_shared_fd {
    int fd;       /* what is written to */
    bool ours;    /* fd is our own opening */
    bool socket;
    bool careful; /* only what a ready pipe has room for */
} otmi_shared_fd;

/* Before a text: finds out how to write to `fd`. Cannot fail: a closed descriptor shows when it is written to. */
void otmi_shared_fd_open(otmi_shared_fd *shared, int fd);
/* After a text. The host's descriptor stays open. */
void otmi_shared_fd_close(otmi_shared_fd *shared);

/* Writes what goes without waiting: the bytes taken, at least 1; 0: none can be taken now; negative: minus errno, the
 * write failed. Raises no signal. */
ssize_t otmi_shared_fd_write(const otmi_shared_fd *shared, const char *bytes, size_t size);

/* Waits until a write may go on, at most for so long. */
void otmi_shared_fd_wait(const otmi_shared_fd *shared, uint64_t span_ns);

#endif
