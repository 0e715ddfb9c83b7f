/* One run of a row: its threads, its wall time, and whether the machine let it be. */
#ifndef OTM_BENCH_RUN_H
#define OTM_BENCH_RUN_H

#include "bench.h"

#define BENCH_MAX_THREADS 256

typedef struct bench_run {
    double ns;  /* wall time; with more threads than cores, what of it comes to the operations of one thread a core */
    double own; /* one thread: without the time for which it waited for a core; else as `ns` */
    bool quiet;
} bench_run;

/* Makes row->count operations on each of its threads. */
bench_run bench_run_once(bench_row *row);
/* Finds the count that takes about `bench_settings.seconds`. */
void bench_calibrate(bench_row *row);

#endif
