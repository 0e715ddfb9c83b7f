#include <otm/config.h>

#include "model/model.h"
#include "util/alloc.h"
#include "util/options.h"

#define ARENA_LIMIT_BYTES ((size_t)64 << 20)

/* Made by the application's thread, never changes afterwards but for what the judge guards. The judge is the user data
 * of the provider's meter configurator, so it lives until the provider has been shut down. */
struct otm_sdk {
    const otm_allocator *allocator;
    const otm_clock *clock;
    otm_diagnostics_options diagnostics;
    otm_meter_provider *provider; /* the no-op one, if the model disables metrics */
    size_t reader_count;
    size_t reader_capacity;
    otm_reader **readers;
    otm_prometheus_exporter **prometheus; /* by reader; NULL for those that are none */
    bool judge_ready;
    otmi_meter_judge judge;
};

static const otmi_diag_origin origin = {.component = "config"};

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static otm_status options_read(const otm_sdk_model_options *options, otm_sdk_model_options *out)
{
    otm_status st = otmi_options_read(options, out, sizeof *out);
    if (st != OTM_OK) {
        return st;
    }
    out->struct_size = sizeof *out;
    return out->view_matching <= OTM_VIEWS_COMPOSABLE ? OTM_OK : OTM_ERR_INVALID_ARGUMENT;
}

static otm_status build_readers(otm_sdk *sdk, otmi_model *model, const otmi_plan *plan)
{
    sdk->readers = otmi_alloc_array(sdk->allocator, plan->reader_count, sizeof(otm_reader *));
    sdk->prometheus = otmi_alloc_array(sdk->allocator, plan->reader_count, sizeof(otm_prometheus_exporter *));
    sdk->reader_capacity = plan->reader_count;
    if (sdk->readers == NULL || sdk->prometheus == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = OTM_OK;
    for (size_t i = 0; st == OTM_OK && i < plan->reader_count; i++) {
        st = otmi_model_build_reader(model, &plan->readers[i], &sdk->readers[i], &sdk->prometheus[i]);
        sdk->reader_count += st == OTM_OK ? 1 : 0;
    }
    return st;
}

static otm_status build_provider(otm_sdk *sdk, otmi_model *model, const otmi_plan *plan,
                                 const otm_sdk_model_options *options)
{
    otm_meter_provider_options provider;
    otm_meter_provider_options_init(&provider);
    provider.allocator = sdk->allocator;
    provider.clock = sdk->clock;
    provider.diagnostics = sdk->diagnostics;
    provider.readers = sdk->readers;
    provider.reader_count = sdk->reader_count;
    provider.views = plan->views;
    provider.view_count = plan->view_count;
    provider.exemplar_filter = plan->exemplar_filter;
    provider.view_matching = options->view_matching;
    provider.silent_in_child = options->silent_in_child;
    provider.meter_configurator = otmi_meter_judge_decide;
    provider.meter_configurator_user_data = &sdk->judge;
    otm_status st = otmi_model_build_resource(model, &plan->resource, &provider.resource);
    if (st != OTM_OK) {
        return st;
    }
    st = otm_meter_provider_create(&provider, &sdk->provider);
    otm_resource_release(provider.resource);
    return st;
}

static otm_status build(otm_sdk *sdk, otmi_model *model, otmi_plan *plan, const otm_sdk_model_options *options)
{
    otm_status st = otmi_meter_judge_init(&sdk->judge);
    if (st != OTM_OK) {
        return st;
    }
    sdk->judge_ready = true;
    (void)otmi_meter_judge_replace(&sdk->judge, plan->meter_rules); /* there were none before */
    plan->meter_rules = NULL;
    if (plan->disabled) {
        return OTM_OK;
    }
    st = build_readers(sdk, model, plan);
    return st == OTM_OK ? build_provider(sdk, model, plan, options) : st;
}

static otm_status create(otmi_model *model, otmi_plan *plan, const otm_sdk_model_options *options, otm_sdk **out)
{
    otm_sdk *sdk = otmi_alloc_zeroed(model->allocator, sizeof *sdk);
    if (sdk == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    sdk->allocator = model->allocator;
    sdk->clock = model->clock;
    sdk->diagnostics = model->diagnostics;
    sdk->provider = otm_noop_meter_provider();
    otm_status st = build(sdk, model, plan, options);
    if (st != OTM_OK) {
        otm_sdk_release(sdk);
        return st;
    }
    *out = sdk;
    return OTM_OK;
}

/* The model's JSON as a value; the caller gives it back with json_decref(). */
static otm_status parse(otmi_model *model, const char *text, size_t size, size_t flags, json_t **out)
{
    json_error_t error;
    *out = json_loadb(text, size, JSON_REJECT_DUPLICATES | flags, &error);
    if (*out != NULL) {
        return OTM_OK;
    }
    if (json_error_code(&error) == json_error_out_of_memory) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_diag_report(model->diag, OTM_ERROR, OTM_ERR_CONFIG, &origin, "line %d, column %d: expected JSON: %s",
                     error.line, error.column, error.text);
    return OTM_ERR_CONFIG;
}

/* Everything but reporting: reads the whole model before anything is created. */
static otm_status read_and_create(otmi_model *model, const json_t *root, const otm_sdk_model_options *options,
                                  otm_sdk **out)
{
    otmi_plan plan;
    if (!json_is_object(root)) {
        otmi_node node = otmi_node_root(model, root, "(root)");
        return otmi_node_fail(&node, "a map");
    }
    otm_status st = otmi_model_read(model, root, &plan);
    if (plan.log_level != 0) {
        model->diagnostics.minimum_level = plan.log_level;
    }
    if (st == OTM_OK && model->missing != NULL && !plan.disabled) {
        otmi_diag_report(model->diag, OTM_ERROR, OTM_ERR_UNSUPPORTED, &origin, "%s: not available yet",
                         model->missing);
        st = OTM_ERR_UNSUPPORTED;
    }
    if (st == OTM_OK) {
        st = create(model, &plan, options, out);
    }
    otmi_meter_rules_destroy(plan.meter_rules);
    return st;
}

static void model_init(otmi_model *model, const otm_allocator *allocator, const otm_clock *clock,
                       const otm_diagnostics_options *diagnostics)
{
    *model = (otmi_model){.allocator = otmi_allocator_or_default(allocator), .clock = clock};
    model->diagnostics = *diagnostics;
    model->diag = otmi_diag_create(model->allocator, diagnostics, clock);
    otmi_arena_init(&model->arena, model->allocator, ARENA_LIMIT_BYTES);
}

static void model_fini(otmi_model *model)
{
    otmi_arena_fini(&model->arena);
    otmi_diag_destroy(model->diag);
}

otm_status otm_sdk_create_from_model(const char *json_text, size_t size, const otm_sdk_model_options *options,
                                     otm_sdk **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_sdk_model_options o;
    otm_status st = options_read(options, &o);
    if (st != OTM_OK || json_text == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otmi_model model;
    json_t *root = NULL;
    model_init(&model, o.allocator, o.clock, &o.diagnostics);
    model.allow_manual_readers = o.allow_manual_readers;
    st = parse(&model, json_text, size, 0, &root);
    if (st == OTM_OK) {
        st = read_and_create(&model, root, &o, out);
    }
    json_decref(root);
    model_fini(&model);
    return st;
}

/* -- Use --------------------------------------------------------------------------------------------------------- */

otm_meter_provider *otm_sdk_provider(const otm_sdk *sdk)
{
    return sdk == NULL ? otm_noop_meter_provider() : sdk->provider;
}

size_t otm_sdk_reader_count(const otm_sdk *sdk)
{
    return sdk == NULL ? 0 : sdk->reader_count;
}

otm_reader *otm_sdk_reader(const otm_sdk *sdk, size_t index)
{
    return index < otm_sdk_reader_count(sdk) ? sdk->readers[index] : NULL;
}

otm_prometheus_exporter *otm_sdk_prometheus_exporter(const otm_sdk *sdk, size_t index)
{
    return index < otm_sdk_reader_count(sdk) ? sdk->prometheus[index] : NULL;
}

static otm_status replace_rules(otm_sdk *sdk, otmi_meter_rules *rules)
{
    otmi_meter_rules *before = otmi_meter_judge_replace(&sdk->judge, rules);
    otm_status st = otm_meter_provider_configure_meters(sdk->provider, otmi_meter_judge_decide, &sdk->judge);
    if (st != OTM_OK) {
        rules = otmi_meter_judge_replace(&sdk->judge, before);
        before = rules;
    }
    otmi_meter_rules_destroy(before);
    return st;
}

otm_status otm_sdk_configure_meters(otm_sdk *sdk, const char *json_text, size_t size)
{
    if (sdk == NULL || json_text == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otmi_model model;
    json_t *json = NULL;
    otmi_meter_rules *rules = NULL;
    model_init(&model, sdk->allocator, sdk->clock, &sdk->diagnostics);
    otm_status st = parse(&model, json_text, size, JSON_DECODE_ANY, &json);
    if (st == OTM_OK) {
        otmi_node node = otmi_node_root(&model, json, "meter_configurator/development");
        st = otmi_meter_rules_read(&node, &rules);
    }
    if (st == OTM_OK) {
        st = replace_rules(sdk, rules);
    }
    json_decref(json);
    model_fini(&model);
    return st;
}

void otm_sdk_release(otm_sdk *sdk)
{
    if (sdk == NULL) {
        return;
    }
    /* Others may hold the provider still; from here on it asks no judge, and its readers are at rest. */
    (void)otm_meter_provider_shutdown(sdk->provider, 1);
    otm_meter_provider_release(sdk->provider);
    for (size_t i = 0; i < sdk->reader_count; i++) {
        (void)otm_prometheus_exporter_release(sdk->prometheus[i]);
        otm_reader_release(sdk->readers[i]);
    }
    otmi_free(sdk->allocator, sdk->readers, sdk->reader_capacity * sizeof(otm_reader *));
    otmi_free(sdk->allocator, sdk->prometheus, sdk->reader_capacity * sizeof(otm_prometheus_exporter *));
    if (sdk->judge_ready) {
        otmi_meter_judge_fini(&sdk->judge);
    }
    otmi_free(sdk->allocator, sdk, sizeof *sdk);
}
