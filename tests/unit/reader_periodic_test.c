#include "reader_periodic_fixture.h"

/* -- Options ----------------------------------------------------------------------------------------------------- */

static void expect_refused(const otm_periodic_reader_options *options)
{
    fake_exporter fake;
    fake_exporter_init(&fake);
    otm_exporter *exporter = fake_exporter_wrap(&fake);
    otm_reader *reader = (otm_reader *)1;
    assert_int_equal(otm_periodic_reader_create(exporter, options, &reader), OTM_ERR_INVALID_ARGUMENT);
    assert_null(reader);
    otm_exporter_release(exporter);
    fake_exporter_fini(&fake);
}

/* ERR-02 */
static void periodic_options_out_of_range_are_refused(void **state)
{
    (void)state;
    otm_periodic_reader_options fresh;
    otm_periodic_reader_options_init(&fresh);
    otm_periodic_reader_options o = fresh;
    o.interval_ms = -1;
    expect_refused(&o);
    o = fresh;
    o.timeout_ms = -2;
    expect_refused(&o);
    o = fresh;
    o.run_mode = 2;
    expect_refused(&o);
    o = fresh;
    o.struct_size = 0;
    expect_refused(&o);
    o = fresh;
    otm_reader_options inner;
    otm_reader_options_init(&inner);
    o.reader = &inner;
    inner.temporality_preference = OTM_PREFER_LOW_MEMORY + 1;
    expect_refused(&o);
    inner.temporality_preference = 0;
    inner.struct_size = 0;
    expect_refused(&o);
    otm_reader *reader = (otm_reader *)1;
    assert_int_equal(otm_periodic_reader_create(NULL, &fresh, &reader), OTM_ERR_INVALID_ARGUMENT);
    assert_null(reader);
}

static void periodic_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        fixture f;
        failing_alloc fa;
        fixture_prepare(&f);
        failing_alloc_init(&fa, n);
        static const double bounds[] = {1, 2};
        f.reader_options.allocator = &fa.base;
        f.reader_options.aggregation[OTM_HISTOGRAM] =
            (otm_aggregation){.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                              .has_boundaries = true,
                              .boundaries = bounds,
                              .boundary_count = 2};
        otm_reader *reader = NULL;
        st = otm_periodic_reader_create(f.exporter, &f.options, &reader);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otm_reader_release(reader);
        assert_int_equal(fa.live, 0);
        otm_exporter_release(f.exporter);
        fake_exporter_fini(&f.fake);
        pipeline_fini(&f.pipeline);
    }
}

/* -- Timer, stepped by the host ---------------------------------------------------------------------------------- */

/* SDK-PER-01 */
static void periodic_by_default_exports_every_60_seconds_within_30(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND - 1), OTM_OK);
    assert_int_equal(f.fake.begins, 0);
    assert_true(f.wake_ns == after_start(60 * SECOND));
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(f.fake.begins, 1);
    assert_true(f.fake.last_deadline_ns == after_start(90 * SECOND));
    assert_true(f.wake_ns == after_start(120 * SECOND));
    assert_int_equal(fixture_accounts(&f).exported, 3);
    fixture_teardown(&f);
}

static void periodic_stepped_late_stays_on_the_grid(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    assert_int_equal(fixture_step_at(&f, 75 * SECOND), OTM_OK);
    assert_int_equal(f.fake.begins, 1);
    assert_true(f.wake_ns == after_start(120 * SECOND));
    fixture_teardown(&f);
}

/* SDK-PER-02 */
static void periodic_with_an_interval_due_during_an_export_skips_it(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    f.options.interval_ms = 10000;
    f.options.timeout_ms = OTM_NO_TIMEOUT;
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 10 * SECOND), OTM_OK);
    assert_true(f.fake.last_deadline_ns == UINT64_MAX);
    assert_int_equal(fixture_step_at(&f, 20 * SECOND), OTM_OK);
    assert_int_equal(fixture_step_at(&f, 34 * SECOND), OTM_OK);
    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(fixture_step_at(&f, 35 * SECOND), OTM_OK);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_int_equal(f.fake.begins, 1); /* those of 20 s and 30 s are not made up for */
    assert_int_equal(pipeline_collections(&f.pipeline), 1);
    assert_true(f.wake_ns == after_start(40 * SECOND));
    fixture_teardown(&f);
}

/* SDK-PER-01, SDK-EXP-02 */
static void periodic_past_its_timeout_cancels_the_export_and_reports_it_once(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(fixture_step_at(&f, 90 * SECOND - 1), OTM_OK);
    assert_true(f.wake_ns == after_start(90 * SECOND));
    assert_int_equal(fixture_accounts(&f).pending, 3);
    assert_int_equal(fixture_step_at(&f, 90 * SECOND), OTM_ERR_TIMEOUT);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_UNREACHED);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_UNREACHED], 3);
    assert_int_equal(diag_recorder_count_of(&f.pipeline.diagnostics, OTM_WARN, "an export failed"), 1);
    assert_int_equal(diag_recorder_count(&f.pipeline.diagnostics), 1);
    assert_true(f.wake_ns == after_start(120 * SECOND));
    fixture_teardown(&f);
}

/* SDK-EXP-04, SDK-EXP-02 */
static void periodic_with_a_failed_export_reports_it_and_does_not_send_it_again(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    f.fake.begin_status = OTM_ERR_EXPORT;
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_ERR_EXPORT);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_int_equal(f.fake.begins, 1);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_REFUSED], 3);
    assert_int_equal(diag_recorder_count(&f.pipeline.diagnostics), 1);
    fixture_teardown(&f);
}

/* SDK-RDR-13 */
static void periodic_with_a_failed_collection_exports_nothing_and_goes_on(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    f.pipeline.status = OTM_ERR_TIMEOUT;
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.begins, 0);
    assert_int_equal(diag_recorder_count_of(&f.pipeline.diagnostics, OTM_WARN, "a collection failed"), 1);
    f.pipeline.status = OTM_OK;
    assert_int_equal(fixture_step_at(&f, 120 * SECOND), OTM_OK);
    assert_int_equal(f.fake.begins, 1);
    fixture_teardown(&f);
}

/* OTLP-SEND-01 */
static void periodic_with_nothing_collected_exports_nothing_but_flushes_the_exporter(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    f.pipeline.point_count = 0;
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_OK);
    assert_int_equal(pipeline_collections(&f.pipeline), 2);
    assert_int_equal(f.fake.begins, 0);
    assert_int_equal(f.fake.flushes, 1);
    fixture_teardown(&f);
}

static void periodic_step_lists_what_the_export_waits_for(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    f.fake.fds[0] = (otm_poll_fd){.fd = 7, .events = OTM_POLL_IN};
    f.fake.fds[1] = (otm_poll_fd){.fd = 8, .events = OTM_POLL_OUT};
    f.fake.fd_count = 2;
    f.fake.poll_wake_ns = after_start(65 * SECOND);
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(f.fd_count, 2);
    assert_int_equal(f.fds[0].fd, 7);
    assert_int_equal(f.fds[1].events, OTM_POLL_OUT);
    assert_true(f.wake_ns == after_start(65 * SECOND));

    otm_poll_fd one[1];
    assert_int_equal(otm_periodic_reader_step(f.reader, one, 1, &f.fd_count, &f.wake_ns), OTM_OK);
    assert_int_equal(f.fd_count, 1);
    assert_true(f.wake_ns < after_start(61 * SECOND)); /* soon, for the descriptor that found no room */

    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_int_equal(f.fd_count, 0);
    assert_true(f.wake_ns == after_start(120 * SECOND));
    assert_int_equal(otm_periodic_reader_step(f.reader, NULL, 0, NULL, NULL), OTM_OK);
    fixture_teardown(&f);
}

static void periodic_step_for_an_exporter_without_poll_wants_to_come_again_soon(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    otm_exporter_release(f.exporter);
    fake_exporter_fini(&f.fake);
    fake_exporter_init(&f.fake);
    otm_exporter_ops ops = fake_exporter_ops;
    ops.poll = NULL;
    assert_int_equal(otm_exporter_create(&ops, &f.fake, &f.exporter), OTM_OK);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_true(f.wake_ns > after_start(60 * SECOND) && f.wake_ns < after_start(61 * SECOND));
    fixture_teardown(&f);
}

static void periodic_step_is_refused_where_it_makes_no_sense(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    assert_int_equal(otm_periodic_reader_create(f.exporter, &f.options, &f.reader), OTM_OK);
    assert_int_equal(fixture_step(&f), OTM_OK); /* not yet in a provider: nothing is ever due */
    assert_true(f.wake_ns == UINT64_MAX);
    otm_reader_release(f.reader);

    f.options.run_mode = OTM_RUN_OWN_THREAD;
    fixture_start(&f);
    assert_int_equal(fixture_step(&f), OTM_ERR_INVALID_ARGUMENT);
    otm_reader *manual = NULL;
    assert_int_equal(otm_manual_reader_create(NULL, &manual), OTM_OK);
    assert_int_equal(otm_periodic_reader_step(manual, NULL, 0, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_periodic_reader_step(NULL, NULL, 0, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    otm_reader_release(manual);
    fixture_teardown(&f);
}

/* -- Flush ------------------------------------------------------------------------------------------------------- */

/* SDK-PER-05, SDK-EXP-06 */
static void periodic_flushed_collects_exports_and_flushes_the_exporter(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_OK);
    assert_int_equal(f.fake.begins, 1);
    assert_int_equal(f.fake.flushes, 1);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_true(f.wake_ns == after_start(60 * SECOND)); /* the timer is as it was */
    fixture_teardown(&f);
}

/* SDK-PER-06, SDK-FLUSH-02 */
static void periodic_flushed_tells_how_its_own_export_and_the_exporters_flush_ended(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    f.fake.begin_status = OTM_ERR_EXPORT;
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_EXPORT);
    assert_int_equal(f.fake.flushes, 1);
    f.fake.begin_status = OTM_OK;
    f.fake.flush_status = OTM_ERR_IO;
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_IO);
    fixture_teardown(&f);
}

/* SDK-PER-05 */
static void periodic_flushed_after_a_collection_timeout_still_flushes_the_exporter(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    f.pipeline.status = OTM_ERR_TIMEOUT;
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.begins, 0);
    assert_int_equal(f.fake.flushes, 1);
    fixture_teardown(&f);
}

/* SDK-PER-06: nobody steps a host-stepped reader meanwhile, so the flush does it all. */
static void periodic_flushed_with_an_export_open_finishes_it_before_its_own(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_OK);
    assert_int_equal(f.fake.begins, 2);
    assert_int_equal(fixture_accounts(&f).exported, 6);
    assert_int_equal(fixture_step(&f), OTM_OK);
    assert_true(f.wake_ns == after_start(120 * SECOND));
    fixture_teardown(&f);
}

/* SDK-PER-06, SDK-FLUSH-02: the clock stands still, the call returns all the same. */
static void periodic_flushed_with_an_export_that_never_ends_returns_by_its_deadline(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    fixture_make_exports_pend(&f);
    fixture_start(&f);
    assert_int_equal(otmi_reader_flush(f.reader, in_ms(5)), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_UNREACHED);
    assert_int_equal(f.fake.flushes, 1);
    assert_int_equal(fixture_accounts(&f).dropped[OTM_DROP_UNREACHED], 3);
    fixture_teardown(&f);
}

typedef struct nested_calls {
    otm_reader *reader;
    otm_status flush, shutdown, step;
} nested_calls;

static void call_from_inside(void *data)
{
    nested_calls *calls = data;
    calls->flush = otmi_reader_flush(calls->reader, soon());
    calls->shutdown = otmi_reader_shutdown(calls->reader, soon());
    calls->step = otm_periodic_reader_step(calls->reader, NULL, 0, NULL, NULL);
}

/* ERR-03 */
static void periodic_called_from_a_callback_or_its_exporter_answers_reentrant(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    nested_calls in_exporter = {.flush = OTM_OK};
    nested_calls in_callback = {.flush = OTM_OK};
    f.fake.inside = call_from_inside;
    f.fake.inside_data = &in_exporter;
    f.pipeline.callback = call_from_inside;
    f.pipeline.callback_data = &in_callback;
    fixture_start(&f);
    in_exporter.reader = in_callback.reader = f.reader;
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_OK);
    assert_int_equal(in_exporter.flush, OTM_ERR_REENTRANT);
    assert_int_equal(in_exporter.shutdown, OTM_ERR_REENTRANT);
    assert_int_equal(in_exporter.step, OTM_ERR_REENTRANT);
    assert_int_equal(in_callback.flush, OTM_ERR_REENTRANT);
    assert_int_equal(in_callback.shutdown, OTM_ERR_REENTRANT);
    assert_int_equal(in_callback.step, OTM_ERR_REENTRANT);
    assert_int_equal(f.fake.begins, 1);
    fixture_teardown(&f);
}

static void flush_only(void *data)
{
    nested_calls *calls = data;
    calls->flush = otmi_reader_flush(calls->reader, soon());
}

static void periodic_flushed_from_inside_an_exporter_that_it_shares_answers_reentrant(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    nested_calls calls = {.flush = OTM_OK};
    f.fake.inside = flush_only;
    f.fake.inside_data = &calls;
    fixture_start(&f);
    otm_reader *other = fixture_start_reader(&f);
    calls.reader = other;
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_OK);
    assert_int_equal(calls.flush, OTM_ERR_REENTRANT);
    fixture_detach(other);
    otm_reader_release(other);
    fixture_teardown(&f);
}

/* -- Accounts and fork ------------------------------------------------------------------------------------------- */

/* Whatever becomes of the batches, each point is in one account. */
static void periodic_accounts_add_up_to_what_the_exporter_was_given(void **state)
{
    (void)state;
    static const otm_status outcomes[] = {OTM_OK,         OTM_ERR_EXPORT,    OTM_PENDING,         OTM_ERR_TIMEOUT,
                                          OTM_ERR_NO_MEMORY, OTM_ERR_UNSUPPORTED, OTM_ERR_SHUTDOWN};
    fixture f;
    fixture_setup(&f);
    for (size_t i = 0; i < 3 * sizeof outcomes / sizeof *outcomes; i++) {
        f.fake.begin_status = outcomes[i % (sizeof outcomes / sizeof *outcomes)];
        f.pipeline.point_count = i + 1;
        (void)otmi_reader_flush(f.reader, soon());
        otm_accounts accounts = fixture_accounts(&f);
        uint64_t sum = accounts.exported + accounts.rejected + accounts.pending;
        for (int r = 0; r < OTM_DROP_REASON_COUNT; r++) {
            sum += accounts.dropped[r];
        }
        assert_int_equal(sum, f.fake.points);
    }
    fixture_teardown(&f);
}

/* What the child leaves behind on purpose; here, so that a leak checker can still see it. */
static otm_reader *left_behind;

static void periodic_in_the_child_of_a_fork_is_shut_down(void **state)
{
    (void)state;
    fixture f;
    fixture_setup(&f);
    f.pipeline.alive = false;
    assert_int_equal(fixture_step_at(&f, 60 * SECOND), OTM_ERR_SHUTDOWN);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_SHUTDOWN);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_ERR_SHUTDOWN);
    assert_int_equal(fixture_accounts(&f).exported, 0);
    assert_int_equal(f.fake.begins, 0);
    assert_false(otmi_reader_detach(f.reader));
    left_behind = f.reader;
    otm_reader_release(f.reader);
    otm_exporter_release(f.exporter);
    assert_int_equal(f.fake.destroys, 0);
    assert_int_equal(otmi_reader_flush(left_behind, soon()), OTM_ERR_SHUTDOWN);
    pipeline_fini(&f.pipeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periodic_options_out_of_range_are_refused),
        cmocka_unit_test(periodic_create_survives_failure_of_each_allocation),
        cmocka_unit_test(periodic_by_default_exports_every_60_seconds_within_30),
        cmocka_unit_test(periodic_stepped_late_stays_on_the_grid),
        cmocka_unit_test(periodic_with_an_interval_due_during_an_export_skips_it),
        cmocka_unit_test(periodic_past_its_timeout_cancels_the_export_and_reports_it_once),
        cmocka_unit_test(periodic_with_a_failed_export_reports_it_and_does_not_send_it_again),
        cmocka_unit_test(periodic_with_a_failed_collection_exports_nothing_and_goes_on),
        cmocka_unit_test(periodic_with_nothing_collected_exports_nothing_but_flushes_the_exporter),
        cmocka_unit_test(periodic_step_lists_what_the_export_waits_for),
        cmocka_unit_test(periodic_step_for_an_exporter_without_poll_wants_to_come_again_soon),
        cmocka_unit_test(periodic_step_is_refused_where_it_makes_no_sense),
        cmocka_unit_test(periodic_flushed_collects_exports_and_flushes_the_exporter),
        cmocka_unit_test(periodic_flushed_tells_how_its_own_export_and_the_exporters_flush_ended),
        cmocka_unit_test(periodic_flushed_after_a_collection_timeout_still_flushes_the_exporter),
        cmocka_unit_test(periodic_flushed_with_an_export_open_finishes_it_before_its_own),
        cmocka_unit_test(periodic_flushed_with_an_export_that_never_ends_returns_by_its_deadline),
        cmocka_unit_test(periodic_called_from_a_callback_or_its_exporter_answers_reentrant),
        cmocka_unit_test(periodic_flushed_from_inside_an_exporter_that_it_shares_answers_reentrant),
        cmocka_unit_test(periodic_accounts_add_up_to_what_the_exporter_was_given),
        cmocka_unit_test(periodic_in_the_child_of_a_fork_is_shut_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
