/* Exports in batches of limited size, as the periodic reader makes them. */
#include "reader_periodic_fixture.h"

#include "platform/platform.h"

/* Five points a collection, two a batch: 2, 2, 1. */
static void start(fixture *f)
{
    f->pipeline.point_count = 5;
    f->options.max_export_batch_size = 2;
    fixture_start(f);
}

static void set_up(fixture *f)
{
    fixture_prepare(f);
    start(f);
}

static void expect_batches(fixture *f, size_t count, const uint64_t *sizes)
{
    assert_int_equal(fake_exporter_read(&f->fake, &f->fake.begins), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(f->fake.batches[i], sizes[i]);
    }
}

/* Ends the open batch and steps once. */
static otm_status step_with_batch_ended(fixture *f)
{
    fake_exporter_set_step(&f->fake, OTM_OK);
    otm_status st = fixture_step(f);
    fake_exporter_set_step(&f->fake, OTM_PENDING);
    return st;
}

/* With batches still under way: a provider shuts its readers down before it goes. */
static void give_up(fixture *f)
{
    assert_int_equal(otmi_reader_shutdown(f->reader, 0), OTM_ERR_TIMEOUT);
    fixture_teardown(f);
}

/* SDK-PER-03 SDK-PER-05 */
static void batches_of_a_flush_are_full_but_for_the_last_and_the_exporter_is_flushed_after_them(void **state)
{
    (void)state;
    fixture f;
    set_up(&f);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_OK);
    expect_batches(&f, 3, (const uint64_t[]){2, 2, 1});
    assert_int_equal(f.fake.flushes, 1);
    assert_int_equal(fixture_accounts(&f).exported, 5);
    fixture_teardown(&f);
}

/* SDK-PER-03 */
static void batches_are_not_cut_where_the_collection_fits(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    f.pipeline.point_count = 4;
    f.options.max_export_batch_size = 4;
    fixture_start(&f);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_OK);
    expect_batches(&f, 1, (const uint64_t[]){4});
    fixture_teardown(&f);
}

/* SDK-PER-04 */
static void batches_of_a_stepped_reader_go_out_one_by_one_before_the_next_collection(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    f.options.timeout_ms = OTM_NO_TIMEOUT;
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    expect_batches(&f, 1, (const uint64_t[]){2});
    assert_int_equal(fixture_step_at(&f, 120 * SECOND), OTM_OK); /* due again, but the first is not through */
    expect_batches(&f, 1, (const uint64_t[]){2});
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    expect_batches(&f, 2, (const uint64_t[]){2, 2});
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    expect_batches(&f, 3, (const uint64_t[]){2, 2, 1});
    assert_int_equal(pipeline_collections(&f.pipeline), 1);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    assert_int_equal(fixture_accounts(&f).exported, 5);
    assert_int_equal(fixture_step_at(&f, 180 * SECOND), OTM_OK);
    assert_int_equal(pipeline_collections(&f.pipeline), 2);
    expect_batches(&f, 4, (const uint64_t[]){2, 2, 1, 2});
    give_up(&f);
}

/* No point is out of the accounts while it waits for its batch. */
static void batches_that_have_not_begun_are_pending(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(fixture_accounts(&f).pending, 5);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    assert_int_equal(fixture_accounts(&f).pending, 3);
    assert_int_equal(fixture_accounts(&f).exported, 2);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    assert_int_equal(fixture_accounts(&f).pending, 1);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    assert_int_equal(fixture_accounts(&f).pending, 0);
    fixture_teardown(&f);
}

static void batches_under_way_keep_another_collection_waiting_and_answer_in_time(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    const otm_metrics_data *data;
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_false(otmi_reader_inside(f.reader));
    assert_int_equal(otm_reader_collect(f.reader, 1, &data), OTM_ERR_TIMEOUT);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK); /* the last one has begun: the tree is free */
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
    otm_reader_return(f.reader, data);
    fixture_teardown(&f);
}

/* SDK-PER-04 */
static void batches_under_way_are_finished_by_a_flush_before_its_own(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    f.pipeline.point_count = 3;
    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_OK);
    expect_batches(&f, 5, (const uint64_t[]){2, 2, 1, 2, 1});
    assert_int_equal(fixture_accounts(&f).exported, 8);
    fixture_teardown(&f);
}

static void batches_that_a_short_flush_cannot_finish_are_left_to_later_steps(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(otmi_reader_flush(f.reader, in_ms(2)), OTM_ERR_TIMEOUT);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    assert_int_equal(step_with_batch_ended(&f), OTM_OK);
    expect_batches(&f, 3, (const uint64_t[]){2, 2, 1});
    assert_int_equal(fixture_accounts(&f).exported, 5);
    fixture_teardown(&f);
}

static void fail_the_first(void *data)
{
    fixture *f = data;
    f->fake.begin_status = f->fake.begins == 1 ? OTM_ERR_EXPORT : OTM_OK;
}

/* SDK-PER-06 */
static void batch_that_fails_does_not_keep_the_others_back_and_its_failure_is_the_outcome(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    f.fake.inside = fail_the_first;
    f.fake.inside_data = &f;
    start(&f);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_EXPORT);
    expect_batches(&f, 3, (const uint64_t[]){2, 2, 1});
    assert_int_equal(fixture_accounts(&f).exported, 3);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_REFUSED], 2);
    assert_int_equal(diag_recorder_count_of(&f.pipeline.diagnostics, OTM_WARN, "an export failed"), 1);
    fixture_teardown(&f);
}

static void use_the_time_up(void *data)
{
    fixture *f = data;
    fake_clock_advance(&f->pipeline.clock, 31 * SECOND);
}

/* SDK-PER-01 */
static void batches_for_which_there_is_no_time_are_dropped_and_accounted_for(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    f.fake.inside = use_the_time_up;
    f.fake.inside_data = &f;
    start(&f);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_TIMEOUT);
    expect_batches(&f, 1, (const uint64_t[]){2});
    assert_int_equal(fixture_accounts(&f).exported, 2);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_UNREACHED], 3);
    fixture_teardown(&f);
}

/* The timeout cancels the open batch of a stepped reader, and with it goes what is left. */
static void batches_of_a_stepped_reader_end_with_their_time(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(fixture_step_at(&f, 91 * SECOND), OTM_ERR_TIMEOUT);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_UNREACHED], 5);
    assert_int_equal(fixture_accounts(&f).pending, 0);
    assert_int_equal(fixture_step_at(&f, 120 * SECOND), OTM_OK);
    assert_int_equal(pipeline_collections(&f.pipeline), 2);
    give_up(&f);
}

static void batches_under_way_at_a_shutdown_go_out_first(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    expect_batches(&f, 6, (const uint64_t[]){2, 2, 1, 2, 2, 1});
    assert_int_equal(fixture_accounts(&f).exported, 10);
    fixture_teardown(&f);
}

static void batches_under_way_at_a_shutdown_without_time_are_dropped_and_the_tree_is_free(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(otmi_reader_shutdown(f.reader, 0), OTM_ERR_TIMEOUT);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_SHUTDOWN], 5);
    assert_int_equal(fixture_accounts(&f).pending, 0);
    assert_true(otmi_reader_detach(f.reader)); /* nobody holds the pipeline */
    fixture_teardown(&f);
}

/* SDK-SHUT-03: a flush is between two batches, so the shutdown does not get the turn. */
static void batches_of_another_thread_end_with_a_shutdown_that_cannot_wait(void **state)
{
    (void)state;
    fixture f;
    gate g;
    fixture_prepare(&f);
    gate_init(&g);
    f.fake.begin_gate = &g;
    start(&f);
    background_flush flush = {.reader = f.reader, .deadline_ns = soon(), .times = 1};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, flush_on_thread, &flush), 0);
    fake_exporter_wait(&f.fake, &f.fake.begins, 1);
    assert_int_equal(otmi_reader_shutdown(f.reader, in_ms(2)), OTM_ERR_TIMEOUT);
    gate_open(&g);
    pthread_join(thread, NULL);
    assert_int_equal(flush.status, OTM_ERR_SHUTDOWN);
    otm_accounts accounts = fixture_accounts(&f);
    assert_int_equal(f.fake.begins, 1);
    assert_int_equal(accounts.dropped[OTM_DROP_SHUTDOWN] + accounts.exported, 5);
    assert_int_equal(accounts.pending, 0);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_true(otmi_reader_detach(f.reader));
    fixture_teardown(&f);
    gate_fini(&g);
}

static void batches_of_a_reader_that_is_let_go_leave_nothing_behind(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    otm_reader_release(f.reader);
    assert_int_equal(f.fake.cancels, 1);
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    otm_exporter_accounts(f.exporter, &accounts);
    assert_int_equal(accounts.dropped[OTM_DROP_SHUTDOWN], 5);
    otm_exporter_release(f.exporter);
    fake_exporter_fini(&f.fake);
    pipeline_fini(&f.pipeline);
}

/* SDK-PER-02 */
static void batches_of_a_reader_with_its_own_thread_and_of_flushes_never_overlap(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    f.pipeline.system_clock = true;
    f.options.run_mode = OTM_RUN_OWN_THREAD;
    f.options.interval_ms = 1;
    start(&f);
    background_flush flushes[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        flushes[i] = (background_flush){.reader = f.reader, .deadline_ns = soon(), .times = 30};
        assert_int_equal(pthread_create(&threads[i], NULL, flush_on_thread, &flushes[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(flushes[i].status, OTM_OK);
    }
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    assert_int_equal(fixture_accounts(&f).exported, 5 * pipeline_collections(&f.pipeline));
    fixture_teardown(&f);
}

/* What cannot be cut for lack of memory is in the accounts. */
static void batches_without_memory_are_accounted_for(void **state)
{
    (void)state;
    bool reached = true;
    for (uint64_t n = 1; reached; n++) {
        fixture f;
        failing_alloc fa;
        fixture_prepare(&f);
        failing_alloc_init(&fa, 0);
        f.reader_options.allocator = &fa.base;
        start(&f);
        fa.fail_at = fa.requests + n;
        otm_status st = otmi_reader_flush(f.reader, soon());
        reached = failing_alloc_failed(&fa);
        assert_true(st == (reached ? OTM_ERR_NO_MEMORY : OTM_OK));
        otm_accounts accounts = fixture_accounts(&f);
        bool collected = f.fake.begins > 0 || accounts.dropped[OTM_DROP_NO_MEMORY] > 0;
        assert_int_equal(accounts.exported + accounts.dropped[OTM_DROP_NO_MEMORY], collected ? 5 : 0);
        assert_true(f.pipeline.collections == 1);
        fixture_teardown(&f);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_of_a_flush_are_full_but_for_the_last_and_the_exporter_is_flushed_after_them),
        cmocka_unit_test(batches_are_not_cut_where_the_collection_fits),
        cmocka_unit_test(batches_of_a_stepped_reader_go_out_one_by_one_before_the_next_collection),
        cmocka_unit_test(batches_that_have_not_begun_are_pending),
        cmocka_unit_test(batches_under_way_keep_another_collection_waiting_and_answer_in_time),
        cmocka_unit_test(batches_under_way_are_finished_by_a_flush_before_its_own),
        cmocka_unit_test(batches_that_a_short_flush_cannot_finish_are_left_to_later_steps),
        cmocka_unit_test(batch_that_fails_does_not_keep_the_others_back_and_its_failure_is_the_outcome),
        cmocka_unit_test(batches_for_which_there_is_no_time_are_dropped_and_accounted_for),
        cmocka_unit_test(batches_of_a_stepped_reader_end_with_their_time),
        cmocka_unit_test(batches_under_way_at_a_shutdown_go_out_first),
        cmocka_unit_test(batches_under_way_at_a_shutdown_without_time_are_dropped_and_the_tree_is_free),
        cmocka_unit_test(batches_of_another_thread_end_with_a_shutdown_that_cannot_wait),
        cmocka_unit_test(batches_of_a_reader_that_is_let_go_leave_nothing_behind),
        cmocka_unit_test(batches_of_a_reader_with_its_own_thread_and_of_flushes_never_overlap),
        cmocka_unit_test(batches_without_memory_are_accounted_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
