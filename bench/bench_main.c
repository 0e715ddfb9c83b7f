/* otm-bench: what a measurement costs, and what a program pays besides. README.md says how to read it.
 *
 *     otm-bench [--quick] [--json FILE] [--only SUBSTRING] [--instructions]
 *
 * Exit status: 0, or 1 if a row's check failed; no figure is judged. */
#include <stdlib.h>

#include "bench.h"
#include "bench_libraries.h"

bench_options bench_settings = {.seconds = 0.3, .runs = 7, .turns = 40, .most_seconds = 420};

static void usage(void)
{
    fprintf(stderr, "usage: otm-bench [--quick] [--json FILE] [--only SUBSTRING] [--instructions]\n");
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

static void read_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            bench_settings.quick = true;
            bench_settings.seconds = 0.05;
            bench_settings.most_seconds = 12;
        } else if (strcmp(argv[i], "--json") == 0) {
            bench_settings.json_path = argument(argc, argv, &i);
        } else if (strcmp(argv[i], "--only") == 0) {
            bench_settings.only = argument(argc, argv, &i);
        } else if (strcmp(argv[i], "--instructions") == 0) {
            bench_settings.instructions = true;
        } else {
            usage();
        }
    }
}

/* The rows with spans come last and apart: once a program has attached a context, all its recordings ask for it. */
static void run_all_rows(void (*run)(void))
{
    bench_make_values();
    bench_rows_limits();
    bench_rows_bound();
    bench_rows_unbound();
    bench_rows_sets();
    bench_rows_collecting();
    bench_rows_off();
    run();
    bench_rows_exemplars();
    run();
}

/* Of the library that otm-bench-late loads. */
OTM_API int bench_late(int argc, char **argv)
{
    read_arguments(argc, argv);
    bench_settings.hot_only = true;
    bench_settings.most_seconds /= 3;
    run_all_rows(bench_run_rows);
    return bench_print_plainly() == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    read_arguments(argc, argv);
    if (bench_settings.instructions) {
        printf("compiler\t" OTM_BENCH_COMPILER "\n");
        run_all_rows(bench_count_rows);
        return 0;
    }
    run_all_rows(bench_run_rows);
    bench_measure_late();
    bench_measure_kept();
    bench_measure_latency();
    bench_measure_allocations();
    bench_measure_collect();
    bench_measure_otlp();
    bench_measure_prometheus();
    bench_measure_bytes();
    bench_measure_shutdown();
    bench_measure_sizes();
    return bench_print() == 0 ? 0 : 1;
}
