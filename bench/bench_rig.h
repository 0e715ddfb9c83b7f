/* A provider with one manual reader: what rows record into, and read their totals back from. Its instruments whose name
 * begins with "exponential" become exponential histograms of 160 buckets a side. */
#ifndef OTM_BENCH_RIG_H
#define OTM_BENCH_RIG_H

#include "bench.h"

typedef struct bench_rig {
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter *meter;
} bench_rig;

typedef struct bench_rig_options {
    const otm_allocator *allocator; /* NULL: malloc */
    uint32_t cardinality_limit;     /* 0: the default */
    uint32_t exemplar_filter;       /* otm_exemplar_filter */
    uint32_t reservoir_size;        /* exemplars a series; 0: the default */
    bool delta;
    bool drop;     /* a view drops everything */
    bool disabled; /* every meter is */
    otm_reader *reader; /* instead of a manual one; the rig takes the reference */
} bench_rig_options;

/* options may be NULL. Ends the program when it fails. */
void bench_rig_start(bench_rig *rig, const bench_rig_options *options);
void bench_rig_end(bench_rig *rig);

/* What one collection found, over all points. */
typedef struct bench_total {
    size_t points;
    int64_t i64;
    double f64;
    uint64_t count; /* histograms */
    double sum;
    size_t exemplars;
} bench_total;

/* Collects once and adds to *total; false if the collection failed. */
bool bench_rig_collect(bench_rig *rig, bench_total *total);

/* The attributes that rows record with: "method", "route" and "server". `text` has BENCH_SERVER bytes. */
#define BENCH_SERVER 24
void bench_server_text(char *text, size_t number);
#define BENCH_METHOD "POST"
#define BENCH_ROUTE "/api/v1/users/{id}"

/* Checks for rows whose state begins with a bench_rig: `total` operations of 1, of -1, of bench_values. */
bool bench_check_counter_i64(bench_row *row, char *why);
bool bench_check_counter_f64(bench_row *row, char *why);
bool bench_check_fallen_i64(bench_row *row, char *why);
bool bench_check_histogram(bench_row *row, char *why);

bool bench_judge_count(uint64_t exported, uint64_t recorded, char *why);
bool bench_judge_histogram(const bench_total *exported, uint64_t recorded, char *why);

#endif
