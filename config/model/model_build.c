/* From plans to objects. */
#include "model/model.h"

#include "util/alloc.h"
#include "util/kvlist.h"

/* -- Resource ---------------------------------------------------------------------------------------------------- */

static otm_status resource_of_list(otmi_model *model, const char *text, otm_resource **out)
{
    static const otmi_diag_origin origin = {.component = "config"};
    otmi_kvlist list;
    otm_status st = otmi_kvlist_parse(&list, model->allocator, text, NULL);
    if (st == OTM_ERR_CONFIG) {
        otmi_diag_report(model->diag, OTM_ERROR, st, &origin,
                         "resource.attributes_list: expected a list of the form key=value,key=value");
    }
    otm_attr *attributes = NULL;
    if (st == OTM_OK && list.count > 0) {
        attributes = otmi_model_array(model, list.count, sizeof *attributes);
        st = attributes == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    }
    for (size_t i = 0; st == OTM_OK && i < list.count; i++) {
        attributes[i] = otm_attr_string(list.items[i].key, list.items[i].value);
    }
    if (st == OTM_OK) {
        st = otm_resource_create(attributes, list.count, NULL, model->allocator, out);
    }
    otmi_kvlist_fini(&list);
    return st;
}

/* Replaces *base by its merge with `updating`, which is used up. */
static otm_status merge_over(otmi_model *model, otm_resource **base, otm_resource *updating)
{
    otm_resource *merged = NULL;
    otm_status st = otm_resource_merge(*base, updating, model->allocator, &merged);
    otm_resource_release(updating);
    if (st != OTM_OK) {
        otm_resource_release(merged);
        return st;
    }
    otm_resource_release(*base);
    *base = merged;
    return OTM_OK;
}

otm_status otmi_model_build_resource(otmi_model *model, const otmi_resource_plan *plan, otm_resource **out)
{
    *out = NULL;
    otm_resource *resource = NULL;
    otm_resource *part = NULL;
    otm_status st = otm_resource_default(model->allocator, &model->diagnostics, &resource);
    if (st == OTM_OK && plan->attributes_list != NULL) {
        st = resource_of_list(model, plan->attributes_list, &part);
        if (st == OTM_OK) {
            st = merge_over(model, &resource, part);
        }
    }
    if (st == OTM_OK) {
        st = otm_resource_create(plan->attributes, plan->attribute_count, plan->schema_url, model->allocator, &part);
    }
    if (st == OTM_OK) {
        st = merge_over(model, &resource, part);
    }
    if (st != OTM_OK) {
        otm_resource_release(resource);
        return st;
    }
    *out = resource;
    return OTM_OK;
}

/* -- Readers ----------------------------------------------------------------------------------------------------- */

static otm_status build_push_exporter(otmi_model *model, const otmi_reader_plan *plan, otm_exporter **out)
{
    if (plan->exporter == OTMI_EXPORTER_CONSOLE) {
        otm_stdout_exporter_options console = plan->console;
        console.allocator = model->allocator;
        return otm_stdout_exporter_create(&console, out);
    }
    otm_otlp_http_exporter_options otlp = plan->otlp;
    otlp.allocator = model->allocator;
    return otm_otlp_http_exporter_create(&otlp, &model->diagnostics, out);
}

static otm_status build_periodic(otmi_model *model, const otmi_reader_plan *plan, otm_reader **out)
{
    otm_periodic_reader_options options = plan->periodic;
    otm_reader_options reader = plan->reader;
    reader.allocator = model->allocator;
    options.reader = &reader;
    otm_exporter *exporter = NULL;
    otm_status st = build_push_exporter(model, plan, &exporter);
    if (st != OTM_OK) {
        return st;
    }
    st = otm_periodic_reader_create(exporter, &options, out);
    otm_exporter_release(exporter); /* the reader holds it now */
    return st;
}

static otm_status build_prometheus(otmi_model *model, const otmi_reader_plan *plan, otm_reader **out,
                                   otm_prometheus_exporter **prometheus)
{
    otm_reader_options reader = plan->reader;
    otm_prometheus_exporter_options options = plan->prometheus;
    reader.allocator = model->allocator;
    options.allocator = model->allocator;
    options.clock = model->clock;
    options.diagnostics = model->diagnostics;
    options.reader = &reader;
    otm_prometheus_exporter *exporter = NULL;
    otm_status st = otm_prometheus_exporter_create(&options, &exporter);
    if (st == OTM_OK) {
        st = otm_prometheus_exporter_start(exporter);
    }
    if (st != OTM_OK) {
        (void)otm_prometheus_exporter_release(exporter);
        return st;
    }
    *prometheus = exporter;
    *out = otm_reader_retain(otm_prometheus_exporter_reader(exporter));
    return OTM_OK;
}

otm_status otmi_model_build_reader(otmi_model *model, const otmi_reader_plan *plan, otm_reader **out,
                                   otm_prometheus_exporter **prometheus)
{
    otm_reader_options manual;
    *out = NULL;
    *prometheus = NULL;
    switch (plan->exporter) {
    case OTMI_EXPORTER_OTLP_HTTP:
    case OTMI_EXPORTER_CONSOLE:
        return build_periodic(model, plan, out);
    case OTMI_EXPORTER_PROMETHEUS:
        return build_prometheus(model, plan, out, prometheus);
    case OTMI_EXPORTER_NONE:
        break;
    }
    manual = plan->reader;
    manual.allocator = model->allocator;
    return otm_manual_reader_create(&manual, out);
}
