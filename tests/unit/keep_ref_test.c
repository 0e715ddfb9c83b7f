/* A recorder that is set, replaced and cleared while others record. Run under the thread sanitizer as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <sched.h>

#include <cmocka.h>

#include <otm/keep.h>

#include "failing_alloc.h"
#include "keep_fake_provider.h"

#define METRIC OTM_KEEP_MESSAGE_RECEIVED_TOTAL

typedef struct fixture {
    fake_provider provider;
    failing_alloc memory; /* fails never, but counts */
    otm_keep_recorder_ref ref;
} fixture;

static otm_keep_recorder *new_recorder(fixture *f)
{
    otm_keep_recorder *recorder = NULL;
    otm_keep_recorder_options options;
    otm_keep_recorder_options_init(&options);
    options.allocator = &f->memory.base;
    assert_int_equal(otm_keep_recorder_create(&f->provider.base, &options, &recorder), OTM_OK);
    return recorder;
}

static int set_up(void **state)
{
    static fixture f;
    fake_provider_init(&f.provider);
    failing_alloc_init(&f.memory, 0);
    otm_keep_recorder_ref_init(&f.ref);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otm_keep_recorder_ref_fini(&f->ref);
    assert_int_equal(f->memory.live, 0);
    assert_int_equal(f->provider.live, 0);
    fake_provider_fini(&f->provider);
    return 0;
}

static double recorded(fixture *f)
{
    fake_instrument *i = fake_provider_find(&f->provider, "performance_message_received_total");
    return i == NULL ? 0 : i->value;
}

static void ref_without_recorder_records_nothing(void **state)
{
    fixture *f = *state;
    assert_int_equal(otm_keep_recorder_ref_increment(&f->ref, METRIC, 1), OTM_OK);
    assert_int_equal(otm_keep_recorder_ref_increment(NULL, METRIC, 1), OTM_OK);
    assert_null(otm_keep_recorder_ref_retain(&f->ref));
    assert_int_equal(otm_keep_recorder_ref_set(NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
}

static void ref_records_into_the_recorder_that_is_set(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *recorder = new_recorder(f);
    assert_int_equal(otm_keep_recorder_ref_set(&f->ref, recorder), OTM_OK);
    assert_int_equal(otm_keep_recorder_ref_increment(&f->ref, METRIC, 2), OTM_OK);
    assert_int_equal(otm_keep_recorder_ref_increment(&f->ref, METRIC, -2), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_keep_recorder_ref_record_ns(&f->ref, OTM_KEEP_DKG_DURATION_SECONDS, 3), OTM_OK);
    assert_int_equal(otm_keep_recorder_ref_record_seconds(&f->ref, OTM_KEEP_DKG_DURATION_SECONDS, 3), OTM_OK);
    assert_int_equal(otm_keep_recorder_ref_set_gauge(&f->ref, OTM_KEEP_WALLET_DISPATCHER_ACTIVE_ACTIONS, 3), OTM_OK);
    assert_true(recorded(f) == 2);
    assert_int_equal(otm_keep_recorder_ref_set(&f->ref, NULL), OTM_OK);
    assert_int_equal(otm_keep_recorder_ref_increment(&f->ref, METRIC, 2), OTM_OK);
    assert_true(recorded(f) == 2);
    otm_keep_recorder_release(recorder);
}

static void ref_gives_a_replaced_recorder_back_at_once(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 100; i++) { /* many more than there are slots */
        otm_keep_recorder *recorder = new_recorder(f);
        assert_int_equal(otm_keep_recorder_ref_set(&f->ref, recorder), OTM_OK);
        otm_keep_recorder_release(recorder);
        assert_int_equal(otm_keep_recorder_ref_increment(&f->ref, METRIC, 1), OTM_OK);
        assert_int_equal(f->memory.live, 1);
    }
    assert_true(recorded(f) == 100);
    assert_int_equal(otm_keep_recorder_ref_set(&f->ref, NULL), OTM_OK);
    assert_int_equal(f->memory.live, 0);
}

static void ref_may_be_set_to_what_it_holds(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *recorder = new_recorder(f);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(otm_keep_recorder_ref_set(&f->ref, recorder), OTM_OK);
    }
    otm_keep_recorder_release(recorder);
    assert_int_equal(otm_keep_recorder_ref_increment(&f->ref, METRIC, 1), OTM_OK);
    assert_true(recorded(f) == 1);
}

static void ref_operation_keeps_the_recorder_it_began_with(void **state)
{
    fixture *f = *state;
    otm_keep_recorder *recorder = new_recorder(f);
    assert_int_equal(otm_keep_recorder_ref_set(&f->ref, recorder), OTM_OK);
    otm_keep_recorder_release(recorder);
    otm_keep_recorder *operation = otm_keep_recorder_ref_retain(&f->ref);
    assert_int_equal(otm_keep_recorder_ref_set(&f->ref, NULL), OTM_OK);
    assert_int_equal(otm_keep_recorder_increment(operation, METRIC, 1), OTM_OK);
    assert_true(recorded(f) == 1);
    otm_keep_recorder_release(operation);
    assert_int_equal(f->memory.live, 0);
}

/* -- At the same time ---------------------------------------------------------------------------------------------- */

#define RECORDING_THREADS 4
#define RECORDINGS 20000

typedef struct crowd {
    fixture *f;
    bool may_be_null;
    uint32_t recording; /* threads that have not finished; atomic */
} crowd;

static void *record_many(void *argument)
{
    crowd *c = argument;
    for (int i = 0; i < RECORDINGS; i++) {
        if (i % 8 == 0) {
            otm_keep_recorder *mine = otm_keep_recorder_ref_retain(&c->f->ref);
            (void)otm_keep_recorder_increment(mine, METRIC, 1);
            otm_keep_recorder_release(mine);
        } else {
            (void)otm_keep_recorder_ref_increment(&c->f->ref, METRIC, 1);
        }
    }
    __atomic_sub_fetch(&c->recording, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* Each turn makes a recorder of its own, so that one released too early is found out by the sanitizers. */
static void *swap_many(void *argument)
{
    crowd *c = argument;
    while (__atomic_load_n(&c->recording, __ATOMIC_ACQUIRE) > 0) {
        otm_keep_recorder *recorder = new_recorder(c->f);
        while (otm_keep_recorder_ref_set(&c->f->ref, recorder) == OTM_ERR_LIMIT) {
            (void)sched_yield();
        }
        otm_keep_recorder_release(recorder);
        if (c->may_be_null) {
            (void)otm_keep_recorder_ref_set(&c->f->ref, NULL);
        }
    }
    return NULL;
}

static void run_crowd(crowd *c, size_t swappers)
{
    pthread_t threads[RECORDING_THREADS + 2];
    c->recording = RECORDING_THREADS;
    for (size_t i = 0; i < RECORDING_THREADS + swappers; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, i < RECORDING_THREADS ? record_many : swap_many, c), 0);
    }
    for (size_t i = 0; i < RECORDING_THREADS + swappers; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void ref_swapped_while_threads_record_loses_nothing(void **state)
{
    fixture *f = *state;
    crowd c = {.f = f};
    otm_keep_recorder *first = new_recorder(f);
    assert_int_equal(otm_keep_recorder_ref_set(&f->ref, first), OTM_OK);
    otm_keep_recorder_release(first);
    run_crowd(&c, 2);
    assert_true(recorded(f) == RECORDING_THREADS * RECORDINGS);
    assert_int_equal(f->memory.live, 1); /* only the last one is left */
}

static void ref_cleared_while_threads_record_stays_safe(void **state)
{
    fixture *f = *state;
    crowd c = {.f = f, .may_be_null = true};
    run_crowd(&c, 2);
    assert_true(recorded(f) <= RECORDING_THREADS * RECORDINGS);
    assert_int_equal(otm_keep_recorder_ref_set(&f->ref, NULL), OTM_OK);
    assert_int_equal(f->memory.live, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(ref_without_recorder_records_nothing),
        TEST(ref_records_into_the_recorder_that_is_set),
        TEST(ref_gives_a_replaced_recorder_back_at_once),
        TEST(ref_may_be_set_to_what_it_holds),
        TEST(ref_operation_keeps_the_recorder_it_began_with),
        TEST(ref_swapped_while_threads_record_loses_nothing),
        TEST(ref_cleared_while_threads_record_stays_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
