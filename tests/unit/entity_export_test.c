/* Entities from the resource of a provider to the collected tree, OTLP JSON and OTLP bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <otm/sdk.h>
#include <otm/stream.h>

#include "failing_alloc.h"
#include "otlp_encode.h"
#include "otlp_metrics_service.pb-c.h"
#include "resource_fixture.h"

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceRequest pb_request;

typedef struct fixture {
    otm_reader *reader;
    otm_meter_provider *provider;
    const otm_metrics_data *data;
} fixture;

static void open_provider(fixture *f, const char *entities, const char *loose)
{
    otm_reader_options reader_options;
    otm_reader_options_init(&reader_options);
    assert_int_equal(otm_manual_reader_create(&reader_options, &f->reader), OTM_OK);
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.resource = resource_of(entities, loose);
    options.readers = &f->reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &f->provider), OTM_OK);
    otm_resource_release(options.resource);
}

static void count_to(otm_meter_provider *provider, int64_t value)
{
    otm_meter *meter = otm_meter_provider_get_meter(provider, "m", NULL);
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, value, NULL, 0);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

/* A provider of a resource, with one point collected. */
static void collect(fixture *f, const char *entities, const char *loose)
{
    open_provider(f, entities, loose);
    count_to(f->provider, 1);
    assert_int_equal(otm_reader_collect(f->reader, 0, &f->data), OTM_OK);
}

static void release(fixture *f)
{
    otm_reader_return(f->reader, f->data);
    otm_reader_release(f->reader);
    otm_meter_provider_release(f->provider);
}

/* ENT-03 */
static void entity_export_of_the_tree_names_keys_that_the_resource_has(void **state)
{
    (void)state;
    fixture f;
    collect(&f, "host{host.id=H1}[host.name=web]@u:1;service{service.name=shop}", "k=v");
    const otm_resource_metrics *resource = otm_data_resource(f.data, 0);
    assert_int_equal(resource->attribute_count, 4);
    assert_int_equal(resource->entity_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const otm_entity_ref *entity = otm_resource_entity_ref(resource, i);
        assert_true(entity->id_key_count == 1);
        bool found = false;
        for (size_t a = 0; a < resource->attribute_count; a++) {
            found = found || strcmp(resource->attributes[a].key, entity->id_keys[0].data) == 0;
        }
        assert_true(found);
    }
    release(&f);
}

/* ENT-03 */
static void entity_export_as_json_has_entity_refs(void **state)
{
    (void)state;
    fixture f;
    char *json;
    collect(&f, "host{host.id=H1}[host.name=web]@u:1;service{service.name=shop}", "k=v");
    assert_int_equal(otm_metrics_to_json(f.data, &json), OTM_OK);
    assert_non_null(strstr(json, "\"entityRefs\":[{\"schemaUrl\":\"u:1\",\"type\":\"host\",\"idKeys\":[\"host.id\"],"
                                 "\"descriptionKeys\":[\"host.name\"]},"
                                 "{\"type\":\"service\",\"idKeys\":[\"service.name\"]}]}"));
    otm_memory_exporter_free_json(json);
    release(&f);
    collect(&f, "", "k=v");
    assert_int_equal(otm_metrics_to_json(f.data, &json), OTM_OK);
    assert_null(strstr(json, "entityRefs"));
    otm_memory_exporter_free_json(json);
    release(&f);
}

static void assert_one_entity(otm_reader *reader)
{
    const otm_metrics_data *data;
    assert_int_equal(otm_reader_collect(reader, 0, &data), OTM_OK);
    const otm_resource_metrics *resource = otm_data_resource(data, 0);
    assert_int_equal(resource->entity_count, 1);
    assert_string_equal(otm_resource_entity_ref(resource, 0)->type.data, "host");
    otm_reader_return(reader, data);
}

/* ENT-03: every reader has them with each collection, whatever its temporality. */
static void entity_export_of_several_readers_has_them_in_each_collection(void **state)
{
    (void)state;
    otm_reader *readers[2];
    for (size_t i = 0; i < 2; i++) {
        otm_reader_options reader_options;
        otm_reader_options_init(&reader_options);
        reader_options.temporality_preference =
            i == 0 ? OTM_PREFER_DELTA : OTM_PREFER_CUMULATIVE;
        assert_int_equal(otm_manual_reader_create(&reader_options, &readers[i]), OTM_OK);
    }
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.resource = resource_of("host{host.id=H1}", "");
    options.readers = readers;
    options.reader_count = 2;
    otm_meter_provider *provider;
    assert_int_equal(otm_meter_provider_create(&options, &provider), OTM_OK);
    otm_resource_release(options.resource); /* the provider's now */
    otm_meter *meter = otm_meter_provider_get_meter(provider, "m", NULL);
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    for (int round = 0; round < 2; round++) {
        otm_counter_i64_add(counter, 1, NULL, 0);
        assert_one_entity(readers[0]);
        assert_one_entity(readers[1]);
    }
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    otm_reader_release(readers[0]);
    otm_reader_release(readers[1]);
    otm_meter_provider_release(provider);
}

static void assert_bytes(ProtobufCBinaryData bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.len);
}

/* ENT-03 */
static void entity_export_as_protobuf_has_entity_refs(void **state)
{
    (void)state;
    fixture f;
    collect(&f, "host{host.id=H1}[host.name=web]@u:1;service{service.name=shop}", "k=v");
    otmi_pb_writer out;
    otmi_otlp_encoded counts;
    otmi_pb_init(&out, NULL, SIZE_MAX);
    assert_int_equal(otmi_otlp_encode(f.data, &out, &counts), OTM_OK);
    pb_request *request = opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(
        NULL, out.size, otmi_pb_data(&out));
    assert_non_null(request);
    const Opentelemetry__Proto__Resource__V1__Resource *resource = request->resource_metrics[0]->resource;
    assert_int_equal(resource->n_attributes, 4);
    assert_int_equal(resource->n_entity_refs, 2);
    assert_bytes(resource->entity_refs[0]->type, "host");
    assert_bytes(resource->entity_refs[0]->schema_url, "u:1");
    assert_int_equal(resource->entity_refs[0]->n_id_keys, 1);
    assert_bytes(resource->entity_refs[0]->id_keys[0], "host.id");
    assert_int_equal(resource->entity_refs[0]->n_description_keys, 1);
    assert_bytes(resource->entity_refs[0]->description_keys[0], "host.name");
    assert_bytes(resource->entity_refs[1]->type, "service");
    assert_int_equal(resource->entity_refs[1]->schema_url.len, 0);
    assert_int_equal(resource->entity_refs[1]->n_description_keys, 0);
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(request, NULL);
    otmi_pb_fini(&out);
    release(&f);
}

/* A provider with a child for tenant{tenant.id=1}, with a point each collected. */
static void collect_with_child(fixture *f)
{
    otm_meter_provider *child;
    otm_attr id = otm_attr_string("tenant.id", "1");
    otm_entity tenant = {.type = "tenant", .id_attributes = &id, .id_attribute_count = 1};
    open_provider(f, "", "k=v");
    assert_int_equal(otm_meter_provider_for_entity(f->provider, &tenant, 1, sizeof tenant, &child), OTM_OK);
    count_to(f->provider, 10);
    count_to(child, 20);
    otm_meter_provider_release(child);
    assert_int_equal(otm_reader_collect(f->reader, 0, &f->data), OTM_OK);
}

/* ENT-08 */
static void entity_export_of_a_child_as_json_has_a_resource_of_its_own(void **state)
{
    (void)state;
    fixture f;
    char *json;
    collect_with_child(&f);
    assert_int_equal(otm_metrics_to_json(f.data, &json), OTM_OK);
    const char *ten = strstr(json, "\"asInt\":\"10\"");
    const char *tenant = strstr(json, "\"entityRefs\":[{\"type\":\"tenant\",\"idKeys\":[\"tenant.id\"]}]");
    const char *twenty = strstr(json, "\"asInt\":\"20\"");
    assert_true(ten != NULL && tenant > ten && twenty > tenant);
    otm_memory_exporter_free_json(json);
    release(&f);
}

/* ENT-08 */
static void entity_export_of_a_child_as_protobuf_has_a_resource_of_its_own(void **state)
{
    (void)state;
    fixture f;
    collect_with_child(&f);
    otmi_pb_writer out;
    otmi_otlp_encoded counts;
    otmi_pb_init(&out, NULL, SIZE_MAX);
    assert_int_equal(otmi_otlp_encode(f.data, &out, &counts), OTM_OK);
    pb_request *request = opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__unpack(
        NULL, out.size, otmi_pb_data(&out));
    assert_non_null(request);
    assert_int_equal(request->n_resource_metrics, 2);
    for (size_t i = 0; i < 2; i++) {
        const Opentelemetry__Proto__Metrics__V1__ResourceMetrics *metrics = request->resource_metrics[i];
        assert_int_equal(metrics->resource->n_attributes, i + 1);
        assert_int_equal(metrics->resource->n_entity_refs, i);
        assert_int_equal(metrics->n_scope_metrics, 1);
        const Opentelemetry__Proto__Metrics__V1__Metric *metric = metrics->scope_metrics[0]->metrics[0];
        assert_int_equal(metric->sum->data_points[0]->as_int, 10 * (int64_t)(i + 1));
    }
    opentelemetry__proto__collector__metrics__v1__export_metrics_service_request__free_unpacked(request, NULL);
    otmi_pb_fini(&out);
    release(&f);
}

static void entity_export_as_protobuf_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    fixture f;
    collect(&f, "host{host.id=H1}[host.name=web]@u:1", "");
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_pb_writer out;
        otmi_otlp_encoded counts;
        otmi_pb_init(&out, &fa.base, SIZE_MAX);
        st = otmi_otlp_encode(f.data, &out, &counts);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otmi_pb_fini(&out);
        assert_int_equal(fa.live, 0);
    }
    release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entity_export_of_the_tree_names_keys_that_the_resource_has),
        cmocka_unit_test(entity_export_as_json_has_entity_refs),
        cmocka_unit_test(entity_export_of_several_readers_has_them_in_each_collection),
        cmocka_unit_test(entity_export_as_protobuf_has_entity_refs),
        cmocka_unit_test(entity_export_of_a_child_as_json_has_a_resource_of_its_own),
        cmocka_unit_test(entity_export_of_a_child_as_protobuf_has_a_resource_of_its_own),
        cmocka_unit_test(entity_export_as_protobuf_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
