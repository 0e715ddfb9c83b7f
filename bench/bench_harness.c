#include "bench.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROWS 64
#define MAX_THREADS 64
#define MAX_WAITING 0.03

double bench_values[BENCH_VALUES];
double bench_values_sum;
const double bench_bounds[BENCH_BOUNDS] = {0,   5,   10,  25,   50,   75,   100, 250,
                                           500, 750, 1000, 2500, 5000, 7500, 10000};

static bench_row rows[MAX_ROWS];
static size_t row_count;

/* -- Baselines --------------------------------------------------------------------------------------------------- */

#if defined(__clang__)
#define OUT_OF_LINE __attribute__((noinline))
#else
#define OUT_OF_LINE __attribute__((noipa))
#endif

static uint64_t baseline_word;
static double baseline_double;

static OUT_OF_LINE void increment(uint64_t value)
{
    baseline_word += value;
    __asm__ volatile("" ::: "memory");
}

static void run_increment(bench_row *row, uint64_t count, unsigned thread)
{
    (void)row;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        increment(1);
    }
}

static OUT_OF_LINE void increment_double(double value)
{
    baseline_double += value;
    __asm__ volatile("" ::: "memory");
}

static void run_increment_double(bench_row *row, uint64_t count, unsigned thread)
{
    (void)row;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        increment_double(1.0);
    }
}

static void run_empty_loop(bench_row *row, uint64_t count, unsigned thread)
{
    (void)row;
    (void)thread;
    for (uint64_t i = 0; i < count; i++) {
        __asm__ volatile("" ::: "memory");
    }
}

static bool check_increment(bench_row *row, char *why)
{
    snprintf(why, BENCH_WHY, "%llu, not %llu", (unsigned long long)baseline_word, (unsigned long long)row->total);
    return baseline_word == row->total;
}

/* -- One run ----------------------------------------------------------------------------------------------------- */

double bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

unsigned bench_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > MAX_THREADS ? MAX_THREADS : (unsigned)cores;
}

/* How long this thread was ready to run and had no core; 0 where the kernel does not say. */
static double waited_ns(void)
{
    unsigned long long ran = 0;
    unsigned long long waited = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "r");
    if (file != NULL) {
        if (fscanf(file, "%llu %llu", &ran, &waited) != 2) {
            waited = 0;
        }
        fclose(file);
    }
    return (double)waited;
}

typedef struct runner {
    bench_row *row;
    unsigned thread;
    pthread_barrier_t *start;
    double began, ended, waited;
} runner;

static void *run_one(void *argument)
{
    runner *self = argument;
    double waited = waited_ns();
    if (self->start != NULL) {
        pthread_barrier_wait(self->start);
    }
    self->began = bench_now_ns();
    self->row->run(self->row, self->row->count, self->thread);
    self->ended = bench_now_ns();
    self->waited = waited_ns() - waited;
    return NULL;
}

static void run_all(runner *runners, unsigned count)
{
    pthread_t threads[MAX_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, count);
    for (unsigned i = 0; i < count; i++) {
        runners[i].start = &start;
        if (pthread_create(&threads[i], NULL, run_one, &runners[i]) != 0) {
            bench_die("a thread could not be started", OTM_ERR_IO);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&start);
}

/* The wall time of one run, and whether it was quiet. */
static double run_once(bench_row *row, bool *quiet)
{
    runner runners[MAX_THREADS] = {{0}};
    for (unsigned i = 0; i < row->threads; i++) {
        runners[i] = (runner){.row = row, .thread = i};
    }
    if (row->before != NULL) {
        row->before(row);
    }
    if (row->threads == 1) {
        run_one(&runners[0]);
    } else {
        run_all(runners, row->threads);
    }
    if (row->after != NULL) {
        row->after(row);
    }
    row->total += row->count * row->threads;
    double began = runners[0].began;
    double ended = runners[0].ended;
    for (unsigned i = 1; i < row->threads; i++) {
        began = fmin(began, runners[i].began);
        ended = fmax(ended, runners[i].ended);
    }
    *quiet = true;
    for (unsigned i = 0; i < row->threads; i++) {
        *quiet = *quiet && runners[i].waited <= MAX_WAITING * (ended - began);
    }
    return ended - began;
}

/* Finds the count that takes about `bench_settings.seconds`. */
static void calibrate(bench_row *row)
{
    double wanted = bench_settings.seconds * 1e9;
    bool quiet;
    for (row->count = BENCH_VALUES;; row->count *= 4) {
        double took = run_once(row, &quiet);
        if (took > wanted / 20) {
            double count = (double)row->count * wanted / took * 1.1;
            row->count = ((uint64_t)count / BENCH_VALUES + 1) * BENCH_VALUES;
            return;
        }
    }
}

static void run_round(bench_row *row, size_t most)
{
    if (row->quiet_runs >= most) {
        return;
    }
    bool quiet;
    double ns = run_once(row, &quiet) / (double)row->count;
    if (quiet) {
        row->quiet[row->quiet_runs++] = ns;
    }
    if (row->runs++ == 0 || ns < row->least) {
        row->least = ns;
    }
}

/* -- All rows ---------------------------------------------------------------------------------------------------- */

bool bench_wanted(const char *name)
{
    return bench_settings.only == NULL || strstr(name, bench_settings.only) != NULL;
}

void bench_add_row(const bench_row *row)
{
    if (row_count == MAX_ROWS) {
        bench_die("too many rows", OTM_ERR_LIMIT);
    }
    rows[row_count++] = *row;
}

void bench_make_values(void)
{
    uint64_t x = UINT64_C(88172645463325252); /* xorshift, so that every run has the same values */
    for (size_t i = 0; i < BENCH_VALUES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bench_values[i] = pow(10.0, 4.0 * ((double)(x >> 11) / 9007199254740992.0));
        bench_values_sum += bench_values[i];
    }
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

void bench_report_samples(bench_figure figure, double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare_doubles);
    figure.value = samples[0];
    figure.median = samples[count / 2];
    figure.runs = count;
    bench_report(&figure);
}

static double least_of(const bench_row *row)
{
    double least = row->quiet_runs == 0 ? row->least : row->quiet[0];
    for (size_t i = 1; i < row->quiet_runs; i++) {
        least = fmin(least, row->quiet[i]);
    }
    return least;
}

static void report_row(bench_row *row, const bench_row *base)
{
    bench_figure figure = {
        .name = row->name,
        .unit = "ns/op",
        .base = base->name,
        .threads = row->threads,
        .value = least_of(row),
        .median = row->least,
        .ratio = least_of(row) / least_of(base),
        .timed = true,
        .checked = row->check != NULL,
    };
    if (row->check != NULL && row->check(row, figure.why)) {
        figure.why[0] = '\0';
    }
    if (row->quiet_runs == 0) {
        bench_report(&figure);
    } else {
        bench_report_samples(figure, row->quiet, row->quiet_runs);
    }
}

/* The first is what ratios are to, the second what the rows of things switched off are compared with, the third tells
 * how much of a double's cost is the processor's. */
static bench_row bases[] = {
    {.name = "baseline: increment", .run = run_increment, .check = check_increment, .threads = 1},
    {.name = "baseline: empty loop", .run = run_empty_loop, .threads = 1},
    {.name = "baseline: increment of a double", .run = run_increment_double, .threads = 1},
};
#define BASES (sizeof bases / sizeof bases[0])

/* Every row once; false when all have the quiet runs that they need. */
static bool run_turn(void)
{
    bool more = false;
    for (size_t b = 0; b < BASES; b++) {
        run_round(&bases[b], BENCH_MAX_RUNS); /* as long as the others run */
        more = more || bases[b].quiet_runs < bench_settings.runs;
    }
    for (size_t i = 0; i < row_count; i++) {
        run_round(&rows[i], bench_settings.runs);
        more = more || rows[i].quiet_runs < bench_settings.runs;
    }
    return more;
}

void bench_run_rows(void)
{
    if (row_count == 0) {
        return;
    }
    for (size_t b = 0; b < BASES; b++) {
        calibrate(&bases[b]);
    }
    for (size_t i = 0; i < row_count; i++) {
        calibrate(&rows[i]);
    }
    for (size_t turn = 0; turn < bench_settings.turns && run_turn(); turn++) {
    }
    for (size_t b = 0; b < BASES; b++) {
        report_row(&bases[b], &bases[b == 1 ? 1 : 0]);
    }
    for (size_t i = 0; i < row_count; i++) {
        report_row(&rows[i], &bases[rows[i].to_empty_loop ? 1 : 0]);
        if (rows[i].end != NULL) {
            rows[i].end(&rows[i]);
        }
    }
}
