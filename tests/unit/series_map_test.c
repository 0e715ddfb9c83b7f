/* The series of a storage by number, and the map that finds them by attributes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/series_map.h"
#include "support/failing_alloc.h"

typedef struct fixture {
    failing_alloc memory;
    otmi_series_table table;
    otmi_series_map map;
} fixture;

static void setup(fixture *f)
{
    failing_alloc_init(&f->memory, 0);
    otmi_series_table_init(&f->table, &f->memory.base, sizeof(uint64_t), 0);
    assert_int_equal(otmi_series_map_init(&f->map, &f->table), OTM_OK);
}

static void teardown(fixture *f)
{
    otmi_series_map_fini(&f->map);
    otmi_series_table_fini(&f->table);
    assert_int_equal(f->memory.live, 0);
}

static otmi_attr_span span_of(const otm_attr *attr)
{
    return (otmi_attr_span){.attrs = attr, .count = 1};
}

/* A chosen hash: collisions when the test wants them. */
static otmi_series *insert(fixture *f, int64_t key, uint64_t hash)
{
    otm_attr attr = otm_attr_i64("key", key);
    otmi_series *series = otmi_series_take(&f->table);
    assert_non_null(series);
    assert_int_equal(otmi_attr_set_create(&f->memory.base, &attr, 1, &series->attrs), OTM_OK);
    series->hash = (uint32_t)hash;
    assert_int_equal(otmi_series_map_reserve(&f->map), OTM_OK);
    otmi_series_map_insert(&f->map, series);
    return series;
}

static otmi_series *find(const fixture *f, int64_t key, uint64_t hash)
{
    otm_attr attr = otm_attr_i64("key", key);
    otmi_attr_span span = span_of(&attr);
    return otmi_series_map_find(&f->map, hash, &span);
}

static void series_map_believes_a_hash_only_after_a_full_comparison(void **state)
{
    (void)state;
    fixture f;
    otmi_series *series[12];
    setup(&f);
    for (int64_t i = 0; i < 12; i++) {
        series[i] = insert(&f, i, 7);
    }
    for (int64_t i = 0; i < 12; i++) {
        assert_ptr_equal(find(&f, i, 7), series[i]);
    }
    assert_null(find(&f, 12, 7));
    assert_null(find(&f, 3, 7 | UINT64_C(1) << 31));
    teardown(&f);
}

static void series_map_finds_past_removed_ones_and_fills_their_places(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    otmi_series *a = insert(&f, 1, 7);
    otmi_series *b = insert(&f, 2, 7);
    otmi_series_map_remove(&f.map, a);
    otmi_series_map_remove(&f.map, a); /* not there: nothing happens */
    assert_null(find(&f, 1, 7));
    assert_ptr_equal(find(&f, 2, 7), b);
    size_t filled = f.map.table->filled;
    otmi_series *c = insert(&f, 3, 7);
    assert_int_equal(f.map.table->filled, filled);
    assert_ptr_equal(find(&f, 3, 7), c);
    teardown(&f);
}

/* Look-ups may be in a table that was replaced until a grace period is over that began after that. */
static void series_map_keeps_replaced_tables_until_they_were_condemned_and_waited_for(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    for (int64_t i = 0; i < 100; i++) {
        (void)insert(&f, i, (uint64_t)i * 31);
    }
    int64_t live = f.memory.live;
    otmi_series_map_free_condemned(&f.map); /* none was condemned */
    assert_int_equal(f.memory.live, live);
    otmi_series_map_condemn(&f.map);
    for (int64_t i = 100; i < 1000; i++) {
        (void)insert(&f, i, (uint64_t)i * 31);
    }
    assert_non_null(f.map.retired);
    live = f.memory.live;
    otmi_series_map_free_condemned(&f.map);
    assert_true(f.memory.live < live);
    assert_non_null(f.map.retired); /* replaced since: still there */
    for (int64_t i = 0; i < 1000; i++) {
        assert_non_null(find(&f, i, (uint64_t)i * 31));
    }
    teardown(&f);
}

/* Coming and going for ever must neither fill the table with tombstones nor make it grow. */
static void series_map_of_steady_size_stays_small(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    for (int64_t i = 0; i < 100000; i++) {
        otmi_series *series = insert(&f, i, (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
        otmi_series_map_remove(&f.map, series);
        otmi_series_give(&f.table, series);
        otmi_series_map_condemn(&f.map);
        otmi_series_map_free_condemned(&f.map);
    }
    assert_int_equal(f.map.live, 0);
    assert_true(f.map.table->mask < 64);
    assert_int_equal(f.table.used, 1);
    teardown(&f);
}

static void series_map_that_cannot_grow_works_on_until_it_is_nearly_full(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    for (int64_t i = 0; i < 8; i++) {
        (void)insert(&f, i, (uint64_t)i);
    }
    otmi_series *spare[16];
    for (size_t i = 0; i < 16; i++) {
        spare[i] = otmi_series_take(&f.table);
        assert_non_null(spare[i]);
        spare[i]->hash = 8 + (uint32_t)i;
    }
    f.memory.requests = 0;
    size_t inserted = 0;
    for (size_t i = 0; i < 16; i++) {
        f.memory.fail_at = f.memory.requests + 1;
        if (otmi_series_map_reserve(&f.map) != OTM_OK) {
            break;
        }
        otmi_series_map_insert(&f.map, spare[i]);
        inserted++;
    }
    assert_true(inserted > 0 && inserted < 8);
    assert_null(find(&f, 99, 99 | UINT64_C(1) << 31)); /* ends: there is an empty place */
    for (size_t i = 0; i < inserted; i++) {
        otmi_series_map_remove(&f.map, spare[i]);
    }
    f.memory.fail_at = 0;
    teardown(&f);
}

static void series_take_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        otmi_series_table table;
        failing_alloc memory;
        failing_alloc_init(&memory, n);
        otmi_series_table_init(&table, &memory.base, 64, 2);
        for (int i = 0; i < 30; i++) {
            otmi_series *series = otmi_series_take(&table);
            assert_true(series == NULL || otmi_series_numbered(&table, series->number) == series);
        }
        failed = failing_alloc_failed(&memory);
        otmi_series_table_fini(&table);
        assert_int_equal(memory.live, 0);
    }
}

/* Cells of neighbours must not meet: each location is used once, and none is 0. Numbers lead back to their series. */
static void series_have_numbers_and_places_of_their_own(void **state)
{
    (void)state;
    fixture f;
    otmi_location last = 0;
    uint32_t last_number = 0;
    setup(&f);
    for (uint32_t i = 0; i < 50000; i++) {
        otmi_series *series = otmi_series_take(&f.table);
        assert_non_null(series);
        assert_true(series->number > last_number && series->number >> OTMI_NUMBER_BITS == 0);
        assert_ptr_equal(otmi_series_numbered(&f.table, series->number), series);
        assert_true(otmi_series_location(series) >= last + sizeof(uint64_t));
        last = otmi_series_location(series);
        last_number = series->number;
    }
    teardown(&f);
}

/* A chunk's cells end before its place runs out of bits, whatever the size of one. */
static void series_of_large_cells_lie_in_chunks_of_bounded_size(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 8, 392, 65536 + 8, 4 * 1024 * 1024};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        otmi_series_table table;
        failing_alloc memory;
        failing_alloc_init(&memory, 0);
        otmi_series_table_init(&table, &memory.base, sizes[s], 0);
        for (uint32_t i = 0; i < 300; i++) {
            otmi_series *series = otmi_series_take(&table);
            assert_non_null(series);
            assert_int_equal(otmi_series_offset(series), otmi_chunk_index(series->number) * sizes[s]);
        }
        otmi_series_table_fini(&table);
        assert_int_equal(memory.live, 0);
    }
}

/* What is allocated ahead is a small part of what is in use, attributes and cells aside. */
static void series_take_at_most_96_bytes_each_however_many_there_are(void **state)
{
    (void)state;
    fixture f;
    setup(&f);
    for (uint32_t i = 0; i < 100000; i++) {
        otmi_series *series = otmi_series_take(&f.table);
        series->hash = i * UINT32_C(0x9e3779b9);
        assert_int_equal(otmi_series_map_reserve(&f.map), OTM_OK);
        otmi_series_map_insert(&f.map, series);
        otmi_series_map_condemn(&f.map);
        otmi_series_map_free_condemned(&f.map);
        assert_true(i < 1000 || f.memory.live_bytes <= (int64_t)(96 - sizeof(uint64_t)) * i);
    }
    teardown(&f);
}

static void series_span_with_a_repeated_key_equals_no_set(void **state)
{
    (void)state;
    failing_alloc memory;
    otmi_attr_set *set;
    failing_alloc_init(&memory, 0);
    const otm_attr attrs[] = {otm_attr_i64("a", 1), otm_attr_i64("b", 2)};
    const otm_attr repeated[] = {otm_attr_i64("a", 1), otm_attr_i64("a", 1)};
    const otm_attr turned[] = {otm_attr_i64("b", 2), otm_attr_i64("a", 1)};
    assert_int_equal(otmi_attr_set_create(&memory.base, attrs, 2, &set), OTM_OK);
    otmi_attr_span span = {.attrs = repeated, .count = 2};
    assert_false(otmi_attr_span_equals(&span, set));
    span.attrs = turned;
    assert_true(otmi_attr_span_equals(&span, set));
    span.count = 1;
    assert_false(otmi_attr_span_equals(&span, set));
    otmi_attr_set_destroy(&memory.base, set);
    assert_int_equal(memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(series_map_believes_a_hash_only_after_a_full_comparison),
        cmocka_unit_test(series_map_finds_past_removed_ones_and_fills_their_places),
        cmocka_unit_test(series_map_keeps_replaced_tables_until_they_were_condemned_and_waited_for),
        cmocka_unit_test(series_map_of_steady_size_stays_small),
        cmocka_unit_test(series_map_that_cannot_grow_works_on_until_it_is_nearly_full),
        cmocka_unit_test(series_take_survives_failure_of_each_allocation),
        cmocka_unit_test(series_have_numbers_and_places_of_their_own),
        cmocka_unit_test(series_of_large_cells_lie_in_chunks_of_bounded_size),
        cmocka_unit_test(series_take_at_most_96_bytes_each_however_many_there_are),
        cmocka_unit_test(series_span_with_a_repeated_key_equals_no_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
