/* Metric producers of a reader: the object, what it is asked for, its trees while they are in use, and its faults. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "support/diag_recorder.h"
#include "support/failing_alloc.h"
#include "support/fake_clock.h"

/* -- A producer of one sum --------------------------------------------------------------------------------------- */

typedef struct fake_producer {
    otm_status status;
    bool gives_nothing;
    otm_reader *nested; /* collected from inside; NULL: none */
    otm_meter_provider *flushed;
    otm_status nested_status;
    otm_status flush_status;
    otm_produce_request asked; /* the last request */
    uint64_t left_ns;          /* of its time, when it was asked */
    uint64_t produced;         /* this and the next ones: atomic */
    uint64_t given; /* trees */
    uint64_t released;
    uint64_t destroyed;
    otm_point points[2];
    otm_metric metric;
    otm_scope_metrics scope;
    otm_resource_metrics resource;
    otm_metrics_data data;
} fake_producer;

static uint64_t monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fake_init(fake_producer *p)
{
    memset(p, 0, sizeof *p);
    for (int i = 0; i < 2; i++) {
        p->points[i].data.number.number = OTM_NUMBER_I64;
        p->points[i].data.number.as.i64 = 40 + i;
        p->points[i].time_unix_nano = 7;
    }
    p->metric = (otm_metric){.name = {"foreign", 7},
                             .type = OTM_METRIC_SUM,
                             .temporality = OTM_DELTA,
                             .points = p->points,
                             .point_count = 2,
                             .point_stride = sizeof p->points[0],
                             .stream_id = 99};
    p->scope = (otm_scope_metrics){
        .name = {"producer", 8}, .metrics = &p->metric, .metric_count = 1, .metric_stride = sizeof p->metric};
    p->resource = (otm_resource_metrics){.schema_url = {"its own", 7},
                                         .scopes = &p->scope,
                                         .scope_count = 1,
                                         .scope_stride = sizeof p->scope};
    p->data = (otm_metrics_data){.struct_size = sizeof p->data,
                                 .resources = &p->resource,
                                 .resource_count = 1,
                                 .resource_stride = sizeof p->resource,
                                 .point_count = 2};
}

static otm_status produce(void *self, const otm_produce_request *request, const otm_metrics_data **out)
{
    fake_producer *p = self;
    uint64_t now_ns = monotonic_ns();
    const otm_metrics_data *data;
    __atomic_fetch_add(&p->produced, 1, __ATOMIC_RELAXED);
    p->asked = *request;
    p->left_ns = request->deadline_ns > now_ns ? request->deadline_ns - now_ns : 0;
    if (p->nested != NULL) {
        p->nested_status = otm_reader_collect(p->nested, 0, &data);
        p->flush_status = otm_meter_provider_flush(p->flushed, 0);
    }
    if (!p->gives_nothing) {
        __atomic_fetch_add(&p->given, 1, __ATOMIC_RELAXED);
        *out = &p->data;
    }
    return p->status;
}

static void release(void *self, const otm_metrics_data *data)
{
    fake_producer *p = self;
    (void)data;
    __atomic_fetch_add(&p->released, 1, __ATOMIC_RELAXED);
}

static void destroy(void *self)
{
    fake_producer *p = self;
    __atomic_fetch_add(&p->destroyed, 1, __ATOMIC_RELAXED);
}

static const otm_metric_producer_ops ops = {
    .size = sizeof ops, .produce = produce, .release = release, .destroy = destroy};

static otm_metric_producer *wrap(fake_producer *p)
{
    otm_metric_producer *producer = NULL;
    assert_int_equal(otm_metric_producer_create(&ops, p, NULL, &producer), OTM_OK);
    return producer;
}

/* -- A provider with one reader ---------------------------------------------------------------------------------- */

typedef struct fixture {
    diag_recorder diagnostics;
    fake_clock clock;
    failing_alloc memory; /* of the reader */
    otm_reader_options options;
    otm_reader *reader;
    otm_resource *resource;
    otm_meter_provider *provider;
    fake_producer fake;
} fixture;

static void fixture_start(fixture *f)
{
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    otm_attr attr = otm_attr_string("service.name", "mine");
    f->options.allocator = &f->memory.base;
    assert_int_equal(otm_manual_reader_create(&f->options, &f->reader), OTM_OK);
    assert_int_equal(otm_resource_create(&attr, 1, "https://example.org/r", NULL, &f->resource), OTM_OK);
    options.readers = &f->reader;
    options.reader_count = 1;
    options.diagnostics = f->diagnostics.options;
    options.diagnostics.minimum_level = OTM_WARN;
    options.clock = &f->clock.base;
    options.resource = f->resource;
    assert_int_equal(otm_meter_provider_create(&options, &f->provider), OTM_OK);
}

static void fixture_prepare(fixture *f)
{
    memset(f, 0, sizeof *f);
    diag_recorder_init(&f->diagnostics);
    fake_clock_init(&f->clock);
    failing_alloc_init(&f->memory, 0);
    otm_reader_options_init(&f->options);
    fake_init(&f->fake);
}

static void add(fixture *f, fake_producer *fake)
{
    otm_metric_producer *producer = wrap(fake);
    assert_int_equal(otm_reader_add_producer(f->reader, producer), OTM_OK);
    otm_metric_producer_release(producer);
}

static void fixture_set_up(fixture *f)
{
    fixture_prepare(f);
    fixture_start(f);
    add(f, &f->fake);
}

static void fixture_tear_down(fixture *f)
{
    otm_meter_provider_release(f->provider);
    otm_resource_release(f->resource);
    otm_reader_release(f->reader);
    assert_int_equal(f->fake.destroyed, 1);
    assert_int_equal(f->fake.released, f->fake.given);
    assert_int_equal(f->memory.live, 0);
    diag_recorder_fini(&f->diagnostics);
}

static const otm_metrics_data *collected(fixture *f)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f->reader, 0, &data), OTM_OK);
    return data;
}

static size_t collected_points(fixture *f)
{
    const otm_metrics_data *data = collected(f);
    size_t points = data->point_count;
    otm_reader_return(f->reader, data);
    return points;
}

/* A series of the SDK's own. */
static void count_one(fixture *f)
{
    otm_meter *meter = otm_meter_provider_get_meter(f->provider, "own", NULL);
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "own", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 1, NULL, 0);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

/* -- The object -------------------------------------------------------------------------------------------------- */

static void producer_without_its_first_operation_is_refused_and_destroyed(void **state)
{
    (void)state;
    fake_producer fake;
    fake_init(&fake);
    otm_metric_producer_ops lacking = ops;
    lacking.produce = NULL;
    otm_metric_producer *producer = (otm_metric_producer *)1;
    assert_int_equal(otm_metric_producer_create(&lacking, &fake, NULL, &producer), OTM_ERR_INVALID_ARGUMENT);
    assert_null(producer);
    assert_int_equal(fake.destroyed, 1);
    assert_int_equal(otm_metric_producer_create(&ops, &fake, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(fake.destroyed, 2);
    assert_int_equal(otm_metric_producer_create(NULL, &fake, NULL, &producer), OTM_ERR_INVALID_ARGUMENT);
    assert_null(otm_metric_producer_retain(NULL));
    otm_metric_producer_release(NULL);
}

static void producer_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        fake_producer fake;
        fake_init(&fake);
        otm_metric_producer *producer = NULL;
        failing_alloc_init(&fa, n);
        st = otm_metric_producer_create(&ops, &fake, &fa.base, &producer);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otm_metric_producer_release(producer);
        assert_int_equal(fake.destroyed, 1);
        assert_int_equal(fa.live, 0);
    }
}

/* SDK-RDR-01 */
static void producers_in_the_options_are_held_by_the_reader_and_asked(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    otm_metric_producer *producers[1] = {wrap(&f.fake)};
    f.options.producers = producers;
    f.options.producer_count = 1;
    fixture_start(&f);
    otm_metric_producer_release(producers[0]);
    assert_int_equal(collected_points(&f), 2);
    fixture_tear_down(&f);
}

/* ERR-02 */
static void producers_in_the_options_that_are_none_or_too_many_are_refused(void **state)
{
    (void)state;
    otm_metric_producer *producers[65] = {NULL};
    otm_reader_options options;
    otm_reader_options_init(&options);
    otm_reader *reader;
    options.producer_count = 1;
    assert_int_equal(otm_manual_reader_create(&options, &reader), OTM_ERR_INVALID_ARGUMENT);
    fake_producer fake;
    fake_init(&fake);
    producers[0] = wrap(&fake);
    options.producers = producers;
    options.producer_count = 2;
    assert_int_equal(otm_manual_reader_create(&options, &reader), OTM_ERR_INVALID_ARGUMENT);
    for (int i = 1; i < 65; i++) {
        producers[i] = producers[0];
    }
    options.producer_count = 65;
    assert_int_equal(otm_manual_reader_create(&options, &reader), OTM_ERR_INVALID_ARGUMENT);
    options.producer_count = 64;
    assert_int_equal(otm_manual_reader_create(&options, &reader), OTM_OK);
    assert_int_equal(otm_reader_add_producer(reader, producers[0]), OTM_ERR_LIMIT);
    assert_int_equal(otm_reader_add_producer(reader, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_reader_add_producer(NULL, producers[0]), OTM_ERR_INVALID_ARGUMENT);
    otm_reader_release(reader);
    assert_int_equal(fake.destroyed, 0);
    otm_metric_producer_release(producers[0]);
    assert_int_equal(fake.destroyed, 1);
}

/* -- Collections ------------------------------------------------------------------------------------------------- */

/* SDK-PROD-01 SDK-PROD-02 SDK-RDR-13 */
static void producer_is_told_temporality_resource_filter_and_time(void **state)
{
    (void)state;
    fixture f;
    fixture_prepare(&f);
    f.options.temporality_preference = OTM_PREFER_LOW_MEMORY;
    fixture_start(&f);
    add(&f, &f.fake);
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(f.reader, 10000, &data), OTM_OK);
    otm_reader_return(f.reader, data);
    const otm_produce_request *asked = &f.fake.asked;
    assert_true(asked->struct_size >= sizeof *asked);
    assert_int_equal(asked->temporality[OTM_COUNTER], OTM_DELTA);
    assert_int_equal(asked->temporality[OTM_OBSERVABLE_COUNTER], OTM_CUMULATIVE);
    assert_int_equal(asked->resource_attribute_count, 1);
    assert_string_equal(asked->resource_schema_url, "https://example.org/r");
    assert_int_equal(asked->time_unix_nano, FAKE_CLOCK_WALL_START_NS);
    assert_null(asked->filter);
    /* Some time is left to the collection. */
    assert_true(f.fake.left_ns > 0 && f.fake.left_ns <= UINT64_C(5000000000));
    assert_int_equal(otm_reader_collect(f.reader, OTM_NO_TIMEOUT, &data), OTM_OK);
    otm_reader_return(f.reader, data);
    assert_true(f.fake.asked.deadline_ns == UINT64_MAX);
    fixture_tear_down(&f);
}

/* SDK-PROD-01 SDK-PROD-02 SDK-RDR-13 */
static void producer_points_come_out_where_they_lie_under_the_provider_s_resource(void **state)
{
    (void)state;
    fixture f;
    fixture_set_up(&f);
    const otm_metrics_data *data = collected(&f);
    assert_int_equal(data->point_count, 2);
    assert_int_equal(data->resource_count, 1);
    const otm_resource_metrics *resource = otm_data_resource(data, 0);
    assert_string_equal(resource->schema_url.data, "https://example.org/r");
    assert_int_equal(resource->scope_count, 1);
    const otm_metric *metric = otm_scope_metric(otm_resource_scope(resource, 0), 0);
    assert_ptr_equal(otm_metric_point(metric, 1), &f.fake.points[1]);
    assert_int_equal(metric->stream_id, 0); /* not one of ours, whatever it says */
    otm_reader_return(f.reader, data);
    fixture_tear_down(&f);
}

/* SDK-PROD-01 */
static void producer_gets_its_tree_back_when_the_reader_does_and_not_before(void **state)
{
    (void)state;
    fixture f;
    fixture_set_up(&f);
    const otm_metrics_data *data = collected(&f);
    assert_int_equal(f.fake.released, 0);
    otm_reader_return(f.reader, data);
    assert_int_equal(f.fake.released, 1);
    otm_reader_return(f.reader, data); /* once more does no harm */
    assert_int_equal(f.fake.released, 1);
    f.fake.gives_nothing = true;
    assert_int_equal(collected_points(&f), 0);
    assert_int_equal(f.fake.produced, 2);
    fixture_tear_down(&f);
}

/* SDK-PROD-02 SDK-RDR-13 */
static void producer_that_fails_is_reported_and_spoils_neither_its_part_nor_the_rest(void **state)
{
    (void)state;
    fixture f;
    fixture_set_up(&f);
    fake_producer other;
    fake_init(&other);
    add(&f, &other);
    count_one(&f);
    f.fake.status = OTM_ERR_IO;
    assert_int_equal(collected_points(&f), 5); /* what it gave all the same, the other one's, our own */
    assert_int_equal(diag_recorder_count_of(&f.diagnostics, OTM_WARN, "producer 0 failed with ERR_IO"), 1);
    assert_int_equal(diag_recorder_count(&f.diagnostics), 1);
    f.fake.gives_nothing = true;
    assert_int_equal(collected_points(&f), 3);
    fixture_tear_down(&f);
    assert_int_equal(other.released, 2);
}

/* SDK-PROD-02 */
static void producer_for_which_there_is_no_time_is_not_asked_and_reported(void **state)
{
    (void)state;
    fixture f;
    fixture_set_up(&f);
    count_one(&f);
    const otm_metrics_data *data = NULL;
    /* A second producer gets half of what the first left; after sixty-four the millisecond is used up. */
    fake_producer slow[63];
    for (int i = 0; i < 63; i++) {
        fake_init(&slow[i]);
        add(&f, &slow[i]);
    }
    otm_status st = otm_reader_collect(f.reader, 1, &data);
    assert_true(st == OTM_OK || st == OTM_ERR_TIMEOUT); /* either way, in time */
    otm_reader_return(f.reader, data);
    uint64_t asked = f.fake.produced;
    for (int i = 0; i < 63; i++) {
        asked += slow[i].produced;
        assert_int_equal(slow[i].produced, slow[i].released);
    }
    size_t reported = diag_recorder_count_of(&f.diagnostics, OTM_WARN, "failed with ERR_TIMEOUT");
    assert_true(st == OTM_ERR_TIMEOUT || asked + reported == 64);
    fixture_tear_down(&f);
}

static void producer_that_collects_or_flushes_its_own_reader_is_refused(void **state)
{
    (void)state;
    fixture f;
    fixture_set_up(&f);
    f.fake.nested = f.reader;
    f.fake.flushed = f.provider;
    assert_int_equal(collected_points(&f), 2);
    assert_int_equal(f.fake.nested_status, OTM_ERR_REENTRANT);
    assert_int_equal(f.fake.flush_status, OTM_ERR_REENTRANT);
    fixture_tear_down(&f);
}

static otm_filter_result in_part(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                 const char *unit)
{
    (void)self;
    (void)scope;
    (void)name;
    (void)type;
    (void)unit;
    return OTM_FILTER_ACCEPT_PARTIAL;
}

/* Filtered in part, which takes the most memory. */
static void producer_collection_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    static const otm_metric_filter_ops filter_ops = {.size = sizeof filter_ops, .test_metric = in_part};
    bool reached = true;
    for (uint64_t n = 1; reached; n++) {
        fixture f;
        fixture_prepare(&f);
        assert_int_equal(otm_metric_filter_create(&filter_ops, NULL, NULL, &f.options.filter), OTM_OK);
        fixture_start(&f);
        otm_metric_filter_release(f.options.filter);
        add(&f, &f.fake);
        count_one(&f);
        f.memory.fail_at = f.memory.requests + n;
        const otm_metrics_data *data = NULL;
        otm_status st = otm_reader_collect(f.reader, 0, &data);
        reached = failing_alloc_failed(&f.memory);
        assert_true(st == OTM_OK || (reached && st == OTM_ERR_NO_MEMORY));
        otm_reader_return(f.reader, data);
        assert_int_equal(collected_points(&f), 3); /* nothing was lost */
        fixture_tear_down(&f);
    }
}

/* -- Malformed trees --------------------------------------------------------------------------------------------- */

typedef void (*spoiler)(fake_producer *fake);

static void spoil_size(fake_producer *fake)
{
    fake->data.struct_size = 8;
}

static void spoil_resources(fake_producer *fake)
{
    fake->data.resources = NULL;
}

static void spoil_scopes(fake_producer *fake)
{
    fake->resource.scope_stride = 1;
}

static void spoil_metrics(fake_producer *fake)
{
    fake->scope.metrics = NULL;
}

static void spoil_points(fake_producer *fake)
{
    fake->metric.point_stride = 0;
}

static void spoil_type(fake_producer *fake)
{
    fake->metric.type = 6;
}

static void spoil_point(fake_producer *fake)
{
    fake->points[0].attribute_count = 1;
}

static void spoil_scope_name(fake_producer *fake)
{
    fake->scope.name = (otm_string){"\xff", 1};
}

static void spoil_name(fake_producer *fake)
{
    fake->metric.name.data = NULL;
}

/* SDK-RDR-13 */
static void producer_tree_that_cannot_be_walked_is_left_out_and_reported(void **state)
{
    (void)state;
    static const spoiler spoilers[] = {spoil_size, spoil_resources, spoil_scopes, spoil_metrics,   spoil_points,
                                       spoil_type, spoil_point,     spoil_name,   spoil_scope_name};
    for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
        fixture f;
        fixture_set_up(&f);
        count_one(&f);
        spoilers[i](&f.fake);
        assert_int_equal(collected_points(&f), 1);
        assert_int_equal(diag_recorder_count_of(&f.diagnostics, OTM_WARN, "producer 0"), 1);
        fixture_tear_down(&f);
    }
}

/* -- Threads ----------------------------------------------------------------------------------------------------- */

#define COLLECTIONS 200

static void *collect_many_times(void *argument)
{
    otm_reader *reader = argument;
    uintptr_t failures = 0;
    for (int i = 0; i < COLLECTIONS; i++) {
        const otm_metrics_data *data = NULL;
        failures += otm_reader_collect(reader, 0, &data) != OTM_OK || data->point_count % 2 != 0;
        otm_reader_return(reader, data);
    }
    return (void *)failures;
}

static void producers_may_be_added_while_their_reader_collects(void **state)
{
    (void)state;
    fixture f;
    fixture_set_up(&f);
    static fake_producer more[63];
    pthread_t thread;
    void *failures;
    assert_int_equal(pthread_create(&thread, NULL, collect_many_times, f.reader), 0);
    for (int i = 0; i < 63; i++) {
        fake_init(&more[i]);
        add(&f, &more[i]);
    }
    pthread_join(thread, &failures);
    assert_null(failures);
    assert_int_equal(f.fake.produced, COLLECTIONS);
    assert_int_equal(collected_points(&f), 128);
    fixture_tear_down(&f);
    for (int i = 0; i < 63; i++) {
        assert_int_equal(more[i].released, more[i].produced);
        assert_int_equal(more[i].destroyed, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(producer_without_its_first_operation_is_refused_and_destroyed),
        cmocka_unit_test(producer_create_survives_failure_of_each_allocation),
        cmocka_unit_test(producers_in_the_options_are_held_by_the_reader_and_asked),
        cmocka_unit_test(producers_in_the_options_that_are_none_or_too_many_are_refused),
        cmocka_unit_test(producer_is_told_temporality_resource_filter_and_time),
        cmocka_unit_test(producer_points_come_out_where_they_lie_under_the_provider_s_resource),
        cmocka_unit_test(producer_gets_its_tree_back_when_the_reader_does_and_not_before),
        cmocka_unit_test(producer_that_fails_is_reported_and_spoils_neither_its_part_nor_the_rest),
        cmocka_unit_test(producer_for_which_there_is_no_time_is_not_asked_and_reported),
        cmocka_unit_test(producer_that_collects_or_flushes_its_own_reader_is_refused),
        cmocka_unit_test(producer_collection_survives_failure_of_each_allocation),
        cmocka_unit_test(producer_tree_that_cannot_be_walked_is_left_out_and_reported),
        cmocka_unit_test(producers_may_be_added_while_their_reader_collects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
