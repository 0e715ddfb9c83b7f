#include "unit/storage_fixture.h"

#define DEADLINE UINT64_MAX

void storage_fixture_init(storage_fixture *f)
{
    memset(f, 0, sizeof *f);
    failing_alloc_init(&f->memory, 0);
    fake_clock_init(&f->clock);
    f->env = (otmi_env){.allocator = &f->memory.base,
                        .clock = &f->clock.base,
                        .hash_key = otmi_hash_key_process(),
                        .context_in_use = &f->context_in_use,
                        .exemplar_filter = OTM_EXEMPLARS_ALWAYS_OFF,
                        .generation = otmi_process_generation()};
    f->stream.kind = OTM_COUNTER;
    f->stream.number = OTM_NUMBER_I64;
    f->stream.temporality = OTM_CUMULATIVE;
    f->stream.cardinality_limit = 2000;
    f->stream.aggregation.kind = OTM_AGGREGATION_SUM;
    f->stream.aggregation.monotonic = true;
    otmi_arena_init(&f->arena, &f->memory.base, SIZE_MAX);
}

void storage_fixture_open(storage_fixture *f, uint64_t readers)
{
    assert_int_equal(otmi_storage_create(&f->env, &f->stream, "meter", "instrument", &f->storage), OTM_OK);
    f->storage->readers = readers;
}

void storage_fixture_fini(storage_fixture *f)
{
    if (f->storage != NULL) {
        otmi_storage_destroy(f->storage);
    }
    otmi_arena_fini(&f->arena);
    assert_int_equal(f->memory.live, 0);
}

void storage_record(storage_fixture *f, int64_t set, int64_t value)
{
    otm_attr attr = otm_attr_i64("set", set);
    otmi_number number = {.i64 = value};
    if (f->stream.number == OTM_NUMBER_F64) {
        number.f64 = (double)value;
    }
    otmi_storage_record(f->storage, number, &attr, set < 0 ? 0 : 1, NULL);
}

otm_status storage_remove(storage_fixture *f, int64_t set)
{
    otm_attr attr = otm_attr_i64("set", set);
    return otmi_storage_remove(f->storage, &attr, set < 0 ? 0 : 1);
}

void storage_begin(storage_fixture *f)
{
    otmi_storage_collect_begin(f->storage, f->clock.wall_ns);
    assert_int_equal(otmi_slots_wait(DEADLINE), OTM_OK);
}

otmi_points storage_read(storage_fixture *f, uint32_t reader)
{
    otmi_points points;
    otmi_arena_reset(&f->arena);
    assert_int_equal(otmi_storage_collect_read(f->storage, reader, &f->arena, f->clock.wall_ns, &points), OTM_OK);
    if (otmi_storage_two_steps(f->storage)) {
        otmi_storage_collect_again(f->storage);
        assert_int_equal(otmi_slots_wait(DEADLINE), OTM_OK);
        otmi_storage_collect_read_again(f->storage, &points);
    }
    return points;
}

void storage_end(storage_fixture *f, uint32_t reader, const otmi_points *points)
{
    otmi_storage_collect_end(f->storage, reader, f->clock.wall_ns, points);
}

otmi_points storage_collect_as(storage_fixture *f, uint32_t reader)
{
    storage_begin(f);
    otmi_points points = storage_read(f, reader);
    storage_end(f, reader, &points);
    return points;
}

otmi_points storage_collect(storage_fixture *f)
{
    return storage_collect_as(f, 0);
}

static bool is_of(const otm_point *point, int64_t set)
{
    if (set == OVERFLOW) {
        return point->attribute_count == 1 && point->attributes[0].value.type == OTM_VALUE_BOOL;
    }
    if (set < 0) {
        return point->attribute_count == 0;
    }
    return point->attribute_count == 1 && point->attributes[0].value.type == OTM_VALUE_I64 &&
           point->attributes[0].value.as.i64 == set;
}

const otm_point *point_of(const otmi_points *points, int64_t set)
{
    for (size_t i = 0; i < points->count; i++) {
        if (is_of(&points->points[i], set)) {
            return &points->points[i];
        }
    }
    return NULL;
}

size_t points_of(const otmi_points *points, int64_t set)
{
    size_t count = 0;
    for (size_t i = 0; i < points->count; i++) {
        count += is_of(&points->points[i], set);
    }
    return count;
}

int64_t value_of(const otmi_points *points, int64_t set)
{
    int64_t sum = 0;
    for (size_t i = 0; i < points->count; i++) {
        sum += is_of(&points->points[i], set) ? points->points[i].data.number.as.i64 : 0;
    }
    return sum;
}

int64_t total_of(const otmi_points *points)
{
    int64_t sum = 0;
    for (size_t i = 0; i < points->count; i++) {
        sum += points->points[i].data.number.as.i64;
    }
    return sum;
}
