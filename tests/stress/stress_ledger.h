/* Double entry: what threads recorded, metric by metric, and what each reader has been shown of it.
 *
 * Values of histograms are chosen so that each bucket can hold one of them only: then a point's sum follows from its
 * buckets, and one that was torn shows at once. */
#ifndef OTM_TEST_STRESS_LEDGER_H
#define OTM_TEST_STRESS_LEDGER_H

#include "stress/stress_rig.h"

/* -- Values -------------------------------------------------------------------------------------------------------- */

#define STRESS_EXPLICIT_VALUES 16    /* the default bounds themselves, and one above the last */
#define STRESS_EXPONENTS 21          /* powers of two from 1 on */
#define STRESS_EXPONENTIAL_VALUES 43 /* 0, the powers, and their negatives */
#define STRESS_VALUES STRESS_EXPONENTIAL_VALUES

double stress_explicit_value(size_t index);
double stress_exponential_value(size_t index);

/* -- Totals -------------------------------------------------------------------------------------------------------- */

typedef struct stress_total {
    int64_t number; /* sums of whole numbers */
    double sum;     /* sums of doubles, and of histograms */
    uint64_t count;
    uint64_t by_value[STRESS_VALUES]; /* histograms */
} stress_total;

void stress_total_add(stress_total *total, const stress_total *more);
void stress_note_explicit(stress_total *total, size_t index);
void stress_note_exponential(stress_total *total, size_t index);

/* -- Accounts ------------------------------------------------------------------------------------------------------ */

#define STRESS_METRICS 8
#define STRESS_SETS 64                    /* the attribute "set" counts from 0 */
#define STRESS_OVERFLOW STRESS_SETS       /* the overflow series' place among them */
#define STRESS_NO_SET (STRESS_SETS + 1)   /* that of points without attributes */
#define STRESS_PLACES (STRESS_SETS + 2)

/* One set as a reader saw it last. */
typedef struct stress_series {
    stress_total last; /* cumulative */
    uint64_t number;
    uint64_t generation;
    uint64_t start_ns;
    uint64_t collection; /* the last one that showed it */
} stress_series;

/* One reader's view of one metric. */
typedef struct stress_account {
    stress_total gone; /* delta: all there was; cumulative: of series that ended */
    stress_series series[STRESS_PLACES];
} stress_account;

typedef struct stress_ledger {
    const char *names[STRESS_METRICS]; /* of the metrics; NULL ends the list */
    bool series_end;                   /* series may be missing, or begin anew, under cumulative */
    otm_status tolerated;              /* a failure that collections may have */
    pthread_mutex_t mu;                /* guards `recorded` */
    stress_total recorded[STRESS_METRICS];
    uint64_t collections[STRESS_READERS];
    stress_account accounts[STRESS_READERS][STRESS_METRICS];
} stress_ledger;

/* Called for every point, beside the accounts; NULL: nothing more to look at. */
typedef void (*stress_look)(const otm_metric *metric, const otm_point *point, size_t place);

stress_ledger *stress_ledger_create(const char *const *names);
void stress_ledger_destroy(stress_ledger *ledger);

/* Adds what a thread has recorded, all metrics in the order of the names. */
void stress_ledger_record(stress_ledger *ledger, const stress_total *totals);

/* Collects into the accounts of a reader: one thread a reader at a time. Complains about points that are torn or fall,
 * about series shown twice, and of what may not end about what is missing. */
otm_status stress_ledger_collect(stress_ledger *ledger, otm_reader *reader, size_t index, int64_t timeout_ms,
                                 stress_look look);

/* All that a reader was shown of a metric. */
stress_total stress_ledger_shown(const stress_ledger *ledger, size_t reader, size_t metric);

/* How many series of a metric a reader's last collection had. */
size_t stress_ledger_present(const stress_ledger *ledger, size_t reader, size_t metric);

/* Complains unless a reader was shown just what was recorded. */
void stress_ledger_balance(const stress_ledger *ledger, size_t reader);

#endif
