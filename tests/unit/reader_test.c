#include "reader_fixture.h"

#include "platform/platform.h"

typedef struct fixture {
    otmi_pipeline pipeline;
    otm_reader *reader;
} fixture;

static otm_reader *manual(const otm_reader_options *options)
{
    otm_reader *reader = NULL;
    assert_int_equal(otm_manual_reader_create(options, &reader), OTM_OK);
    return reader;
}

static void setup_with(fixture *f, const otm_reader_options *options)
{
    pipeline_init(&f->pipeline);
    f->reader = manual(options);
    assert_int_equal(otmi_reader_attach(f->reader, &f->pipeline, 0), OTM_OK);
    assert_int_equal(otmi_reader_start(f->reader), OTM_OK);
}

static void setup(fixture *f)
{
    setup_with(f, NULL);
}

static void teardown(fixture *f)
{
    assert_true(otmi_reader_detach(f->reader));
    otm_reader_release(f->reader);
    assert_int_equal(f->pipeline.overlaps, 0);
    pipeline_fini(&f->pipeline);
}

static otm_status collect_and_return(otm_reader *reader)
{
    const otm_metrics_data *data = NULL;
    otm_status st = otm_reader_collect(reader, 0, &data);
    otm_reader_return(reader, data);
    return st;
}

/* -- Belonging to a provider ------------------------------------------------------------------------------------- */

static void reader_without_a_provider_gives_an_empty_tree(void **state)
{
    (void)state;
    otm_reader *reader = manual(NULL);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(reader, 0, &data), OTM_OK);
    assert_int_equal(data->point_count, 0);
    assert_int_equal(data->resource_count, 0);
    otm_reader_return(reader, data);
    otm_reader_release(reader);
}

/* SDK-RDR-11 */
static void reader_of_one_provider_is_refused_by_the_next_even_after_it_is_gone(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    assert_int_equal(otmi_reader_attach(f.reader, &f.pipeline, 1), OTM_ERR_IN_USE);
    assert_true(otmi_reader_detach(f.reader));
    assert_int_equal(otmi_reader_attach(f.reader, &f.pipeline, 1), OTM_ERR_IN_USE);
    teardown(&f);
}

static void reader_detached_before_it_was_started_may_be_attached_again(void **state)
{
    (void)state;
    otmi_pipeline pipeline;
    pipeline_init(&pipeline);
    otm_reader *reader = manual(NULL);
    assert_int_equal(otmi_reader_attach(reader, &pipeline, 0), OTM_OK);
    assert_true(otmi_reader_detach(reader));
    assert_int_equal(otmi_reader_attach(reader, &pipeline, 0), OTM_OK);
    assert_true(otmi_reader_detach(reader));
    otm_reader_release(reader);
    pipeline_fini(&pipeline);
}

static void reader_detached_with_a_tree_outside_says_that_the_pipeline_must_stay(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
    assert_false(otmi_reader_detach(f.reader));
    otm_reader_return(f.reader, data);
    assert_int_equal(collect_and_return(f.reader), OTM_OK); /* empty from now on */
    assert_int_equal(pipeline_collections(&f.pipeline), 1);
    teardown(&f);
}

/* -- Collecting -------------------------------------------------------------------------------------------------- */

/* SDK-RDR-13 */
static void reader_collects_through_its_pipeline_and_tells_what_became_of_it(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
    assert_int_equal(data->point_count, 3);
    otm_reader_return(f.reader, data);
    f.pipeline.status = OTM_ERR_TIMEOUT;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_ERR_TIMEOUT);
    assert_null(data);
    f.pipeline.status = OTM_ERR_NO_MEMORY;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_ERR_NO_MEMORY);
    f.pipeline.status = OTM_OK;
    assert_int_equal(collect_and_return(f.reader), OTM_OK);
    teardown(&f);
}

static void reader_gives_the_pipeline_the_callers_time_or_30_seconds(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    const otm_metrics_data *data = NULL;
    uint64_t before = otmi_monotonic_ns();
    assert_int_equal(collect_and_return(f.reader), OTM_OK);
    assert_true(f.pipeline.last_deadline_ns >= before + 30 * SECOND);
    assert_true(f.pipeline.last_deadline_ns <= otmi_monotonic_ns() + 30 * SECOND);
    assert_int_equal(otm_reader_collect(f.reader, OTM_NO_TIMEOUT, &data), OTM_OK);
    assert_true(f.pipeline.last_deadline_ns == UINT64_MAX);
    otm_reader_return(f.reader, data);
    teardown(&f);
}

static void reader_that_collects_again_reuses_its_memory(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otm_reader_options o;
    otm_reader_options_init(&o);
    o.allocator = &fa.base;
    fixture f;
    setup_with(&f, &o);
    assert_int_equal(collect_and_return(f.reader), OTM_OK);
    uint64_t requests = fa.requests;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(collect_and_return(f.reader), OTM_OK);
    }
    assert_int_equal(fa.requests, requests);
    teardown(&f);
    assert_int_equal(fa.live, 0);
}

static void reader_collected_on_a_thread_that_holds_its_tree_answers_reentrant(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    const otm_metrics_data *data = NULL;
    const otm_metrics_data *second = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
    assert_true(otmi_reader_inside(f.reader));
    assert_int_equal(otm_reader_collect(f.reader, 0, &second), OTM_ERR_REENTRANT);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_REENTRANT);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_ERR_REENTRANT);
    otm_reader_return(f.reader, data);
    assert_false(otmi_reader_inside(f.reader));
    otm_reader_return(f.reader, data); /* once more does no harm */
    assert_int_equal(collect_and_return(f.reader), OTM_OK);
    teardown(&f);
}

typedef struct nested_calls {
    otm_reader *reader;
    otm_status collect, flush, shutdown;
} nested_calls;

static void call_from_inside(void *data)
{
    nested_calls *calls = data;
    const otm_metrics_data *tree = NULL;
    calls->collect = otm_reader_collect(calls->reader, 0, &tree);
    calls->flush = otmi_reader_flush(calls->reader, soon());
    calls->shutdown = otmi_reader_shutdown(calls->reader, soon());
}

/* ERR-03 */
static void reader_called_from_a_callback_of_its_collection_answers_reentrant(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    nested_calls calls = {.reader = f.reader};
    f.pipeline.callback = call_from_inside;
    f.pipeline.callback_data = &calls;
    assert_int_equal(collect_and_return(f.reader), OTM_OK);
    assert_int_equal(calls.collect, OTM_ERR_REENTRANT);
    assert_int_equal(calls.flush, OTM_ERR_REENTRANT);
    assert_int_equal(calls.shutdown, OTM_ERR_REENTRANT);
    teardown(&f);
}

typedef struct timed_collect {
    otm_reader *reader;
    int64_t timeout_ms;
    otm_status status;
    const otm_metrics_data *data;
} timed_collect;

static void *collect_on_thread(void *argument)
{
    timed_collect *c = argument;
    c->status = otm_reader_collect(c->reader, c->timeout_ms, &c->data);
    otm_reader_return(c->reader, c->data);
    return NULL;
}

/* SDK-CONC-01 */
static void reader_collected_by_a_second_thread_makes_it_wait_no_longer_than_its_time(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
    timed_collect second = {.reader = f.reader, .timeout_ms = 1};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, collect_on_thread, &second), 0);
    pthread_join(thread, NULL);
    assert_int_equal(second.status, OTM_ERR_TIMEOUT);
    otm_reader_return(f.reader, data);
    teardown(&f);
}

static void *collect_many_times(void *argument)
{
    timed_collect *c = argument;
    for (int i = 0; i < 200 && c->status == OTM_OK; i++) {
        c->status = collect_and_return(c->reader);
    }
    return NULL;
}

/* SDK-CONC-01, SDK-CB-04 */
static void reader_collected_by_many_threads_collects_one_after_the_other(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    pthread_t threads[4];
    timed_collect collects[4];
    for (int i = 0; i < 4; i++) {
        collects[i] = (timed_collect){.reader = f.reader};
        assert_int_equal(pthread_create(&threads[i], NULL, collect_many_times, &collects[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(collects[i].status, OTM_OK);
    }
    assert_int_equal(pipeline_collections(&f.pipeline), 800);
    teardown(&f); /* which looks for overlaps */
}

/* -- Flush and shutdown ------------------------------------------------------------------------------------------ */

typedef struct hooks {
    otm_reader *reader;
    int flushes, shutdowns;
    uint64_t deadline_ns;
    otm_status answer;
    otm_status nested_flush, nested_collect;
} hooks;

static otm_status on_flush(void *data, uint64_t deadline_ns)
{
    hooks *h = data;
    h->flushes++;
    h->deadline_ns = deadline_ns;
    h->nested_flush = otmi_reader_flush(h->reader, deadline_ns);
    h->nested_collect = collect_and_return(h->reader);
    return h->answer;
}

static otm_status on_shutdown(void *data, uint64_t deadline_ns)
{
    hooks *h = data;
    h->shutdowns++;
    h->deadline_ns = deadline_ns;
    h->nested_collect = collect_and_return(h->reader);
    return h->answer;
}

static void setup_hooks(fixture *f, hooks *h)
{
    otm_reader_options o;
    otm_reader_options_init(&o);
    o.on_flush = on_flush;
    o.on_shutdown = on_shutdown;
    o.user_data = h;
    setup_with(f, &o);
    h->reader = f->reader;
}

/* SDK-RDR-12 */
static void reader_flushed_calls_its_hook_which_may_collect_but_not_flush(void **state)
{
    (void)state;
    fixture f;
    hooks h = {.answer = OTM_ERR_IO};
    setup_hooks(&f, &h);
    uint64_t deadline_ns = soon();
    assert_int_equal(otmi_reader_flush(f.reader, deadline_ns), OTM_ERR_IO);
    assert_int_equal(h.flushes, 1);
    assert_true(h.deadline_ns == deadline_ns);
    assert_int_equal(h.nested_flush, OTM_ERR_REENTRANT);
    assert_int_equal(h.nested_collect, OTM_OK);
    teardown(&f);
}

/* SDK-RDR-14, SDK-SHUT-01, SDK-RDR-12 */
static void reader_shut_down_calls_its_hook_once_and_collects_no_more(void **state)
{
    (void)state;
    fixture f;
    hooks h = {.answer = OTM_OK};
    setup_hooks(&f, &h);
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_OK);
    assert_int_equal(h.nested_collect, OTM_OK); /* a last look from the hook is allowed */
    assert_int_equal(otmi_reader_shutdown(f.reader, soon()), OTM_ERR_SHUTDOWN);
    assert_int_equal(otmi_reader_flush(f.reader, soon()), OTM_ERR_SHUTDOWN);
    assert_int_equal(collect_and_return(f.reader), OTM_ERR_SHUTDOWN);
    assert_int_equal(h.shutdowns, 1);
    assert_int_equal(h.flushes, 0);
    teardown(&f);
}

/* SDK-FLUSH-01: a reader without a hook has nothing to do. */
static void reader_without_hooks_flushes_and_shuts_down_at_once(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    assert_int_equal(otmi_reader_flush(f.reader, 0), OTM_OK);
    assert_int_equal(otmi_reader_shutdown(f.reader, 0), OTM_OK);
    teardown(&f);
}

static void flush_from_handler(const otm_diagnostic *diagnostic, void *user_data)
{
    (void)diagnostic;
    nested_calls *calls = user_data;
    calls->flush = otmi_reader_flush(calls->reader, soon());
    calls->shutdown = otmi_reader_shutdown(calls->reader, soon());
}

static void reader_flushed_from_a_diagnostic_handler_answers_reentrant(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    nested_calls calls = {.reader = f.reader};
    otm_diagnostics_options o;
    otm_diagnostics_options_init(&o);
    o.handler = flush_from_handler;
    o.user_data = &calls;
    otmi_diag *diag = otmi_diag_create(NULL, &o, NULL);
    otmi_diag_report(diag, OTM_ERROR, OTM_ERR_IO, NULL, "anything");
    otmi_diag_destroy(diag);
    assert_int_equal(calls.flush, OTM_ERR_REENTRANT);
    assert_int_equal(calls.shutdown, OTM_ERR_REENTRANT);
    teardown(&f);
}

static void reader_calls_with_null_are_harmless(void **state)
{
    (void)state;
    const otm_metrics_data *data = (const otm_metrics_data *)1;
    assert_int_equal(otm_reader_collect(NULL, 0, &data), OTM_ERR_INVALID_ARGUMENT);
    assert_null(data);
    otm_reader_return(NULL, NULL);
    otm_reader_release(NULL);
    assert_null(otm_reader_retain(NULL));
    otm_reader *reader = manual(NULL);
    assert_int_equal(otm_reader_collect(reader, 0, NULL), OTM_ERR_INVALID_ARGUMENT);
    otm_reader_return(reader, NULL);
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    otm_reader_accounts(reader, &accounts);
    otm_reader_accounts(NULL, &accounts);
    assert_int_equal(accounts.exported, 0);
    otm_reader_release(reader);
}

/* -- Fork -------------------------------------------------------------------------------------------------------- */

/* What the child leaves behind on purpose; here, so that a leak checker can still see it. */
static otm_reader *left_behind;

static void reader_in_the_child_of_a_fork_is_shut_down_and_touches_no_lock(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 0, &data), OTM_OK);
    f.pipeline.alive = false; /* with the collection's token taken: waiting for it would last 30 s */
    const otm_metrics_data *second = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 0, &second), OTM_ERR_SHUTDOWN);
    assert_int_equal(otmi_reader_flush(f.reader, UINT64_MAX), OTM_ERR_SHUTDOWN);
    assert_int_equal(otmi_reader_shutdown(f.reader, UINT64_MAX), OTM_ERR_SHUTDOWN);
    otm_reader_return(f.reader, data);
    assert_false(otmi_reader_detach(f.reader));
    left_behind = f.reader;
    otm_reader_release(f.reader);
    assert_int_equal(otm_reader_collect(left_behind, 0, &second), OTM_ERR_SHUTDOWN); /* it is still there */
    pipeline_fini(&f.pipeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_without_a_provider_gives_an_empty_tree),
        cmocka_unit_test(reader_of_one_provider_is_refused_by_the_next_even_after_it_is_gone),
        cmocka_unit_test(reader_detached_before_it_was_started_may_be_attached_again),
        cmocka_unit_test(reader_detached_with_a_tree_outside_says_that_the_pipeline_must_stay),
        cmocka_unit_test(reader_collects_through_its_pipeline_and_tells_what_became_of_it),
        cmocka_unit_test(reader_gives_the_pipeline_the_callers_time_or_30_seconds),
        cmocka_unit_test(reader_that_collects_again_reuses_its_memory),
        cmocka_unit_test(reader_collected_on_a_thread_that_holds_its_tree_answers_reentrant),
        cmocka_unit_test(reader_called_from_a_callback_of_its_collection_answers_reentrant),
        cmocka_unit_test(reader_collected_by_a_second_thread_makes_it_wait_no_longer_than_its_time),
        cmocka_unit_test(reader_collected_by_many_threads_collects_one_after_the_other),
        cmocka_unit_test(reader_flushed_calls_its_hook_which_may_collect_but_not_flush),
        cmocka_unit_test(reader_shut_down_calls_its_hook_once_and_collects_no_more),
        cmocka_unit_test(reader_without_hooks_flushes_and_shuts_down_at_once),
        cmocka_unit_test(reader_flushed_from_a_diagnostic_handler_answers_reentrant),
        cmocka_unit_test(reader_calls_with_null_are_harmless),
        cmocka_unit_test(reader_in_the_child_of_a_fork_is_shut_down_and_touches_no_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
