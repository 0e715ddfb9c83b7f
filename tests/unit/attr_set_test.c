#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "metrics/attr_set.h"

static const otmi_hash_key key = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};

static otmi_attr_set *make(const otm_attr *attrs, size_t count)
{
    otmi_attr_set *set = NULL;
    assert_int_equal(otmi_attr_set_create(NULL, attrs, count, &set), OTM_OK);
    assert_non_null(set);
    return set;
}

static uint64_t hash_of(const otm_attr *attrs, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += otmi_attr_hash(&key, &attrs[i]);
    }
    return sum;
}

/* The canonical copy of one attribute equals it, and hashes alike. */
static void assert_survives(otm_attr attr)
{
    otmi_attr_set *set = make(&attr, 1);
    assert_int_equal(set->count, 1);
    assert_true(otmi_attr_equal(&attr, &set->attrs[0]));
    assert_true(otmi_attr_equal(&set->attrs[0], &attr));
    assert_true(otmi_attr_hash(&key, &attr) == otmi_attr_hash(&key, &set->attrs[0]));
    otmi_attr_set_destroy(NULL, set);
}

static otm_value bytes_value(const char *bytes, size_t size)
{
    return otm_value_bytes((const uint8_t *)bytes, size);
}

/* ATTR-02 */
static void attr_set_keeps_every_kind_of_value(void **state)
{
    (void)state;
    otm_value numbers[] = {otm_value_i64(1), otm_value_i64(2)};
    otm_value mixed[] = {otm_value_string("a"), otm_value_f64(2.5), otm_value_array(numbers, 2), otm_value_empty()};
    otm_attr map[] = {otm_attr_string("x", "y"), otm_attr_value("deep", otm_value_array(mixed, 4))};
    const otm_value values[] = {
        otm_value_string("text"), otm_value_bool(true),        otm_value_i64(INT64_MIN),     otm_value_f64(0.1),
        bytes_value("\x00\xff", 2), otm_value_array(numbers, 2), otm_value_array(mixed, 4), otm_value_map(map, 2),
        otm_value_empty(),
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_survives(otm_attr_value("key", values[i]));
    }
}

/* ATTR-03 */
static void attr_set_keeps_values_that_are_empty_or_zero(void **state)
{
    (void)state;
    const otm_attr attrs[] = {
        otm_attr_value("a", otm_value_empty()),        otm_attr_i64("b", 0),
        otm_attr_string("c", ""),                      otm_attr_value("d", otm_value_array(NULL, 0)),
        otm_attr_value("e", otm_value_map(NULL, 0)),   otm_attr_value("f", otm_value_bytes(NULL, 0)),
        otm_attr_bool("g", false),                     otm_attr_f64("h", -0.0),
    };
    otmi_attr_set *set = make(attrs, 8);
    assert_int_equal(set->count, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(set->attrs[i].value.type, attrs[i].value.type);
        assert_true(otmi_value_equal(&set->attrs[i].value, &attrs[i].value));
        for (size_t j = 0; j < i; j++) { /* none of them is another */
            assert_false(otmi_value_equal(&attrs[i].value, &attrs[j].value));
        }
    }
    otmi_attr_set_destroy(NULL, set);
}

/* ATTR-04 */
static void attr_set_of_repeated_keys_keeps_the_last_value(void **state)
{
    (void)state;
    const otm_attr attrs[] = {otm_attr_i64("b", 1), otm_attr_i64("a", 2), otm_attr_i64("b", 3), otm_attr_i64("a", 4),
                              otm_attr_i64("b", 5)};
    otmi_attr_set *set = make(attrs, 5);
    assert_int_equal(set->count, 2);
    assert_string_equal(set->attrs[0].key, "a");
    assert_int_equal(set->attrs[0].value.as.i64, 4);
    assert_string_equal(set->attrs[1].key, "b");
    assert_int_equal(set->attrs[1].value.as.i64, 5);
    otmi_attr_set_destroy(NULL, set);
}

/* ATTR-04 */
static void attr_set_of_a_map_with_repeated_keys_keeps_the_last_value(void **state)
{
    (void)state;
    const otm_attr map[] = {otm_attr_i64("k", 1), otm_attr_i64("j", 2), otm_attr_i64("k", 3)};
    const otm_attr unique[] = {otm_attr_i64("j", 2), otm_attr_i64("k", 3)};
    const otm_attr first[] = {otm_attr_i64("j", 2), otm_attr_i64("k", 1)};
    otm_attr attr = otm_attr_value("map", otm_value_map(map, 3));
    assert_survives(attr);
    otmi_attr_set *set = make(&attr, 1);
    assert_int_equal(set->attrs[0].value.size, 2);
    otm_value expected = otm_value_map(unique, 2);
    otm_value wrong = otm_value_map(first, 2);
    assert_true(otmi_value_equal(&set->attrs[0].value, &expected));
    assert_true(otmi_value_equal(&attr.value, &expected));
    assert_false(otmi_value_equal(&attr.value, &wrong));
    otmi_attr_set_destroy(NULL, set);
}

/* ATTR-01 */
static void attr_set_tells_keys_apart_by_case_and_sorts_them(void **state)
{
    (void)state;
    const otm_attr attrs[] = {otm_attr_i64("ab", 1), otm_attr_i64("b", 2), otm_attr_i64("A", 3), otm_attr_i64("a", 4)};
    otmi_attr_set *set = make(attrs, 4);
    static const char *const sorted[] = {"A", "a", "ab", "b"};
    assert_int_equal(set->count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(set->attrs[i].key, sorted[i]);
    }
    otmi_attr_set_destroy(NULL, set);
}

/* ATTR-01 */
static void attr_set_with_an_empty_key_is_refused(void **state)
{
    (void)state;
    const otm_attr attrs[] = {otm_attr_i64("a", 1), otm_attr_i64("", 2)};
    const otm_attr null_key = otm_attr_i64(NULL, 2);
    otmi_attr_set *set;
    assert_int_equal(otmi_attr_set_create(NULL, attrs, 2, &set), OTM_ERR_INVALID_ARGUMENT);
    assert_null(set);
    assert_int_equal(otmi_attr_set_create(NULL, &null_key, 1, &set), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otmi_attr_set_create(NULL, NULL, 1, &set), OTM_ERR_INVALID_ARGUMENT);
}

static void attr_set_with_an_unknown_type_is_refused(void **state)
{
    (void)state;
    otm_attr attr = otm_attr_i64("a", 1);
    attr.value.type = 99;
    otmi_attr_set *set;
    (void)otmi_attr_hash(&key, &attr);
    assert_false(otmi_attr_equal(&attr, &attr));
    assert_int_equal(otmi_attr_set_create(NULL, &attr, 1, &set), OTM_ERR_INVALID_ARGUMENT);
}

/* ATTR-05 */
static void attr_set_ignores_the_order_given(void **state)
{
    (void)state;
    const otm_attr one[] = {otm_attr_i64("x", 1), otm_attr_string("y", "2"), otm_attr_f64("z", 3)};
    const otm_attr other[] = {one[2], one[0], one[1]};
    assert_true(hash_of(one, 3) == hash_of(other, 3));
    otm_attr map_one = otm_attr_value("m", otm_value_map(one, 3));
    otm_attr map_other = otm_attr_value("m", otm_value_map(other, 3));
    assert_true(otmi_attr_equal(&map_one, &map_other));
    assert_true(otmi_attr_hash(&key, &map_one) == otmi_attr_hash(&key, &map_other));
    otmi_attr_set *set = make(one, 3);
    otmi_attr_set *set_other = make(other, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(otmi_attr_equal(&set->attrs[i], &set_other->attrs[i]));
    }
    otmi_attr_set_destroy(NULL, set);
    otmi_attr_set_destroy(NULL, set_other);
}

/* ATTR-05 */
static void attr_order_of_array_elements_matters(void **state)
{
    (void)state;
    const otm_value one[] = {otm_value_i64(1), otm_value_i64(2)};
    const otm_value other[] = {otm_value_i64(2), otm_value_i64(1)};
    otm_attr a = otm_attr_value("k", otm_value_array(one, 2));
    otm_attr b = otm_attr_value("k", otm_value_array(other, 2));
    otm_attr shorter = otm_attr_value("k", otm_value_array(one, 1));
    assert_false(otmi_attr_equal(&a, &b));
    assert_false(otmi_attr_equal(&a, &shorter));
    assert_true(otmi_attr_hash(&key, &a) != otmi_attr_hash(&key, &b));
}

static void attr_values_of_different_types_differ(void **state)
{
    (void)state;
    const otm_value values[] = {otm_value_string("1"), otm_value_bool(true), otm_value_i64(1),
                                otm_value_f64(5e-324) /* the bits of the integer 1 */, bytes_value("1", 1)};
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
            assert_int_equal(otmi_value_equal(&values[i], &values[j]), i == j);
        }
    }
}

static void attr_doubles_are_compared_by_their_bits(void **state)
{
    (void)state;
    otm_value nan_value = otm_value_f64((double)NAN);
    otm_value zero = otm_value_f64(0.0);
    otm_value minus_zero = otm_value_f64(-0.0);
    assert_true(otmi_value_equal(&nan_value, &nan_value));
    assert_false(otmi_value_equal(&zero, &minus_zero));
}

/* ATTR-07 */
static void attr_set_turns_strings_that_are_no_utf8_into_bytes(void **state)
{
    (void)state;
    otm_attr attr = otm_attr_string("k", "caf\xE9");
    otmi_attr_set *set = make(&attr, 1);
    assert_int_equal(set->attrs[0].value.type, OTM_VALUE_BYTES);
    assert_int_equal(set->attrs[0].value.size, 4);
    assert_memory_equal(set->attrs[0].value.as.bytes, "caf\xE9", 4);
    otmi_attr_set_destroy(NULL, set);
    assert_survives(attr);
    assert_survives(otm_attr_value("k", otm_value_array(&attr.value, 1)));
    assert_survives(otm_attr_value("k", otm_value_map(&attr, 1)));
}

static void attr_set_repairs_keys_that_are_no_utf8(void **state)
{
    (void)state;
    otm_attr attr = otm_attr_i64("caf\xE9\xFF!", 1);
    otmi_attr_set *set = make(&attr, 1);
    assert_string_equal(set->attrs[0].key, "caf\xEF\xBF\xBD\xEF\xBF\xBD!");
    assert_int_equal(set->attrs[0].key_size, strlen(set->attrs[0].key));
    assert_true(otmi_attr_equal(&attr, &set->attrs[0]));
    assert_true(otmi_attr_equal(&set->attrs[0], &attr));
    otmi_attr_set_destroy(NULL, set);
    assert_survives(otm_attr_i64("\xE9\x8D\xB5 is fine", 1));
    otm_attr other = otm_attr_i64("caf\xE9!", 1);
    assert_false(otmi_attr_equal(&attr, &other));
    const otm_attr both[] = {attr, otm_attr_i64("caf\xFE\xFE!", 2)}; /* one key, once repaired */
    set = make(both, 2);
    assert_int_equal(set->count, 1);
    assert_int_equal(set->attrs[0].value.as.i64, 2);
    otmi_attr_set_destroy(NULL, set);
}

/* ATTR-08 */
static void attr_set_of_two_hundred_attributes_and_long_values_is_kept_whole(void **state)
{
    (void)state;
    char keys[200][8];
    otm_attr attrs[200];
    char *text = malloc(100000);
    memset(text, 'x', 100000);
    for (size_t i = 0; i < 200; i++) {
        size_t number = i * 77 % 200; /* not in order */
        keys[i][0] = 'k';
        keys[i][1] = (char)('0' + number / 100);
        keys[i][2] = (char)('0' + number / 10 % 10);
        keys[i][3] = (char)('0' + number % 10);
        keys[i][4] = '\0';
        attrs[i] = otm_attr_value(keys[i], otm_value_string_sized(text, i == 0 ? 100000 : number));
    }
    otmi_attr_set *set = make(attrs, 200);
    assert_int_equal(set->count, 200);
    assert_int_equal(set->attrs[0].value.size, 100000);
    for (size_t i = 1; i < 200; i++) {
        assert_true(strcmp(set->attrs[i - 1].key, set->attrs[i].key) < 0);
        assert_int_equal(set->attrs[i].value.size, i);
    }
    assert_true(hash_of(attrs, 200) == hash_of(set->attrs, 200));
    otmi_attr_set_destroy(NULL, set);
    free(text);
}

/* One value inside the other, `depth` arrays around an integer. */
static void nest(otm_value *values, size_t depth)
{
    values[0] = otm_value_i64(7);
    for (size_t i = 1; i <= depth; i++) {
        values[i] = otm_value_array(&values[i - 1], 1);
    }
}

/* ATTR-02 */
static void attr_set_nests_seventy_deep_and_refuses_what_has_no_bottom(void **state)
{
    (void)state;
    otm_value values[OTMI_ATTR_MAX_DEPTH + 1];
    nest(values, OTMI_ATTR_MAX_DEPTH);
    assert_survives(otm_attr_value("k", values[70]));
    assert_survives(otm_attr_value("k", values[OTMI_ATTR_MAX_DEPTH - 1]));
    otm_attr too_deep = otm_attr_value("k", values[OTMI_ATTR_MAX_DEPTH]);
    otm_value self = otm_value_array(&self, 1);
    otm_attr bottomless = otm_attr_value("k", self);
    otmi_attr_set *set;
    assert_int_equal(otmi_attr_set_create(NULL, &too_deep, 1, &set), OTM_ERR_LIMIT);
    assert_int_equal(otmi_attr_set_create(NULL, &bottomless, 1, &set), OTM_ERR_LIMIT);
    (void)otmi_attr_hash(&key, &bottomless);
    assert_false(otmi_attr_equal(&bottomless, &bottomless));
}

/* Arrays that share their elements unfold to 4^20 values. */
static void attr_set_that_unfolds_beyond_its_limit_is_refused(void **state)
{
    (void)state;
    otm_value levels[21][4];
    for (size_t i = 0; i < 4; i++) {
        levels[0][i] = otm_value_i64(1);
    }
    for (size_t level = 1; level < 21; level++) {
        for (size_t i = 0; i < 4; i++) {
            levels[level][i] = otm_value_array(levels[level - 1], 4);
        }
    }
    otm_attr attr = otm_attr_value("k", levels[20][0]);
    otmi_attr_set *set;
    assert_int_equal(otmi_attr_set_create(NULL, &attr, 1, &set), OTM_ERR_LIMIT);
}

static void attr_hash_tells_key_and_value_apart(void **state)
{
    (void)state;
    const otm_attr ab = otm_attr_string("a", "b");
    const otm_attr ba = otm_attr_string("b", "a");
    const otm_attr swapped[] = {otm_attr_string("x", "2"), otm_attr_string("y", "1")};
    const otm_attr straight[] = {otm_attr_string("x", "1"), otm_attr_string("y", "2")};
    assert_true(otmi_attr_hash(&key, &ab) != otmi_attr_hash(&key, &ba));
    assert_true(hash_of(straight, 2) != hash_of(swapped, 2));
}

static void attr_set_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    const otm_attr map = otm_attr_string("x", "y");
    const otm_attr attrs[] = {otm_attr_string("a", "b"), otm_attr_value("m", otm_value_map(&map, 1))};
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_attr_set *set;
        st = otmi_attr_set_create(&fa.base, attrs, 2, &set);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && set == NULL));
        assert_true(st != OTM_OK || fa.live == 1); /* one block */
        otmi_attr_set_destroy(&fa.base, set);
        assert_int_equal(fa.live, 0);
    }
}

static void attr_set_of_nothing_is_a_set(void **state)
{
    (void)state;
    otmi_attr_set *set = make(NULL, 0);
    assert_int_equal(set->count, 0);
    otmi_attr_set_destroy(NULL, set);
    otmi_attr_set_destroy(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attr_set_keeps_every_kind_of_value),
        cmocka_unit_test(attr_set_keeps_values_that_are_empty_or_zero),
        cmocka_unit_test(attr_set_of_repeated_keys_keeps_the_last_value),
        cmocka_unit_test(attr_set_of_a_map_with_repeated_keys_keeps_the_last_value),
        cmocka_unit_test(attr_set_tells_keys_apart_by_case_and_sorts_them),
        cmocka_unit_test(attr_set_with_an_empty_key_is_refused),
        cmocka_unit_test(attr_set_with_an_unknown_type_is_refused),
        cmocka_unit_test(attr_set_ignores_the_order_given),
        cmocka_unit_test(attr_order_of_array_elements_matters),
        cmocka_unit_test(attr_values_of_different_types_differ),
        cmocka_unit_test(attr_doubles_are_compared_by_their_bits),
        cmocka_unit_test(attr_set_turns_strings_that_are_no_utf8_into_bytes),
        cmocka_unit_test(attr_set_repairs_keys_that_are_no_utf8),
        cmocka_unit_test(attr_set_of_two_hundred_attributes_and_long_values_is_kept_whole),
        cmocka_unit_test(attr_set_nests_seventy_deep_and_refuses_what_has_no_bottom),
        cmocka_unit_test(attr_set_that_unfolds_beyond_its_limit_is_refused),
        cmocka_unit_test(attr_hash_tells_key_and_value_apart),
        cmocka_unit_test(attr_set_create_survives_failure_of_each_allocation),
        cmocka_unit_test(attr_set_of_nothing_is_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
