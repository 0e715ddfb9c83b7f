/* What the stress tests share: a provider with readers, threads that come and go, readers that collect meanwhile.
 *
 * A test is bounded by its amount of work, never by a clock. What its threads do follows from a seed; how they meet is
 * the scheduler's. OTM_STRESS_SEED is another seed, OTM_STRESS_PERCENT another amount, for whoever hunts a fault. */
#ifndef OTM_TEST_STRESS_RIG_H
#define OTM_TEST_STRESS_RIG_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <otm/sdk.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STRESS_THREAD_SANITIZER 1
#elif __has_feature(address_sanitizer)
#define STRESS_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define STRESS_THREAD_SANITIZER 1
#elif defined(__SANITIZE_ADDRESS__)
#define STRESS_ADDRESS_SANITIZER 1
#endif

/* How often to go round a loop: `full`, or a part of it where a sanitizer slows everything down; at least 1. */
int stress_amount(int full);

/* The n-th seed of this run: never 0. */
uint64_t stress_seed(uint64_t n);
uint64_t stress_below(uint64_t *random, uint64_t limit);

/* -- What went wrong: counted, and the first few printed; from any thread ------------------------------------------ */

__attribute__((format(printf, 1, 2))) void stress_complain(const char *format, ...);
/* Fails the test if there were complaints; forgets them. */
void stress_assert_content(void);

/* -- A provider and its readers ------------------------------------------------------------------------------------ */

#define STRESS_READERS 4

typedef struct stress_world {
    otm_meter_provider *provider;
    otm_meter *meter;
    size_t reader_count;
    otm_reader *readers[STRESS_READERS];
} stress_world;

/* Cumulative or delta for every kind. Before stress_world_open(). */
void stress_world_add_reader(stress_world *w, otm_temporality temporality, int64_t idle_ttl_ms);
/* `options` are initialised, with all but the readers; NULL: the defaults. */
void stress_world_open(stress_world *w, otm_meter_provider_options *options);
void stress_world_close(stress_world *w);

typedef void (*stress_visit)(void *context, const otm_metric *metric, const otm_point *point);

/* Collects once and visits all points. Complains about any failure but `tolerated`. */
otm_status stress_collect(otm_reader *reader, int64_t timeout_ms, otm_status tolerated, stress_visit visit,
                          void *context);

/* -- Threads ------------------------------------------------------------------------------------------------------- */

typedef void (*stress_work)(void *test, uint64_t seed);

/* Each round's threads are new ones: slots change hands all the time. Returns when all are done. */
void stress_run_rounds(int rounds, int threads, stress_work work, void *test);

typedef void (*stress_step)(void *test, size_t reader);

/* One thread a reader that takes one step after the other. */
typedef struct stress_collectors {
    void *test;
    stress_step step;
    size_t count;
    atomic_bool done;
    struct stress_collector {
        struct stress_collectors *all;
        size_t reader;
        uint64_t steps;
        pthread_t thread;
    } each[STRESS_READERS];
} stress_collectors;

void stress_collectors_start(stress_collectors *c, size_t count, stress_step step, void *test);
/* Every one has taken a step before it ends. */
void stress_collectors_stop(stress_collectors *c);

#endif
