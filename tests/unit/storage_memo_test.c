/* Recordings found by where their texts lie: whatever lies there by then, and whatever became of the series. */
#include <stdio.h>
#include <string.h>

#include "unit/storage_fixture.h"

/* Far more than it takes to be remembered. */
#define OFTEN (20 * OTMI_MEMO_SAMPLE)

static int lookups;

otmi_series *__real_otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span);
otmi_series *__wrap_otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span);

otmi_series *__wrap_otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span)
{
    lookups++;
    return __real_otmi_series_map_find(map, hash, span);
}

static void record(storage_fixture *f, const otm_attr *attrs, size_t count, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        otmi_storage_record(f->storage, (otmi_number){.i64 = 1}, attrs, count, NULL);
    }
}

/* The sum of the points with this text as the value of their first attribute. */
static int64_t sum_of(const otmi_points *points, const char *text)
{
    int64_t sum = 0;
    for (size_t i = 0; i < points->count; i++) {
        const otm_point *p = &points->points[i];
        const otm_value *value = p->attribute_count > 0 ? &p->attributes[0].value : NULL;
        bool same = value != NULL && value->type == OTM_VALUE_STRING && value->size == strlen(text) &&
                    memcmp(value->as.string, text, value->size) == 0;
        sum += same ? p->data.number.as.i64 : 0;
    }
    return sum;
}

static void known_addresses_need_no_look_up(void **state)
{
    storage_fixture f;
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr attrs[] = {otm_attr_string("route", "/a/rather/long/route/with/many/parts/{id}"),
                        otm_attr_string("method", "GET"), otm_attr_i64("status", 200), otm_attr_bool("tls", true),
                        otm_attr_f64("ratio", 0.5)};
    record(&f, attrs, 5, OFTEN);
    lookups = 0;
    record(&f, attrs, 5, OFTEN);
    assert_int_equal(lookups, 0);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 1);
    assert_int_equal(total_of(&points), 2 * OFTEN);
    storage_fixture_fini(&f);
}

static void other_text_at_the_same_address_is_another_series(void **state)
{
    storage_fixture f;
    char text[48] = "one";
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr attr = otm_attr_string("k", text);
    for (unsigned i = 0; i < OFTEN; i++) {
        memcpy(text, i % 3 == 0 ? "two" : "one", 3);
        record(&f, &attr, 1, 7);
    }
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 2);
    assert_int_equal(sum_of(&points, "two") + sum_of(&points, "one"), 7 * OFTEN);
    assert_int_equal(sum_of(&points, "two"), 7 * ((OFTEN + 2) / 3));
    storage_fixture_fini(&f);
}

/* Each byte of a key and of a value counts, whatever their size. */
static void each_byte_of_a_text_counts(void **state)
{
    storage_fixture f;
    char key[48];
    char value[48];
    (void)state;
    for (size_t size = 1; size < 40; size++) {
        storage_fixture_init(&f);
        storage_fixture_open(&f, 1);
        memset(key, 'k', sizeof key);
        memset(value, 'v', sizeof value);
        otm_attr attr = {.key = key, .key_size = size, .value = otm_value_string_sized(value, size)};
        record(&f, &attr, 1, OFTEN);
        for (size_t at = 0; at < size; at++) {
            value[at] = 'w';
            record(&f, &attr, 1, 2);
            value[at] = 'v';
            key[at] = 'l';
            record(&f, &attr, 1, 2);
            key[at] = 'k';
            record(&f, &attr, 1, 1);
        }
        otmi_points points = storage_collect(&f);
        assert_int_equal(points.count, 1 + 2 * size);
        assert_int_equal(total_of(&points), OFTEN + 5 * size);
        storage_fixture_fini(&f);
    }
}

static void order_does_not_matter(void **state)
{
    storage_fixture f;
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr a = otm_attr_string("a", "same");
    otm_attr b = otm_attr_string("b", "same");
    otm_attr c = otm_attr_string("c", "other");
    const otm_attr orders[6][3] = {{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}};
    for (unsigned i = 0; i < OFTEN; i++) {
        record(&f, orders[i % 6], 3, 1);
    }
    lookups = 0;
    for (unsigned i = 0; i < 6; i++) {
        record(&f, orders[i], 3, OFTEN);
        record(&f, orders[i], 2, OFTEN); /* the first two of them are another set */
    }
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 4);
    assert_int_equal(total_of(&points), 13 * OFTEN);
    storage_fixture_fini(&f);
}

/* Of a repeated key the last value counts. */
static void repeated_keys_go_where_their_last_value_does(void **state)
{
    storage_fixture f;
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr repeated[] = {otm_attr_string("k", "one"), otm_attr_string("k", "two")};
    otm_attr same[] = {otm_attr_string("k", "one"), otm_attr_string("k", "one")};
    otm_attr pair[] = {otm_attr_string("k", "two"), otm_attr_string("l", "two")};
    record(&f, pair, 2, OFTEN);
    record(&f, repeated, 2, OFTEN);
    record(&f, same, 2, OFTEN);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 3);
    assert_int_equal(sum_of(&points, "one"), OFTEN);
    assert_int_equal(sum_of(&points, "two"), 2 * OFTEN);
    storage_fixture_fini(&f);
}

/* Values that are compared elsewhere: their addresses say nothing, and they are counted all the same. */
static void values_of_all_kinds_find_their_series(void **state)
{
    storage_fixture f;
    uint8_t bytes[] = {1, 2, 3};
    otm_value array[] = {otm_value_i64(1), otm_value_string("x")};
    otm_attr nested[] = {otm_attr_i64("n", 1)};
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr missing = {.key = "k", .key_size = 1, .value = {.type = OTM_VALUE_STRING, .size = 3}};
    const otm_attr attrs[] = {otm_attr_value("k", otm_value_empty()), otm_attr_bool("k", true), otm_attr_i64("k", 1),
                              otm_attr_f64("k", 1), otm_attr_value("k", otm_value_bytes(bytes, sizeof bytes)),
                              otm_attr_value("k", otm_value_array(array, 2)),
                              otm_attr_value("k", otm_value_map(nested, 1)),
                              otm_attr_value("k", otm_value_string_sized("caf\xE9", 4)), missing};
    const size_t kinds = sizeof attrs / sizeof attrs[0];
    for (size_t i = 0; i < kinds; i++) {
        record(&f, &attrs[i], 1, OFTEN);
    }
    bytes[0] = 9;
    array[0] = otm_value_i64(2);
    nested[0] = otm_attr_i64("n", 2);
    for (size_t i = 4; i < 7; i++) {
        record(&f, &attrs[i], 1, OFTEN);
    }
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, kinds + 3);
    for (size_t i = 0; i < points.count; i++) {
        assert_int_equal(points.points[i].data.number.as.i64, OFTEN);
    }
    storage_fixture_fini(&f);
}

static void as_many_attributes_as_there_are(void **state)
{
    storage_fixture f;
    otm_attr attrs[40];
    char keys[40][8];
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    for (size_t i = 0; i < 40; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%zu", i);
        attrs[i] = otm_attr_string(keys[i], keys[i]);
    }
    for (size_t count = 0; count <= 40; count++) {
        record(&f, count > 0 ? attrs : NULL, count, OFTEN);
    }
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 41);
    for (size_t i = 0; i < points.count; i++) {
        assert_int_equal(points.points[i].data.number.as.i64, OFTEN);
    }
    storage_fixture_fini(&f);
}

/* Which of the sets is kept does not depend on the rhythm in which they come. */
static void sets_that_are_never_remembered_keep_no_other_out(void **state)
{
    storage_fixture f;
    const uint8_t bytes[] = {1, 2, 3};
    (void)state;
    for (unsigned others = 1; others <= 2 * OTMI_MEMO_SAMPLE; others++) {
        storage_fixture_init(&f);
        storage_fixture_open(&f, 1);
        otm_attr known = otm_attr_string("k", "one");
        otm_attr other = otm_attr_value("k", otm_value_bytes(bytes, sizeof bytes));
        for (unsigned i = 0; i < OFTEN; i++) {
            record(&f, &known, 1, 1);
            record(&f, &other, 1, others);
        }
        lookups = 0;
        record(&f, &known, 1, 1);
        assert_int_equal(lookups, 0);
        storage_fixture_fini(&f);
    }
}

/* Round doubles differ in their uppermost bits alone. */
static void upper_bits_of_a_value_tell_it_from_others(void **state)
{
    storage_fixture f;
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    for (unsigned i = 0; i < 2 * OFTEN; i++) {
        lookups = i < OFTEN ? 0 : lookups;
        for (unsigned n = 0; n < 16; n++) {
            otm_attr attr = otm_attr_f64("k", 0.5 * n);
            record(&f, &attr, 1, 1);
        }
    }
    assert_in_range(lookups, 0, 8 * OFTEN); /* of 16: three may happen to meet in one pair */
    storage_fixture_fini(&f);
}

/* What is recorded after the end of a series begins anew. */
static void series_that_ended_is_not_followed(void **state)
{
    storage_fixture f;
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr attr = otm_attr_string("k", "one");
    record(&f, &attr, 1, OFTEN);
    assert_int_equal(otmi_storage_remove(f.storage, &attr, 1), OTM_OK);
    record(&f, &attr, 1, 3);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 1);
    assert_int_equal(sum_of(&points, "one"), 3);
    storage_fixture_fini(&f);
}

/* Its number goes to another set in time. */
static void number_that_has_a_new_series_is_not_followed(void **state)
{
    storage_fixture f;
    (void)state;
    storage_fixture_init(&f);
    storage_fixture_open(&f, 1);
    otm_attr attr = otm_attr_string("k", "one");
    otm_attr next = otm_attr_string("k", "two");
    record(&f, &attr, 1, OFTEN);
    assert_int_equal(otmi_storage_remove(f.storage, &attr, 1), OTM_OK);
    for (int i = 0; i < 4; i++) {
        (void)storage_collect(&f);
    }
    uint32_t used = f.storage->table.used;
    record(&f, &next, 1, 1);
    assert_int_equal(f.storage->table.used, used);
    record(&f, &attr, 1, 5);
    otmi_points points = storage_collect(&f);
    assert_int_equal(sum_of(&points, "one"), 5);
    assert_int_equal(sum_of(&points, "two"), 1);
    storage_fixture_fini(&f);
}

/* Storages come and go, at one address as well. What was the last of many series is not there in the next one. */
static void another_storage_knows_nothing_of_it(void **state)
{
    (void)state;
    otm_attr attr = otm_attr_string("k", "one");
    for (int sets = 200; sets >= 0; sets -= 100) {
        storage_fixture f;
        storage_fixture_init(&f);
        storage_fixture_open(&f, 1);
        for (int i = 0; i < sets; i++) {
            storage_record(&f, i, 1);
        }
        record(&f, &attr, 1, OFTEN);
        otmi_points points = storage_collect(&f);
        assert_int_equal(points.count, sets + 1);
        assert_int_equal(sum_of(&points, "one"), OFTEN);
        storage_fixture_fini(&f);
    }
}

/* As the measurements of one request are, each for another instrument. */
static void one_set_of_several_storages_is_remembered_for_each(void **state)
{
    storage_fixture f[8];
    (void)state;
    for (size_t s = 0; s < 8; s++) {
        storage_fixture_init(&f[s]);
        storage_fixture_open(&f[s], 1);
    }
    otm_attr attr = otm_attr_string("k", "one");
    for (unsigned i = 0; i < 2 * OFTEN; i++) {
        lookups = i < OFTEN ? 0 : lookups;
        for (size_t s = 0; s < 8; s++) {
            record(&f[s], &attr, 1, 1);
        }
    }
    assert_int_equal(lookups, 0);
    for (size_t s = 0; s < 8; s++) {
        storage_fixture_fini(&f[s]);
    }
}

/* Few series each, but many in all. */
static void sets_of_many_storages_are_remembered(void **state)
{
    enum { STORAGES = 60, SETS = 20, ROUNDS = 200 };
    static storage_fixture f[STORAGES];
    static char texts[SETS][8];
    (void)state;
    for (size_t s = 0; s < STORAGES; s++) {
        storage_fixture_init(&f[s]);
        storage_fixture_open(&f[s], 1);
    }
    for (unsigned i = 0; i < STORAGES * SETS * ROUNDS; i++) {
        lookups = i < STORAGES * SETS * (ROUNDS - 1) ? 0 : lookups;
        char *text = texts[i % SETS];
        (void)snprintf(text, sizeof texts[0], "%u", i % SETS);
        otm_attr attr = otm_attr_string("k", text);
        record(&f[i / SETS % STORAGES], &attr, 1, 1);
    }
    assert_in_range(lookups, 0, STORAGES * SETS / 4);
    for (size_t s = 0; s < STORAGES; s++) {
        storage_fixture_fini(&f[s]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_addresses_need_no_look_up),
        cmocka_unit_test(other_text_at_the_same_address_is_another_series),
        cmocka_unit_test(each_byte_of_a_text_counts),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(repeated_keys_go_where_their_last_value_does),
        cmocka_unit_test(values_of_all_kinds_find_their_series),
        cmocka_unit_test(as_many_attributes_as_there_are),
        cmocka_unit_test(sets_that_are_never_remembered_keep_no_other_out),
        cmocka_unit_test(upper_bits_of_a_value_tell_it_from_others),
        cmocka_unit_test(series_that_ended_is_not_followed),
        cmocka_unit_test(number_that_has_a_new_series_is_not_followed),
        cmocka_unit_test(another_storage_knows_nothing_of_it),
        cmocka_unit_test(one_set_of_several_storages_is_remembered_for_each),
        cmocka_unit_test(sets_of_many_storages_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
