/* Handles on a storage: attaching, letting go, signal handlers, and memory that runs short. */
#include "unit/storage_fixture.h"

static const otm_attr ATTRS[] = {{.key = "set", .key_size = 3, .value = {.type = OTM_VALUE_I64, .as.i64 = 1}}};

static void open_one(storage_fixture *f, uint32_t limit)
{
    storage_fixture_init(f);
    f->stream.cardinality_limit = limit;
    storage_fixture_open(f, 1);
}

static void bind(storage_fixture *f, otmi_target *target)
{
    assert_int_equal(otmi_storage_bind(f->storage, ATTRS, 1, false, target), OTM_OK);
}

static void add(otmi_target *target, int64_t value)
{
    otmi_target_record(target, (otmi_number){.i64 = value}, NULL);
}

/* API-BIND-01, SDK-BIND-01, SDK-BIND-03 */
static void bound_and_unbound_measurements_meet_in_one_series(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_one(&f, 10);
    bind(&f, &target);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 0);
    add(&target, 1);
    storage_record(&f, 1, 2);
    for (int i = 0; i < 3; i++) {
        add(&target, 1);
        points = storage_collect(&f);
        assert_int_equal(points.count, 1);
        assert_int_equal(value_of(&points, 1), 4 + i);
    }
    otmi_storage_unbind(&target);
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 6);
    storage_fixture_fini(&f);
}

static void bound_handle_that_never_measured_gives_its_place_back(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_one(&f, 1);
    bind(&f, &target);
    otmi_storage_unbind(&target);
    storage_record(&f, 2, 1);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points.count, 1);
    assert_int_equal(value_of(&points, 2), 1);
    storage_fixture_fini(&f);
}

static void bound_visible_from_start_has_a_point_at_zero(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_one(&f, 10);
    assert_int_equal(otmi_storage_bind(f.storage, ATTRS, 1, true, &target), OTM_OK);
    otmi_points points = storage_collect(&f);
    assert_int_equal(points_of(&points, 1), 1);
    assert_int_equal(value_of(&points, 1), 0);
    add(&target, 3);
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 3);
    otmi_storage_unbind(&target);
    storage_fixture_fini(&f);
}

static void bound_handle_of_a_removed_series_begins_anew(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_one(&f, 10);
    bind(&f, &target);
    add(&target, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 5);
    points = storage_collect(&f);
    assert_int_equal(points.count, 0);
    add(&target, 2);
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 2);
    assert_int_equal(f.storage->bound, 1);
    otmi_storage_unbind(&target);
    storage_fixture_fini(&f);
}

/* SDK-BIND-02 */
static void bound_at_the_limit_overflows_until_it_is_bound_again(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_one(&f, 1);
    storage_record(&f, 2, 1);
    bind(&f, &target);
    add(&target, 1);
    assert_int_equal(otmi_storage_rebind(&target), OTM_ERR_LIMIT);
    assert_int_equal(storage_remove(&f, 2), OTM_OK);
    add(&target, 1); /* still: binding decides */
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, OVERFLOW), 2);
    assert_int_equal(otmi_storage_rebind(&target), OTM_OK);
    add(&target, 1);
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, OVERFLOW), 2);
    assert_int_equal(value_of(&points, 1), 1);
    otmi_storage_unbind(&target);
    storage_fixture_fini(&f);
}

static void bound_adds_of_signal_handlers_come_with_the_next_collection(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_one(&f, 10);
    bind(&f, &target);
    otmi_target_add_from_signal(&target, (otmi_number){.i64 = 3}); /* the first of its series */
    otmi_points points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 3);
    add(&target, 1);
    otmi_target_add_from_signal(&target, (otmi_number){.i64 = 4});
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 8);
    otmi_target_add_from_signal(&target, (otmi_number){.i64 = 2});
    otmi_storage_unbind(&target); /* takes along what no collection has seen */
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 10);
    storage_fixture_fini(&f);
}

static void bound_adds_of_signal_handlers_attach_again_when_the_series_was_removed(void **state)
{
    (void)state;
    storage_fixture f;
    otmi_target target;
    open_one(&f, 10);
    bind(&f, &target);
    add(&target, 5);
    assert_int_equal(storage_remove(&f, 1), OTM_OK);
    otmi_points points = storage_collect(&f);
    otmi_target_add_from_signal(&target, (otmi_number){.i64 = 3});
    points = storage_collect(&f);
    assert_int_equal(value_of(&points, 1), 3);
    assert_int_equal(points_of(&points, OVERFLOW), 0);
    otmi_storage_unbind(&target);
    storage_fixture_fini(&f);
}

/* Nothing a handler added is lost where a collection has no memory for it. */
static void bound_adds_of_signal_handlers_wait_for_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        storage_fixture f;
        otmi_target target;
        open_one(&f, 10);
        bind(&f, &target);
        otmi_target_add_from_signal(&target, (otmi_number){.i64 = 3});
        f.memory.requests = 0;
        f.memory.fail_at = n;
        otmi_storage_collect_begin(f.storage, 1);
        failed = failing_alloc_failed(&f.memory);
        f.memory.fail_at = 0;
        otmi_points points = storage_collect(&f);
        assert_int_equal(value_of(&points, 1), 3);
        otmi_storage_unbind(&target);
        storage_fixture_fini(&f);
    }
}

static otmi_target *interrupted; /* by a signal in each allocation, whose handler adds 4 */
static int64_t interrupts;
static void *(*alloc_below)(void *, size_t);

static void *alloc_interrupted(void *context, size_t size)
{
    otmi_target_add_from_signal(interrupted, (otmi_number){.i64 = 4});
    interrupts++;
    return alloc_below(context, size);
}

/* A handler adds while a collection takes over what handlers added before, and has to put it back. SDK-CARD-08 */
static void bound_adds_of_signal_handlers_meet_a_collection_without_memory_and_are_all_kept(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        storage_fixture f;
        otmi_target target;
        open_one(&f, 10);
        bind(&f, &target);
        interrupted = &target;
        interrupts = 0;
        otmi_target_add_from_signal(&target, (otmi_number){.i64 = 3});
        alloc_below = f.memory.base.alloc;
        f.memory.requests = 0;
        f.memory.fail_at = n;
        f.memory.base.alloc = alloc_interrupted;
        otmi_storage_collect_begin(f.storage, 1);
        failed = failing_alloc_failed(&f.memory);
        f.memory.base.alloc = alloc_below;
        f.memory.fail_at = 0;
        (void)storage_collect(&f);
        otmi_points points = storage_collect(&f); /* what came too late for the first */
        assert_int_equal(value_of(&points, 1), 3 + 4 * interrupts);
        otmi_storage_unbind(&target);
        storage_fixture_fini(&f);
    }
}

static void bound_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        storage_fixture f;
        otmi_target target;
        open_one(&f, 10);
        f.memory.requests = 0;
        f.memory.fail_at = n;
        st = otmi_storage_bind(f.storage, ATTRS, 1, n % 2 == 0, &target);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        if (st == OTM_OK) {
            otmi_storage_unbind(&target);
        }
        assert_int_equal(f.storage->bound, 0);
        assert_null(f.storage->targets);
        storage_fixture_fini(&f);
    }
}

/* A handle that memory ran short for when it had to attach again is not left in the overflow series. */
static void bound_handle_recovers_when_there_is_memory_again(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        storage_fixture f;
        otmi_target target;
        open_one(&f, 100);
        for (int64_t i = 10; i < 16; i++) { /* leaves no number in the first chunk after the target's own */
            storage_record(&f, i, 1);
        }
        bind(&f, &target);
        add(&target, 1);
        assert_int_equal(storage_remove(&f, 1), OTM_OK);
        f.memory.requests = 0;
        f.memory.fail_at = n;
        add(&target, 2);
        failed = failing_alloc_failed(&f.memory);
        f.memory.fail_at = 0;
        (void)storage_collect(&f);
        add(&target, 4);
        otmi_points points = storage_collect(&f);
        assert_true(value_of(&points, 1) == 4 || value_of(&points, 1) == 6);
        otmi_storage_unbind(&target);
        storage_fixture_fini(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_and_unbound_measurements_meet_in_one_series),
        cmocka_unit_test(bound_handle_that_never_measured_gives_its_place_back),
        cmocka_unit_test(bound_visible_from_start_has_a_point_at_zero),
        cmocka_unit_test(bound_handle_of_a_removed_series_begins_anew),
        cmocka_unit_test(bound_at_the_limit_overflows_until_it_is_bound_again),
        cmocka_unit_test(bound_adds_of_signal_handlers_come_with_the_next_collection),
        cmocka_unit_test(bound_adds_of_signal_handlers_attach_again_when_the_series_was_removed),
        cmocka_unit_test(bound_adds_of_signal_handlers_wait_for_memory),
        cmocka_unit_test(bound_adds_of_signal_handlers_meet_a_collection_without_memory_and_are_all_kept),
        cmocka_unit_test(bound_create_survives_failure_of_each_allocation),
        cmocka_unit_test(bound_handle_recovers_when_there_is_memory_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
