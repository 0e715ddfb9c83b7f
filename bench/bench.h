/* The harness: what a run is, how a figure comes out of runs, and where rows are registered.
 *
 * A timed row is an operation made `count` times. All rows take turns with the baselines, so that what the machine does
 * meanwhile hits them alike. A run is quiet if none of its threads waited for a core for more than 3 % of its time
 * (the scheduler's own account; waiting for a lock is part of the cost and does not count). Rounds go on until each
 * row has its quiet runs; the figure is the least of them, the median stands beside it. With several threads the
 * figure is the wall time until all have made their `count` operations, divided by `count`: what scales perfectly reads
 * as with one thread.
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
#define BENCH_MAX_RUNS 40
#define BENCH_WHY 160

typedef struct bench_options {
    bool quick;
    const char *only; /* rows whose name contains it; NULL: all */
    const char *json_path;
    double seconds; /* of one run */
    size_t runs;    /* quiet ones that each row needs */
    size_t turns;   /* at most, to get them */
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
    bool checked;
    char why[BENCH_WHY]; /* why the check failed; empty: it did not */
} bench_figure;

typedef struct bench_row bench_row;
struct bench_row {
    const char *name;
    void (*run)(bench_row *row, uint64_t count, unsigned thread);
    bool (*check)(bench_row *row, char *why); /* after all runs; `why` has BENCH_WHY bytes */
    void (*end)(bench_row *row);              /* gives back what `state` holds */
    void (*before)(bench_row *row);           /* around each run, not measured; may be NULL */
    void (*after)(bench_row *row);
    void *state;
    unsigned threads;
    bool to_empty_loop; /* the baseline is a loop that does nothing */

    /* The harness's. */
    uint64_t count; /* operations a thread and run */
    uint64_t total; /* operations of all threads and runs */
    double quiet[BENCH_MAX_RUNS];
    size_t quiet_runs;
    double least; /* of any run */
    size_t runs;
};

/* Whether --only lets this row be. */
bool bench_wanted(const char *name);
/* Registers a timed row, of which it keeps a copy. */
void bench_add_row(const bench_row *row);
/* Runs all rows registered, reports them and ends them. */
void bench_run_rows(void);

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

/* -- The files of rows ------------------------------------------------------------------------------------------- */

void bench_rows_bound(void);
void bench_rows_unbound(void);
void bench_rows_off(void);
void bench_rows_collecting(void);
void bench_measure_allocations(void);
void bench_measure_collect(void);
void bench_measure_memory(void);
void bench_measure_shutdown(void);
void bench_measure_sizes(void);

#endif
