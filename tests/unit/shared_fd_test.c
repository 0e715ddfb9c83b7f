/* Writing to a descriptor of the host's: without blocking, without a signal, without changing it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared_fd.h"

#define ENDLESS ((size_t)16 << 20) /* more than any pipe, socket or terminal takes */

/* Writes until no more goes; returns the bytes that went. If a write blocked, this would not return. */
static size_t fill(const otmi_shared_fd *shared)
{
    static char zeros[65536];
    size_t total = 0;
    ssize_t n = 1;
    while (n > 0 && total < ENDLESS) {
        n = otmi_shared_fd_write(shared, zeros, sizeof zeros);
        total += n > 0 ? (size_t)n : 0;
    }
    assert_int_equal(n, 0);
    return total;
}

/* Reads until there is room again; a terminal makes some in its own time, and does not always say so. */
static void assert_goes_on(const otmi_shared_fd *shared, int reading)
{
    static char taken[65536];
    ssize_t n = 0;
    assert_int_not_equal(fcntl(reading, F_SETFL, O_NONBLOCK), -1); /* this end has nothing to do with the other */
    while (n == 0) {
        while (read(reading, taken, sizeof taken) > 0) {
        }
        otmi_shared_fd_wait(shared, 1000000);
        n = otmi_shared_fd_write(shared, "x", 1);
    }
    assert_int_equal(n, 1);
}

static void assert_fills_and_goes_on(int fd, int reading)
{
    otmi_shared_fd shared;
    int flags = fcntl(fd, F_GETFL);
    otmi_shared_fd_open(&shared, fd);
    assert_true(fill(&shared) > 0);
    assert_goes_on(&shared, reading);
    otmi_shared_fd_close(&shared);
    assert_int_equal(fcntl(fd, F_GETFL), flags);
}

static void full_pipe_takes_no_more_and_its_flags_stay(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_fills_and_goes_on(ends[1], ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static void full_pipe_that_does_not_block_takes_no_more(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
    assert_fills_and_goes_on(ends[1], ends[0]);
    close(ends[0]);
    close(ends[1]);
}

/* As it is where the pipe cannot be opened again. */
static void full_pipe_takes_no_more_without_an_opening_of_our_own(void **state)
{
    (void)state;
    int ends[2];
    static char some[3 * PIPE_BUF];
    assert_int_equal(pipe(ends), 0);
    otmi_shared_fd shared = {.fd = ends[1], .careful = true};
    assert_int_equal(otmi_shared_fd_write(&shared, some, sizeof some), PIPE_BUF);
    assert_true(fill(&shared) > 0);
    assert_int_equal(otmi_shared_fd_write(&shared, some, 1), 0);
    otmi_shared_fd_close(&shared);
    assert_true(fcntl(ends[1], F_GETFL) != -1);
    close(ends[0]);
    close(ends[1]);
}

static void full_socket_takes_no_more_and_its_flags_stay(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_fills_and_goes_on(ends[1], ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static void full_terminal_takes_no_more_and_its_flags_stay(void **state)
{
    (void)state;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    int slave = -1;
    if (master != -1 && grantpt(master) == 0 && unlockpt(master) == 0) {
        slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    }
    if (slave == -1) {
        print_message("SKIP full_terminal_takes_no_more_and_its_flags_stay: no pseudo terminals here\n");
        skip();
    }
    assert_fills_and_goes_on(slave, master);
    close(slave);
    close(master);
}

static void assert_broken(int fd, int error)
{
    otmi_shared_fd shared;
    sigset_t pending;
    otmi_shared_fd_open(&shared, fd);
    assert_int_equal(otmi_shared_fd_write(&shared, "x", 1), -error);
    otmi_shared_fd_close(&shared);
    sigemptyset(&pending);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
}

/* SIGPIPE has its default action here: it would end the test. */
static void broken_pipe_or_socket_fails_without_a_signal(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_broken(ends[1], EPIPE);
    close(ends[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    close(ends[0]);
    assert_broken(ends[1], EPIPE);
    close(ends[1]);
}

static void pipe_that_breaks_while_it_is_full_ends_the_wait(void **state)
{
    (void)state;
    int ends[2];
    otmi_shared_fd shared;
    assert_int_equal(pipe(ends), 0);
    otmi_shared_fd_open(&shared, ends[1]);
    (void)fill(&shared);
    close(ends[0]);
    otmi_shared_fd_wait(&shared, UINT64_MAX);
    assert_int_equal(otmi_shared_fd_write(&shared, "x", 1), -EPIPE);
    otmi_shared_fd_close(&shared);
    close(ends[1]);
}

static void closed_or_unwritable_descriptor_fails(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_broken(ends[0], EBADF); /* and is not turned into the end to write to */
    close(ends[0]);
    close(ends[1]);
    assert_broken(ends[1], EBADF);
}

static void file_over_its_limit_fails_without_a_signal(void **state)
{
    (void)state;
    struct rlimit before;
    otmi_shared_fd shared;
    char name[] = "/tmp/shared_fd_test.XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd != -1);
    unlink(name);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit short_files = {.rlim_cur = 4, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &short_files), 0);
    otmi_shared_fd_open(&shared, fd);
    assert_int_equal(otmi_shared_fd_write(&shared, "123456", 6), 4);
    assert_int_equal(otmi_shared_fd_write(&shared, "56", 2), -EFBIG);
    otmi_shared_fd_close(&shared);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_pipe_takes_no_more_and_its_flags_stay),
        cmocka_unit_test(full_pipe_that_does_not_block_takes_no_more),
        cmocka_unit_test(full_pipe_takes_no_more_without_an_opening_of_our_own),
        cmocka_unit_test(full_socket_takes_no_more_and_its_flags_stay),
        cmocka_unit_test(full_terminal_takes_no_more_and_its_flags_stay),
        cmocka_unit_test(broken_pipe_or_socket_fails_without_a_signal),
        cmocka_unit_test(pipe_that_breaks_while_it_is_full_ends_the_wait),
        cmocka_unit_test(closed_or_unwritable_descriptor_fails),
        cmocka_unit_test(file_over_its_limit_fails_without_a_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
