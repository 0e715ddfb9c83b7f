/* The built-in reservoirs: how fairly they choose, what they keep, and that they allocate nothing while they do. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "metrics/exemplar.h"
#include "support/failing_alloc.h"
#include "support/fake_clock.h"
#include "util/alloc.h"

typedef struct fixture {
    failing_alloc memory;
    fake_clock clock;
    otmi_arena arena;
    otmi_attr_set *series;
    otmi_reservoir *reservoir;
} fixture;

static const otmi_shape sum = {.kind = OTMI_SHAPE_SUM_I64};

static void fixture_init(fixture *f, const otm_reservoir_choice *choice, const otmi_shape *shape)
{
    otm_attr on_point = otm_attr_string("kept", "1");
    otmi_exemplar_rule rule = otmi_exemplar_rule_make(OTM_EXEMPLARS_ALWAYS_ON, choice, shape, OTM_NUMBER_I64);
    failing_alloc_init(&f->memory, 0);
    fake_clock_init(&f->clock);
    otmi_arena_init(&f->arena, otmi_allocator_default(), 1 << 20);
    assert_int_equal(otmi_attr_set_create(&f->memory.base, &on_point, 1, &f->series), OTM_OK);
    f->reservoir = otmi_reservoir_create(&f->memory.base, &rule, shape, f->series, 1);
    assert_non_null(f->reservoir);
}

static void fixture_fini(fixture *f)
{
    otmi_reservoir_destroy(f->reservoir);
    otmi_attr_set_destroy(&f->memory.base, f->series);
    otmi_arena_fini(&f->arena);
    assert_int_equal(f->memory.live, 0);
}

static void offer(fixture *f, int64_t value, const otm_attr *attrs, size_t attr_count)
{
    otmi_offer o = {{.i64 = value}, attrs, attr_count, NULL, &f->clock.base};
    otmi_reservoir_offer(f->reservoir, &o);
}

static size_t collect(fixture *f, const otm_exemplar **out)
{
    size_t count;
    otmi_arena_reset(&f->arena);
    assert_int_equal(otmi_reservoir_collect(f->reservoir, 0, &f->arena, out, &count), OTM_OK);
    return count;
}

/* A choice of `count` equally likely outcomes, made `rounds` times: each comes up as often as chance allows. The span
 * is 7 standard deviations, which a fair choice leaves once in 10^11. */
static void assert_fair(const int *times, int count, int rounds)
{
    double mean = (double)rounds / count;
    for (int i = 0; i < count; i++) {
        double off = times[i] - mean;
        assert_true(off * off < 49.0 * mean);
    }
}

/* SDK-EX-16: of ten measurements each is kept equally often, and the choice begins anew after a collection. */
static void fixed_size_reservoir_chooses_uniformly_among_all_it_saw(void **state)
{
    (void)state;
    enum { OFFERED = 10, ROUNDS = 20000 };
    fixture f;
    otm_reservoir_choice choice = {.kind = OTM_RESERVOIR_FIXED_SIZE, .size = 2};
    int times[OFFERED] = {0};
    fixture_init(&f, &choice, &sum);
    for (int round = 0; round < ROUNDS; round++) {
        const otm_exemplar *kept;
        for (int i = 0; i < OFFERED; i++) {
            offer(&f, i, NULL, 0);
        }
        assert_int_equal(collect(&f, &kept), 2);
        assert_int_not_equal(kept[0].value.i64, kept[1].value.i64);
        times[kept[0].value.i64]++;
        times[kept[1].value.i64]++;
    }
    assert_fair(times, OFFERED, 2 * ROUNDS);
    fixture_fini(&f);
}

/* SDK-EX-03, SDK-EX-18: one a bucket, and in its bucket each measurement is as likely. */
static void aligned_reservoir_chooses_uniformly_within_each_bucket(void **state)
{
    (void)state;
    enum { IN_BUCKET = 4, ROUNDS = 20000 };
    fixture f;
    double bounds[] = {10, 20};
    otmi_shape shape;
    const otmi_stream stream = {
        .kind = OTM_HISTOGRAM,
        .temporality = OTM_CUMULATIVE,
        .aggregation = {.kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM, .bounds = bounds, .bound_count = 2},
    };
    otm_reservoir_choice choice = {.kind = OTM_RESERVOIR_DEFAULT};
    int low[IN_BUCKET] = {0};
    int high[IN_BUCKET] = {0};
    assert_int_equal(otmi_shape_init(&shape, NULL, &stream), OTM_OK);
    fixture_init(&f, &choice, &shape);
    for (int round = 0; round < ROUNDS; round++) {
        const otm_exemplar *kept;
        for (int i = 0; i < IN_BUCKET; i++) {
            offer(&f, i, NULL, 0);
            offer(&f, 100 + i, NULL, 0);
        }
        assert_int_equal(collect(&f, &kept), 2); /* nothing fell in between */
        assert_in_range(kept[1].value.i64, 100, 100 + IN_BUCKET - 1);
        low[kept[0].value.i64]++;
        high[kept[1].value.i64 - 100]++;
    }
    assert_fair(low, IN_BUCKET, ROUNDS);
    assert_fair(high, IN_BUCKET, ROUNDS);
    fixture_fini(&f);
    otmi_shape_fini(&shape, NULL);
}

/* SDK-EX-14: the first sample makes room for its attributes, later ones of that size use it. */
static void sampling_allocates_nothing_once_there_is_room_for_the_attributes(void **state)
{
    (void)state;
    fixture f;
    otm_reservoir_choice choice = {.kind = OTM_RESERVOIR_FIXED_SIZE, .size = 1};
    otm_attr attrs[] = {otm_attr_string("kept", "1"), otm_attr_string("dropped", "abc"), otm_attr_i64("n", 7)};
    const otm_exemplar *kept;
    fixture_init(&f, &choice, &sum);
    offer(&f, 1, attrs, 3);
    uint64_t before = f.memory.requests;
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 50; i++) {
            offer(&f, i, attrs, 3);
        }
        assert_int_equal(collect(&f, &kept), 1);
        assert_int_equal(kept->filtered_attribute_count, 2);
    }
    assert_int_equal(f.memory.requests, before);
    fixture_fini(&f);
}

/* SDK-EX-13: point attributes and filtered ones together are what was measured, however many they are. */
static void sample_of_a_hundred_attributes_keeps_all_that_are_not_on_the_point(void **state)
{
    (void)state;
    enum { MANY = 100 };
    fixture f;
    otm_reservoir_choice choice = {.kind = OTM_RESERVOIR_FIXED_SIZE, .size = 1};
    otm_attr attrs[MANY + 1];
    char keys[MANY][8];
    const otm_exemplar *kept;
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%d", i);
        attrs[i] = otm_attr_i64(keys[i], i);
    }
    attrs[MANY] = otm_attr_string("kept", "1");
    fixture_init(&f, &choice, &sum);
    offer(&f, 1, attrs, MANY + 1);
    assert_int_equal(collect(&f, &kept), 1);
    assert_int_equal(kept->filtered_attribute_count, MANY);
    fixture_fini(&f);
}

/* -- A reservoir of the host's ----------------------------------------------------------------------------------- */

typedef struct host_reservoir {
    size_t series_attributes;
    otm_measurement last;
} host_reservoir;

static host_reservoir the_hosts;

static void *host_create(void *factory, const otm_reservoir_config *config)
{
    host_reservoir *h = factory;
    h->series_attributes = config->attribute_count;
    return h;
}

static void host_offer(void *self, const otm_measurement *measurement)
{
    ((host_reservoir *)self)->last = *measurement;
}

static size_t host_collect(void *self, otm_exemplar *exemplars, size_t capacity)
{
    (void)self;
    (void)exemplars;
    (void)capacity;
    return 0;
}

static void host_destroy(void *self)
{
    (void)self;
}

/* SDK-EX-09, SDK-EX-10, SDK-EX-11: value, all attributes, span and baggage, time; and at creation the series. */
static void reservoir_of_the_host_is_offered_all_that_is_known_of_a_measurement(void **state)
{
    (void)state;
    static const otm_reservoir_ops ops = {sizeof ops, host_create, host_offer, host_collect, host_destroy};
    fixture f;
    otm_reservoir_choice choice = {.kind = OTM_RESERVOIR_CUSTOM, .ops = &ops, .factory = &the_hosts};
    otm_attr attrs[] = {otm_attr_string("kept", "1"), otm_attr_string("dropped", "abc")};
    otm_attr baggage = otm_attr_string("tenant", "t");
    otm_context context;
    otm_context_init(&context);
    context.span_id[0] = 9;
    context.baggage = &baggage;
    context.baggage_count = 1;
    fixture_init(&f, &choice, &sum);
    assert_int_equal(the_hosts.series_attributes, 1);
    fake_clock_advance_ms(&f.clock, 5);
    otmi_offer o = {{.i64 = 42}, attrs, 2, &context, &f.clock.base};
    otmi_reservoir_offer(f.reservoir, &o);
    const otm_measurement *m = &the_hosts.last;
    assert_int_equal(m->i64, 42);
    assert_true(m->f64 == 42.0);
    assert_int_equal(m->attribute_count, 2);
    assert_int_equal(m->context->span_id[0], 9);
    assert_int_equal(m->context->baggage_count, 1);
    assert_int_equal(m->time_unix_nano, f.clock.wall_ns);
    fixture_fini(&f);
}

/* SDK-EX-15 */
static void reservoir_that_is_not_chosen_follows_the_aggregation(void **state)
{
    (void)state;
    otm_reservoir_choice choice = {.kind = OTM_RESERVOIR_DEFAULT};
    otmi_shape buckets = {.kind = OTMI_SHAPE_HISTOGRAM, .bound_count = 1};
    otmi_shape one_bucket = {.kind = OTMI_SHAPE_HISTOGRAM};
    otmi_shape wide = {.kind = OTMI_SHAPE_EXPONENTIAL, .max_size = 160};
    otmi_shape narrow = {.kind = OTMI_SHAPE_EXPONENTIAL, .max_size = 8};
    const struct {
        const otmi_shape *shape;
        uint32_t kind, size;
    } table[] = {
        {&sum, OTM_RESERVOIR_FIXED_SIZE, 1},         {&buckets, OTM_RESERVOIR_ALIGNED, 0},
        {&one_bucket, OTM_RESERVOIR_FIXED_SIZE, 1},  {&wide, OTM_RESERVOIR_FIXED_SIZE, 20},
        {&narrow, OTM_RESERVOIR_FIXED_SIZE, 8},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        otmi_exemplar_rule rule =
            otmi_exemplar_rule_make(OTM_EXEMPLARS_ALWAYS_ON, &choice, table[i].shape, OTM_NUMBER_F64);
        assert_int_equal(rule.choice.kind, table[i].kind);
        if (table[i].kind == OTM_RESERVOIR_FIXED_SIZE) {
            assert_int_equal(rule.choice.size, table[i].size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_size_reservoir_chooses_uniformly_among_all_it_saw),
        cmocka_unit_test(aligned_reservoir_chooses_uniformly_within_each_bucket),
        cmocka_unit_test(sampling_allocates_nothing_once_there_is_room_for_the_attributes),
        cmocka_unit_test(sample_of_a_hundred_attributes_keeps_all_that_are_not_on_the_point),
        cmocka_unit_test(reservoir_of_the_host_is_offered_all_that_is_known_of_a_measurement),
        cmocka_unit_test(reservoir_that_is_not_chosen_follows_the_aggregation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
