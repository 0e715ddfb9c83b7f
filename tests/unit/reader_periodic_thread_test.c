#include "reader_periodic_fixture.h"

#include <signal.h>

#include "platform/platform.h"

/* -- Shutdown ---------------------------------------------------------------------------------------------------- */

/* SDK-SHUT-01, SDK-RDR-14, SDK-EXP-07 */
static void periodic_shut_down_exports_a_last_time_and_ends_everything_once(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    assert_int_equal(f.fake.begins, 1);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_ERR_SHUTDOWN);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_SHUTDOWN);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_ERR_SHUTDOWN);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_ERR_SHUTDOWN);
    assert_int_equal(f.fake.begins, 1);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_int_equal(fixture_accounts(&f).exported, 3);
    fixture_teardown(&f);
}

/* SDK-SHUT-03, SDK-RDR-14 */
static void periodic_shut_down_reports_a_failed_last_export_and_shuts_the_exporter_down_all_the_same(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    f.fake.begin_status = OTM_ERR_EXPORT;
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_ERR_EXPORT);
    assert_int_equal(f.fake.shutdowns, 1);
    fixture_teardown(&f);
}

/* SDK-SHUT-03, SDK-RDR-14, LIB-03 */
static void periodic_shut_down_with_an_export_that_never_ends_returns_by_its_deadline(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(otmi_reader_shutdown(f.reader, in_ms(2)), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_SHUTDOWN);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_SHUTDOWN], 3);
    assert_int_equal(fixture_accounts(&f).pending, 0);
    fixture_teardown(&f);
}

static void periodic_shut_down_without_any_time_collects_nothing_and_shuts_the_exporter_down(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    assert_int_equal(otmi_reader_shutdown(f.reader, 0), OTM_ERR_TIMEOUT);
    assert_int_equal(pipeline_collections(&f.pipeline), 0);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_int_equal(diag_recorder_count(&f.pipeline.diagnostics), 0);
    fixture_teardown(&f);
}

static void periodic_shut_down_with_a_stepped_export_open_that_never_ends_cancels_it(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(otmi_reader_shutdown(f.reader, in_ms(2)), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.begins, 1);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_SHUTDOWN);
    assert_int_equal(f.fake.shutdowns, 1);
    fixture_teardown(&f);
}

/* -- The reader's own thread ------------------------------------------------------------------------------------- */

static void prepare_own_thread(fixture *f)
{
    fixture_prepare(f);
    f->options.run_mode = OTM_RUN_OWN_THREAD;
}

typedef struct thread_facts {
    char name[16];
    bool signals_blocked;
} thread_facts;

static void look_at_thread(void *data)
{
    thread_facts *facts = data;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    facts->signals_blocked = sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGPROF) == 1;
    pthread_getname_np(pthread_self(), facts->name, sizeof facts->name);
}

/* SDK-PER-01 */
static void periodic_thread_exports_when_the_readers_clock_says_so_with_signals_blocked(void **state)
{
    (void)state;
    fixture f;
    thread_facts facts = {.signals_blocked = false};
    prepare_own_thread(&f);
    f.fake.inside = look_at_thread;
    f.fake.inside_data = &facts;
    fixture_start(&f);
    fake_clock_advance(&f.pipeline.clock, 60 * SECOND);
    fake_exporter_wait(&f.fake, &f.fake.begins, 1);
    f.pipeline.point_count = 0;
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    assert_true(facts.signals_blocked);
    assert_string_equal(facts.name, "otm-periodic");
    assert_int_equal(f.fake.begins, 1);
    fixture_teardown(&f);
}

static void periodic_thread_on_the_systems_clock_exports_again_and_again(void **state)
{
    (void)state;
    fixture f;
    prepare_own_thread(&f);
    f.pipeline.system_clock = true;
    f.options.interval_ms = 1;
    fixture_start(&f);
    fake_exporter_wait(&f.fake, &f.fake.begins, 5);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    fixture_teardown(&f);
    assert_int_equal(f.fake.shutdowns, 1);
}

/* SDK-EXP-02, SDK-PER-01 */
static void periodic_thread_past_its_timeout_cancels_the_export(void **state)
{
    (void)state;
    fixture f;
    prepare_own_thread(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    fake_clock_advance(&f.pipeline.clock, 60 * SECOND);
    fake_exporter_wait(&f.fake, &f.fake.steps, 1);
    fake_clock_advance(&f.pipeline.clock, 30 * SECOND);
    fake_exporter_wait(&f.fake, &f.fake.cancels, 1);
    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_UNREACHED], 3);
    assert_int_equal(fixture_accounts(&f).exported, 3);
    fixture_teardown(&f);
}

/* SDK-PER-02, SDK-PER-06 */
static void periodic_flushed_while_the_thread_exports_waits_for_it_no_longer_than_its_time(void **state)
{
    (void)state;
    fixture f;
    gate g;
    prepare_own_thread(&f);
    gate_init(&g);
    f.fake.begin_gate = &g;
    fixture_start(&f);
    fake_clock_advance(&f.pipeline.clock, 60 * SECOND);
    fake_exporter_wait(&f.fake, &f.fake.begins, 1);
    assert_int_equal(otmi_reader_flush(f.reader, in_ms(2)), OTM_ERR_TIMEOUT);

    background_flush patient = {.reader = f.reader, .deadline_ns = soon(), .times = 1};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, flush_on_thread, &patient), 0);
    gate_open(&g);
    pthread_join(thread, NULL);
    assert_int_equal(patient.status, OTM_OK);
    assert_int_equal(f.fake.begins, 2);
    assert_int_equal(f.fake.flushes, 1);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    fixture_teardown(&f);
    gate_fini(&g);
}

/* SDK-PER-02, SDK-CONC-01 */
static void periodic_timer_and_flushes_of_two_readers_never_overlap_on_their_exporter(void **state)
{
    (void)state;
    fixture f;
    prepare_own_thread(&f);
    f.pipeline.system_clock = true;
    f.pipeline.callback = NULL;
    f.options.interval_ms = 1;
    f.fake.begin_status = OTM_PENDING; /* so that there is something to overlap with */
    fixture_start(&f);
    otmi_pipeline other_pipeline;
    pipeline_init(&other_pipeline);
    other_pipeline.system_clock = true;
    otm_reader *other = NULL;
    assert_int_equal(otm_periodic_reader_create(f.exporter, &f.options, &other), OTM_OK);
    assert_int_equal(otmi_reader_attach(other, &other_pipeline, 0), OTM_OK);
    assert_int_equal(otmi_reader_start(other), OTM_OK);

    pthread_t threads[4];
    background_flush flushes[4];
    for (int i = 0; i < 4; i++) {
        flushes[i] =
            (background_flush){.reader = i % 2 == 0 ? f.reader : other, .deadline_ns = soon(), .times = 50};
        assert_int_equal(pthread_create(&threads[i], NULL, flush_on_thread, &flushes[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(flushes[i].status, OTM_OK);
    }
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    assert_int_equal(otmi_reader_shutdown(other, soon()), OTM_OK);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_int_equal(fixture_accounts(&f).exported, f.fake.points);
    assert_true(f.fake.begins >= 202);

    fixture_detach(other);
    otm_reader_release(other);
    assert_int_equal(other_pipeline.overlaps, 0);
    pipeline_fini(&other_pipeline);
    fixture_teardown(&f); /* which looks for overlaps */
}

/* A flush of `reader` on a thread of its own, stopped inside the exporter's begin. */
static pthread_t flush_up_to_begin(fixture *f, background_flush *flush)
{
    pthread_t thread;
    flush->deadline_ns = soon();
    flush->times = 1;
    assert_int_equal(pthread_create(&thread, NULL, flush_on_thread, flush), 0);
    fake_exporter_wait(&f->fake, &f->fake.begins, 1);
    return thread;
}

/* SDK-PER-02: also the interval that comes due during a flush is skipped. */
static void periodic_stepped_while_another_thread_flushes_does_not_wait_and_comes_again_soon(void **state)
{
    (void)state;
    fixture f;
    gate g;
    fixture_prepare(&f);
    gate_init(&g);
    f.fake.begin_gate = &g;
    fixture_start(&f);
    background_flush flush = {.reader = f.reader};
    pthread_t thread = flush_up_to_begin(&f, &flush);
    assert_int_equal(fixture_step_at(&f, 61 * SECOND), OTM_OK);
    assert_true(f.wake_ns < after_start(62 * SECOND));
    gate_open(&g);
    pthread_join(thread, NULL);
    assert_int_equal(flush.status, OTM_OK);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_true(f.wake_ns == after_start(120 * SECOND));
    assert_int_equal(f.fake.begins, 1);
    fixture_teardown(&f);
    gate_fini(&g);
}

/* SDK-PER-02: nothing is collected before there is somewhere to put it. */
static void periodic_stepped_while_another_reader_has_the_exporter_does_not_wait_and_comes_again_soon(void **state)
{
    (void)state;
    fixture f;
    gate g;
    fixture_prepare(&f);
    gate_init(&g);
    f.fake.begin_gate = &g;
    fixture_start(&f);
    background_flush flush = {.reader = fixture_start_reader(&f)};
    pthread_t thread = flush_up_to_begin(&f, &flush);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(pipeline_collections(&f.pipeline), 1);
    assert_true(f.wake_ns <= after_start(61 * SECOND));
    gate_open(&g);
    pthread_join(thread, NULL);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_int_equal(f.fake.begins, 2);
    fixture_detach(flush.reader);
    otm_reader_release(flush.reader);
    fixture_teardown(&f);
    gate_fini(&g);
}

/* SDK-SHUT-03 */
static void periodic_shut_down_while_the_thread_is_inside_a_step_returns_and_the_thread_ends_by_itself(void **state)
{
    (void)state;
    fixture f;
    gate g;
    prepare_own_thread(&f);
    gate_init(&g);
    fixture_make_exports_pend(&f);
    f.fake.step_gate = &g;
    fixture_start(&f);
    fake_clock_advance(&f.pipeline.clock, 60 * SECOND);
    fake_exporter_wait(&f.fake, &f.fake.steps, 1);
    assert_int_equal(otmi_reader_shutdown(f.reader, in_ms(1)), OTM_ERR_TIMEOUT);
    assert_int_equal(fake_exporter_read(&f.fake, &f.fake.shutdowns), 0);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_ERR_SHUTDOWN);
    gate_open(&g);
    fake_exporter_wait(&f.fake, &f.fake.shutdowns, 1);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_SHUTDOWN);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_SHUTDOWN], 3);
    fixture_teardown(&f);
    gate_fini(&g);
}

static void wait_for_gate(void *data)
{
    gate_wait(data);
}

/* SDK-SHUT-03, ERR-03, SDK-CB-03: a callback that does not end keeps its thread, and nothing else. */
static void periodic_shut_down_while_a_callback_does_not_end_returns_with_the_exporter_shut_down(void **state)
{
    (void)state;
    fixture f;
    gate g;
    prepare_own_thread(&f);
    gate_init(&g);
    f.pipeline.callback = wait_for_gate;
    f.pipeline.callback_data = &g;
    fixture_start(&f);
    fake_clock_advance(&f.pipeline.clock, 60 * SECOND);
    while (pipeline_collections(&f.pipeline) == 0) {
        otmi_thread_yield();
    }
    assert_int_equal(otmi_reader_shutdown(f.reader, in_ms(1)), OTM_ERR_TIMEOUT);
    assert_int_equal(fake_exporter_read(&f.fake, &f.fake.shutdowns), 1);
    assert_false(otmi_reader_detach(f.reader)); /* the callback is still in there */
    gate_open(&g);
    fixture_teardown(&f);
    assert_int_equal(f.fake.begins, 0);
    gate_fini(&g);
}

static void periodic_released_without_shutdown_ends_its_thread_and_frees_everything(void **state)
{
    (void)state;
    fixture f;
    prepare_own_thread(&f);
    fixture_start(&f);
    fixture_teardown(&f); /* which waits until the exporter is destroyed: by the thread, or here */
    assert_int_equal(f.fake.shutdowns, 0);
    assert_int_equal(f.fake.begins, 0);
}

/* A host's clock that keeps the reader's thread, which is idle then, until the gate opens. */
typedef struct holding_clock {
    otm_clock inner;
    pthread_t test;
    gate hold;
    uint64_t held; /* atomic */
} holding_clock;

static uint64_t monotonic_once_open(void *context)
{
    holding_clock *c = context;
    if (!pthread_equal(pthread_self(), c->test) && __atomic_fetch_add(&c->held, 1, __ATOMIC_SEQ_CST) == 0) {
        gate_wait(&c->hold);
    }
    return c->inner.monotonic_ns(c->inner.context);
}

static uint64_t wall_of_inner(void *context)
{
    holding_clock *c = context;
    return c->inner.wall_ns(c->inner.context);
}

static void holding_clock_init(holding_clock *c, otm_clock *clock)
{
    c->inner = *clock;
    c->test = pthread_self();
    c->held = 0;
    gate_init(&c->hold);
    *clock = (otm_clock){c, wall_of_inner, monotonic_once_open};
}

typedef struct background_release {
    fixture *f;
    uint64_t returned; /* atomic */
    uint64_t destroyed_by_then;
} background_release;

static void *release_on_thread(void *argument)
{
    background_release *b = argument;
    otm_reader_release(b->f->reader);
    b->destroyed_by_then = fake_exporter_read(&b->f->fake, &b->f->fake.destroys);
    __atomic_store_n(&b->returned, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* The memory is the host's: once the last handle is given back, an idle thread must not be what frees it. */
static void periodic_released_while_its_idle_thread_does_not_get_to_run_waits_for_it(void **state)
{
    (void)state;
    fixture f;
    holding_clock clock;
    prepare_own_thread(&f);
    holding_clock_init(&clock, &f.pipeline.clock.base);
    fixture_start(&f);
    while (__atomic_load_n(&clock.held, __ATOMIC_SEQ_CST) == 0) {
        otmi_thread_yield();
    }
    assert_int_equal(otmi_reader_shutdown(f.reader, in_ms(0)), OTM_ERR_TIMEOUT); /* no time for the last export */
    fixture_detach(f.reader);
    otm_exporter_release(f.exporter);
    background_release release = {.f = &f};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, release_on_thread, &release), 0);
    for (int i = 0; i < 1000 && __atomic_load_n(&release.returned, __ATOMIC_SEQ_CST) == 0; i++) {
        otmi_thread_yield();
    }
    gate_open(&clock.hold);
    pthread_join(thread, NULL);
    assert_int_equal(release.destroyed_by_then, 1);
    fake_exporter_fini(&f.fake);
    pipeline_fini(&f.pipeline);
    gate_fini(&clock.hold);
}

static void periodic_released_with_an_export_open_cancels_it(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    fixture_teardown(&f);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_SHUTDOWN);
}

static void periodic_shut_down_leaves_a_shared_exporter_to_the_other_reader(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    otm_reader *other = fixture_start_reader(&f);
    assert_int_equal(otmi_reader_shutdown(other, soon()), OTM_OK);
    assert_int_equal(f.fake.shutdowns, 0);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_int_equal(fixture_accounts(&f).exported, 6);
    fixture_detach(other);
    otm_reader_release(other);
    fixture_teardown(&f);
}

static void periodic_shut_down_late_cancels_its_own_export_on_a_shared_exporter(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    otm_reader *other = fixture_start_reader(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(otmi_reader_shutdown(f.reader, in_ms(2)), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_SHUTDOWN);
    assert_int_equal(f.fake.shutdowns, 0);
    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(otmi_reader_flush(other, soon()), OTM_OK);
    assert_int_equal(fixture_accounts(&f).exported, 3);
    fixture_detach(other);
    otm_reader_release(other);
    fixture_teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periodic_shut_down_exports_a_last_time_and_ends_everything_once),
        cmocka_unit_test(periodic_shut_down_reports_a_failed_last_export_and_shuts_the_exporter_down_all_the_same),
        cmocka_unit_test(periodic_shut_down_with_an_export_that_never_ends_returns_by_its_deadline),
        cmocka_unit_test(periodic_shut_down_without_any_time_collects_nothing_and_shuts_the_exporter_down),
        cmocka_unit_test(periodic_shut_down_with_a_stepped_export_open_that_never_ends_cancels_it),
        cmocka_unit_test(periodic_thread_exports_when_the_readers_clock_says_so_with_signals_blocked),
        cmocka_unit_test(periodic_thread_on_the_systems_clock_exports_again_and_again),
        cmocka_unit_test(periodic_thread_past_its_timeout_cancels_the_export),
        cmocka_unit_test(periodic_flushed_while_the_thread_exports_waits_for_it_no_longer_than_its_time),
        cmocka_unit_test(periodic_timer_and_flushes_of_two_readers_never_overlap_on_their_exporter),
        cmocka_unit_test(periodic_stepped_while_another_thread_flushes_does_not_wait_and_comes_again_soon),
        cmocka_unit_test(periodic_stepped_while_another_reader_has_the_exporter_does_not_wait_and_comes_again_soon),
        cmocka_unit_test(periodic_shut_down_while_the_thread_is_inside_a_step_returns_and_the_thread_ends_by_itself),
        cmocka_unit_test(periodic_shut_down_while_a_callback_does_not_end_returns_with_the_exporter_shut_down),
        cmocka_unit_test(periodic_released_without_shutdown_ends_its_thread_and_frees_everything),
        cmocka_unit_test(periodic_released_while_its_idle_thread_does_not_get_to_run_waits_for_it),
        cmocka_unit_test(periodic_released_with_an_export_open_cancels_it),
        cmocka_unit_test(periodic_shut_down_leaves_a_shared_exporter_to_the_other_reader),
        cmocka_unit_test(periodic_shut_down_late_cancels_its_own_export_on_a_shared_exporter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
