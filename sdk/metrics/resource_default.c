/* What the environment says about the resource, and the default resource (resource/sdk.md, "SDK-provided resource
 * attributes"). */
#include <stdlib.h>

#include "metrics/entity_env.h"
#include "metrics/resource.h"
#include "platform/platform.h"
#include "util/alloc.h"
#include "util/kvlist.h"

#define UNKNOWN_SERVICE "unknown_service"
#define OWN_ATTRIBUTES 5 /* those that make_attributes() adds itself */
#define MAX_ENTITIES_BYTES ((size_t)64 << 20)

static void report_malformed(const otm_allocator *allocator, const otm_diagnostics_options *diagnostics, size_t offset)
{
    static const otmi_diag_origin origin = {.component = "resource"};
    otmi_diag *diag = otmi_diag_create(allocator, diagnostics, NULL);
    otmi_diag_report(diag, OTM_WARN, OTM_ERR_CONFIG, &origin,
                     "OTEL_RESOURCE_ATTRIBUTES is dropped as a whole: malformed at byte %zu, expected at most 1024 "
                     "entries key=value, separated by commas, with %%XX for special characters",
                     offset);
    otmi_diag_destroy(diag);
}

/* An empty list if the variable is unset, or malformed, which is reported. */
static otm_status read_environment(const otm_allocator *allocator, const otm_diagnostics_options *diagnostics,
                                   otmi_kvlist *list)
{
    const char *text = getenv("OTEL_RESOURCE_ATTRIBUTES");
    size_t offset = 0;
    otm_status st = otmi_kvlist_parse(list, allocator, text != NULL ? text : "", &offset);
    if (st == OTM_ERR_CONFIG) {
        report_malformed(allocator, diagnostics, offset);
        st = OTM_OK;
    }
    return st;
}

/* "unknown_service:NAME", or "unknown_service" when the name is not known. */
static void fallback_service_name(char *name, size_t capacity)
{
    size_t prefix = sizeof UNKNOWN_SERVICE; /* with a colon in place of its NUL */
    memcpy(name, UNKNOWN_SERVICE, sizeof UNKNOWN_SERVICE);
    if (otmi_executable_name(name + prefix, capacity - prefix)) {
        name[prefix - 1] = ':';
    }
}

static otm_status make_attributes(const otm_allocator *allocator, const otmi_kvlist *environment, otm_resource **out)
{
    size_t capacity = environment->count + OWN_ATTRIBUTES;
    otm_attr *attrs = otmi_alloc_array(allocator, capacity, sizeof *attrs);
    if (attrs == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    /* In rising priority: of a repeated key the last wins. */
    char fallback[sizeof UNKNOWN_SERVICE + 256];
    fallback_service_name(fallback, sizeof fallback);
    size_t count = 0;
    attrs[count++] = otm_attr_string("service.name", fallback);
    for (size_t i = 0; i < environment->count; i++) {
        attrs[count++] = otm_attr_string(environment->items[i].key, environment->items[i].value);
    }
    const char *service_name = getenv("OTEL_SERVICE_NAME");
    if (service_name != NULL && service_name[0] != '\0') {
        attrs[count++] = otm_attr_string("service.name", service_name);
    }
    /* "opentelemetry" is reserved for the project's own SDKs, and no known language is C. */
    attrs[count++] = otm_attr_string("telemetry.sdk.name", "otm");
    attrs[count++] = otm_attr_string("telemetry.sdk.language", "c");
    attrs[count++] = otm_attr_string("telemetry.sdk.version", OTM_VERSION_STRING);
    otm_status st = otm_resource_create(attrs, count, NULL, allocator, out);
    otmi_free(allocator, attrs, capacity * sizeof *attrs);
    return st;
}

static otm_status default_attributes(const otm_allocator *allocator, const otm_diagnostics_options *diagnostics,
                                     otm_resource **out)
{
    otmi_kvlist environment;
    otm_status st = read_environment(allocator, diagnostics, &environment);
    if (st == OTM_OK) {
        st = make_attributes(allocator, &environment, out);
        otmi_kvlist_fini(&environment);
    }
    return st;
}

otm_status otm_resource_default(const otm_allocator *allocator, const otm_diagnostics_options *diagnostics,
                                otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_resource *attributes = NULL;
    otm_resource *entities = NULL;
    otm_status st = default_attributes(allocator, diagnostics, &attributes);
    if (st == OTM_OK) {
        st = otm_resource_parse_entities(getenv("OTEL_ENTITIES"), allocator, diagnostics, &entities);
    }
    if (st == OTM_OK) {
        st = otm_resource_merge(attributes, entities, allocator, out);
    }
    otm_resource_release(attributes);
    otm_resource_release(entities);
    return st;
}

/* -- Entities ---------------------------------------------------------------------------------------------------- */

otm_status otm_resource_parse_entities(const char *text, const otm_allocator *allocator,
                                       const otm_diagnostics_options *diagnostics, otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otmi_arena arena;
    otmi_arena_init(&arena, allocator, MAX_ENTITIES_BYTES);
    otmi_diag *diag = otmi_diag_create_unthrottled(allocator, diagnostics);
    otm_resource_options options;
    otm_resource_options_init(&options);
    options.allocator = allocator;
    otm_entity *entities;
    otm_status st = otmi_entity_env_parse(text != NULL ? text : "", &arena, diag, &entities, &options.entity_count);
    if (st == OTM_OK) {
        options.entities = entities;
        st = otm_resource_create_with_options(&options, out);
    }
    otmi_diag_destroy(diag);
    otmi_arena_fini(&arena);
    return st;
}
