#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "util/kvlist.h"

/* Parses, and compares with keys and values in turn, up to a NULL. */
static void assert_parses(const char *text, const char *const *expected)
{
    otmi_kvlist list;
    assert_int_equal(otmi_kvlist_parse(&list, NULL, text, NULL), OTM_OK);
    size_t i = 0;
    for (; expected[2 * i] != NULL; i++) {
        assert_true(i < list.count);
        assert_string_equal(list.items[i].key, expected[2 * i]);
        assert_string_equal(list.items[i].value, expected[2 * i + 1]);
    }
    assert_int_equal(list.count, i);
    otmi_kvlist_fini(&list);
}

static void assert_malformed_at(const char *text, size_t offset)
{
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otmi_kvlist list;
    size_t at = SIZE_MAX;
    assert_int_equal(otmi_kvlist_parse(&list, &fa.base, text, &at), OTM_ERR_CONFIG);
    assert_int_equal(at, offset);
    assert_int_equal(list.count, 0);
    assert_int_equal(fa.live, 0);
}

/* RES-10 */
static void kvlist_keeps_order_and_repeats(void **state)
{
    (void)state;
    assert_parses("key1=value1,key2=value2", (const char *[]){"key1", "value1", "key2", "value2", NULL});
    assert_parses("a=1,a=2", (const char *[]){"a", "1", "a", "2", NULL});
    assert_parses("", (const char *[]){NULL});
}

/* RES-10 */
static void kvlist_decodes_percent_escapes(void **state)
{
    (void)state;
    assert_parses("k=a%2Cb%3Dc", (const char *[]){"k", "a,b=c", NULL});
    assert_parses("k%3d1=%E9%8D%b5,plus=a+b", (const char *[]){"k=1", "\xE9\x8D\xB5", "plus", "a+b", NULL});
    assert_parses("k=%20x%20", (const char *[]){"k", " x ", NULL}); /* an escaped blank is not trimmed */
}

static void kvlist_trims_blanks_and_skips_empty_entries(void **state)
{
    (void)state;
    assert_parses(" userId = alice ,\t, b=2,", (const char *[]){"userId", "alice", "b", "2", NULL});
    assert_parses(" , ", (const char *[]){NULL});
}

static void kvlist_value_may_be_empty_or_hold_equals_signs(void **state)
{
    (void)state;
    assert_parses("name=", (const char *[]){"name", "", NULL});
    assert_parses("name===value=", (const char *[]){"name", "==value=", NULL});
}

/* RES-10 */
static void kvlist_malformed_is_refused_as_a_whole_with_the_place(void **state)
{
    (void)state;
    assert_malformed_at("a=1,b", 4);
    assert_malformed_at("a=1,  b,c=2", 6);
    assert_malformed_at("=1", 0);
    assert_malformed_at("a=1, =2", 5);
    assert_malformed_at("a=1,b=x%", 7);
    assert_malformed_at("a=1,b=x%2", 7);
    assert_malformed_at("a=%XX", 2);
    assert_malformed_at("%zz=1", 0);
    assert_malformed_at("a=%4", 2);
    assert_malformed_at("a=1,b=%00", 6);
}

static void kvlist_of_too_many_entries_is_refused(void **state)
{
    (void)state;
    char text[4 * 1025 + 1];
    for (size_t i = 0; i < 1025; i++) {
        memcpy(text + 4 * i, "a=1,", 5);
    }
    assert_malformed_at(text, 4 * 1024);
    text[4 * 1024] = '\0';
    otmi_kvlist list;
    assert_int_equal(otmi_kvlist_parse(&list, NULL, text, NULL), OTM_OK);
    assert_int_equal(list.count, 1024);
    otmi_kvlist_fini(&list);
}

static void kvlist_parse_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_kvlist list;
        st = otmi_kvlist_parse(&list, &fa.base, "a=1,b=2,c=3,d=4,e=5%20,f=6", NULL);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otmi_kvlist_fini(&list);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kvlist_keeps_order_and_repeats),
        cmocka_unit_test(kvlist_decodes_percent_escapes),
        cmocka_unit_test(kvlist_trims_blanks_and_skips_empty_entries),
        cmocka_unit_test(kvlist_value_may_be_empty_or_hold_equals_signs),
        cmocka_unit_test(kvlist_malformed_is_refused_as_a_whole_with_the_place),
        cmocka_unit_test(kvlist_of_too_many_entries_is_refused),
        cmocka_unit_test(kvlist_parse_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
