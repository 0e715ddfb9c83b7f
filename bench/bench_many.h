/* Many series of one kind, told apart by the server of three attributes: what collections and exporters are given. */
#ifndef OTM_BENCH_MANY_H
#define OTM_BENCH_MANY_H

#include "bench_rig.h"

#define BENCH_MANY_COUNTERS 10000
#define BENCH_MANY_HISTOGRAMS 1000

typedef enum bench_kind { BENCH_COUNTER, BENCH_HISTOGRAM, BENCH_EXPONENTIAL } bench_kind;

typedef struct bench_many {
    bench_kind kind;
    size_t series;
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
} bench_many;

void bench_many_start(bench_many *many, otm_meter *meter, bench_kind kind, size_t series);
/* Records `each` measurements into each series, the values of bench_values in turn. */
void bench_many_record(const bench_many *many, size_t each);
void bench_many_end(bench_many *many);

#endif
