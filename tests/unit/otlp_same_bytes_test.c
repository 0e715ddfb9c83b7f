/* The encoder writes what protobuf-c packs, byte for byte (OTLP-HTTP-01): over trees in which one thing varies, and
 * over random ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "otlp_encode.h"
#include "otlp_tree.h"
#include "support/otlp_any_tree.h"
#include "support/otlp_reference.h"
#include "util/alloc.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RANDOM_TREES 4000
#define RANDOM_BYTES 2000

typedef struct fixture {
    otmi_arena arena;
    otmi_buf expected;
    otmi_pb_writer actual;
    char text[20000];
} fixture;

static int set_up(void **state)
{
    static fixture f;
    otmi_arena_init(&f.arena, otmi_allocator_default(), SIZE_MAX);
    otmi_buf_init(&f.expected, otmi_allocator_default(), SIZE_MAX);
    otmi_pb_init(&f.actual, otmi_allocator_default(), SIZE_MAX);
    for (size_t i = 0; i < sizeof f.text; i++) {
        f.text[i] = (char)('!' + i % 90);
    }
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otmi_pb_fini(&f->actual);
    otmi_buf_fini(&f->expected);
    otmi_arena_fini(&f->arena);
    return 0;
}

static void check(fixture *f, const otm_metrics_data *data)
{
    otmi_otlp_encoded counts;
    otmi_buf_reset(&f->expected);
    otlp_reference_encode(data, &f->arena, &f->expected);
    assert_int_equal(otmi_otlp_encode(data, &f->actual, &counts), OTM_OK);
    assert_int_equal(f->actual.size, f->expected.size);
    if (f->expected.size > 0) {
        assert_memory_equal(otmi_pb_data(&f->actual), f->expected.data, f->expected.size);
    }
}

static void check_point(fixture *f, otm_metric_type type, const otm_point *point)
{
    otm_metric metric = {.name = OTLP_STRING("m"),
                         .type = type,
                         .temporality = OTM_DELTA,
                         .monotonic = 1,
                         .points = point,
                         .point_count = 1,
                         .point_stride = sizeof *point};
    check(f, otlp_tree_of(&metric, 1));
}

static void check_attr(fixture *f, const otm_attr *attr)
{
    otm_point point = {.attributes = attr, .attribute_count = 1};
    check_point(f, OTM_METRIC_GAUGE, &point);
}

/* -- Attributes -------------------------------------------------------------------------------------------------- */

static void otlp_encode_of_texts_of_every_length_equals_protobuf_c(void **state)
{
    fixture *f = *state;
    for (size_t size = 0; size < sizeof f->text; size += size < 300 || (size > 16300 && size < 16500) ? 1 : 67) {
        otm_attr attr = {.key = "k", .key_size = 1, .value = otm_value_string_sized(f->text, size)};
        check_attr(f, &attr);
        attr = (otm_attr){.key = f->text, .key_size = size, .value = otm_value_string_sized("value", 5)};
        check_attr(f, &attr);
        attr = (otm_attr){.key = f->text, .key_size = size, .value = otm_value_bytes((const uint8_t *)f->text, size)};
        check_attr(f, &attr);
    }
}

static void otlp_encode_of_absent_texts_equals_protobuf_c(void **state)
{
    otm_attr attrs[] = {
        {.key = NULL, .key_size = 0, .value = {.type = OTM_VALUE_STRING, .size = 3}},
        {.key = NULL, .key_size = 3, .value = {.type = OTM_VALUE_STRING, .size = 1, .as = {.string = "v"}}},
        {.key = "k", .key_size = 1, .value = {.type = OTM_VALUE_BYTES, .size = 3}},
        {.key = "k", .key_size = 1, .value = {.type = OTM_VALUE_STRING, .size = 3}},
        {.key = "k", .key_size = 1, .value = {.type = 77, .size = 3}},
    };
    for (size_t i = 0; i < COUNT(attrs); i++) {
        check_attr(*state, &attrs[i]);
    }
}

static void otlp_encode_of_integers_of_every_length_equals_protobuf_c(void **state)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t less = 0; less < 2; less++) {
            otm_attr attr = otm_attr_i64("k", (int64_t)((UINT64_C(1) << bit) - less));
            check_attr(*state, &attr);
            attr.value.as.i64 = (int64_t)(0 - (uint64_t)attr.value.as.i64);
            check_attr(*state, &attr);
        }
    }
}

/* ATTR-02: up to the depth that attribute sets have, and past it. */
static void otlp_encode_of_nested_values_equals_protobuf_c(void **state)
{
    static otm_value arrays[300];
    static otm_attr maps[300];
    for (size_t levels = 1; levels < COUNT(arrays); levels += levels < 8 || levels > 250 ? 1 : 50) {
        arrays[levels] = otm_value_string("end");
        maps[levels] = otm_attr_string("end", "end");
        for (size_t i = levels; i > 0; i--) {
            arrays[i - 1] = otm_value_array(&arrays[i], 1);
            maps[i - 1] = otm_attr_value("k", otm_value_map(&maps[i], 1));
        }
        otm_attr attr = otm_attr_value("deep", arrays[0]);
        check_attr(*state, &attr);
        check_attr(*state, &maps[0]);
    }
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

/* Each combination of what a point may have. */
static void vary_point(fixture *f, otm_metric_type type, otm_point *point)
{
    static const uint32_t flags[] = {0, OTM_POINT_NO_RECORDED_VALUE, 2, 0x80, UINT32_MAX};
    static const otm_attr attrs[] = {{.key = "a", .key_size = 1, .value = {.type = OTM_VALUE_BOOL}},
                                     {.key = "b", .key_size = 1, .value = {.type = OTM_VALUE_STRING}}};
    otm_exemplar exemplars[2] = {
        {.time_unix_nano = 1, .has_span = 1, .filtered_attributes = attrs, .filtered_attribute_count = 2},
        {.number = OTM_NUMBER_F64, .value = {.f64 = -0.0}}};
    for (size_t i = 0; i < COUNT(flags) * 3 * 3 * 2 * 2; i++) {
        point->flags = flags[i % COUNT(flags)];
        point->attributes = attrs;
        point->attribute_count = i / 5 % 3;
        point->exemplars = exemplars;
        point->exemplar_count = i / 15 % 3;
        point->start_time_unix_nano = i / 45 % 2;
        point->time_unix_nano = i / 90 % 2 != 0 ? UINT64_MAX : 0;
        check_point(f, type, point);
    }
}

/* DM-GAUGE-01, DM-FLAG-01 */
static void otlp_encode_of_number_points_equals_protobuf_c(void **state)
{
    for (uint32_t number = 0; number < 2; number++) {
        for (int64_t value = -1; value < 2; value++) {
            otm_point point = {.data = {.number = {.as = {.i64 = value}, .number = number}}};
            vary_point(*state, OTM_METRIC_GAUGE, &point);
            vary_point(*state, OTM_METRIC_SUM, &point);
        }
    }
}

/* Of each kind, since an absent part of one is none of another. DM-HIST-02, DM-EXP-02, DM-SUMM-01 */
static void otlp_encode_of_histogram_points_equals_protobuf_c(void **state)
{
    static const double values[] = {0, -0.0, 1.5};
    static const uint64_t counts[] = {0, 127, 128, UINT64_MAX};
    static const otm_quantile_value quantiles[] = {{0, 0}, {-0.0, 2}, {1, 3}};
    for (size_t i = 0; i < 8 * 5 * 3; i++) {
        double value = values[i / 40];
        otm_histogram_data data = {.count = i % 3, .sum = value, .min = value, .max = value, .zero_threshold = value,
                                   .has_sum = (i & 1) != 0, .has_min = (i & 2) != 0, .has_max = (i & 4) != 0,
                                   .bounds = values, .bound_count = i % 4, .bucket_counts = counts,
                                   .bucket_count = i / 8 % 5, .zero_count = i % 2, .scale = (int32_t)(i % 5) - 2,
                                   .positive = {.counts = counts, .count_size = i / 8 % 5, .offset = INT32_MIN},
                                   .negative = {.counts = counts, .count_size = i % 3, .offset = (int32_t)(i % 2)},
                                   .quantiles = quantiles, .quantile_count = i % 4};
        otm_point point = {.data = {.histogram = &data}};
        vary_point(*state, OTM_METRIC_HISTOGRAM, &point);
        vary_point(*state, OTM_METRIC_EXPONENTIAL_HISTOGRAM, &point);
        vary_point(*state, OTM_METRIC_SUMMARY, &point);
    }
}

/* -- Whole trees ------------------------------------------------------------------------------------------------- */

static void otlp_encode_of_a_tree_with_everything_equals_protobuf_c(void **state)
{
    check(*state, otlp_tree_full());
    check(*state, otlp_tree_many(OTLP_TREE_MANY));
}

static uint8_t next_byte(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint8_t)(*random >> 56);
}

static void otlp_encode_of_random_trees_equals_protobuf_c(void **state)
{
    uint8_t bytes[RANDOM_BYTES];
    uint64_t random = 1;
    for (size_t i = 0; i < RANDOM_TREES; i++) {
        otlp_any_tree tree;
        for (size_t k = 0; k < sizeof bytes; k++) {
            bytes[k] = next_byte(&random);
        }
        otlp_any_tree_make(&tree, bytes, i % RANDOM_BYTES);
        check(*state, &tree.data);
        otlp_any_tree_free(&tree);
    }
}

/* OTLP-OPT-12: exact, wherever in a message the limit falls, and with no more memory than the limit allows. */
static void otlp_encode_is_refused_at_each_limit_below_the_size(void **state)
{
    fixture *f = *state;
    check(f, otlp_tree_full());
    for (size_t limit = 0; limit <= f->expected.size; limit++) {
        otmi_otlp_encoded counts;
        otmi_pb_writer out;
        otmi_pb_init(&out, otmi_allocator_default(), limit);
        otm_status st = otmi_otlp_encode(otlp_tree_full(), &out, &counts);
        assert_int_equal(st, limit < f->expected.size ? OTM_ERR_LIMIT : OTM_OK);
        assert_int_equal(out.size, st == OTM_OK ? f->expected.size : 0);
        assert_int_equal(counts.points, OTLP_TREE_POINTS);
        assert_true(out.capacity <= limit + OTMI_PB_SLACK);
        otmi_pb_fini(&out);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(otlp_encode_of_texts_of_every_length_equals_protobuf_c),
        TEST(otlp_encode_of_absent_texts_equals_protobuf_c),
        TEST(otlp_encode_of_integers_of_every_length_equals_protobuf_c),
        TEST(otlp_encode_of_nested_values_equals_protobuf_c),
        TEST(otlp_encode_of_number_points_equals_protobuf_c),
        TEST(otlp_encode_of_histogram_points_equals_protobuf_c),
        TEST(otlp_encode_of_a_tree_with_everything_equals_protobuf_c),
        TEST(otlp_encode_of_random_trees_equals_protobuf_c),
        TEST(otlp_encode_is_refused_at_each_limit_below_the_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
