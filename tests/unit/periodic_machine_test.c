#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "metrics/periodic_machine.h"

static otmi_periodic_machine started_at(uint64_t now, uint64_t interval)
{
    otmi_periodic_machine m = {.interval_ns = interval};
    otmi_periodic_start(&m, now);
    return m;
}

static void periodic_machine_before_start_is_never_due(void **state)
{
    (void)state;
    otmi_periodic_machine m = {.interval_ns = 10};
    assert_false(otmi_periodic_due(&m, UINT64_MAX));
    assert_true(otmi_periodic_wake_ns(&m) == UINT64_MAX);
}

/* SDK-PER-01 */
static void periodic_machine_started_is_due_after_one_interval(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(100, 10);
    assert_false(otmi_periodic_due(&m, 109));
    assert_true(otmi_periodic_due(&m, 110));
    assert_int_equal(otmi_periodic_wake_ns(&m), 110);
}

static void periodic_machine_that_started_late_stays_on_the_grid(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(100, 10);
    assert_true(otmi_periodic_due(&m, 113));
    otmi_periodic_collecting(&m);
    otmi_periodic_exporting(&m);
    otmi_periodic_done(&m, 115);
    assert_int_equal(otmi_periodic_wake_ns(&m), 120);
}

/* SDK-PER-02: what comes due during an export is skipped, not queued. */
static void periodic_machine_with_an_export_longer_than_the_interval_skips_to_the_next_grid_point(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(100, 10);
    otmi_periodic_collecting(&m);
    otmi_periodic_exporting(&m);
    assert_false(otmi_periodic_due(&m, 135)); /* never beside an export */
    otmi_periodic_done(&m, 135);
    assert_false(otmi_periodic_due(&m, 135));
    assert_int_equal(otmi_periodic_wake_ns(&m), 140);
}

static void periodic_machine_done_exactly_on_the_grid_starts_at_once(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(100, 10);
    otmi_periodic_collecting(&m);
    otmi_periodic_done(&m, 130);
    assert_true(otmi_periodic_due(&m, 130));
}

static void periodic_machine_flushed_between_two_starts_keeps_the_grid(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(100, 10);
    otmi_periodic_flushing(&m);
    assert_false(otmi_periodic_due(&m, 110));
    otmi_periodic_done(&m, 105);
    assert_int_equal(otmi_periodic_wake_ns(&m), 110);
}

static void periodic_machine_with_a_clock_set_back_begins_a_new_grid(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(1000000, 10);
    assert_false(otmi_periodic_due(&m, 50));
    assert_int_equal(otmi_periodic_wake_ns(&m), 60);
    assert_true(otmi_periodic_due(&m, 60));
}

static void periodic_machine_with_an_endless_interval_is_never_due(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(100, UINT64_MAX);
    assert_false(otmi_periodic_due(&m, UINT64_MAX - 1));
    otmi_periodic_flushing(&m);
    otmi_periodic_done(&m, 5000);
    assert_false(otmi_periodic_due(&m, UINT64_MAX - 1));
}

static void periodic_machine_stopped_stays_stopped(void **state)
{
    (void)state;
    otmi_periodic_machine m = started_at(100, 10);
    otmi_periodic_stop(&m);
    otmi_periodic_done(&m, 500);
    assert_false(otmi_periodic_due(&m, 500));
    assert_int_equal(m.state, OTMI_PERIODIC_STOPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periodic_machine_before_start_is_never_due),
        cmocka_unit_test(periodic_machine_started_is_due_after_one_interval),
        cmocka_unit_test(periodic_machine_that_started_late_stays_on_the_grid),
        cmocka_unit_test(periodic_machine_with_an_export_longer_than_the_interval_skips_to_the_next_grid_point),
        cmocka_unit_test(periodic_machine_done_exactly_on_the_grid_starts_at_once),
        cmocka_unit_test(periodic_machine_flushed_between_two_starts_keeps_the_grid),
        cmocka_unit_test(periodic_machine_with_a_clock_set_back_begins_a_new_grid),
        cmocka_unit_test(periodic_machine_with_an_endless_interval_is_never_due),
        cmocka_unit_test(periodic_machine_stopped_stays_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
