/* Callbacks that hang and are given up, registered and unregistered while two readers collect with little time.
 *
 * What must hold: user data is not touched once its callback was unregistered; a callback that hangs is entered once a
 * reader at most; what its instruments show is what was observed. SDK-CB-03, SDK-CB-04 */
#include <stdlib.h>

#include "stress/stress_rig.h"

#define THREADS 3
#define PER_THREAD 600
#define LITTLE_TIME_MS 2
#define STEADY_VALUE 7

typedef struct fixture {
    stress_world world;
    stress_collectors collectors;
    otm_observable *steady;
    otm_observable *slow;
    atomic_ullong shown[STRESS_READERS]; /* points of the steady gauge */
} fixture;

/* -- What is observed ---------------------------------------------------------------------------------------------- */

static void observe_steady(otm_observer *observer, void *user_data)
{
    (void)user_data;
    otm_observe_i64(observer, NULL, STEADY_VALUE, NULL, 0);
}

/* One registration of a slow callback. Freed as soon as it is unregistered. */
typedef struct slow {
    fixture *f;
    int64_t number;
    pthread_mutex_t mu; /* guards what follows */
    pthread_cond_t changed;
    int entered;
    int inside;
    bool open;
} slow;

static void observe_slowly(otm_observer *observer, void *user_data)
{
    slow *s = user_data;
    otm_attr attr = otm_attr_i64("number", s->number);
    otm_observe_i64(observer, NULL, s->number, &attr, 1);
    pthread_mutex_lock(&s->mu);
    s->entered++;
    s->inside++;
    pthread_cond_broadcast(&s->changed);
    while (!s->open) {
        pthread_cond_wait(&s->changed, &s->mu);
    }
    s->inside--;
    pthread_mutex_unlock(&s->mu);
    attr.value.as.i64 = s->number + 1;
    otm_observe_i64(observer, NULL, s->number + 1, &attr, 1); /* refused if it was given up meanwhile */
}

static void look(void *context, const otm_metric *metric, const otm_point *point)
{
    atomic_ullong *shown = context;
    int64_t value = point->data.number.as.i64;
    if (strcmp(metric->name.data, "steady") == 0) {
        if (value != STEADY_VALUE) {
            stress_complain("a gauge shows %lld, which nobody observed", (long long)value);
        }
        atomic_fetch_add(shown, 1);
    } else if (point->attribute_count != 1 || point->attributes[0].value.as.i64 != value) {
        stress_complain("a slow gauge shows %lld, which is another's value", (long long)value);
    }
}

static void collect_in_little_time(void *test, size_t reader)
{
    fixture *f = test;
    (void)stress_collect(f->world.readers[reader], LITTLE_TIME_MS, OTM_ERR_TIMEOUT, look, &f->shown[reader]);
}

/* -- Callbacks that come and go ------------------------------------------------------------------------------------ */

/* Answers how often it was entered before. */
static int open_gate(slow *s)
{
    pthread_mutex_lock(&s->mu);
    if (s->inside > (int)s->f->world.reader_count) {
        stress_complain("a callback that hangs was entered again");
    }
    s->open = true;
    int entered = s->entered;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->mu);
    return entered;
}

/* Waits until it was entered once more than that. Hangs if it never is: the test's time limit tells. */
static void await_entry(slow *s, int entered)
{
    pthread_mutex_lock(&s->mu);
    while (s->entered <= entered) {
        pthread_cond_wait(&s->changed, &s->mu);
    }
    pthread_mutex_unlock(&s->mu);
}

static void *open_gate_later(void *argument)
{
    slow *s = argument;
    await_entry(s, 0);
    (void)open_gate(s);
    return NULL;
}

/* Collections are given up while the callback hangs in one of them, for all that we know: the readers have little time,
 * and `collections` more of them are begun. */
static void hang(const fixture *f, uint64_t collections)
{
    const otm_metrics_data *data = NULL;
    for (uint64_t i = 0; i < collections; i++) {
        if (otm_reader_collect(f->world.readers[i % 2], LITTLE_TIME_MS, &data) == OTM_OK) {
            otm_reader_return(f->world.readers[i % 2], data);
        }
    }
}

static slow *slow_create(fixture *f, uint64_t seed)
{
    slow *s = calloc(1, sizeof *s);
    if (s == NULL || pthread_mutex_init(&s->mu, NULL) != 0 || pthread_cond_init(&s->changed, NULL) != 0) {
        abort();
    }
    s->f = f;
    s->number = (int64_t)(seed % 1000000) * 2;
    return s;
}

static void slow_destroy(slow *s)
{
    if (s->inside != 0) {
        stress_complain("a callback was unregistered while it ran");
    }
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->mu);
    memset(s, 0xA5, sizeof *s);
    free(s);
}

/* The gate opens before the callback is unregistered, or while that waits. */
static void come_and_go(fixture *f, uint64_t *random)
{
    pthread_t opener;
    otm_callback_handle *handle = NULL;
    slow *s = slow_create(f, *random);
    if (otm_meter_register_callback(f->world.meter, observe_slowly, s, &f->slow, 1, &handle) != OTM_OK) {
        stress_complain("a callback could not be registered");
    }
    if (stress_below(random, 2) == 0) {
        await_entry(s, 0);
        hang(f, stress_below(random, 3));
        await_entry(s, open_gate(s)); /* given up or not, it is back once it has returned */
        otm_callback_unregister(handle);
    } else if (pthread_create(&opener, NULL, open_gate_later, s) == 0) {
        await_entry(s, 0);
        otm_callback_unregister(handle);
        pthread_join(opener, NULL);
    }
    slow_destroy(s);
}

static void work(void *test, uint64_t seed)
{
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        come_and_go(test, &seed);
    }
}

static void set_up(fixture *f)
{
    otm_instrument_options options;
    memset(f, 0, sizeof *f);
    stress_world_add_reader(&f->world, OTM_CUMULATIVE, 0);
    stress_world_add_reader(&f->world, OTM_DELTA, 0);
    stress_world_open(&f->world, NULL);
    otm_instrument_options_init(&options);
    options.callback = observe_steady;
    assert_int_equal(otm_meter_create_observable_gauge_i64(f->world.meter, "steady", &options, &f->steady), OTM_OK);
    assert_int_equal(otm_meter_create_observable_gauge_i64(f->world.meter, "slow", NULL, &f->slow), OTM_OK);
}

static void stress_callbacks_that_are_given_up_leave_their_user_data_alone(void **state)
{
    (void)state;
    fixture f;
    set_up(&f);
    stress_collectors_start(&f.collectors, f.world.reader_count, collect_in_little_time, &f);
    stress_run_rounds(1, THREADS, work, &f);
    stress_collectors_stop(&f.collectors);
    for (size_t reader = 0; reader < f.world.reader_count; reader++) {
        atomic_store(&f.shown[reader], 0);
        (void)stress_collect(f.world.readers[reader], 0, OTM_OK, look, &f.shown[reader]);
        assert_int_equal(atomic_load(&f.shown[reader]), 1);
    }
    stress_assert_content();
    otm_observable_release(f.steady);
    otm_observable_release(f.slow);
    stress_world_close(&f.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_callbacks_that_are_given_up_leave_their_user_data_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
