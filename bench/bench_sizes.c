/* What the libraries take on disk once stripped, as a distribution ships them. */
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "bench_libraries.h"

extern char **environ;

/* 0: it could not be stripped. */
static size_t stripped_size(const char *library)
{
    char copy[] = "/tmp/otm-bench-XXXXXX";
    char output[] = "-o";
    char strip[] = "strip";
    char *path = strdup(library);
    char *const arguments[] = {strip, output, copy, path, NULL};
    struct stat info = {0};
    pid_t child;
    int status = -1;
    int fd = mkstemp(copy);
    if (fd < 0 || path == NULL) {
        bench_die("no temporary file", OTM_ERR_IO);
    }
    close(fd);
    bool done = posix_spawnp(&child, strip, NULL, NULL, arguments, environ) == 0 &&
                waitpid(child, &status, 0) == child && status == 0 && stat(copy, &info) == 0;
    unlink(copy);
    free(path);
    return done ? (size_t)info.st_size : 0;
}

void bench_measure_sizes(void)
{
    static const struct {
        const char *name;
        const char *path;
    } libraries[] = {OTM_BENCH_LIBRARIES};
    for (size_t i = 0; i < sizeof libraries / sizeof libraries[0]; i++) {
        size_t size = bench_wanted(libraries[i].name) ? stripped_size(libraries[i].path) : 0;
        if (size > 0) {
            bench_report(&(bench_figure){.name = libraries[i].name, .unit = "bytes", .threads = 1,
                                         .value = (double)size, .median = (double)size, .runs = 1});
        }
    }
}
