#include "bench_run.h"

#include <math.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#define MAX_WAITING 0.03
/* A crowd always waits: it was quiet if it had nearly all of the cores nearly all of the time. */
#define LEAST_SHARE 0.9

double bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

unsigned bench_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > BENCH_MAX_THREADS / 4 ? BENCH_MAX_THREADS / 4 : (unsigned)cores;
}

/* How long this thread ran, and how long it was ready to and had no core; 0 where the kernel does not say. */
static void scheduled_ns(double *ran_ns, double *waited_ns)
{
    unsigned long long ran = 0;
    unsigned long long waited = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "r");
    if (file != NULL) {
        if (fscanf(file, "%llu %llu", &ran, &waited) != 2) {
            ran = waited = 0;
        }
        fclose(file);
    }
    *ran_ns = (double)ran;
    *waited_ns = (double)waited;
}

typedef struct runner {
    bench_row *row;
    unsigned thread;
    pthread_barrier_t *start;
    double began, ended, ran, waited;
} runner;

static void *run_one(void *argument)
{
    runner *self = argument;
    double ran;
    double waited;
    scheduled_ns(&ran, &waited);
    if (self->start != NULL) {
        pthread_barrier_wait(self->start);
    }
    self->began = bench_now_ns();
    self->row->run(self->row, self->row->count, self->thread);
    self->ended = bench_now_ns();
    scheduled_ns(&self->ran, &self->waited);
    self->ran -= ran;
    self->waited -= waited;
    return NULL;
}

static void run_all(runner *runners, unsigned count)
{
    pthread_t threads[BENCH_MAX_THREADS];
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

static bench_run judge(const runner *runners, unsigned count)
{
    double began = runners[0].began;
    double ended = runners[0].ended;
    double ran = 0;
    double waited = 0;
    for (unsigned i = 0; i < count; i++) {
        began = fmin(began, runners[i].began);
        ended = fmax(ended, runners[i].ended);
        ran += runners[i].ran;
        waited = fmax(waited, runners[i].waited);
    }
    double wall = ended - began;
    if (count > bench_cores()) {
        double shared = wall * bench_cores() / count;
        return (bench_run){.ns = shared, .own = shared, .quiet = ran >= LEAST_SHARE * wall * bench_cores()};
    }
    bool alone = count == 1 && waited < wall / 2; /* else its share of the time says nothing */
    return (bench_run){.ns = wall, .own = alone ? wall - waited : wall, .quiet = waited <= MAX_WAITING * wall};
}

bench_run bench_run_once(bench_row *row)
{
    runner runners[BENCH_MAX_THREADS] = {{0}};
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
    return judge(runners, row->threads);
}

void bench_calibrate(bench_row *row)
{
    double wanted = bench_settings.seconds * 1e9;
    for (row->count = BENCH_VALUES;; row->count *= 4) {
        double took = bench_run_once(row).own;
        if (took > wanted / 20) {
            double count = (double)row->count * wanted / took * 1.1;
            row->count = ((uint64_t)count / BENCH_VALUES + 1) * BENCH_VALUES;
            return;
        }
    }
}
