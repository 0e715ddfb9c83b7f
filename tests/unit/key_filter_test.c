#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/key_filter.h"
#include "support/failing_alloc.h"

#define KEYS(...) ((const char *const[]){__VA_ARGS__}), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)
#define INCLUDED(...) ((otmi_key_list){KEYS(__VA_ARGS__), .excluded = false})
#define EXCLUDED(...) ((otmi_key_list){KEYS(__VA_ARGS__), .excluded = true})
#define LITERAL(...) ((otmi_key_list){KEYS(__VA_ARGS__), .literal = true})

static otmi_key_filter *create(const otmi_key_list *lists, size_t count)
{
    otmi_key_filter *filter;
    assert_int_equal(otmi_key_filter_create(NULL, lists, count, &filter), OTM_OK);
    return filter;
}

/* Of the keys a, b, ab, c.d and the empty key, the ones kept, with blanks between. */
static void assert_keeps(const otmi_key_list *lists, size_t count, const char *expected)
{
    static const char *const keys[] = {"a", "b", "ab", "c.d", ""};
    otmi_key_filter *filter = create(lists, count);
    char kept[32] = "";
    for (size_t i = 0; i < 5; i++) {
        if (otmi_key_filter_keeps(filter, keys[i], strlen(keys[i]))) {
            (void)strcat(strcat(kept, keys[i]), " ");
        }
    }
    assert_string_equal(kept, expected);
    otmi_key_filter_destroy(filter);
}

/* SDK-STR-04 */
static void key_filter_keeps_only_what_is_included(void **state)
{
    (void)state;
    assert_keeps(&INCLUDED("b", "a"), 1, "a b ");
    assert_keeps(&INCLUDED("zz"), 1, "");
    assert_keeps(&(otmi_key_list){.count = 0}, 1, "");
}

/* SDK-STR-05 */
static void key_filter_drops_only_what_is_excluded(void **state)
{
    (void)state;
    assert_keeps(&EXCLUDED("b", "zz"), 1, "a ab c.d  ");
    assert_keeps(&EXCLUDED("*"), 1, "");
}

/* CONF-N15, SDK-STR-05 */
static void key_filter_excluded_applies_after_included(void **state)
{
    (void)state;
    assert_keeps((otmi_key_list[]){INCLUDED("a*", "b"), EXCLUDED("ab")}, 2, "a b ");
    assert_keeps((otmi_key_list[]){EXCLUDED("a"), INCLUDED("a", "b")}, 2, "b ");
    assert_keeps((otmi_key_list[]){INCLUDED("*"), EXCLUDED("*.d")}, 2, "a b ab  ");
}

/* CONF-N15 */
static void key_filter_patterns_are_case_sensitive_and_whole(void **state)
{
    (void)state;
    assert_keeps(&INCLUDED("?"), 1, "a b ");
    assert_keeps(&INCLUDED("A*"), 1, "");
    assert_keeps(&INCLUDED("?b", "c.?"), 1, "ab c.d ");
}

/* SDK-PROC-11 */
static void key_filter_keeps_what_all_allow_lists_hold(void **state)
{
    (void)state;
    assert_keeps((otmi_key_list[]){INCLUDED("a", "b"), INCLUDED("b", "ab")}, 2, "b ");
    assert_keeps((otmi_key_list[]){INCLUDED("a"), INCLUDED("b")}, 2, "");
    assert_keeps((otmi_key_list[]){INCLUDED("a*"), EXCLUDED("a"), INCLUDED("*b")}, 3, "ab ");
}

/* SDK-INST-06 */
static void key_filter_literal_keys_are_no_patterns(void **state)
{
    (void)state;
    otmi_key_filter *filter = create(&LITERAL("*", "a?"), 1);
    assert_true(otmi_key_filter_keeps(filter, "*", 1));
    assert_true(otmi_key_filter_keeps(filter, "a?", 2));
    assert_false(otmi_key_filter_keeps(filter, "ab", 2));
    otmi_key_filter_destroy(filter);
}

static void key_filter_that_keeps_everything_is_none(void **state)
{
    (void)state;
    assert_null(create(NULL, 0));
    assert_null(create(&INCLUDED("a", "*"), 1));
    assert_null(create(&(otmi_key_list){.excluded = true}, 1));
    assert_true(otmi_key_filter_keeps(NULL, "a", 1));
}

static void key_filter_compares_keys_by_length_and_bytes(void **state)
{
    (void)state;
    otmi_key_filter *filter = create(&INCLUDED("key"), 1);
    assert_true(otmi_key_filter_keeps(filter, "keys", 3)); /* a key need not end in NUL */
    assert_false(otmi_key_filter_keeps(filter, "keys", 4));
    assert_false(otmi_key_filter_keeps(filter, "ke\0", 3));
    otmi_key_filter_destroy(filter);
}

static void key_filter_finds_each_of_many_keys(void **state)
{
    (void)state;
    static char texts[OTMI_KEY_LIST_MAX + 1][16];
    static const char *keys[OTMI_KEY_LIST_MAX + 1];
    for (size_t i = 0; i <= OTMI_KEY_LIST_MAX; i++) {
        (void)snprintf(texts[i], sizeof texts[i], "k%zu", i * 7919 % 5000);
        keys[i] = texts[i];
    }
    otmi_key_list list = {.keys = keys, .count = OTMI_KEY_LIST_MAX};
    otmi_key_filter *filter = create(&list, 1);
    for (size_t i = 0; i < OTMI_KEY_LIST_MAX; i++) {
        assert_true(otmi_key_filter_keeps(filter, texts[i], strlen(texts[i])));
    }
    assert_false(otmi_key_filter_keeps(filter, "k", 1));
    assert_false(otmi_key_filter_keeps(filter, "k5000", 5));
    otmi_key_filter_destroy(filter);
    list.count++;
    assert_int_equal(otmi_key_filter_create(NULL, &list, 1, &filter), OTM_ERR_LIMIT);
    assert_null(filter);
}

static void key_filters_are_equal_whatever_the_order_of_keys(void **state)
{
    (void)state;
    otmi_key_filter *a = create((otmi_key_list[]){INCLUDED("a", "b", "c*"), EXCLUDED("d")}, 2);
    otmi_key_filter *same = create((otmi_key_list[]){INCLUDED("b", "c*", "a", "b"), EXCLUDED("d")}, 2);
    otmi_key_filter *others[] = {
        create((otmi_key_list[]){INCLUDED("a", "b", "c*"), INCLUDED("d")}, 2),
        create((otmi_key_list[]){INCLUDED("a", "b", "c?"), EXCLUDED("d")}, 2),
        create((otmi_key_list[]){LITERAL("a", "b", "c*"), EXCLUDED("d")}, 2),
        create(&INCLUDED("a", "b", "c*"), 1),
        NULL,
    };
    assert_true(otmi_key_filter_equal(a, same));
    assert_true(otmi_key_filter_equal(NULL, NULL));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(otmi_key_filter_equal(a, others[i]));
        assert_false(otmi_key_filter_equal(others[i], a));
        otmi_key_filter_destroy(others[i]);
    }
    otmi_key_filter_destroy(a);
    otmi_key_filter_destroy(same);
}

static void key_filter_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_key_filter *filter;
        st = otmi_key_filter_create(&fa.base, (otmi_key_list[]){INCLUDED("a", "b*"), EXCLUDED("c")}, 2, &filter);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && filter == NULL));
        otmi_key_filter_destroy(filter);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_filter_keeps_only_what_is_included),
        cmocka_unit_test(key_filter_drops_only_what_is_excluded),
        cmocka_unit_test(key_filter_excluded_applies_after_included),
        cmocka_unit_test(key_filter_patterns_are_case_sensitive_and_whole),
        cmocka_unit_test(key_filter_keeps_what_all_allow_lists_hold),
        cmocka_unit_test(key_filter_literal_keys_are_no_patterns),
        cmocka_unit_test(key_filter_that_keeps_everything_is_none),
        cmocka_unit_test(key_filter_compares_keys_by_length_and_bytes),
        cmocka_unit_test(key_filter_finds_each_of_many_keys),
        cmocka_unit_test(key_filters_are_equal_whatever_the_order_of_keys),
        cmocka_unit_test(key_filter_create_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
