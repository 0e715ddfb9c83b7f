#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "for_entity_fixture.h"

void family_open(family *f, size_t reader_count, otm_meter_provider_options *given)
{
    otm_meter_provider_options options;
    otm_attr name = otm_attr_string("service.name", "shop");
    otm_meter_provider_options_init(&options);
    options = given != NULL ? *given : options;
    failing_alloc_init(&f->memory, 0);
    diag_recorder_init(&f->reports);
    f->readers[0] = f->readers[1] = NULL;
    for (size_t i = 0; i < reader_count; i++) {
        otm_reader_options reader_options;
        otm_reader_options_init(&reader_options);
        reader_options.temporality_preference = i == 0 ? OTM_PREFER_CUMULATIVE : OTM_PREFER_DELTA;
        assert_int_equal(otm_manual_reader_create(&reader_options, &f->readers[i]), OTM_OK);
    }
    if (options.resource == NULL) {
        assert_int_equal(otm_resource_create(&name, 1, NULL, &f->memory.base, &options.resource), OTM_OK);
    }
    options.allocator = &f->memory.base;
    options.diagnostics = f->reports.options;
    options.readers = f->readers;
    options.reader_count = reader_count;
    assert_int_equal(otm_meter_provider_create(&options, &f->provider), OTM_OK);
    otm_resource_release(options.resource);
}

void family_close(family *f)
{
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->readers[0]);
    otm_reader_release(f->readers[1]);
    assert_int_equal(f->memory.live, 0);
    diag_recorder_fini(&f->reports);
}

otm_meter_provider *child_of(otm_meter_provider *parent, const char *id)
{
    otm_meter_provider *child;
    otm_attr attr = otm_attr_string("tenant.id", id);
    otm_entity tenant = {.type = "tenant", .id_attributes = &attr, .id_attribute_count = 1};
    assert_int_equal(otm_meter_provider_for_entity(parent, &tenant, 1, sizeof tenant, &child), OTM_OK);
    return child;
}

void add(otm_meter_provider *provider, int64_t value)
{
    otm_counter_i64 *counter;
    otm_meter *meter = otm_meter_provider_get_meter(provider, "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    otm_counter_i64_add(counter, value, NULL, 0);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

/* -- Collections as texts ------------------------------------------------------------------------------------------ */

static char text[4096];

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text + used, sizeof text - used, format, args);
    va_end(args);
    assert_true(size >= 0 && (size_t)size < sizeof text - used);
}

static void say_tenant(const otm_resource_metrics *resource)
{
    for (size_t i = 0; i < resource->attribute_count; i++) {
        if (strcmp(resource->attributes[i].key, "tenant.id") == 0) {
            say("%s", resource->attributes[i].value.as.string);
            return;
        }
    }
    say("-");
}

static int64_t total(const otm_metric *metric)
{
    int64_t sum = 0;
    for (size_t i = 0; i < metric->point_count; i++) {
        sum += otm_metric_point(metric, i)->data.number.as.i64;
    }
    return sum;
}

static void say_metrics(const otm_resource_metrics *resource)
{
    const char *comma = "";
    for (size_t s = 0; s < resource->scope_count; s++) {
        const otm_scope_metrics *scope = otm_resource_scope(resource, s);
        for (size_t m = 0; m < scope->metric_count; m++) {
            const otm_metric *metric = otm_scope_metric(scope, m);
            say("%s%s=%lld", comma, metric->name.data, (long long)total(metric));
            comma = ",";
        }
    }
}

const char *shown(otm_reader *reader)
{
    const otm_metrics_data *data = NULL;
    assert_int_equal(otm_reader_collect(reader, 0, &data), OTM_OK);
    text[0] = '\0';
    for (size_t i = 0; i < data->resource_count; i++) {
        say("%s", i == 0 ? "" : " ");
        say_tenant(otm_data_resource(data, i));
        say("{");
        say_metrics(otm_data_resource(data, i));
        say("}");
    }
    otm_reader_return(reader, data);
    return text;
}
