/* The harness: what a run is, how a figure comes out of runs, and where rows are registered.
 *
 * A timed row is an operation made `count` times. All rows take turns with the baselines, so that what the machine does
 * meanwhile hits them alike. A run is quiet if none of its threads waited for a core for more than 3 % of its time
 * (the scheduler's own account; waiting for a lock is part of the cost and does not count). Rounds go on until each
 * row has its quiet runs; the figure is the least of them, the median stands beside it. With several threads the
 * figure is the wall time until all have made their `count` operations, divided by `count`: what scales perfectly reads
 * as with one thread. With more threads than cores it is divided by what comes to one core.
 *
 * Every row checks what it measured: an operation that records nothing cannot win. */
#ifndef OTM_BENCH_H
#define OTM_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <otm/sdk.h>

#define BENCH_VALUES 1024 /* counts of operations are multiples of it */
#define BENCH_BOUNDS 15
#define BENCH_MAX_RUNS 40 /* kept of a row */
#define BENCH_WHY 160

typedef struct bench_options {
    bool quick;
    const char *only; /* rows whose name contains it; NULL: all */
    const char *json_path;
    bool instructions; /* no times: count instructions, under callgrind */
    bool hot_only;     /* only the rows marked hot */
    double seconds;    /* of one run */
    size_t runs;       /* quiet ones that each row needs */
    size_t turns;      /* at most, to get them */
    double most_seconds; /* of all timed rows together; then they end with the runs they have, at least two */
} bench_options;

extern bench_options bench_settings;

/* One line of the result. */
typedef struct bench_figure {
    const char *name;
    const char *unit; /* "ns/op", "ns/series", "bytes", ... */
    const char *base; /* name of the baseline, NULL: none */
    unsigned threads;
    double value; /* the least */
    double median;
    double ratio; /* to the baseline; 0: none */
    size_t runs;  /* quiet ones; 0: the machine never was, and the value is the least of any run */
    bool timed;
    bool crowded; /* more threads than cores */
    bool checked;
    char why[BENCH_WHY]; /* why the check failed; empty: it did not */
} bench_figure;

typedef struct bench_row bench_row;
struct bench_row {
    const char *name;
    void *(*start)(const bench_row *row); /* makes `state` */
    void (*run)(bench_row *row, uint64_t count, unsigned thread);
    bool (*check)(bench_row *row, char *why); /* after all runs; `why` has BENCH_WHY bytes */
    void (*end)(bench_row *row);              /* gives back what `state` holds */
    void (*before)(bench_row *row);           /* around each run, not measured; may be NULL */
    void (*after)(bench_row *row);
    const void *variant; /* what `start` needs to know */
    void *state;
    unsigned threads;
    bool to_empty_loop; /* the baseline is a loop that does nothing */
    bool hot;           /* its instructions are judged, and it is measured with the library loaded late, too */
    bool quick;         /* part of --quick */

    /* The harness's. */
    uint64_t count; /* operations a thread and run */
    uint64_t total; /* operations of all threads and runs */
    double quiet[BENCH_MAX_RUNS];
    size_t quiet_runs;
    double least; /* of any run */
    size_t runs;
};

/* How many threads make the operations; a row is registered once for each. */
#define BENCH_ONE 1u
#define BENCH_CORES 2u /* as many as there are cores, if there are several */
#define BENCH_CROWD 4u /* four times as many as there are cores; not with --quick */

/* Whether --only lets this row be. */
bool bench_wanted(const char *name);
/* Registers a timed row, of which it keeps a copy, for each number of threads; `start` makes the state of each. */
void bench_add_row(const bench_row *row, unsigned threads);
/* Runs all rows registered since the last time, reports them and ends them. */
void bench_run_rows(void);
/* The same under callgrind, without times: each row of one thread once with few and once with many operations. */
void bench_count_rows(void);
void bench_counted_run(bench_row *row, uint64_t count);

/* Reports a figure that was measured elsewhere. */
void bench_report(const bench_figure *figure);
/* The same for `count` samples (sorted here): their least and their median. */
void bench_report_samples(bench_figure figure, double *samples, size_t count);

double bench_now_ns(void);
unsigned bench_cores(void);
/* The values that histograms record, log-uniform between 1 and 10 000 and the same in every run, and their sum. */
extern double bench_values[BENCH_VALUES];
extern double bench_values_sum;
void bench_make_values(void);
/* OpenTelemetry's default bounds. */
extern const double bench_bounds[BENCH_BOUNDS];

/* Says what went wrong and ends the program: for what no row can go on without. */
void bench_die(const char *what, otm_status status);

/* Prints the table of all figures and writes the JSON file; the number of rows whose check failed. */
size_t bench_print(void);
/* Prints the figures of rows as lines of fields, for bench_measure_late(). */
size_t bench_print_plainly(void);
int bench_late(int argc, char **argv);

/* The figure of a row reported before; NULL: there is none. */
const bench_figure *bench_find_figure(const char *name, unsigned threads);

/* -- Bars -------------------------------------------------------------------------------------------------------- */

/* Compares what was measured with what is aimed at. */
void bench_print_bars(void);
void bench_write_bars(FILE *out);

/* -- The files of rows ------------------------------------------------------------------------------------------- */

void bench_rows_limits(void);
void bench_rows_bound(void);
void bench_rows_unbound(void);
void bench_rows_sets(void);
void bench_rows_off(void);
void bench_rows_exemplars(void);
void bench_rows_collecting(void);
void bench_measure_late(void);
void bench_measure_kept(void);
void bench_measure_latency(void);
void bench_measure_allocations(void);
void bench_measure_collect(void);
void bench_measure_otlp(void);
void bench_measure_prometheus(void);
void bench_measure_bytes(void);
void bench_measure_shutdown(void);
void bench_measure_sizes(void);

#endif
