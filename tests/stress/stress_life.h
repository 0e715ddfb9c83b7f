/* A provider whose series end: instruments of every aggregation, a limit, a time to live, a clock that stands still
 * until a test moves it; and threads that record and remove. */
#ifndef OTM_TEST_STRESS_LIFE_H
#define OTM_TEST_STRESS_LIFE_H

#include "stress/stress_ledger.h"
#include "support/fake_clock.h"

#define STRESS_LIFE_SETS 24
#define STRESS_LIFE_BOUND_SETS 6
#define STRESS_LIFE_TTL_MS 1000

enum { COUNTER, UP_DOWN, EXPLICIT, EXPONENTIAL }; /* in the ledger */

typedef struct stress_life {
    stress_world world;
    stress_collectors collectors;
    stress_ledger *ledger;
    fake_clock clock;
    otm_meter *meter; /* of the instruments */
    otm_counter_i64 *counter;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *explicit_;
    otm_histogram_f64 *exponential;
    otm_bound_counter_i64 *bound_counter[STRESS_LIFE_BOUND_SETS];
    otm_bound_histogram_f64 *bound_exponential[STRESS_LIFE_BOUND_SETS];
    otm_exemplar_filter exemplars;  /* for stress_life_open() */
    const otm_allocator *allocator; /* the same; handles that it has no memory for record nothing */
    atomic_bool enabled;            /* for a configurator to ask */
} stress_life;

/* The readers are there already. */
void stress_life_open(stress_life *f);
/* With a cumulative and a delta reader. */
void stress_life_open_both(stress_life *f);
void stress_life_close(stress_life *f);
void stress_life_release_instruments(stress_life *f);

/* What a thread does: a few sets, others with each thread, so that the rest may become idle. */
void stress_life_record(void *test, uint64_t seed);
/* The same, what was recorded added to `totals` and not to the ledger. */
void stress_life_record_some(const stress_life *f, uint64_t seed, stress_total *totals);
void stress_life_record_bound(const stress_life *f, uint64_t *random, stress_total *totals);
/* All sets, which others remove meanwhile. */
void stress_life_record_and_remove(void *test, uint64_t seed);
void stress_life_remove(const stress_life *f, int64_t set);

void stress_life_collect(void *test, size_t reader);

/* One round of threads, while the first readers, or all, take one step after the other. */
void stress_life_run_with(stress_life *f, size_t readers, stress_work work, stress_step step);
void stress_life_run(stress_life *f, stress_work work, stress_step step);

/* Every reader collects once more, and has been shown all that was recorded. */
void stress_life_balance(stress_life *f);

#endif
