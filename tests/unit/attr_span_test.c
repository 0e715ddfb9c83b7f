/* A measurement's attributes against a set: in any order, with and without the hash of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/attr_span.h"

static const otmi_hash_key key = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};

#define MOST 80
#define TEXT 48

typedef struct given {
    otm_attr attrs[MOST];
    char keys[MOST][TEXT];
    char values[MOST][TEXT];
    size_t count;
} given;

/* Strings of all lengths on both sides of what is short, and every other kind of value. */
static void make(given *g, size_t count)
{
    g->count = count;
    for (size_t i = 0; i < count; i++) {
        size_t key_size = (size_t)snprintf(g->keys[i], TEXT, "%.*s%zu", (int)(i % 19), "key-key-key-key-key-key-", i);
        size_t size = i * 7 % 40;
        memset(g->values[i], 'a' + (char)(i % 26), size);
        const otm_value kinds[] = {otm_value_i64((int64_t)i), otm_value_bool(true),
                                   otm_value_bytes((const uint8_t *)g->values[i], size),
                                   otm_value_string_sized("caf\xE9", 4), otm_value_empty()};
        bool string = i % 4 != 3;
        g->attrs[i] = (otm_attr){.key = g->keys[i], .key_size = (uint32_t)key_size};
        g->attrs[i].value = string ? otm_value_string_sized(g->values[i], size) : kinds[i / 4 % 5];
    }
}

static void shuffle(given *g, uint64_t *random)
{
    for (size_t i = g->count; i > 1; i--) {
        *random = *random * UINT64_C(6364136223846793005) + 1;
        size_t j = (size_t)(*random >> 33) % i;
        otm_attr moved = g->attrs[i - 1];
        g->attrs[i - 1] = g->attrs[j];
        g->attrs[j] = moved;
    }
}

static otmi_attr_set *set_of(const given *g)
{
    otmi_attr_set *set;
    uint64_t hashes[OTMI_PLACED_ATTRS];
    assert_int_equal(otmi_attr_set_create(NULL, g->attrs, g->count, &set), OTM_OK);
    otmi_attr_span span = {.attrs = set->attrs, .count = set->count};
    (void)otmi_attr_span_hashes(&key, &span, hashes);
    otmi_attr_set_make_places(set, hashes);
    return set;
}

/* Whether the attributes are those of the set; all ways to ask must agree. */
static bool equals(const given *g, const otmi_attr_set *set)
{
    uint64_t hashes[OTMI_PLACED_ATTRS];
    otmi_attr_span plain = {.attrs = g->attrs, .count = g->count};
    otmi_attr_span hashed = plain;
    uint64_t hash = otmi_attr_span_hash(&key, &plain);
    bool equal = otmi_attr_span_equals(&plain, set);
    assert_true(otmi_attr_span_hashes(&key, &hashed, hashes) == hash);
    assert_int_equal(otmi_attr_span_equals(&hashed, set), equal);
    return equal;
}

static void span_equals_its_set_in_any_order(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (size_t count = 0; count <= MOST; count++) {
        given g;
        make(&g, count);
        otmi_attr_set *set = set_of(&g);
        for (int order = 0; order < 4; order++) {
            assert_true(equals(&g, set));
            shuffle(&g, &random);
        }
        otmi_attr_set_destroy(NULL, set);
    }
}

static void check_that_any_change_makes_another_set(size_t count)
{
    given g;
    make(&g, count);
    otmi_attr_set *set = set_of(&g);
    for (size_t i = 0; i < g.count; i++) {
        otm_attr saved = g.attrs[i];
        g.attrs[i].value = otm_value_string("something else");
        assert_false(equals(&g, set));
        g.attrs[i] = saved;
        g.attrs[i].key_size--;
        assert_false(equals(&g, set));
        g.attrs[i] = g.attrs[(i + 1) % g.count];
        assert_false(equals(&g, set));
        g.attrs[i] = saved;
    }
    g.count--;
    assert_false(equals(&g, set));
    otmi_attr_set_destroy(NULL, set);
}

static void span_with_another_value_or_key_or_a_repeat_is_not_the_set(void **state)
{
    (void)state;
    check_that_any_change_makes_another_set(3); /* strings alone */
    check_that_any_change_makes_another_set(30);
}

static void span_differs_by_any_byte_of_a_value_or_key(void **state)
{
    (void)state;
    for (size_t size = 1; size < TEXT; size++) {
        given g = {.count = 1};
        memset(g.keys[0], 'k', size);
        memset(g.values[0], 'v', size);
        g.attrs[0] = (otm_attr){.key = g.keys[0], .key_size = (uint32_t)size};
        g.attrs[0].value = otm_value_string_sized(g.values[0], size);
        otmi_attr_set *set = set_of(&g);
        for (size_t i = 0; i < size; i++) {
            g.keys[0][i] = 'x';
            assert_false(equals(&g, set));
            g.keys[0][i] = 'k';
            g.values[0][i] = 'x';
            assert_false(equals(&g, set));
            g.values[0][i] = 'v';
        }
        assert_true(equals(&g, set));
        otmi_attr_set_destroy(NULL, set);
    }
}

/* Hashes that nobody can tell apart: the table is as good as it can be, and the comparison goes the long way. */
static void span_equals_its_set_though_all_hashes_meet(void **state)
{
    (void)state;
    given g;
    otmi_attr_set *set;
    uint64_t hashes[OTMI_PLACED_ATTRS];
    memset(hashes, 0, sizeof hashes);
    make(&g, 10);
    assert_int_equal(otmi_attr_set_create(NULL, g.attrs, g.count, &set), OTM_OK);
    otmi_attr_set_make_places(set, hashes);
    for (uint64_t hash = 0; hash < 1000; hash++) {
        assert_in_range(otmi_attr_set_place(set, hash * UINT64_C(0x9e3779b97f4a7c15)), 0, set->count - 1);
    }
    assert_true(equals(&g, set));
    otmi_attr_set_destroy(NULL, set);
}

/* Else an order would be followed that was made for less attributes, and has places in it twice. */
static void too_many_attributes_for_an_order_hash_as_such(void **state)
{
    given g;
    (void)state;
    make(&g, MOST);
    for (size_t count = 0; count <= MOST; count++) {
        uint64_t lowest = otmi_attrs_hash_addresses(g.attrs, count) & ((1u << OTMI_ORDER_BITS) - 1);
        assert_true(count <= OTMI_ORDERED_ATTRS ? lowest == count : lowest > OTMI_ORDERED_ATTRS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(span_equals_its_set_in_any_order),
        cmocka_unit_test(span_with_another_value_or_key_or_a_repeat_is_not_the_set),
        cmocka_unit_test(span_differs_by_any_byte_of_a_value_or_key),
        cmocka_unit_test(span_equals_its_set_though_all_hashes_meet),
        cmocka_unit_test(too_many_attributes_for_an_order_hash_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
