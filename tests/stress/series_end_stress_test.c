/* Series are removed and end for being idle while threads record through sets and handles, and signal handlers add.
 *
 * What must hold: what each reader was shown is exact wherever all that ended was shown to all before it began anew; a
 * total falls only where a younger series has taken over; under delta nothing is lost at all.
 * SDK-CARD-08, SDK-START-03, SDK-RDR-10, SDK-CONC-01, SDK-BIND-01 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "metrics/slot.h"
#include "stress/stress_life.h"

#define PER_THREAD 1000
#define ROUNDS 40
#define SLOTS 5

/* -- Ends ---------------------------------------------------------------------------------------------------------- */

/* Between two rounds series are removed and time passes, and the first reader ends what is idle. The last reader
 * collects once a round only, and has seen all of them nevertheless. */
static void stress_series_that_are_removed_or_idle_were_shown_to_every_reader(void **state)
{
    (void)state;
    stress_life f = {.enabled = true};
    uint64_t random = stress_seed(0);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, STRESS_LIFE_TTL_MS);
    stress_world_add_reader(&f.world, OTM_DELTA, STRESS_LIFE_TTL_MS);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, STRESS_LIFE_TTL_MS);
    stress_life_open(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        stress_life_run_with(&f, f.world.reader_count - 1, stress_life_record, stress_life_collect);
        for (int64_t set = 0; set < STRESS_LIFE_SETS; set++) {
            if (stress_below(&random, 4) == 0) {
                stress_life_remove(&f, set);
            }
        }
        for (uint64_t i = stress_below(&random, 4); i > 0; i--) {
            fake_clock_advance_ms(&f.clock, 1 + stress_below(&random, 2 * STRESS_LIFE_TTL_MS));
            stress_life_collect(&f, 0);
        }
        stress_life_balance(&f);
    }
    stress_assert_content();
    stress_life_close(&f);
}

/* The first reader's collections are far apart, as its clock goes: what is not measured all the time becomes idle. */
static void collect_and_let_time_pass(void *test, size_t reader)
{
    stress_life *f = test;
    stress_life_collect(f, reader);
    if (reader == 0) {
        fake_clock_advance_ms(&f->clock, STRESS_LIFE_TTL_MS / 2 + 1);
    }
}

static void stress_series_that_end_for_being_idle_while_others_record_lose_nothing(void **state)
{
    (void)state;
    stress_life f = {.enabled = true};
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, STRESS_LIFE_TTL_MS);
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    stress_life_open(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        stress_life_run(&f, stress_life_record, collect_and_let_time_pass);
    }
    stress_life_balance(&f);
    stress_assert_content();
    stress_life_close(&f);
}

/* A reset hides the tail of what was before it: cumulative readers may see less, never more, and never a fall. */
static void check_removals_lose_nothing_under_delta(otm_exemplar_filter exemplars)
{
    stress_life f = {.enabled = true, .exemplars = exemplars};
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, STRESS_LIFE_TTL_MS);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, STRESS_LIFE_TTL_MS);
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    stress_life_open(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        stress_life_run(&f, stress_life_record_and_remove, collect_and_let_time_pass);
    }
    for (size_t reader = 0; reader < f.world.reader_count; reader++) {
        stress_life_collect(&f, reader);
        assert_true(stress_ledger_shown(f.ledger, reader, COUNTER).number <= f.ledger->recorded[COUNTER].number);
        assert_true(stress_ledger_shown(f.ledger, reader, EXPLICIT).count <= f.ledger->recorded[EXPLICIT].count);
    }
    stress_ledger_balance(f.ledger, 2);
    stress_assert_content();
    stress_life_close(&f);
}

static void stress_series_removed_while_all_record_lose_nothing_under_delta(void **state)
{
    (void)state;
    check_removals_lose_nothing_under_delta(OTM_EXEMPLARS_ALWAYS_OFF);
}

/* Their reservoirs come and go with them, and every recording takes the general way. */
static void stress_series_removed_with_their_exemplars_lose_nothing_under_delta(void **state)
{
    (void)state;
    check_removals_lose_nothing_under_delta(OTM_EXEMPLARS_ALWAYS_ON);
}

/* -- Memory that runs short ---------------------------------------------------------------------------------------- */

#define FAILS_ONE_IN 7

typedef struct short_memory {
    otm_allocator base;
    atomic_bool runs_short;
    atomic_uint requests;
    atomic_int live;
} short_memory;

static void *alloc_or_fail(void *context, size_t size)
{
    short_memory *m = context;
    if (atomic_load(&m->runs_short) && atomic_fetch_add(&m->requests, 1) % FAILS_ONE_IN == 0) {
        return NULL;
    }
    atomic_fetch_add(&m->live, 1);
    return malloc(size);
}

static void release(void *context, void *pointer, size_t size)
{
    short_memory *m = context;
    (void)size;
    atomic_fetch_sub(&m->live, pointer != NULL);
    free(pointer);
}

static void *resize_or_fail(void *context, void *pointer, size_t old_size, size_t new_size)
{
    void *moved = alloc_or_fail(context, new_size);
    if (moved != NULL && pointer != NULL) {
        memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
        release(context, pointer, old_size);
    }
    return moved;
}

/* Measurements may be dropped, and collections fail, for want of memory; what is shown is whole, and was recorded. */
static void stress_memory_that_runs_short_while_series_end_drops_measurements_and_no_more(void **state)
{
    (void)state;
    short_memory memory = {.base = {&memory, alloc_or_fail, resize_or_fail, release}};
    stress_life f = {.enabled = true, .exemplars = OTM_EXEMPLARS_ALWAYS_ON, .allocator = &memory.base};
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, STRESS_LIFE_TTL_MS);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, STRESS_LIFE_TTL_MS);
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    stress_life_open(&f);
    f.ledger->tolerated = OTM_ERR_NO_MEMORY;
    atomic_store(&memory.runs_short, true);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        stress_life_run(&f, stress_life_record_and_remove, collect_and_let_time_pass);
    }
    atomic_store(&memory.runs_short, false);
    f.ledger->tolerated = OTM_OK;
    for (size_t reader = 0; reader < f.world.reader_count; reader++) {
        stress_life_collect(&f, reader);
        assert_true(stress_ledger_shown(f.ledger, reader, COUNTER).number <= f.ledger->recorded[COUNTER].number);
        assert_true(stress_ledger_shown(f.ledger, reader, EXPLICIT).count <= f.ledger->recorded[EXPLICIT].count);
        assert_true(stress_ledger_shown(f.ledger, reader, EXPONENTIAL).count <= f.ledger->recorded[EXPONENTIAL].count);
    }
    stress_assert_content();
    stress_life_close(&f);
    assert_int_equal(atomic_load(&memory.live), 0);
}

/* -- Signals ------------------------------------------------------------------------------------------------------- */

#define BURST 100

static otm_bound_counter_i64 *in_handler;
static atomic_int_fast64_t added_in_handler;

static void on_signal(int number)
{
    (void)number;
    otm_bound_counter_i64_add_from_signal(in_handler, 1);
    atomic_fetch_add(&added_in_handler, 1);
}

static void record_and_be_interrupted(void *test, uint64_t seed)
{
    const stress_life *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        stress_life_record_bound(f, &seed, totals);
        for (int more = 0; more < BURST; more++) {
            otm_bound_counter_i64_add_from_signal(in_handler, 1); /* any thread may: most meet a collection this way */
        }
        totals[COUNTER].number += BURST;
        (void)raise(SIGUSR1);
        (void)kill(getpid(), SIGUSR1); /* whoever has it unblocked: wherever that thread is, collecting or recording */
        if (stress_below(&seed, 64) == 0) {
            stress_life_remove(f, 0);
        }
    }
    stress_ledger_record(f->ledger, totals);
}

/* The handle's series is removed again and again. */
static void stress_adds_of_signal_handlers_are_all_there_under_delta(void **state)
{
    (void)state;
    stress_life f = {.enabled = true};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction before;
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    stress_life_open(&f);
    in_handler = f.bound_counter[0];
    atomic_store(&added_in_handler, 0);
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (int round = stress_amount(ROUNDS / 4); round > 0; round--) {
        stress_life_run(&f, record_and_be_interrupted, stress_life_collect);
    }
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_true(atomic_load(&added_in_handler) > 0);
    f.ledger->recorded[COUNTER].number += atomic_load(&added_in_handler);
    stress_life_balance(&f);
    stress_assert_content();
    stress_life_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_series_that_are_removed_or_idle_were_shown_to_every_reader),
        cmocka_unit_test(stress_series_that_end_for_being_idle_while_others_record_lose_nothing),
        cmocka_unit_test(stress_series_removed_while_all_record_lose_nothing_under_delta),
        cmocka_unit_test(stress_series_removed_with_their_exemplars_lose_nothing_under_delta),
        cmocka_unit_test(stress_memory_that_runs_short_while_series_end_drops_measurements_and_no_more),
        cmocka_unit_test(stress_adds_of_signal_handlers_are_all_there_under_delta),
    };
    otmi_slot_limit(SLOTS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
