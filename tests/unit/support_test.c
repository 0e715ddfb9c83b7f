#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diag_recorder.h"
#include "failing_alloc.h"
#include "fake_clock.h"

static void failing_alloc_fails_just_the_nth_allocation(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 2);
    void *first = fa.base.alloc(fa.base.context, 10);
    assert_non_null(first);
    assert_false(failing_alloc_failed(&fa));
    assert_null(fa.base.resize(fa.base.context, first, 10, 20));
    assert_true(failing_alloc_failed(&fa));
    first = fa.base.resize(fa.base.context, first, 10, 20);
    assert_non_null(first);
    assert_int_equal(fa.live, 1);
    assert_int_equal(fa.live_bytes, 20);
    fa.base.release(fa.base.context, first, 20);
    assert_int_equal(fa.live, 0);
}

static void failing_alloc_counts_a_wrong_size_as_a_leak(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    fa.base.release(fa.base.context, fa.base.alloc(fa.base.context, 10), 11);
    assert_int_equal(fa.live, 1);
}

static void fake_clock_moves_only_by_hand(void **state)
{
    (void)state;
    fake_clock clock;
    fake_clock_init(&clock);
    assert_int_equal(clock.base.wall_ns(clock.base.context), FAKE_CLOCK_WALL_START_NS);
    fake_clock_advance_ms(&clock, 3);
    assert_int_equal(clock.base.monotonic_ns(clock.base.context), FAKE_CLOCK_MONOTONIC_START_NS + 3000000);
    fake_clock_set_wall(&clock, 5);
    fake_clock_set_monotonic(&clock, 6);
    assert_int_equal(clock.base.wall_ns(clock.base.context), 5);
    assert_int_equal(clock.base.monotonic_ns(clock.base.context), 6);
}

static void diag_recorder_finds_reports_by_level_and_part(void **state)
{
    (void)state;
    static diag_recorder heard;
    diag_recorder_init(&heard);
    otm_diagnostic diagnostic = {.struct_size = sizeof diagnostic, .level = OTM_WARN, .component = "c", .meter = "",
                                 .instrument = "", .text = "the text"};
    for (size_t i = 0; i < DIAG_RECORDER_CAPACITY + 1; i++) { /* one more than it keeps */
        heard.options.handler(&diagnostic, heard.options.user_data);
    }
    assert_int_equal(diag_recorder_count(&heard), DIAG_RECORDER_CAPACITY + 1);
    assert_int_equal(diag_recorder_count_of(&heard, OTM_WARN, "text"), DIAG_RECORDER_CAPACITY);
    assert_int_equal(diag_recorder_count_of(&heard, OTM_ERROR, "text"), 0);
    assert_string_equal(diag_recorder_at(&heard, DIAG_RECORDER_CAPACITY).text, "");
    diag_recorder_clear(&heard);
    assert_int_equal(diag_recorder_count_of(&heard, 0, ""), 0);
    diag_recorder_fini(&heard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failing_alloc_fails_just_the_nth_allocation),
        cmocka_unit_test(failing_alloc_counts_a_wrong_size_as_a_leak),
        cmocka_unit_test(fake_clock_moves_only_by_hand),
        cmocka_unit_test(diag_recorder_finds_reports_by_level_and_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
