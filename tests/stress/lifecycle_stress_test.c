/* Things end and change while threads record: series are removed and end for being idle, handles go on, signal handlers
 * add, the configurator is replaced, the process forks.
 *
 * What must hold: what each reader was shown is exact wherever all that ended was shown to all before it began anew; a
 * total falls only where a younger series has taken over; the child of a fork works, and its parent goes on.
 * SDK-CARD-08, SDK-START-03, SDK-RDR-10, SDK-CONC-01, SDK-BIND-01 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "metrics/slot.h"
#include "stress/stress_ledger.h"
#include "support/fake_clock.h"

#define ROUNDS 40
#define PER_THREAD 1000
#define THREADS 8
#define SLOTS 5
#define SETS 24
#define BOUND_SETS 6
#define TTL_MS 1000

enum { COUNTER, UP_DOWN, EXPLICIT, EXPONENTIAL };

typedef struct fixture {
    stress_world world;
    stress_collectors collectors;
    stress_ledger *ledger;
    fake_clock clock;
    otm_meter *meter; /* of the instruments */
    otm_counter_i64 *counter;
    otm_up_down_counter_i64 *up_down;
    otm_histogram_f64 *explicit_;
    otm_histogram_f64 *exponential;
    otm_bound_counter_i64 *bound_counter[BOUND_SETS];
    otm_bound_histogram_f64 *bound_exponential[BOUND_SETS];
    atomic_bool enabled;
} fixture;

static void create_instruments(fixture *f)
{
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "counter", NULL, &f->counter), OTM_OK);
    assert_int_equal(otm_meter_create_up_down_counter_i64(f->meter, "up_down", NULL, &f->up_down), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(f->meter, "explicit", NULL, &f->explicit_), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(f->meter, "exponential", NULL, &f->exponential), OTM_OK);
    for (int64_t i = 0; i < BOUND_SETS; i++) {
        otm_attr attr = otm_attr_i64("set", i);
        assert_int_equal(otm_counter_i64_bind(f->counter, &attr, 1, NULL, &f->bound_counter[i]), OTM_OK);
        assert_int_equal(otm_histogram_f64_bind(f->exponential, &attr, 1, NULL, &f->bound_exponential[i]), OTM_OK);
    }
}

static void release_instruments(fixture *f)
{
    for (size_t i = 0; i < BOUND_SETS; i++) {
        otm_bound_counter_i64_release(f->bound_counter[i]);
        otm_bound_histogram_f64_release(f->bound_exponential[i]);
    }
    otm_counter_i64_release(f->counter);
    otm_up_down_counter_i64_release(f->up_down);
    otm_histogram_f64_release(f->explicit_);
    otm_histogram_f64_release(f->exponential);
    otm_meter_release(f->meter);
}

/* The readers are there already. */
static void open_world(fixture *f)
{
    static const char *const names[STRESS_METRICS] = {"counter", "up_down", "explicit", "exponential"};
    otm_meter_provider_options options;
    otm_view view;
    f->ledger = stress_ledger_create(names);
    f->ledger->series_end = true;
    fake_clock_init(&f->clock);
    otm_view_init(&view);
    view.selector.instrument_name = "exponential";
    view.stream.aggregation.kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    otm_meter_provider_options_init(&options);
    options.clock = &f->clock.base;
    options.views = &view;
    options.view_count = 1;
    stress_world_open(&f->world, &options);
    f->meter = otm_meter_provider_get_meter(f->world.provider, "lifecycle", NULL);
    create_instruments(f);
}

static void tear_down(fixture *f)
{
    release_instruments(f);
    stress_world_close(&f->world);
    stress_ledger_destroy(f->ledger);
}

/* -- Recording ----------------------------------------------------------------------------------------------------- */

static void record_one(const fixture *f, int64_t set, uint64_t *random, stress_total *t)
{
    otm_attr attr = otm_attr_i64("set", set);
    int64_t by = (int64_t)stress_below(random, 5);
    size_t explicit_ = (size_t)stress_below(random, STRESS_EXPLICIT_VALUES);
    size_t exponential = (size_t)stress_below(random, STRESS_EXPONENTIAL_VALUES);
    otm_counter_i64_add(f->counter, by, &attr, 1);
    otm_up_down_counter_i64_add(f->up_down, by - 2, &attr, 1);
    otm_histogram_f64_record(f->explicit_, stress_explicit_value(explicit_), &attr, 1);
    otm_histogram_f64_record(f->exponential, stress_exponential_value(exponential), &attr, 1);
    t[COUNTER].number += by;
    t[UP_DOWN].number += by - 2;
    stress_note_explicit(&t[EXPLICIT], explicit_);
    stress_note_exponential(&t[EXPONENTIAL], exponential);
}

static void record_bound(const fixture *f, uint64_t *random, stress_total *t)
{
    size_t which = (size_t)stress_below(random, BOUND_SETS);
    size_t exponential = (size_t)stress_below(random, STRESS_EXPONENTIAL_VALUES);
    otm_bound_counter_i64_add(f->bound_counter[which], 1);
    otm_bound_histogram_f64_record(f->bound_exponential[which], stress_exponential_value(exponential));
    t[COUNTER].number++;
    stress_note_exponential(&t[EXPONENTIAL], exponential);
}

/* A few sets, others with each thread: the rest may become idle. */
static void record_some(const fixture *f, uint64_t seed, stress_total *totals)
{
    int64_t first = (int64_t)stress_below(&seed, SETS);
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        record_one(f, (first + (int64_t)stress_below(&seed, 5)) % SETS, &seed, totals);
        if (stress_below(&seed, 3) == 0) {
            record_bound(f, &seed, totals);
        }
    }
}

static void record(void *test, uint64_t seed)
{
    const fixture *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    record_some(f, seed, totals);
    stress_ledger_record(f->ledger, totals);
}

static void remove_set(const fixture *f, int64_t set)
{
    otm_attr attr = otm_attr_i64("set", set);
    (void)otm_counter_i64_remove(f->counter, &attr, 1);
    (void)otm_up_down_counter_i64_remove(f->up_down, &attr, 1);
    (void)otm_histogram_f64_remove(f->explicit_, &attr, 1);
    (void)otm_histogram_f64_remove(f->exponential, &attr, 1);
}

static void collect(void *test, size_t reader)
{
    fixture *f = test;
    (void)stress_ledger_collect(f->ledger, f->world.readers[reader], reader, 0, NULL);
}

static void record_while_some_collect(fixture *f, size_t readers, stress_work work, stress_step step)
{
    stress_collectors_start(&f->collectors, readers, step, f);
    stress_run_rounds(1, THREADS, work, f);
    stress_collectors_stop(&f->collectors);
}

static void record_while_readers_collect(fixture *f, stress_work work, stress_step step)
{
    record_while_some_collect(f, f->world.reader_count, work, step);
}

static void balance_all(fixture *f)
{
    for (size_t reader = 0; reader < f->world.reader_count; reader++) {
        collect(f, reader);
        stress_ledger_balance(f->ledger, reader);
    }
}

/* -- Ends ---------------------------------------------------------------------------------------------------------- */

/* Between two rounds series are removed and time passes, and the first reader ends what is idle. The last reader
 * collects once a round only, and has seen all of them nevertheless. */
static void stress_series_that_are_removed_or_idle_were_shown_to_every_reader(void **state)
{
    (void)state;
    fixture f = {.enabled = true};
    uint64_t random = stress_seed(0);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, TTL_MS);
    stress_world_add_reader(&f.world, OTM_DELTA, TTL_MS);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, TTL_MS);
    open_world(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        record_while_some_collect(&f, f.world.reader_count - 1, record, collect);
        for (int64_t set = 0; set < SETS; set++) {
            if (stress_below(&random, 4) == 0) {
                remove_set(&f, set);
            }
        }
        for (uint64_t i = stress_below(&random, 4); i > 0; i--) {
            fake_clock_advance_ms(&f.clock, 1 + stress_below(&random, 2 * TTL_MS));
            collect(&f, 0);
        }
        balance_all(&f);
    }
    stress_assert_content();
    tear_down(&f);
}

/* The first reader's collections are far apart, as its clock goes: what is not measured all the time becomes idle. */
static void collect_and_let_time_pass(void *test, size_t reader)
{
    fixture *f = test;
    collect(f, reader);
    if (reader == 0) {
        fake_clock_advance_ms(&f->clock, TTL_MS / 2 + 1);
    }
}

static void stress_series_that_end_for_being_idle_while_others_record_lose_nothing(void **state)
{
    (void)state;
    fixture f = {.enabled = true};
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, TTL_MS);
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    open_world(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        record_while_readers_collect(&f, record, collect_and_let_time_pass);
    }
    balance_all(&f);
    stress_assert_content();
    tear_down(&f);
}

static void record_and_remove(void *test, uint64_t seed)
{
    const fixture *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        int64_t set = (int64_t)stress_below(&seed, SETS);
        record_one(f, set, &seed, totals);
        record_bound(f, &seed, totals);
        if (stress_below(&seed, 16) == 0) {
            remove_set(f, (int64_t)stress_below(&seed, SETS));
        }
    }
    stress_ledger_record(f->ledger, totals);
}

/* A reset hides the tail of what was before it: cumulative readers may see less, never more, and never a fall. */
static void stress_series_removed_while_all_record_lose_nothing_under_delta(void **state)
{
    (void)state;
    fixture f = {.enabled = true};
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, TTL_MS);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, TTL_MS);
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    open_world(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        record_while_readers_collect(&f, record_and_remove, collect_and_let_time_pass);
    }
    for (size_t reader = 0; reader < f.world.reader_count; reader++) {
        collect(&f, reader);
        assert_true(stress_ledger_shown(f.ledger, reader, COUNTER).number <= f.ledger->recorded[COUNTER].number);
        assert_true(stress_ledger_shown(f.ledger, reader, EXPLICIT).count <= f.ledger->recorded[EXPLICIT].count);
    }
    stress_ledger_balance(f.ledger, 2);
    stress_assert_content();
    tear_down(&f);
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
    const fixture *f = test;
    stress_total totals[STRESS_METRICS] = {{0}};
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        record_bound(f, &seed, totals);
        for (int more = 0; more < BURST; more++) {
            otm_bound_counter_i64_add_from_signal(in_handler, 1); /* any thread may: most meet a collection this way */
        }
        totals[COUNTER].number += BURST;
        (void)raise(SIGUSR1);
        (void)kill(getpid(), SIGUSR1); /* whoever has it unblocked: wherever that thread is, collecting or recording */
        if (stress_below(&seed, 64) == 0) {
            remove_set(f, 0);
        }
    }
    stress_ledger_record(f->ledger, totals);
}

/* The handle's series is removed again and again. */
static void stress_adds_of_signal_handlers_are_all_there_under_delta(void **state)
{
    (void)state;
    fixture f = {.enabled = true};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction before;
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    open_world(&f);
    in_handler = f.bound_counter[0];
    atomic_store(&added_in_handler, 0);
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    for (int round = stress_amount(ROUNDS / 4); round > 0; round--) {
        record_while_readers_collect(&f, record_and_be_interrupted, collect);
    }
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_true(atomic_load(&added_in_handler) > 0);
    f.ledger->recorded[COUNTER].number += atomic_load(&added_in_handler);
    balance_all(&f);
    stress_assert_content();
    tear_down(&f);
}

/* -- Configurator -------------------------------------------------------------------------------------------------- */

static int judge(const otm_scope *scope, void *user_data)
{
    const fixture *f = user_data;
    return strcmp(scope->name, "lifecycle") != 0 || atomic_load(&f->enabled);
}

static void enable(fixture *f, bool enabled)
{
    atomic_store(&f->enabled, enabled);
    assert_int_equal(otm_meter_provider_configure_meters(f->world.provider, judge, f), OTM_OK);
}

static void record_in_vain(void *test, uint64_t seed)
{
    stress_total totals[STRESS_METRICS] = {{0}};
    record_some(test, seed, totals);
}

/* The first reader's thread switches the meter after each of its collections. */
static void collect_and_switch(void *test, size_t reader)
{
    fixture *f = test;
    collect(f, reader);
    if (reader == 0) {
        enable(f, !atomic_load(&f->enabled));
    }
}

static void check_nothing_is_shown(fixture *f)
{
    for (size_t reader = 0; reader < f->world.reader_count; reader++) {
        collect(f, reader);
        for (size_t metric = COUNTER; metric <= EXPONENTIAL; metric++) {
            if (stress_ledger_present(f->ledger, reader, metric) > 0) {
                stress_complain("a disabled meter was collected");
            }
        }
    }
}

static void open_world_with_both_temporalities(fixture *f)
{
    stress_world_add_reader(&f->world, OTM_CUMULATIVE, 0);
    stress_world_add_reader(&f->world, OTM_DELTA, 0);
    open_world(f);
}

static void stress_only_what_an_enabled_meter_recorded_is_shown(void **state)
{
    (void)state;
    fixture f = {.enabled = true};
    open_world_with_both_temporalities(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        enable(&f, true);
        record_while_readers_collect(&f, record, collect);
        balance_all(&f);
        record_while_readers_collect(&f, record, collect); /* to be collected after the meter was off */
        enable(&f, false);
        record_while_readers_collect(&f, record_in_vain, collect);
        check_nothing_is_shown(&f);
    }
    enable(&f, true);
    balance_all(&f);
    stress_assert_content();
    tear_down(&f);
}

/* A measurement is taken or not, for all readers alike. */
static void stress_meter_switched_while_all_record_shows_the_same_to_every_reader(void **state)
{
    (void)state;
    fixture f = {.enabled = true};
    open_world_with_both_temporalities(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        record_while_readers_collect(&f, record, collect_and_switch);
    }
    enable(&f, true);
    collect(&f, 0);
    collect(&f, 1);
    for (size_t metric = COUNTER; metric <= EXPONENTIAL; metric++) {
        stress_total most = f.ledger->recorded[metric];
        stress_total shown = stress_ledger_shown(f.ledger, 0, metric);
        if (metric != UP_DOWN && (shown.number > most.number || shown.count > most.count)) {
            stress_complain("more was shown than recorded");
        }
        f.ledger->recorded[metric] = shown;
    }
    stress_ledger_balance(f.ledger, 1);
    record_while_readers_collect(&f, record, collect);
    balance_all(&f);
    stress_assert_content();
    tear_down(&f);
}

/* -- Fork ---------------------------------------------------------------------------------------------------------- */

#define CHILD_SECONDS 120 /* a child that hangs is killed: its parent sees that */

static bool old_objects_are_inert(fixture *old)
{
    const otm_metrics_data *data = NULL;
    otm_attr attr = otm_attr_i64("set", 0);
    otm_bound_counter_i64 *bound = NULL;
    otm_counter_i64_add(old->counter, 1, &attr, 1);
    otm_bound_counter_i64_add(old->bound_counter[0], 1);
    otm_bound_histogram_f64_record(old->bound_exponential[0], 1.0);
    return otm_reader_collect(old->world.readers[0], 0, &data) == OTM_ERR_SHUTDOWN &&
           otm_counter_i64_bind(old->counter, &attr, 1, NULL, &bound) == OTM_ERR_SHUTDOWN &&
           otm_meter_provider_shutdown(old->world.provider, 0) == OTM_ERR_SHUTDOWN;
}

/* Called with one thread, in the middle of whatever the others were doing. */
static int child_of_fork(fixture *old)
{
    (void)alarm(CHILD_SECONDS);
    if (!old_objects_are_inert(old)) {
        return 2;
    }
    fixture f = {.enabled = true};
    open_world_with_both_temporalities(&f);
#if defined(STRESS_THREAD_SANITIZER)
    record(&f, 1); /* it cannot start threads after a fork of several */
#else
    record_while_readers_collect(&f, record, collect);
#endif
    balance_all(&f);
    stress_assert_content();
    tear_down(&f);
    return 0;
}

static void fork_once(fixture *f)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        _exit(child_of_fork(f)); /* an assertion that fails does not come back here: it exits by the runner */
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        stress_complain("the child of a fork ended with status %d", status);
    }
}

/* The first reader's thread forks after each of its collections: others record, or collect, at that moment. */
static void collect_and_fork(void *test, size_t reader)
{
    fixture *f = test;
    collect(f, reader);
    if (reader == 0) {
        fork_once(f);
    }
}

static void stress_forks_while_all_record_leave_parent_and_child_exact(void **state)
{
    (void)state;
    fixture f = {.enabled = true};
    open_world_with_both_temporalities(&f);
    for (int round = stress_amount(ROUNDS); round > 0; round--) {
        record_while_readers_collect(&f, record, collect_and_fork);
    }
    balance_all(&f);
    stress_assert_content();
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_series_that_are_removed_or_idle_were_shown_to_every_reader),
        cmocka_unit_test(stress_series_that_end_for_being_idle_while_others_record_lose_nothing),
        cmocka_unit_test(stress_series_removed_while_all_record_lose_nothing_under_delta),
        cmocka_unit_test(stress_adds_of_signal_handlers_are_all_there_under_delta),
        cmocka_unit_test(stress_only_what_an_enabled_meter_recorded_is_shown),
        cmocka_unit_test(stress_meter_switched_while_all_record_shows_the_same_to_every_reader),
        cmocka_unit_test(stress_forks_while_all_record_leave_parent_and_child_exact),
    };
    otmi_slot_limit(SLOTS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
