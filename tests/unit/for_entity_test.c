/* Child providers bound to entities: resources, what is shared, flush and shutdown. ENT-08 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <otm/stream.h>

#include "for_entity_fixture.h"

/* -- Resources ----------------------------------------------------------------------------------------------------- */

/* ENT-08 */
static void child_shows_its_metrics_under_its_own_resource_after_its_parents(void **state)
{
    (void)state;
    family f;
    family_open(&f, 1, NULL);
    otm_meter_provider *first = child_of(f.provider, "1");
    otm_meter_provider *second = child_of(f.provider, "2");
    add(second, 3);
    add(first, 2);
    assert_string_equal(shown(f.readers[0]), "1{c=2} 2{c=3}");
    add(f.provider, 1);
    assert_string_equal(shown(f.readers[0]), "-{c=1} 1{c=2} 2{c=3}");
    const otm_metrics_data *data;
    assert_int_equal(otm_reader_collect(f.readers[0], 0, &data), OTM_OK);
    const otm_resource_metrics *own = otm_data_resource(data, 0);
    const otm_resource_metrics *child = otm_data_resource(data, 1);
    assert_int_equal(data->point_count, 3);
    assert_int_equal(own->child, 0);
    assert_int_equal(own->attribute_count, 1); /* as it was */
    assert_int_equal(own->entity_count, 0);
    assert_int_equal(child->child, 1);
    assert_int_equal(child->attribute_count, 2);
    assert_int_equal(child->entity_count, 1);
    assert_string_equal(otm_resource_entity_ref(child, 0)->type.data, "tenant");
    assert_true(otm_scope_metric(otm_resource_scope(own, 0), 0)->stream_id !=
                otm_scope_metric(otm_resource_scope(child, 0), 0)->stream_id);
    otm_reader_return(f.readers[0], data);
    otm_meter_provider_release(first);
    otm_meter_provider_release(second);
    family_close(&f);
}

/* ENT-08, DM-ID-01: two children of one resource would write each stream twice. */
static void child_of_equal_entities_in_any_order_is_the_same_one(void **state)
{
    (void)state;
    family f;
    family_open(&f, 1, NULL);
    otm_attr tenant[] = {otm_attr_string("tenant.id", "1")};
    otm_attr host[] = {otm_attr_string("host.id", "H")};
    otm_entity entities[] = {{.type = "tenant", .id_attributes = tenant, .id_attribute_count = 1},
                             {.type = "host", .id_attributes = host, .id_attribute_count = 1},
                             {.type = "tenant", .id_attributes = tenant, .id_attribute_count = 1}};
    otm_meter_provider *a, *b, *c;
    assert_int_equal(otm_meter_provider_for_entity(f.provider, entities, 2, sizeof *entities, &a), OTM_OK);
    assert_int_equal(otm_meter_provider_for_entity(f.provider, entities + 1, 2, sizeof *entities, &b), OTM_OK);
    assert_int_equal(otm_meter_provider_for_entity(f.provider, entities, 1, sizeof *entities, &c), OTM_OK);
    assert_ptr_equal(a, b);
    assert_ptr_not_equal(a, c);
    otm_meter_provider_release(a);
    add(b, 1);
    add(c, 2);
    assert_string_equal(shown(f.readers[0]), "1{c=1} 1{c=2}");
    otm_meter_provider_release(b);
    otm_meter_provider_release(c);
    family_close(&f);
}

/* ENT-08: the resource of a child of a child starts from the child's, and its life is its own. */
static void child_of_a_child_adds_to_its_resource_and_outlives_it(void **state)
{
    (void)state;
    family f;
    family_open(&f, 1, NULL);
    otm_attr session = otm_attr_string("session.id", "S");
    otm_entity entity = {.type = "session", .id_attributes = &session, .id_attribute_count = 1};
    otm_meter_provider *child = child_of(f.provider, "1");
    otm_meter_provider *grandchild;
    assert_int_equal(otm_meter_provider_for_entity(child, &entity, 1, sizeof entity, &grandchild), OTM_OK);
    add(child, 1);
    add(grandchild, 2);
    otm_meter_provider_release(child);
    assert_string_equal(shown(f.readers[0]), "1{c=1} 1{c=2}");
    assert_string_equal(shown(f.readers[0]), "1{c=2}");
    otm_meter_provider_release(grandchild);
    family_close(&f);
}

/* ENT-08: entities that the parent has already. Its streams are not doubled, and its readers stay open. */
static void child_with_its_parents_resource_records_into_its_parents_streams(void **state)
{
    (void)state;
    family f;
    otm_attr id = otm_attr_string("tenant.id", "1");
    otm_entity tenant = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
    otm_resource_options resource_options;
    otm_meter_provider_options options;
    otm_resource_options_init(&resource_options);
    otm_meter_provider_options_init(&options);
    resource_options.entities = &tenant;
    resource_options.entity_count = 1;
    assert_int_equal(otm_resource_create_with_options(&resource_options, &options.resource), OTM_OK);
    family_open(&f, 1, &options);
    otm_meter_provider *child = child_of(f.provider, "1");
    assert_ptr_not_equal(child, f.provider);
    add(f.provider, 1);
    add(child, 2);
    assert_int_equal(otm_meter_provider_shutdown(child, 0), OTM_OK);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    otm_meter_provider_release(child);
    assert_string_equal(shown(f.readers[0]), "1{c=3}");
    child = child_of(f.provider, "1");
    add(child, 4);
    assert_string_equal(shown(f.readers[0]), "1{c=7}");
    otm_meter_provider_release(child);
    family_close(&f);
}

/* -- What is shared ------------------------------------------------------------------------------------------------ */

/* ENT-08 */
static void child_has_its_parents_views_and_limits(void **state)
{
    (void)state;
    family f;
    otm_view view;
    otm_meter_provider_options options;
    otm_view_init(&view);
    view.selector.instrument_name = "c";
    view.stream.name = "renamed";
    view.stream.cardinality_limit = 1;
    otm_meter_provider_options_init(&options);
    options.views = &view;
    options.view_count = 1;
    family_open(&f, 1, &options);
    otm_meter_provider *child = child_of(f.provider, "1");
    add(child, 1);
    assert_string_equal(shown(f.readers[0]), "1{renamed=1}");
    otm_meter_provider_release(child);
    family_close(&f);
}

static int only_of_parents(const otm_scope *scope, void *user_data)
{
    (void)user_data;
    return strcmp(scope->name, "m") != 0;
}

/* ENT-08: what is configured of the parent holds for its children at once; they have nothing of their own. */
static void child_follows_its_parents_configurator_and_cannot_be_configured(void **state)
{
    (void)state;
    family f;
    family_open(&f, 1, NULL);
    otm_counter_i64 *counter;
    otm_meter_provider *child = child_of(f.provider, "1");
    otm_meter *meter = otm_meter_provider_get_meter(child, "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_meter_provider_configure_meters(child, only_of_parents, NULL), OTM_ERR_UNSUPPORTED);
    assert_true(otm_counter_i64_enabled(counter));
    assert_int_equal(otm_meter_provider_configure_meters(f.provider, only_of_parents, NULL), OTM_OK);
    assert_false(otm_counter_i64_enabled(counter));
    otm_meter_provider *second = child_of(f.provider, "2");
    add(second, 1);
    assert_string_equal(shown(f.readers[0]), "");
    assert_int_equal(otm_meter_provider_configure_meters(f.provider, NULL, NULL), OTM_OK);
    assert_true(otm_counter_i64_enabled(counter));
    otm_meter_provider_release(second);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_meter_provider_release(child);
    family_close(&f);
}

static otm_filter_result ask_about_c(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                     const char *unit)
{
    (void)self;
    (void)scope;
    (void)type;
    (void)unit;
    return strcmp(name, "c") == 0 ? OTM_FILTER_ACCEPT_PARTIAL : OTM_FILTER_ACCEPT;
}

static otm_filter_result drop_all_points(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                         const char *unit, const otm_attr *attributes, size_t attribute_count)
{
    (void)self;
    (void)scope;
    (void)name;
    (void)type;
    (void)unit;
    (void)attributes;
    (void)attribute_count;
    return OTM_FILTER_DROP;
}

/* ENT-08: a resource of which a filter leaves nothing is not shown, whichever it is. */
static void child_of_which_a_filter_leaves_nothing_has_no_resource_in_the_tree(void **state)
{
    (void)state;
    static const otm_metric_filter_ops ops = {sizeof ops, ask_about_c, drop_all_points, NULL};
    family f;
    otm_metric_filter *filter;
    otm_counter_i64 *counter;
    family_open(&f, 1, NULL);
    assert_int_equal(otm_metric_filter_create(&ops, NULL, NULL, &filter), OTM_OK);
    assert_int_equal(otm_reader_set_filter(f.readers[0], filter), OTM_OK);
    otm_metric_filter_release(filter);
    otm_meter_provider *first = child_of(f.provider, "1");
    otm_meter_provider *second = child_of(f.provider, "2");
    otm_meter *meter = otm_meter_provider_get_meter(second, "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "d", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 5, NULL, 0);
    add(f.provider, 1);
    add(first, 2);
    add(second, 3);
    assert_string_equal(shown(f.readers[0]), "2{d=5}");
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_meter_provider_release(first);
    otm_meter_provider_release(second);
    family_close(&f);
}

static otm_status produce(void *self, const otm_produce_request *request, const otm_metrics_data **out)
{
    (void)request;
    *out = self;
    return OTM_OK;
}

/* ENT-08: what a reader's producers add is the provider's own. */
static void metrics_of_producers_come_under_the_parents_resource(void **state)
{
    (void)state;
    static const otm_metric_producer_ops ops = {sizeof ops, produce, NULL, NULL};
    otm_point point = {.time_unix_nano = 1, .data.number = {.as.i64 = 7, .number = OTM_NUMBER_I64}};
    otm_metric metric = {.name = {"produced", 8}, .type = OTM_METRIC_GAUGE, .points = &point, .point_count = 1,
                         .point_stride = sizeof point};
    otm_scope_metrics scope = {.name = {"p", 1}, .metrics = &metric, .metric_count = 1, .metric_stride = sizeof metric};
    otm_resource_metrics resource = {.scopes = &scope, .scope_count = 1, .scope_stride = sizeof scope};
    otm_metrics_data data = {.struct_size = sizeof data, .resources = &resource, .resource_count = 1,
                             .resource_stride = sizeof resource, .point_count = 1};
    family f;
    otm_metric_producer *producer;
    family_open(&f, 1, NULL);
    assert_int_equal(otm_metric_producer_create(&ops, &data, NULL, &producer), OTM_OK);
    assert_int_equal(otm_reader_add_producer(f.readers[0], producer), OTM_OK);
    otm_metric_producer_release(producer);
    otm_meter_provider *child = child_of(f.provider, "1");
    add(child, 2);
    assert_string_equal(shown(f.readers[0]), "-{produced=7} 1{c=2}");
    add(f.provider, 1);
    assert_string_equal(shown(f.readers[0]), "-{c=1,produced=7} 1{c=2}");
    otm_meter_provider_release(child);
    family_close(&f);
}

/* -- Flush and shutdown -------------------------------------------------------------------------------------------- */

typedef struct pushed {
    otm_exporter *exporter;
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter_provider *child;
} pushed;

static void push_open(pushed *p, uint32_t max_export_batch_size)
{
    otm_meter_provider_options options;
    otm_periodic_reader_options reader_options;
    otm_meter_provider_options_init(&options);
    otm_periodic_reader_options_init(&reader_options);
    reader_options.max_export_batch_size = max_export_batch_size;
    assert_int_equal(otm_memory_exporter_create(NULL, &p->exporter), OTM_OK);
    assert_int_equal(otm_periodic_reader_create(p->exporter, &reader_options, &p->reader), OTM_OK);
    options.readers = &p->reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &p->provider), OTM_OK);
    p->child = child_of(p->provider, "1");
}

static void push_close(pushed *p)
{
    otm_meter_provider_release(p->child);
    otm_meter_provider_release(p->provider);
    otm_reader_release(p->reader);
    otm_exporter_release(p->exporter);
}

/* The newest batch holds that. */
static void assert_exported(const pushed *p, const char *part)
{
    char *json;
    size_t count = otm_memory_exporter_count(p->exporter);
    assert_int_equal(otm_memory_exporter_json(p->exporter, count - 1, &json), OTM_OK);
    assert_non_null(strstr(json, part));
    otm_memory_exporter_free_json(json);
}

/* ENT-08 */
static void flush_of_a_parent_or_a_child_exports_the_metrics_of_both(void **state)
{
    (void)state;
    pushed p;
    push_open(&p, 0);
    add(p.provider, 100);
    add(p.child, 200);
    assert_int_equal(otm_meter_provider_flush(p.provider, 0), OTM_OK);
    assert_exported(&p, "\"asInt\":\"100\"");
    assert_exported(&p, "\"asInt\":\"200\"");
    add(p.provider, 1);
    add(p.child, 1);
    assert_int_equal(otm_meter_provider_flush(p.child, 0), OTM_OK);
    assert_int_equal(otm_memory_exporter_count(p.exporter), 2);
    assert_exported(&p, "\"asInt\":\"101\"");
    assert_exported(&p, "\"asInt\":\"201\"");
    push_close(&p);
}

/* ENT-08, SDK-PER-03 */
static void batches_of_one_point_have_the_resource_of_its_provider(void **state)
{
    (void)state;
    pushed p;
    push_open(&p, 1);
    add(p.provider, 100);
    add(p.child, 200);
    assert_int_equal(otm_meter_provider_flush(p.provider, 0), OTM_OK);
    assert_int_equal(otm_memory_exporter_count(p.exporter), 2);
    assert_exported(&p, "\"asInt\":\"200\"");
    assert_exported(&p, "tenant.id");
    push_close(&p);
}

/* ENT-08 */
static void shutdown_of_a_child_flushes_and_closes_nothing(void **state)
{
    (void)state;
    pushed p;
    push_open(&p, 0);
    add(p.child, 200);
    assert_int_equal(otm_meter_provider_shutdown(p.child, 0), OTM_OK);
    assert_int_equal(otm_memory_exporter_count(p.exporter), 1);
    assert_exported(&p, "\"asInt\":\"200\"");
    add(p.child, 1);
    add(p.provider, 100);
    assert_int_equal(otm_meter_provider_shutdown(p.child, 0), OTM_OK); /* once more, as often as one likes */
    assert_exported(&p, "\"asInt\":\"201\"");
    assert_exported(&p, "\"asInt\":\"100\"");
    push_close(&p);
}

/* ENT-08, SDK-SHUT-02 */
static void shutdown_of_a_parent_exports_its_childrens_metrics_and_ends_them(void **state)
{
    (void)state;
    pushed p;
    otm_counter_i64 *counter;
    otm_meter_provider *late;
    otm_attr id = otm_attr_string("tenant.id", "late");
    otm_entity tenant = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
    push_open(&p, 0);
    otm_meter *meter = otm_meter_provider_get_meter(p.child, "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, 200, NULL, 0);
    assert_int_equal(otm_meter_provider_shutdown(p.provider, 0), OTM_OK);
    assert_exported(&p, "\"asInt\":\"200\"");
    assert_false(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_ptr_equal(otm_meter_provider_get_meter(p.child, "late", NULL), otm_noop_meter());
    assert_int_equal(otm_meter_provider_flush(p.child, 0), OTM_ERR_SHUTDOWN);
    assert_int_equal(otm_meter_provider_shutdown(p.child, 0), OTM_ERR_SHUTDOWN);
    assert_int_equal(otm_meter_provider_for_entity(p.provider, &tenant, 1, sizeof tenant, &late), OTM_ERR_SHUTDOWN);
    assert_ptr_equal(late, otm_noop_meter_provider());
    assert_int_equal(otm_meter_provider_for_entity(p.child, &tenant, 1, sizeof tenant, &late), OTM_ERR_SHUTDOWN);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    push_close(&p);
}

static void flush_inside(otm_observer *observer, void *user_data)
{
    otm_meter_provider *child = user_data;
    bool refused = otm_meter_provider_flush(child, 0) == OTM_ERR_REENTRANT &&
                   otm_meter_provider_shutdown(child, 0) == OTM_ERR_REENTRANT;
    otm_observe_i64(observer, NULL, refused ? 1 : -1, NULL, 0);
}

/* ENT-08 */
static void flush_of_a_child_inside_a_callback_is_refused(void **state)
{
    (void)state;
    family f;
    otm_observable *gauge;
    otm_instrument_options options;
    family_open(&f, 1, NULL);
    otm_meter_provider *child = child_of(f.provider, "1");
    otm_meter *meter = otm_meter_provider_get_meter(child, "m", NULL);
    otm_instrument_options_init(&options);
    options.callback = flush_inside;
    options.callback_user_data = child;
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "g", &options, &gauge), OTM_OK);
    assert_string_equal(shown(f.readers[0]), "1{g=1}");
    otm_observable_release(gauge);
    otm_meter_release(meter);
    otm_meter_provider_release(child);
    family_close(&f);
}

/* -- Failure ------------------------------------------------------------------------------------------------------- */

static void assert_refused(family *f, const otm_entity *entities, size_t count, size_t stride, const char *report)
{
    otm_meter_provider *child = NULL;
    diag_recorder_clear(&f->reports);
    assert_int_equal(otm_meter_provider_for_entity(f->provider, entities, count, stride, &child),
                     OTM_ERR_INVALID_ARGUMENT);
    assert_ptr_equal(child, otm_noop_meter_provider());
    assert_int_equal(diag_recorder_count_of(&f->reports, OTM_ERROR, report), 1);
    add(child, 1);
}

/* ENT-08, ERR-04 */
static void entities_that_are_none_are_refused_with_what_was_expected(void **state)
{
    (void)state;
    family f;
    otm_attr id = otm_attr_string("tenant.id", "1");
    otm_entity good = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
    otm_entity untyped = {.type = "", .id_attributes = &id, .id_attribute_count = 1};
    otm_entity twice[] = {good, good};
    otm_entity second_without_id[] = {good, {.type = "host"}};
    family_open(&f, 1, NULL);
    assert_refused(&f, NULL, 1, sizeof good, "expected 1 to 256 entities");
    assert_refused(&f, &good, 0, sizeof good, "expected 1 to 256 entities");
    assert_refused(&f, &good, 257, sizeof good, "expected 1 to 256 entities");
    assert_refused(&f, &good, 1, sizeof good - 1, "48 bytes or more apart");
    assert_refused(&f, &untyped, 1, sizeof good, "entity 0 is none, expected a non-empty type");
    assert_refused(&f, second_without_id, 2, sizeof good, "entity 1 is none");
    assert_refused(&f, twice, 2, sizeof good, "entities 0 and 1 are both of type 'tenant', expected one of a type");
    assert_int_equal(otm_meter_provider_for_entity(f.provider, &good, 1, sizeof good, NULL), OTM_ERR_INVALID_ARGUMENT);
    family_close(&f);
}

/* ENT-08, ERR-01 */
static void providers_of_others_have_no_children(void **state)
{
    (void)state;
    otm_attr id = otm_attr_string("tenant.id", "1");
    otm_entity tenant = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
    otm_meter_provider *child = NULL;
    assert_int_equal(otm_meter_provider_for_entity(NULL, &tenant, 1, sizeof tenant, &child), OTM_OK);
    assert_ptr_equal(child, otm_noop_meter_provider());
    child = NULL;
    assert_int_equal(otm_meter_provider_for_entity(otm_noop_meter_provider(), &tenant, 1, sizeof tenant, &child),
                     OTM_ERR_UNSUPPORTED);
    assert_ptr_equal(child, otm_noop_meter_provider());
    child = NULL;
    assert_int_equal(otm_meter_provider_for_entity(otm_default_meter_provider(), &tenant, 1, sizeof tenant, &child),
                     OTM_ERR_UNSUPPORTED);
    assert_ptr_equal(child, otm_noop_meter_provider());
}

/* ENT-08 */
static void child_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        family f;
        otm_meter_provider *child;
        otm_attr id = otm_attr_string("tenant.id", "1");
        otm_entity tenant = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
        family_open(&f, 1, NULL);
        int64_t live = f.memory.live;
        f.memory.fail_at = f.memory.requests + n;
        otm_status st = otm_meter_provider_for_entity(f.provider, &tenant, 1, sizeof tenant, &child);
        failed = failing_alloc_failed(&f.memory);
        f.memory.fail_at = 0;
        assert_int_equal(st, failed ? OTM_ERR_NO_MEMORY : OTM_OK);
        if (failed) {
            assert_ptr_equal(child, otm_noop_meter_provider());
            assert_int_equal(f.memory.live, live); /* nothing is left of the attempt */
        }
        otm_meter_provider *again = child_of(f.provider, "1");
        add(again, 1);
        assert_string_equal(shown(f.readers[0]), "1{c=1}");
        otm_meter_provider_release(again);
        otm_meter_provider_release(child);
        family_close(&f);
    }
}

/* ENT-08: in the child of a fork all that was made before is inert. */
static void child_in_a_forked_process_is_inert(void **state)
{
    (void)state;
    family f;
    family_open(&f, 1, NULL);
    otm_meter_provider *child = child_of(f.provider, "1");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        otm_meter_provider *other;
        otm_attr id = otm_attr_string("tenant.id", "2");
        otm_entity tenant = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
        bool inert = otm_meter_provider_for_entity(child, &tenant, 1, sizeof tenant, &other) == OTM_ERR_SHUTDOWN &&
                     otm_meter_provider_flush(child, 0) == OTM_ERR_SHUTDOWN &&
                     otm_meter_provider_get_meter(child, "m", NULL) == otm_noop_meter();
        otm_meter_provider_release(child);
        otm_meter_provider_release(f.provider);
        _exit(inert ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    otm_meter_provider_release(child);
    family_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_shows_its_metrics_under_its_own_resource_after_its_parents),
        cmocka_unit_test(child_of_equal_entities_in_any_order_is_the_same_one),
        cmocka_unit_test(child_of_a_child_adds_to_its_resource_and_outlives_it),
        cmocka_unit_test(child_with_its_parents_resource_records_into_its_parents_streams),
        cmocka_unit_test(child_has_its_parents_views_and_limits),
        cmocka_unit_test(child_follows_its_parents_configurator_and_cannot_be_configured),
        cmocka_unit_test(child_of_which_a_filter_leaves_nothing_has_no_resource_in_the_tree),
        cmocka_unit_test(metrics_of_producers_come_under_the_parents_resource),
        cmocka_unit_test(flush_of_a_parent_or_a_child_exports_the_metrics_of_both),
        cmocka_unit_test(batches_of_one_point_have_the_resource_of_its_provider),
        cmocka_unit_test(shutdown_of_a_child_flushes_and_closes_nothing),
        cmocka_unit_test(shutdown_of_a_parent_exports_its_childrens_metrics_and_ends_them),
        cmocka_unit_test(flush_of_a_child_inside_a_callback_is_refused),
        cmocka_unit_test(entities_that_are_none_are_refused_with_what_was_expected),
        cmocka_unit_test(providers_of_others_have_no_children),
        cmocka_unit_test(child_survives_failure_of_each_allocation),
        cmocka_unit_test(child_in_a_forked_process_is_inert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
