/* fork: the next lines in a child process, which has inherited every object. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

#define CHILD_TIME_MS 20000
#define MAX_ANSWER_BYTES ((size_t)256 << 20)

/* -- Child ------------------------------------------------------------------------------------------------------- */

static void write_line(FILE *out, const json_t *answer)
{
    (void)json_dumpf(answer, out, JSON_COMPACT);
    (void)fputc('\n', out);
}

static void run_child(driver *d, const json_t *lines, int fd)
{
    FILE *out = fdopen(fd, "w");
    if (out == NULL) {
        _exit(2);
    }
    driver_forget_threads(&d->backgrounds);
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line) {
        json_t *answer = driver_obey(d, line);
        write_line(out, answer);
        json_decref(answer);
    }
    driver_fini(d);
    int failed = fclose(out);
    /* Not exit(): what the parent made is left behind here on purpose, and no leak checker is to judge it. */
    _exit(failed == 0 ? 0 : 2);
}

/* -- Parent ------------------------------------------------------------------------------------------------------ */

typedef struct text {
    char *bytes;
    size_t size;
    size_t capacity;
} text;

static bool append(text *t, const char *bytes, size_t size)
{
    if (size > t->capacity - t->size) {
        size_t capacity = t->capacity == 0 ? 65536 : t->capacity * 2;
        char *grown = capacity > MAX_ANSWER_BYTES ? NULL : realloc(t->bytes, capacity);
        if (grown == NULL) {
            return false;
        }
        t->bytes = grown;
        t->capacity = capacity;
    }
    memcpy(t->bytes + t->size, bytes, size);
    t->size += size;
    return true;
}

static int64_t milliseconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the child closes its end; a child that takes too long is killed. */
static void read_all(int fd, pid_t child, text *out)
{
    char chunk[16384];
    int64_t deadline = milliseconds_now() + CHILD_TIME_MS;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - milliseconds_now();
        if (left <= 0 || poll(&p, 1, (int)left) == 0) {
            (void)kill(child, SIGKILL);
            return;
        }
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return;
        }
        if (got > 0 && !append(out, chunk, (size_t)got)) {
            (void)kill(child, SIGKILL);
            return;
        }
    }
}

static json_t *answers_of(const text *t)
{
    json_t *answers = json_array();
    size_t begin = 0;
    for (size_t i = 0; i < t->size; i++) {
        if (t->bytes[i] == '\n') {
            json_t *answer = json_loadb(t->bytes + begin, i - begin, JSON_ALLOW_NUL, NULL);
            (void)json_array_append_new(answers, answer == NULL ? json_null() : answer);
            begin = i + 1;
        }
    }
    return answers;
}

/* The exit status, or minus the signal that ended the child. */
static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static pid_t fork_unlocked(void)
{
    (void)fflush(NULL);
    driver_observe_lock();
    driver_diag_lock();
    pid_t child = fork();
    driver_diag_unlock();
    driver_observe_unlock();
    return child;
}

otm_status driver_op_fork(driver *d, const json_t *request, json_t *answer)
{
    const json_t *lines = json_object_get(request, "lines");
    int ends[2];
    if (!json_is_array(lines)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "lines: expected an array of requests");
    }
    if (pipe(ends) != 0) {
        return OTM_ERR_IO;
    }
    pid_t child = fork_unlocked();
    if (child == 0) {
        (void)close(ends[0]);
        run_child(d, lines, ends[1]);
    }
    (void)close(ends[1]);
    text output = {.bytes = NULL};
    if (child > 0) {
        read_all(ends[0], child, &output);
        (void)json_object_set_new(answer, "exit", json_integer(wait_for(child)));
        (void)json_object_set_new(answer, "answers", answers_of(&output));
    }
    (void)close(ends[0]);
    free(output.bytes);
    return child > 0 ? OTM_OK : OTM_ERR_IO;
}
