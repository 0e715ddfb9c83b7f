/* The course of an export, over a transport and a clock that the test holds in its hand. */
#include "otlp_exporter_fixture.h"

/* -- The straight way -------------------------------------------------------------------------------------------- */

/* SDK-EXP-01, SDK-EXP-02, OTLP-HTTP-05 */
static void exporter_of_accepted_batches_counts_their_points_as_exported(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 200, .after_ms = 30});
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_OK);
    assert_int_equal(export(f, otlp_tree_small(), 5000), OTM_OK);
    otm_accounts a = accounts(f);
    assert_int_equal(a.exported, OTLP_TREE_POINTS + 1);
    assert_int_equal(accounted(&a), OTLP_TREE_POINTS + 1);
    assert_int_equal(f->peer.requests, 2);
    assert_int_equal(diag_recorder_count(&f->diag), 0);
}

static void exporter_between_begin_and_answer_has_its_points_pending(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 200, .after_ms = 30});
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), UINT64_MAX), OTM_PENDING);
    otm_accounts a = accounts(f);
    assert_int_equal(a.pending, OTLP_TREE_POINTS);
    assert_int_equal(ops->step(f->exporter, 0), OTM_PENDING);
    assert_int_equal(ops->step(f->exporter, now(f) + 29 * MS), OTM_PENDING);
    assert_int_equal(ops->step(f->exporter, now(f) + 1 * MS), OTM_OK);
    assert_int_equal(accounts(f).pending, 0);
    assert_int_equal(ops->step(f->exporter, UINT64_MAX), OTM_OK);
}

/* OTLP-SEND-01 */
static void exporter_of_nothing_sends_nothing(void **state)
{
    fixture *f = *state;
    static const otm_metrics_data nothing = {.struct_size = sizeof nothing};
    MAKE(f, OK_ANSWER);
    assert_int_equal(ops->begin(f->exporter, &nothing, UINT64_MAX), OTM_OK);
    assert_int_equal(f->peer.requests, 0);
}

/* SDK-EXP-05 */
static void exporter_of_unsupported_points_sends_the_others(void **state)
{
    fixture *f = *state;
    static const otm_point points[3];
    const otm_metric metrics[] = {
        {.type = 99, .points = points, .point_count = 3, .point_stride = sizeof *points},
        {.type = OTM_METRIC_GAUGE, .points = points, .point_count = 1, .point_stride = sizeof *points}};
    MAKE(f, OK_ANSWER);
    assert_int_equal(export(f, otlp_tree_of(metrics, 2), 1000), OTM_OK);
    assert_int_equal(export(f, otlp_tree_of(metrics, 1), 1000), OTM_ERR_UNSUPPORTED);
    otm_accounts a = accounts(f);
    assert_int_equal(a.exported, 1);
    assert_int_equal(a.dropped[OTM_DROP_UNSUPPORTED], 6);
    assert_int_equal(accounted(&a), 7);
    assert_int_equal(diag_recorder_count_of(&f->diag, OTM_ERROR, "3 points dropped (unsupported)"), 2);
}

/* OTLP-HTTP-06 */
static void exporter_of_a_partial_success_counts_the_rejected_and_sends_nothing_again(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 200, .content_type = "application/x-protobuf", .body = "\x0A\x07\x08\x03\x12\x03" "bad",
             .body_size = 9});
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_OK);
    otm_accounts a = accounts(f);
    assert_int_equal(a.rejected, 3);
    assert_int_equal(a.exported, OTLP_TREE_POINTS - 3);
    assert_int_equal(f->peer.requests, 1);
    assert_int_equal(diag_recorder_count_of(&f->diag, OTM_WARN, "rejected 3 points: bad"), 1);
    /* No more can be rejected than were sent. */
    assert_int_equal(export(f, otlp_tree_small(), 5000), OTM_OK);
    assert_int_equal(accounts(f).rejected, 4);
}

/* -- Trying again ------------------------------------------------------------------------------------------------ */

/* OTLP-HTTP-07, OTLP-RETRY-01, OTLP-HTTP-09, SDK-EXP-04 */
static void exporter_told_to_come_later_waits_longer_each_time(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 503}, {.status = 429}, {.outcome = OTMI_OTLP_NO_ANSWER}, {.status = 504}, {.status = 502},
         {.status = 503}, OK_ANSWER);
    /* The wait is what 750 ms leave when divided by the span: 100, 200, 400, 800 and then at most 1000 ms. */
    f->random = 750 * MS;
    static const uint64_t waits_ms[] = {50, 150, 350, 750, 750, 750};
    assert_int_equal(export(f, otlp_tree_full(), 60000), OTM_OK);
    assert_int_equal(f->peer.requests, 7);
    for (size_t i = 0; i < COUNT(waits_ms); i++) {
        uint64_t wait_ns = f->peer.started_ns[i + 1] - f->peer.started_ns[i];
        assert_true(wait_ns <= waits_ms[i] * MS && wait_ns + 10 > waits_ms[i] * MS);
    }
    assert_int_equal(accounts(f).exported, OTLP_TREE_POINTS);
    assert_int_equal(diag_recorder_count(&f->diag), 0); /* it came through: nothing to tell */
}

/* OTLP-HTTP-08 */
static void exporter_given_a_retry_after_does_not_come_earlier(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 429, .retry_after = "2"}, {.status = 503, .retry_after = "0"}, OK_ANSWER);
    f->random = 50 * MS;
    assert_int_equal(export(f, otlp_tree_full(), 60000), OTM_OK);
    assert_int_equal(f->peer.started_ns[1] - f->peer.started_ns[0], 2000 * MS);
    assert_int_equal(f->peer.started_ns[2] - f->peer.started_ns[1], 50 * MS);
}

/* SDK-EXP-02, OTLP-RETRY-01, OTLP-HTTP-08: all within the time for the export. */
static void exporter_told_to_come_after_its_deadline_gives_up_at_once(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 503, .retry_after = "120"});
    uint64_t begun_ns = now(f);
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_ERR_EXPORT);
    assert_int_equal(now(f), begun_ns);
    assert_all_dropped(f, OTM_DROP_UNREACHED, OTLP_TREE_POINTS);
}

/* OTLP-RETRY-01: http_behaviour.csv h046 */
static void exporter_refused_until_the_deadline_reports_once(void **state)
{
    fixture *f = *state;
    MAKE(f, {.outcome = OTMI_OTLP_NO_ANSWER, .after_ms = 10});
    f->random = 90 * MS;
    uint64_t begun_ns = now(f);
    assert_int_equal(export(f, otlp_tree_full(), 1000), OTM_ERR_EXPORT);
    assert_true(now(f) - begun_ns <= 1000 * MS);
    assert_int_equal(f->peer.requests, 10);
    assert_all_dropped(f, OTM_DROP_UNREACHED, OTLP_TREE_POINTS);
    assert_int_equal(diag_recorder_count(&f->diag), 1);
    diag_record record = diag_recorder_at(&f->diag, 0);
    assert_int_equal(record.level, OTM_ERROR);
    assert_string_equal(record.component, OTMI_OTLP_COMPONENT);
    assert_string_equal(record.text, "http://peer:4318/v1/metrics did not answer: connection refused; 8 points dropped "
                                     "(unreached; tries: 10)");
}

/* http_behaviour.csv h039 */
static void exporter_never_answered_gives_up_at_the_deadline_of_the_reader(void **state)
{
    fixture *f = *state;
    MAKE(f, {.after_ms = UINT64_MAX});
    uint64_t begun_ns = now(f);
    assert_int_equal(export(f, otlp_tree_full(), 700), OTM_ERR_TIMEOUT);
    assert_int_equal(now(f) - begun_ns, 700 * MS);
    assert_int_equal(f->peer.aborts, 1);
    assert_all_dropped(f, OTM_DROP_UNREACHED, OTLP_TREE_POINTS);
}

/* OTLP-OPT-10, SDK-EXP-02 */
static void exporter_never_answered_gives_up_at_its_own_timeout_if_that_is_earlier(void **state)
{
    fixture *f = *state;
    f->options.timeout_ms = 300;
    MAKE(f, {.after_ms = UINT64_MAX});
    uint64_t begun_ns = now(f);
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_ERR_TIMEOUT);
    assert_int_equal(now(f) - begun_ns, 300 * MS);
}

static void exporter_given_no_time_sends_nothing(void **state)
{
    fixture *f = *state;
    MAKE(f, OK_ANSWER);
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), now(f)), OTM_ERR_TIMEOUT);
    assert_int_equal(f->peer.requests, 0);
    assert_all_dropped(f, OTM_DROP_UNREACHED, OTLP_TREE_POINTS);
}

/* -- Final failures ---------------------------------------------------------------------------------------------- */

/* OTLP-RETRY-02, OTLP-HTTP-07, OTLP-HTTP-11 */
static void exporter_refused_for_good_drops_at_once_and_says_why(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 400, .content_type = "application/x-protobuf", .body = "\x12\x08" "not data", .body_size = 10});
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_ERR_EXPORT);
    assert_int_equal(f->peer.requests, 1);
    assert_all_dropped(f, OTM_DROP_REFUSED, OTLP_TREE_POINTS);
    assert_string_equal(diag_recorder_at(&f->diag, 0).text, "http://peer:4318/v1/metrics answered 400: not data; "
                                                            "8 points dropped (refused; tries: 1)");
}

static void exporter_answered_nonsense_drops_for_that_reason(void **state)
{
    fixture *f = *state;
    MAKE(f, {.outcome = OTMI_OTLP_NOT_HTTP}, {.outcome = OTMI_OTLP_TOO_LARGE, .status = 200},
         {.status = 200, .content_type = "text/html", .body = "<html>", .body_size = 6});
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(export(f, otlp_tree_small(), 5000), OTM_ERR_EXPORT);
        assert_all_dropped(f, OTM_DROP_RESPONSE, i);
    }
}

/* OTLP-OPT-12 */
static void exporter_of_too_large_a_batch_does_not_send_it_and_goes_on(void **state)
{
    fixture *f = *state;
    f->options.max_request_bytes = 100;
    MAKE(f, OK_ANSWER);
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_ERR_LIMIT);
    assert_int_equal(f->peer.requests, 0);
    assert_all_dropped(f, OTM_DROP_TOO_LARGE, OTLP_TREE_POINTS);
    assert_int_equal(diag_recorder_count_of(&f->diag, OTM_ERROR, "8 points dropped (too_large)"), 1);
    assert_int_equal(export(f, otlp_tree_small(), 5000), OTM_OK);
}

static void exporter_without_memory_for_the_request_drops_for_that_reason(void **state)
{
    fixture *f = *state;
    MAKE(f, OK_ANSWER);
    f->peer.refuse_to_start = true;
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_ERR_NO_MEMORY);
    assert_all_dropped(f, OTM_DROP_NO_MEMORY, OTLP_TREE_POINTS);
    f->peer.refuse_to_start = false;
    assert_int_equal(export(f, otlp_tree_small(), 5000), OTM_OK);
}

static void exporter_told_a_header_value_by_the_peer_does_not_pass_it_on(void **state)
{
    fixture *f = *state;
    static const otm_otlp_header secret = {"Authorization", "Bearer t0ken"};
    f->options.headers = &secret;
    f->options.header_count = 1;
    MAKE(f, {.status = 401, .content_type = "text/plain", .body = "bad 'Bearer t0ken'", .body_size = 18});
    assert_int_equal(export(f, otlp_tree_full(), 5000), OTM_ERR_EXPORT);
    assert_int_equal(diag_recorder_count_of(&f->diag, 0, "t0ken"), 0);
    assert_int_equal(diag_recorder_count_of(&f->diag, 0, "answered 401: bad '***"), 1);
}

/* -- Cancel, shutdown -------------------------------------------------------------------------------------------- */

static void exporter_cancelled_while_sending_aborts_at_once(void **state)
{
    fixture *f = *state;
    MAKE(f, {.after_ms = UINT64_MAX});
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), UINT64_MAX), OTM_PENDING);
    ops->cancel(f->exporter, OTM_DROP_UNREACHED);
    assert_int_equal(f->peer.aborts, 1);
    assert_all_dropped(f, OTM_DROP_UNREACHED, OTLP_TREE_POINTS);
    ops->cancel(f->exporter, OTM_DROP_UNREACHED); /* nothing is under way */
    assert_all_dropped(f, OTM_DROP_UNREACHED, OTLP_TREE_POINTS);
}

/* SDK-EXP-07; http_behaviour.csv h045 */
static void exporter_shut_down_while_waiting_to_retry_drops_the_batch_and_refuses_the_next(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 503});
    f->random = 80 * MS;
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), now(f) + 5000 * MS), OTM_PENDING);
    uint64_t before_ns = now(f);
    assert_int_equal(ops->shutdown(f->exporter, now(f) + MS), OTM_OK);
    assert_int_equal(now(f), before_ns);
    assert_all_dropped(f, OTM_DROP_SHUTDOWN, OTLP_TREE_POINTS);
    assert_int_equal(f->peer.destroyed, 1); /* the connection is closed by now */
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), UINT64_MAX), OTM_ERR_SHUTDOWN);
    assert_all_dropped(f, OTM_DROP_SHUTDOWN, 2 * OTLP_TREE_POINTS);
    assert_int_equal(ops->shutdown(f->exporter, 0), OTM_ERR_SHUTDOWN);
    assert_int_equal(ops->step(f->exporter, 0), OTM_OK);
}

static void exporter_given_a_second_batch_refuses_it_and_finishes_the_first(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 200, .after_ms = 30});
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), UINT64_MAX), OTM_PENDING);
    assert_int_equal(ops->begin(f->exporter, otlp_tree_small(), UINT64_MAX), OTM_ERR_IN_USE);
    assert_int_equal(ops->step(f->exporter, now(f) + 30 * MS), OTM_OK);
    otm_accounts a = accounts(f);
    assert_int_equal(a.exported, OTLP_TREE_POINTS);
    assert_int_equal(accounted(&a), OTLP_TREE_POINTS + 1);
}

/* -- What a host's loop waits for -------------------------------------------------------------------------------- */

static void exporter_polled_tells_descriptors_and_when_to_wake(void **state)
{
    fixture *f = *state;
    MAKE(f, {.status = 503, .after_ms = 10});
    otm_poll_fd fds[2];
    uint64_t wake_ns = UINT64_MAX;
    assert_int_equal(ops->poll(f->exporter, fds, 2, &wake_ns), 0);
    assert_true(wake_ns == UINT64_MAX);

    uint64_t begun_ns = now(f);
    assert_int_equal(ops->begin(f->exporter, otlp_tree_full(), begun_ns + 500 * MS), OTM_PENDING);
    assert_int_equal(ops->poll(f->exporter, fds, 2, &wake_ns), 1);
    assert_int_equal(fds[0].fd, 42);
    assert_int_equal(wake_ns, begun_ns + 3 * MS); /* the transport's own timer */
    assert_int_equal(ops->poll(f->exporter, NULL, 0, &wake_ns), 1);

    f->random = 70 * MS;
    assert_int_equal(ops->step(f->exporter, begun_ns + 10 * MS), OTM_PENDING); /* answered: wait and try again */
    wake_ns = UINT64_MAX;
    assert_int_equal(ops->poll(f->exporter, fds, 2, &wake_ns), 0);
    assert_int_equal(wake_ns, begun_ns + 80 * MS);
    wake_ns = begun_ns + 20 * MS; /* never raised */
    ops->poll(f->exporter, fds, 2, &wake_ns);
    assert_int_equal(wake_ns, begun_ns + 20 * MS);
}

/* -- Preferences ------------------------------------------------------------------------------------------------- */

/* OTLP-OPT-14, OTLP-OPT-16, OTLP-OPT-17 */
static void exporter_passes_its_preferences_to_the_reader(void **state)
{
    fixture *f = *state;
    otm_aggregation aggregation;
    f->options.temporality_preference = OTM_PREFER_LOW_MEMORY;
    f->options.histogram = OTM_OTLP_HISTOGRAM_BASE2_EXPONENTIAL;
    MAKE(f, OK_ANSWER);
    assert_int_equal(ops->temporality(f->exporter, OTM_COUNTER), OTM_DELTA);
    assert_int_equal(ops->temporality(f->exporter, OTM_OBSERVABLE_COUNTER), OTM_CUMULATIVE);
    ops->aggregation(f->exporter, OTM_HISTOGRAM, &aggregation);
    assert_int_equal(aggregation.kind, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM);
    ops->aggregation(f->exporter, OTM_COUNTER, &aggregation);
    assert_int_equal(aggregation.kind, OTM_AGGREGATION_DEFAULT);
}

/* -- Compression, memory ----------------------------------------------------------------------------------------- */

/* OTLP-HTTP-03, OTLP-OPT-09 */
static void exporter_with_gzip_sends_a_smaller_gzip_body(void **state)
{
    fixture *f = *state;
    f->options.compression = OTM_OTLP_COMPRESSION_GZIP;
    MAKE(f, OK_ANSWER);
    assert_int_equal(export(f, otlp_tree_many(1000), 5000), OTM_OK);
    assert_true(f->peer.body_size < 20000);
    assert_int_equal(f->peer.body_start[0], 0x1F);
    assert_int_equal(f->peer.body_start[1], 0x8B);
}

/* OTLP-OPT-12: the limit is one of the request, and one of what is sent. */
static void exporter_with_gzip_refuses_what_is_too_large_before_it_is_compressed(void **state)
{
    fixture *f = *state;
    f->options.compression = OTM_OTLP_COMPRESSION_GZIP;
    f->options.max_request_bytes = 20000; /* 1000 points are more, and compressed they are less */
    MAKE(f, OK_ANSWER);
    assert_int_equal(export(f, otlp_tree_many(1000), 5000), OTM_ERR_LIMIT);
    assert_int_equal(f->peer.requests, 0);
    assert_all_dropped(f, OTM_DROP_TOO_LARGE, 1000);
}

static void exporter_make_survives_failure_of_each_allocation(void **state)
{
    fixture *f = *state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        void *exporter = NULL;
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        st = otmi_otlp_exporter_make(&f->options, NULL, fake_create, &f->peer, &exporter);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        if (st == OTM_OK) {
            ops->destroy(exporter);
        }
        assert_int_equal(fa.live, 0);
    }
}

static void exporter_begin_survives_failure_of_each_allocation(void **state)
{
    fixture *f = *state;
    f->options.compression = OTM_OTLP_COMPRESSION_GZIP;
    f->peer.plan = &(planned)OK_ANSWER;
    f->peer.plan_count = 1;
    uint64_t before = 0; /* allocations of the creation */
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        void *exporter = NULL;
        failing_alloc_init(&fa, 0);
        f->options.allocator = &fa.base;
        assert_int_equal(otmi_otlp_exporter_make(&f->options, NULL, fake_create, &f->peer, &exporter), OTM_OK);
        ops->attach(exporter, &f->clock.base, &f->diag.options);
        before = fa.requests;
        fa.fail_at = before + n;
        f->peer.requests = 0;
        st = ops->begin(exporter, otlp_tree_many(100), UINT64_MAX);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otm_accounts a;
        otm_accounts_init(&a);
        ops->accounts(exporter, &a);
        assert_int_equal(st == OTM_OK ? a.exported : a.dropped[OTM_DROP_NO_MEMORY], 100);
        ops->destroy(exporter);
        assert_int_equal(fa.live, 0);
    }
}

/* No allocation in the steady state: buffers and arena are kept. */
static void exporter_of_batches_alike_allocates_for_the_first_only(void **state)
{
    fixture *f = *state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    f->options.allocator = &fa.base;
    f->options.compression = OTM_OTLP_COMPRESSION_GZIP;
    MAKE(f, OK_ANSWER);
    assert_int_equal(export(f, otlp_tree_many(100), 5000), OTM_OK);
    uint64_t requests = fa.requests;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(export(f, otlp_tree_many(100), 5000), OTM_OK);
    }
    assert_int_equal(fa.requests, requests);
    ops->destroy(f->exporter);
    f->exporter = NULL;
    assert_int_equal(fa.live, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(exporter_of_accepted_batches_counts_their_points_as_exported),
        TEST(exporter_between_begin_and_answer_has_its_points_pending),
        TEST(exporter_of_nothing_sends_nothing),
        TEST(exporter_of_unsupported_points_sends_the_others),
        TEST(exporter_of_a_partial_success_counts_the_rejected_and_sends_nothing_again),
        TEST(exporter_told_to_come_later_waits_longer_each_time),
        TEST(exporter_given_a_retry_after_does_not_come_earlier),
        TEST(exporter_told_to_come_after_its_deadline_gives_up_at_once),
        TEST(exporter_refused_until_the_deadline_reports_once),
        TEST(exporter_never_answered_gives_up_at_the_deadline_of_the_reader),
        TEST(exporter_never_answered_gives_up_at_its_own_timeout_if_that_is_earlier),
        TEST(exporter_given_no_time_sends_nothing),
        TEST(exporter_refused_for_good_drops_at_once_and_says_why),
        TEST(exporter_answered_nonsense_drops_for_that_reason),
        TEST(exporter_of_too_large_a_batch_does_not_send_it_and_goes_on),
        TEST(exporter_without_memory_for_the_request_drops_for_that_reason),
        TEST(exporter_told_a_header_value_by_the_peer_does_not_pass_it_on),
        TEST(exporter_cancelled_while_sending_aborts_at_once),
        TEST(exporter_shut_down_while_waiting_to_retry_drops_the_batch_and_refuses_the_next),
        TEST(exporter_given_a_second_batch_refuses_it_and_finishes_the_first),
        TEST(exporter_polled_tells_descriptors_and_when_to_wake),
        TEST(exporter_passes_its_preferences_to_the_reader),
        TEST(exporter_with_gzip_sends_a_smaller_gzip_body),
        TEST(exporter_with_gzip_refuses_what_is_too_large_before_it_is_compressed),
        TEST(exporter_make_survives_failure_of_each_allocation),
        TEST(exporter_begin_survives_failure_of_each_allocation),
        TEST(exporter_of_batches_alike_allocates_for_the_first_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
