/* Children for entities that come, record and go, while two readers collect and the configurator changes.
 *
 * What must hold: a delta reader is shown just what was recorded, each tenant's under its own resource; a cumulative
 * one is shown no total that falls, unless the child began anew; no tree has a resource twice; at the end nothing is
 * left. ENT-08 */
#include "stress/stress_rig.h"

#include "support/failing_alloc.h"

#define THREADS 4
#define ROUNDS 10
#define PER_THREAD 1000
#define TENANTS 6 /* few: threads share children, and ask again for those that are about to be freed */
#define SETS 5

typedef struct tenant {
    int64_t total; /* delta: all there was; cumulative: the last one */
    uint64_t start_ns;
    uint64_t collection; /* the last that showed it */
} tenant;

typedef struct fixture {
    stress_world world;
    stress_collectors collectors;
    failing_alloc memory;
    atomic_llong recorded[TENANTS];
    uint64_t collections[STRESS_READERS]; /* this and the next: each reader's collector's */
    tenant tenants[STRESS_READERS][TENANTS];
} fixture;

/* -- Recording ----------------------------------------------------------------------------------------------------- */

static void observe(otm_observer *observer, void *user_data)
{
    (void)user_data;
    otm_observe_i64(observer, NULL, 1, NULL, 0);
}

static otm_meter_provider *child_for(const fixture *f, int64_t number)
{
    otm_meter_provider *child;
    otm_attr id = otm_attr_i64("tenant.id", number);
    otm_entity entity = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
    if (otm_meter_provider_for_entity(f->world.provider, &entity, 1, sizeof entity, &child) != OTM_OK) {
        stress_complain("a child could not be made");
    }
    return child;
}

/* Returns what was recorded. */
static int64_t record(otm_counter_i64 *counter, uint64_t *random)
{
    otm_bound_counter_i64 *bound;
    int64_t sum = 0;
    otm_attr set = otm_attr_i64("set", (int64_t)stress_below(random, SETS));
    if (otm_counter_i64_bind(counter, &set, 1, NULL, &bound) != OTM_OK) {
        stress_complain("a handle could not be bound");
    }
    for (int i = 0; i < 10; i++) {
        int64_t value = (int64_t)stress_below(random, 100);
        set = otm_attr_i64("set", (int64_t)stress_below(random, SETS));
        otm_counter_i64_add(counter, value, &set, 1);
        otm_bound_counter_i64_add(bound, 1);
        sum += value + 1;
    }
    otm_bound_counter_i64_release(bound);
    return sum;
}

static void come_and_go(fixture *f, uint64_t *random)
{
    int64_t number = (int64_t)stress_below(random, TENANTS);
    otm_instrument_options options;
    otm_counter_i64 *counter;
    otm_observable *gauge = NULL;
    otm_meter_provider *child = child_for(f, number);
    otm_meter *meter = otm_meter_provider_get_meter(child, "stress", NULL);
    otm_instrument_options_init(&options);
    options.callback = observe;
    if (otm_meter_create_counter_i64(meter, "counter", NULL, &counter) != OTM_OK ||
        otm_meter_create_observable_gauge_i64(meter, "gauge", &options, &gauge) != OTM_OK) {
        stress_complain("an instrument could not be made");
    }
    otm_meter_provider_release(child);
    otm_meter_release(meter);
    otm_observable_release(gauge);
    atomic_fetch_add(&f->recorded[number], record(counter, random));
    otm_counter_i64_release(counter);
}

static void come_and_go_often(void *test, uint64_t seed)
{
    for (int i = stress_amount(PER_THREAD); i > 0; i--) {
        come_and_go(test, &seed);
    }
}

/* -- Collecting ---------------------------------------------------------------------------------------------------- */

static int64_t total(const otm_metric *metric)
{
    int64_t sum = 0;
    for (size_t p = 0; p < metric->point_count; p++) {
        sum += otm_metric_point(metric, p)->data.number.as.i64;
    }
    return sum;
}

/* The earliest start of its series. */
static uint64_t start_of(const otm_metric *metric)
{
    uint64_t start = UINT64_MAX;
    for (size_t p = 0; p < metric->point_count; p++) {
        uint64_t other = otm_metric_point(metric, p)->start_time_unix_nano;
        start = other < start ? other : start;
    }
    return start;
}

static void look_at_counter(size_t reader, tenant *t, const otm_metric *metric)
{
    int64_t sum = total(metric);
    if (metric->temporality == OTM_DELTA) {
        t->total += sum;
        return;
    }
    uint64_t start = start_of(metric);
    if (start == t->start_ns && sum < t->total) {
        stress_complain("reader %zu: a total falls from %lld to %lld", reader, (long long)t->total, (long long)sum);
    }
    t->total = sum;
    t->start_ns = start;
}

static void look_at_resource(fixture *f, size_t reader, const otm_resource_metrics *resource)
{
    const otm_attr *id = &resource->attributes[0];
    if (resource->child != 1 || strcmp(id->key, "tenant.id") != 0 || resource->scope_count != 1) {
        stress_complain("reader %zu: a child's resource is not as it should be", reader);
        return;
    }
    tenant *t = &f->tenants[reader][id->value.as.i64];
    if (t->collection == f->collections[reader]) {
        stress_complain("reader %zu: tenant %lld is there twice", reader, (long long)id->value.as.i64);
    }
    t->collection = f->collections[reader];
    const otm_scope_metrics *scope = otm_resource_scope(resource, 0);
    for (size_t m = 0; m < scope->metric_count; m++) {
        if (strcmp(otm_scope_metric(scope, m)->name.data, "counter") == 0) {
            look_at_counter(reader, t, otm_scope_metric(scope, m));
        }
    }
}

static size_t collect_once(fixture *f, size_t reader)
{
    const otm_metrics_data *data = NULL;
    f->collections[reader]++;
    if (otm_reader_collect(f->world.readers[reader], 0, &data) != OTM_OK) {
        stress_complain("a collection failed");
        return 0;
    }
    size_t count = data->resource_count;
    for (size_t r = 0; r < count; r++) {
        look_at_resource(f, reader, otm_data_resource(data, r));
    }
    otm_reader_return(f->world.readers[reader], data);
    return count;
}

static int judge(const otm_scope *scope, void *user_data)
{
    (void)scope;
    (void)user_data;
    return 1;
}

static void collect(void *test, size_t reader)
{
    fixture *f = test;
    (void)collect_once(f, reader);
    if (reader == 0) {
        (void)otm_meter_provider_configure_meters(f->world.provider, judge, NULL);
    }
}

/* ENT-08 */
static void stress_children_that_come_and_go_are_shown_exactly_and_leave_nothing(void **state)
{
    (void)state;
    static fixture f;
    otm_meter_provider_options options;
    failing_alloc_init(&f.memory, 0);
    stress_world_add_reader(&f.world, OTM_CUMULATIVE, 0);
    stress_world_add_reader(&f.world, OTM_DELTA, 0);
    otm_meter_provider_options_init(&options);
    options.allocator = &f.memory.base;
    assert_int_equal(otm_resource_create(NULL, 0, NULL, NULL, &options.resource), OTM_OK);
    stress_world_open(&f.world, &options);
    otm_resource_release(options.resource);
    stress_collectors_start(&f.collectors, 2, collect, &f);
    stress_run_rounds(stress_amount(ROUNDS), THREADS, come_and_go_often, &f);
    stress_collectors_stop(&f.collectors);
    for (size_t reader = 0; reader < 2; reader++) {
        (void)collect_once(&f, reader);
        assert_int_equal(collect_once(&f, reader), 0);
    }
    for (int64_t t = 0; t < TENANTS; t++) {
        assert_true(f.tenants[1][t].total == atomic_load(&f.recorded[t]));
    }
    stress_assert_content();
    stress_world_close(&f.world);
    assert_int_equal(f.memory.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stress_children_that_come_and_go_are_shown_exactly_and_leave_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
