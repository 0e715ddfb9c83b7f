/* otm-bench: what a measurement costs, and what a program pays besides. README.md says how to read it.
 *
 *     otm-bench [--quick] [--json FILE] [--only SUBSTRING]
 *
 * Exit status: 0, or 1 if a row's check failed; no figure is judged. */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

bench_options bench_settings = {.seconds = 0.3, .runs = 7, .turns = 40};

static void usage(void)
{
    fprintf(stderr, "usage: otm-bench [--quick] [--json FILE] [--only SUBSTRING]\n");
    exit(2);
}

static const char *argument(int argc, char **argv, int *at)
{
    if (*at + 1 >= argc) {
        usage();
    }
    *at += 1;
    return argv[*at];
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            bench_settings.quick = true;
            bench_settings.seconds = 0.1;
            bench_settings.runs = 5;
            bench_settings.turns = 12;
        } else if (strcmp(argv[i], "--json") == 0) {
            bench_settings.json_path = argument(argc, argv, &i);
        } else if (strcmp(argv[i], "--only") == 0) {
            bench_settings.only = argument(argc, argv, &i);
        } else {
            usage();
        }
    }
    bench_make_values();
    bench_rows_bound();
    bench_rows_unbound();
    bench_rows_collecting();
    bench_rows_off();
    bench_run_rows();
    bench_measure_allocations();
    bench_measure_collect();
    bench_measure_memory();
    bench_measure_shutdown();
    bench_measure_sizes();
    return bench_print() == 0 ? 0 : 1;
}
