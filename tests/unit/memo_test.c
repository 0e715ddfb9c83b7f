/* What a thread remembers: keys of owners, two places for each, more of them as there is more to remember. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "metrics/memo.h"

static int start(void **state)
{
    *state = calloc(1, sizeof(otmi_memo));
    return *state == NULL ? -1 : 0;
}

static int end(void **state)
{
    free(*state);
    return 0;
}

/* A hash of this pair, in a memo that uses all of its places as in a new one; `n` tells it from others. */
static uint64_t hash_of(size_t pair, uint32_t n)
{
    return (uint64_t)pair << 18 ^ n;
}

static void new_memo_knows_nothing(void **state)
{
    const otmi_memo *memo = *state;
    for (uint64_t hash = 0; hash < 1000; hash++) {
        assert_true(otmi_memo_find(memo, 1, hash * UINT64_C(0x9e3779b97f4a7c15)) == 0);
    }
}

static void what_was_kept_is_found_by_its_owner_alone(void **state)
{
    otmi_memo *memo = *state;
    otmi_memo_keep(memo, 7, hash_of(3, 5), 42, 1);
    assert_int_equal(otmi_memo_find(memo, 7, hash_of(3, 5)), 42);
    assert_int_equal(otmi_memo_find(memo, 8, hash_of(3, 5)), 0);
    assert_int_equal(otmi_memo_find(memo, 7, hash_of(3, 6)), 0);
    assert_int_equal(otmi_memo_find(memo, 7, hash_of(4, 5)), 0);
}

/* Whatever the rhythm in which a set comes. */
static void one_in_so_many_missed_look_ups_is_to_be_kept(void **state)
{
    otmi_memo *memo = *state;
    for (uint32_t period = 1; period <= 40; period++) {
        unsigned kept = 0;
        for (uint32_t i = 0; i < 100 * OTMI_MEMO_SAMPLE * period; i++) {
            bool keep = otmi_memo_missed(memo, 1, hash_of(i, i));
            kept += keep && i % period == 0 ? 1 : 0;
        }
        assert_in_range(kept, 90, 110);
    }
    for (uint32_t i = 0; i < 10 * OTMI_MEMO_SAMPLE; i++) {
        assert_false(otmi_memo_missed(memo, OTMI_MEMO_NOBODY, hash_of(i, i))); /* there was no owner left to give out */
    }
}

static void memory_that_misled_is_dropped(void **state)
{
    otmi_memo *memo = *state;
    otmi_memo_keep(memo, 1, hash_of(3, 1), 10, 1);
    otmi_memo_keep(memo, 1, hash_of(3, 2), 20, 1);
    (void)otmi_memo_missed(memo, 1, hash_of(3, 2));
    assert_int_equal(otmi_memo_find(memo, 1, hash_of(3, 2)), 0);
    assert_int_equal(otmi_memo_find(memo, 1, hash_of(3, 1)), 10);
    otmi_memo_keep(memo, 1, hash_of(3, 3), 30, 1);
    assert_int_equal(otmi_memo_find(memo, 1, hash_of(3, 1)), 10);
    assert_int_equal(otmi_memo_find(memo, 1, hash_of(3, 3)), 30);
}

/* Who comes when there is no number left is not found either, whatever the memories of others leave behind. */
static void owner_without_a_number_knows_nothing(void **state)
{
    otmi_memo *memo = *state;
    otmi_memo_keep(memo, 1, hash_of(0, 0), 10, 1);
    (void)otmi_memo_missed(memo, 1, hash_of(0, 0));
    assert_true(otmi_memo_find(memo, OTMI_MEMO_NOBODY, hash_of(0, 0)) == 0);
}

/* One series needs no more than a new memo has, however many addresses mean it. */
static void third_memory_of_a_pair_pushes_out_one(void **state)
{
    otmi_memo *memo = *state;
    for (uint32_t n = 1; n <= 3; n++) {
        otmi_memo_keep(memo, 1, hash_of(3, n), n, 1);
    }
    unsigned left = 0;
    for (uint32_t n = 1; n <= 3; n++) {
        left += otmi_memo_find(memo, 1, hash_of(3, n)) == n ? 1 : 0;
    }
    assert_int_equal(left, 2);
    assert_int_equal(otmi_memo_find(memo, 1, hash_of(3, 3)), 3);
    assert_int_equal(otmi_memo_mask(memo) + 1, OTMI_MEMO_FIRST_ENTRIES / 2);
}

static void memo_of_many_series_grows_to_its_maximum(void **state)
{
    otmi_memo *memo = *state;
    const uint32_t many = 10 * OTMI_MEMO_ENTRIES;
    for (uint32_t n = 1; n <= many; n++) {
        otmi_memo_keep(memo, 1, n * UINT64_C(0x9e3779b97f4a7c15), n, many);
    }
    assert_int_equal(otmi_memo_mask(memo) + 1, OTMI_MEMO_ENTRIES / 2);
    for (uint32_t n = 1; n <= many; n++) {
        uint64_t meaning = otmi_memo_find(memo, 1, n * UINT64_C(0x9e3779b97f4a7c15));
        assert_true(meaning == 0 || meaning == n);
    }
}

static void no_owner_is_given_out_twice(void **state)
{
    (void)state;
    uint32_t first = otmi_memo_owner();
    assert_true(first != 0);
    assert_true(otmi_memo_owner() > first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(new_memo_knows_nothing, start, end),
        cmocka_unit_test_setup_teardown(what_was_kept_is_found_by_its_owner_alone, start, end),
        cmocka_unit_test_setup_teardown(one_in_so_many_missed_look_ups_is_to_be_kept, start, end),
        cmocka_unit_test_setup_teardown(memory_that_misled_is_dropped, start, end),
        cmocka_unit_test_setup_teardown(owner_without_a_number_knows_nothing, start, end),
        cmocka_unit_test_setup_teardown(third_memory_of_a_pair_pushes_out_one, start, end),
        cmocka_unit_test_setup_teardown(memo_of_many_series_grows_to_its_maximum, start, end),
        cmocka_unit_test(no_owner_is_given_out_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
