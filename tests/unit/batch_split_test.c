/* Cutting a tree into batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/batch_split.h"
#include "support/failing_alloc.h"
#include "util/alloc.h"

#define METRICS 8

/* Two resources, three scopes, eight metrics of 3 0 1 | 5 | 0 2 0 4 points, with a stride of their own. */
typedef struct wide_point {
    otm_point point;
    uint64_t more;
} wide_point;

typedef struct sample {
    wide_point points[15];
    otm_metric metrics[METRICS];
    otm_scope_metrics scopes[3];
    otm_resource_metrics resources[2];
    otm_metrics_data data;
} sample;

static const char *const names[] = {"m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7"};

static void sample_init(sample *s)
{
    static const size_t counts[METRICS] = {3, 0, 1, 5, 0, 2, 0, 4};
    size_t at = 0;
    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < METRICS; i++) {
        s->metrics[i] = (otm_metric){.name = {names[i], 2},
                                     .type = OTM_METRIC_SUM,
                                     .temporality = OTM_DELTA,
                                     .points = &s->points[at].point,
                                     .point_count = counts[i],
                                     .point_stride = sizeof(wide_point)};
        at += counts[i];
    }
    s->scopes[0] = (otm_scope_metrics){.name = {"a", 1}, .metrics = &s->metrics[0], .metric_count = 3};
    s->scopes[1] = (otm_scope_metrics){.name = {"b", 1}, .metrics = &s->metrics[3], .metric_count = 1};
    s->scopes[2] = (otm_scope_metrics){.name = {"c", 1}, .metrics = &s->metrics[4], .metric_count = 4};
    for (int i = 0; i < 3; i++) {
        s->scopes[i].metric_stride = sizeof(otm_metric);
    }
    s->resources[0] = (otm_resource_metrics){.schema_url = {"first", 5}, .scopes = &s->scopes[0], .scope_count = 2};
    s->resources[1] = (otm_resource_metrics){.schema_url = {"second", 6}, .scopes = &s->scopes[2], .scope_count = 1};
    s->resources[0].scope_stride = s->resources[1].scope_stride = sizeof(otm_scope_metrics);
    s->data = (otm_metrics_data){.struct_size = sizeof s->data,
                                 .resources = s->resources,
                                 .resource_count = 2,
                                 .resource_stride = sizeof(otm_resource_metrics),
                                 .point_count = 15};
}

/* The metric of the sample that a name is of. */
static const otm_metric *original(const sample *s, const otm_metric *metric)
{
    return &s->metrics[metric->name.data[1] - '0'];
}

/* Checks that a batch holds the points from the first one on, where they lie in the sample, and nothing empty. */
static size_t check_batch(const sample *s, const otm_metrics_data *batch, size_t first)
{
    size_t at = first;
    for (size_t r = 0; r < batch->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(batch, r);
        assert_true(resource->scope_count > 0);
        for (size_t i = 0; i < resource->scope_count; i++) {
            const otm_scope_metrics *scope = otm_resource_scope(resource, i);
            assert_true(scope->metric_count > 0);
            assert_int_equal(resource->schema_url.size, scope->name.data[0] == 'c' ? 6 : 5);
            for (size_t m = 0; m < scope->metric_count; m++) {
                const otm_metric *metric = otm_scope_metric(scope, m);
                assert_true(metric->point_count > 0);
                assert_int_equal(metric->temporality, original(s, metric)->temporality);
                for (size_t p = 0; p < metric->point_count; p++) {
                    assert_ptr_equal(otm_metric_point(metric, p), &s->points[at++].point);
                }
            }
        }
    }
    assert_int_equal(at - first, batch->point_count);
    return at;
}

/* SDK-PER-03 SDK-PER-04 */
static void batch_split_of_every_size_is_full_but_for_the_last_and_loses_and_copies_no_point(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    otmi_arena arena;
    otmi_arena_init(&arena, otmi_allocator_default(), 1 << 20);
    for (size_t maximum = 1; maximum <= 16; maximum++) {
        otmi_batch_cursor cursor = {.point = 0};
        const otm_metrics_data *batch;
        size_t seen = 0;
        for (;;) {
            otmi_arena_reset(&arena);
            assert_int_equal(otmi_batch_next(&s.data, maximum, &cursor, &arena, &batch), OTM_OK);
            if (batch == NULL) {
                break;
            }
            assert_int_equal(batch->point_count, 15 - seen < maximum ? 15 - seen : maximum);
            seen = check_batch(&s, batch, seen);
        }
        assert_int_equal(seen, 15);
    }
    otmi_arena_fini(&arena);
}

static void batch_split_of_an_empty_tree_gives_none(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    otmi_arena arena;
    otmi_arena_init(&arena, otmi_allocator_default(), 1 << 20);
    const otm_metrics_data *batch = &s.data;
    const otm_metrics_data nothing = {.struct_size = sizeof nothing};
    otmi_batch_cursor cursor = {.point = 0};
    assert_int_equal(otmi_batch_next(&nothing, 1, &cursor, &arena, &batch), OTM_OK);
    assert_null(batch);
    for (size_t i = 0; i < METRICS; i++) {
        s.metrics[i].point_count = 0;
    }
    assert_int_equal(otmi_batch_next(&s.data, 1, &cursor, &arena, &batch), OTM_OK);
    assert_null(batch);
    otmi_arena_fini(&arena);
}

static void batch_split_survives_failure_of_each_allocation_where_it_was(void **state)
{
    (void)state;
    sample s;
    sample_init(&s);
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        otmi_arena arena;
        otmi_batch_cursor cursor = {.point = 1};
        const otm_metrics_data *batch;
        failing_alloc_init(&fa, n);
        otmi_arena_init(&arena, &fa.base, 1 << 20);
        st = otmi_batch_next(&s.data, 4, &cursor, &arena, &batch);
        if (st != OTM_OK) {
            assert_int_equal(st, OTM_ERR_NO_MEMORY);
            assert_null(batch);
            assert_int_equal(cursor.point, 1);
            assert_int_equal(cursor.metric, 0);
        }
        otmi_arena_fini(&arena);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_split_of_every_size_is_full_but_for_the_last_and_loses_and_copies_no_point),
        cmocka_unit_test(batch_split_of_an_empty_tree_gives_none),
        cmocka_unit_test(batch_split_survives_failure_of_each_allocation_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
