#include "reader_fixture.h"

#include <stdlib.h>

#include "metrics/exporter.h"
#include "platform/platform.h"

typedef struct fixture {
    fake_clock clock;
    fake_exporter fake;
    otm_exporter *exporter;
    otm_metrics_data batch; /* of five points */
    otm_status result;
} fixture;

static void setup(fixture *f)
{
    memset(f, 0, sizeof *f);
    fake_clock_init(&f->clock);
    fake_exporter_init(&f->fake);
    f->exporter = fake_exporter_wrap(&f->fake);
    f->batch = (otm_metrics_data){.struct_size = sizeof f->batch, .point_count = 5};
}

static void teardown(fixture *f)
{
    otm_exporter_release(f->exporter);
    fake_exporter_fini(&f->fake);
    assert_int_equal(f->fake.overlaps, 0);
}

static void join(fixture *f)
{
    otmi_exporter_join(f->exporter, &f->clock.base, NULL);
}

static otmi_limit limit_in(fixture *f, uint64_t span_ns)
{
    return otmi_limit_after(&f->clock.base, span_ns);
}

static void take(fixture *f)
{
    otmi_limit limit = limit_in(f, 10 * SECOND);
    assert_int_equal(otmi_exporter_take(f->exporter, &limit), OTM_OK);
}

static otm_status begin_within(fixture *f, uint64_t span_ns)
{
    otmi_limit limit = limit_in(f, span_ns);
    otmi_exporter_announce(f->exporter, f->batch.point_count);
    return otmi_exporter_begin(f->exporter, &f->batch, &limit, OTM_DROP_UNREACHED, &f->result);
}

/* Begins a batch of a taken exporter, and finishes it. */
static otm_status export_within(fixture *f, uint64_t span_ns)
{
    otm_status st = begin_within(f, span_ns);
    if (st == OTM_PENDING) {
        otmi_limit limit = limit_in(f, span_ns);
        (void)otmi_exporter_finish(f->exporter, &limit);
        st = otmi_exporter_result(f->exporter, &f->result);
    }
    return st;
}

static otm_accounts accounts_of(fixture *f)
{
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    otm_exporter_accounts(f->exporter, &accounts);
    return accounts;
}

/* -- Creation ---------------------------------------------------------------------------------------------------- */

/* SDK-EXP-01 */
static void exporter_without_begin_or_destroy_is_refused_and_self_is_destroyed(void **state)
{
    (void)state;
    fake_exporter fake;
    fake_exporter_init(&fake);
    otm_exporter *exporter = NULL;
    otm_exporter_ops ops = fake_exporter_ops;
    ops.begin = NULL;
    assert_int_equal(otm_exporter_create(&ops, &fake, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_null(exporter);
    assert_int_equal(fake.destroys, 1);
    ops = fake_exporter_ops;
    ops.destroy = NULL;
    assert_int_equal(otm_exporter_create(&ops, &fake, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_exporter_create(NULL, &fake, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_exporter_create(&fake_exporter_ops, &fake, NULL), OTM_ERR_INVALID_ARGUMENT);
    fake_exporter_fini(&fake);
}

/* SDK-COMPAT-01 */
static void exporter_with_an_older_shorter_table_is_never_read_past_it(void **state)
{
    (void)state;
    size_t size = offsetof(otm_exporter_ops, attach);
    otm_exporter_ops *ops = malloc(size); /* exactly as long: a sanitizer sees more */
    assert_non_null(ops);
    memcpy(ops, &fake_exporter_ops, size);
    memcpy(ops, &size, sizeof size);
    fake_exporter fake;
    fake_exporter_init(&fake);
    otm_exporter *exporter = NULL;
    assert_int_equal(otm_exporter_create(ops, &fake, &exporter), OTM_OK);
    otmi_exporter_join(exporter, otmi_clock_system(), NULL);
    assert_int_equal(fake.attaches, 0);
    otm_exporter_release(exporter);
    fake_exporter_fini(&fake);
    free(ops);
}

static void exporter_is_destroyed_with_its_last_reference(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    assert_ptr_equal(otm_exporter_retain(f.exporter), f.exporter);
    otm_exporter_release(f.exporter);
    assert_int_equal(f.fake.destroys, 0);
    teardown(&f);
    assert_int_equal(f.fake.destroys, 1);
    assert_null(otm_exporter_retain(NULL));
    otm_exporter_release(NULL);
}

static void exporter_is_attached_once_with_the_first_readers_clock(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    otmi_exporter_join(f.exporter, otmi_clock_system(), NULL);
    assert_int_equal(f.fake.attaches, 1);
    assert_ptr_equal(f.fake.attached_clock, &f.clock.base);
    teardown(&f);
}

/* -- Accounts ---------------------------------------------------------------------------------------------------- */

static void drop_reasons_all_have_a_name_and_others_are_unknown(void **state)
{
    (void)state;
    static const char *const names[OTM_DROP_REASON_COUNT] = {"refused",   "unreached",   "shutdown", "too_large",
                                                             "no_memory", "unsupported", "response"};
    for (int i = 0; i < OTM_DROP_REASON_COUNT; i++) {
        assert_string_equal(otm_drop_reason_name((otm_drop_reason)i), names[i]);
    }
    assert_string_equal(otm_drop_reason_name((otm_drop_reason)OTM_DROP_REASON_COUNT), "unknown");
    assert_string_equal(otm_drop_reason_name((otm_drop_reason)-1), "unknown");
}

/* SDK-EXP-02: success or failure, and a failed batch is dropped. */
static void exporter_without_accounts_is_counted_by_what_begin_returns(void **state)
{
    (void)state;
    static const struct {
        otm_status status;
        otm_drop_reason reason;
    } cases[] = {{OTM_ERR_TIMEOUT, OTM_DROP_UNREACHED},         {OTM_ERR_SHUTDOWN, OTM_DROP_SHUTDOWN},
                 {OTM_ERR_NO_MEMORY, OTM_DROP_NO_MEMORY},       {OTM_ERR_UNSUPPORTED, OTM_DROP_UNSUPPORTED},
                 {OTM_ERR_EXPORT, OTM_DROP_REFUSED},            {OTM_ERR_IO, OTM_DROP_REFUSED},
                 {OTM_ERR_LIMIT, OTM_DROP_TOO_LARGE}};
    fixture f;
    setup(&f);
    join(&f);
    take(&f);
    assert_int_equal(export_within(&f, SECOND), OTM_OK);
    assert_int_equal(accounts_of(&f).exported, 5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t before = accounts_of(&f).dropped[cases[i].reason];
        f.fake.begin_status = cases[i].status;
        assert_int_equal(export_within(&f, SECOND), cases[i].status);
        assert_int_equal(accounts_of(&f).dropped[cases[i].reason], before + 5);
    }
    assert_int_equal(accounts_of(&f).exported, 5);
    assert_int_equal(accounts_of(&f).pending, 0);
    otmi_exporter_give(f.exporter);
    teardown(&f);
}

static void exporter_with_a_batch_under_way_counts_it_as_pending_until_it_ends(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    f.fake.begin_status = OTM_PENDING;
    f.fake.step_status = OTM_PENDING;
    take(&f);
    assert_int_equal(begin_within(&f, SECOND), OTM_PENDING);
    assert_int_equal(otmi_exporter_advance(f.exporter, 0), OTM_PENDING);
    assert_int_equal(accounts_of(&f).pending, 5);
    fake_exporter_set_step(&f.fake, OTM_OK);
    assert_int_equal(otmi_exporter_advance(f.exporter, 0), OTM_OK);
    assert_int_equal(otmi_exporter_result(f.exporter, &f.result), OTM_OK);
    assert_int_equal(accounts_of(&f).pending, 0);
    assert_int_equal(accounts_of(&f).exported, 5);
    otmi_exporter_give(f.exporter);
    teardown(&f);
}

static void count_seven(void *self, otm_accounts *out)
{
    (void)self;
    out->exported = 7;
}

static void exporter_with_accounts_of_its_own_is_asked_for_them(void **state)
{
    (void)state;
    fake_exporter fake;
    fake_exporter_init(&fake);
    otm_exporter_ops ops = fake_exporter_ops;
    ops.accounts = count_seven;
    otm_exporter *exporter = NULL;
    assert_int_equal(otm_exporter_create(&ops, &fake, &exporter), OTM_OK);
    otm_accounts accounts;
    otm_accounts_init(&accounts);
    otm_exporter_accounts(exporter, &accounts);
    assert_int_equal(accounts.exported, 7);
    otm_exporter_release(exporter);
    fake_exporter_fini(&fake);
}

static void exporter_accounts_fill_only_what_an_older_struct_has(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    take(&f);
    assert_int_equal(export_within(&f, SECOND), OTM_OK);
    otmi_exporter_give(f.exporter);
    size_t size = offsetof(otm_accounts, rejected);
    char *older = calloc(1, size); /* exactly as long: a sanitizer sees more */
    assert_non_null(older);
    memcpy(older, &size, sizeof size);
    otm_exporter_accounts(f.exporter, (otm_accounts *)(void *)older);
    uint64_t exported;
    memcpy(&exported, older + offsetof(otm_accounts, exported), sizeof exported);
    assert_int_equal(exported, 5);
    assert_memory_equal(older, &size, sizeof size);
    free(older);
    otm_exporter_accounts(f.exporter, NULL);
    otm_accounts none;
    otm_accounts_init(&none);
    none.exported = 9;
    otm_exporter_accounts(NULL, &none);
    assert_int_equal(none.exported, 0);
    teardown(&f);
}

/* -- Batches ----------------------------------------------------------------------------------------------------- */

static void exporter_that_is_pending_without_a_step_operation_drops_the_batch(void **state)
{
    (void)state;
    fake_exporter fake;
    fake_exporter_init(&fake);
    otm_exporter_ops ops = fake_exporter_ops;
    ops.step = NULL;
    fixture f = {.result = OTM_OK};
    fake_clock_init(&f.clock);
    assert_int_equal(otm_exporter_create(&ops, &fake, &f.exporter), OTM_OK);
    join(&f);
    fake.begin_status = OTM_PENDING;
    take(&f);
    f.batch.point_count = 5;
    assert_int_equal(begin_within(&f, SECOND), OTM_ERR_UNSUPPORTED);
    assert_int_equal(accounts_of(&f).dropped[OTM_DROP_UNSUPPORTED], 5);
    otmi_exporter_give(f.exporter);
    otm_exporter_release(f.exporter);
    fake_exporter_fini(&fake);
}

/* SDK-EXP-02, SDK-PER-01: past its deadline the export is cancelled, once. */
static void exporter_past_the_deadline_has_its_batch_cancelled_once(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    f.fake.begin_status = OTM_PENDING;
    f.fake.step_status = OTM_PENDING;
    take(&f);
    assert_int_equal(begin_within(&f, 30 * SECOND), OTM_PENDING);
    assert_int_equal(f.fake.last_deadline_ns, FAKE_CLOCK_MONOTONIC_START_NS + 30 * SECOND);
    fake_clock_advance(&f.clock, 30 * SECOND - 1);
    assert_int_equal(otmi_exporter_advance(f.exporter, 0), OTM_PENDING);
    fake_clock_advance(&f.clock, 1);
    assert_int_equal(otmi_exporter_advance(f.exporter, 0), OTM_OK);
    assert_int_equal(otmi_exporter_advance(f.exporter, 0), OTM_OK);
    assert_int_equal(otmi_exporter_result(f.exporter, &f.result), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_UNREACHED);
    assert_int_equal(accounts_of(&f).dropped[OTM_DROP_UNREACHED], 5);
    otmi_exporter_give(f.exporter);
    teardown(&f);
}

/* SDK-EXP-02 */
static void exporter_on_a_clock_that_stands_still_is_bounded_by_the_systems(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    f.fake.begin_status = OTM_PENDING;
    f.fake.step_status = OTM_PENDING;
    take(&f);
    assert_int_equal(export_within(&f, 5 * MS), OTM_ERR_TIMEOUT);
    assert_int_equal(f.fake.cancels, 1);
    otmi_exporter_give(f.exporter);
    teardown(&f);
}

static void exporter_taken_twice_by_one_thread_answers_reentrant(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    take(&f);
    otmi_limit limit = limit_in(&f, SECOND);
    assert_int_equal(otmi_exporter_take(f.exporter, &limit), OTM_ERR_REENTRANT);
    assert_int_equal(otmi_exporter_try_take(f.exporter), OTM_ERR_REENTRANT);
    otmi_exporter_give(f.exporter);
    teardown(&f);
}

/* SDK-PER-02: whoever takes the exporter first finishes what is open. */
static void exporter_given_back_with_an_open_batch_has_it_finished_by_the_next_taker(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    f.fake.begin_status = OTM_PENDING;
    f.fake.step_status = OTM_PENDING;
    take(&f);
    assert_int_equal(begin_within(&f, 30 * SECOND), OTM_PENDING);
    otmi_exporter_give(f.exporter);

    otmi_limit short_limit = limit_in(&f, 5 * MS);
    assert_int_equal(otmi_exporter_take(f.exporter, &short_limit), OTM_ERR_TIMEOUT);
    assert_int_equal(otmi_exporter_result(f.exporter, &f.result), OTM_PENDING); /* its own time is not up */

    fake_exporter_set_step(&f.fake, OTM_OK);
    take(&f);
    assert_int_equal(otmi_exporter_result(f.exporter, &f.result), OTM_OK);
    otmi_exporter_give(f.exporter);
    teardown(&f);
}

static void exporter_whose_reader_abandons_the_batch_cancels_it_and_forgets_the_result(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    f.fake.begin_status = OTM_PENDING;
    take(&f);
    assert_int_equal(begin_within(&f, 30 * SECOND), OTM_PENDING);
    otmi_exporter_give(f.exporter);
    otmi_exporter_abandon(f.exporter, &f.result, OTM_DROP_SHUTDOWN);
    otmi_exporter_abandon(f.exporter, &f.result, OTM_DROP_SHUTDOWN);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(accounts_of(&f).dropped[OTM_DROP_SHUTDOWN], 5);
    assert_int_equal(accounts_of(&f).pending, 0);
    teardown(&f);
}

static void *take_on_thread(void *argument)
{
    fixture *f = argument;
    take(f);
    otmi_exporter_give(f->exporter);
    return NULL;
}

/* SDK-PER-02: the cancellation never runs beside what the other thread does. */
static void exporter_whose_batch_is_abandoned_while_another_thread_steps_it_is_cancelled_by_that_thread(void **state)
{
    (void)state;
    fixture f;
    gate g;
    setup(&f);
    gate_init(&g);
    join(&f);
    f.fake.begin_status = OTM_PENDING;
    f.fake.step_status = OTM_PENDING;
    f.fake.step_gate = &g;
    take(&f);
    assert_int_equal(begin_within(&f, 3600 * SECOND), OTM_PENDING);
    otmi_exporter_give(f.exporter);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_on_thread, &f), 0);
    fake_exporter_wait(&f.fake, &f.fake.steps, 1);
    otmi_exporter_abandon(f.exporter, &f.result, OTM_DROP_SHUTDOWN);
    assert_int_equal(f.result, OTM_ERR_SHUTDOWN);
    assert_int_equal(fake_exporter_read(&f.fake, &f.fake.cancels), 0);
    gate_open(&g);
    pthread_join(thread, NULL);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.steps, 1);
    assert_int_equal(accounts_of(&f).dropped[OTM_DROP_SHUTDOWN], 5);
    gate_fini(&g);
    teardown(&f);
}

/* -- Leaving ----------------------------------------------------------------------------------------------------- */

/* SDK-EXP-07, SDK-SHUT-01, SDK-EXP-06 */
static void exporter_of_two_readers_is_flushed_with_the_first_and_shut_down_with_the_last(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    join(&f);
    join(&f);
    otmi_limit limit = limit_in(&f, 10 * SECOND);
    assert_int_equal(otmi_exporter_leave(f.exporter, &limit), OTM_OK);
    assert_int_equal(f.fake.flushes, 1);
    assert_int_equal(f.fake.shutdowns, 0);
    assert_int_equal(otmi_exporter_leave(f.exporter, &limit), OTM_OK);
    assert_int_equal(f.fake.shutdowns, 1);

    take(&f);
    assert_int_equal(begin_within(&f, SECOND), OTM_ERR_SHUTDOWN); /* SDK-EXP-07 */
    assert_int_equal(otmi_exporter_flush(f.exporter, &limit), OTM_ERR_SHUTDOWN);
    assert_int_equal(f.fake.begins, 0);
    otmi_exporter_give(f.exporter);
    teardown(&f);
}

static void *export_on_thread(void *argument)
{
    fixture *f = argument;
    take(f);
    (void)export_within(f, 3600 * SECOND);
    otmi_exporter_give(f->exporter);
    return NULL;
}

/* SDK-EXP-07: shutdown does not wait for a step that does not return; the batch ends in its account all the same. */
static void exporter_busy_past_the_limit_is_shut_down_by_the_thread_inside(void **state)
{
    (void)state;
    fixture f;
    gate g;
    setup(&f);
    gate_init(&g);
    join(&f);
    f.fake.begin_status = OTM_PENDING;
    f.fake.step_status = OTM_PENDING;
    f.fake.step_gate = &g;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, export_on_thread, &f), 0);
    fake_exporter_wait(&f.fake, &f.fake.steps, 1);

    otmi_limit limit = limit_in(&f, 0);
    assert_int_equal(otmi_exporter_leave(f.exporter, &limit), OTM_ERR_TIMEOUT);
    assert_int_equal(fake_exporter_read(&f.fake, &f.fake.shutdowns), 0);
    gate_open(&g);
    pthread_join(thread, NULL);
    assert_int_equal(f.fake.cancels, 1);
    assert_int_equal(f.fake.last_reason, OTM_DROP_SHUTDOWN);
    assert_int_equal(f.fake.shutdowns, 1);
    assert_int_equal(otmi_exporter_result(f.exporter, &f.result), OTM_ERR_SHUTDOWN);
    assert_int_equal(accounts_of(&f).dropped[OTM_DROP_SHUTDOWN], 5);
    gate_fini(&g);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exporter_without_begin_or_destroy_is_refused_and_self_is_destroyed),
        cmocka_unit_test(exporter_with_an_older_shorter_table_is_never_read_past_it),
        cmocka_unit_test(exporter_is_destroyed_with_its_last_reference),
        cmocka_unit_test(exporter_is_attached_once_with_the_first_readers_clock),
        cmocka_unit_test(drop_reasons_all_have_a_name_and_others_are_unknown),
        cmocka_unit_test(exporter_without_accounts_is_counted_by_what_begin_returns),
        cmocka_unit_test(exporter_with_a_batch_under_way_counts_it_as_pending_until_it_ends),
        cmocka_unit_test(exporter_with_accounts_of_its_own_is_asked_for_them),
        cmocka_unit_test(exporter_accounts_fill_only_what_an_older_struct_has),
        cmocka_unit_test(exporter_that_is_pending_without_a_step_operation_drops_the_batch),
        cmocka_unit_test(exporter_past_the_deadline_has_its_batch_cancelled_once),
        cmocka_unit_test(exporter_on_a_clock_that_stands_still_is_bounded_by_the_systems),
        cmocka_unit_test(exporter_taken_twice_by_one_thread_answers_reentrant),
        cmocka_unit_test(exporter_given_back_with_an_open_batch_has_it_finished_by_the_next_taker),
        cmocka_unit_test(exporter_whose_reader_abandons_the_batch_cancels_it_and_forgets_the_result),
        cmocka_unit_test(
            exporter_whose_batch_is_abandoned_while_another_thread_steps_it_is_cancelled_by_that_thread),
        cmocka_unit_test(exporter_of_two_readers_is_flushed_with_the_first_and_shut_down_with_the_last),
        cmocka_unit_test(exporter_busy_past_the_limit_is_shut_down_by_the_thread_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
