#include <otm/sdk.h>

#include <stdlib.h>

#include "metrics/attr_set.h"
#include "platform/platform.h"
#include "util/alloc.h"
#include "util/diag.h"
#include "util/kvlist.h"

/* Immutable but for the references. */
struct otm_resource {
    uint64_t references; /* atomic */
    const otm_allocator *allocator;
    char *schema_url; /* never NULL */
    otmi_attr_set *attributes;
};

static void destroy(otm_resource *resource)
{
    const otm_allocator *allocator = resource->allocator;
    otmi_attr_set_destroy(allocator, resource->attributes);
    otmi_free_text(allocator, resource->schema_url);
    otmi_free(allocator, resource, sizeof *resource);
}

otm_status otm_resource_create(const otm_attr *attrs, size_t attr_count, const char *schema_url,
                               const otm_allocator *allocator, otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_resource *resource = otmi_alloc_zeroed(allocator, sizeof *resource);
    if (resource == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    resource->references = 1;
    resource->allocator = allocator;
    otm_status st = otmi_attr_set_create(allocator, attrs, attr_count, &resource->attributes);
    if (st == OTM_OK) {
        const char *url = schema_url != NULL ? schema_url : "";
        resource->schema_url = otmi_text_copy(allocator, url, strlen(url));
        st = resource->schema_url != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
    }
    if (st != OTM_OK) {
        destroy(resource);
        return st;
    }
    *out = resource;
    return OTM_OK;
}

otm_resource *otm_resource_retain(otm_resource *resource)
{
    if (resource != NULL) {
        /* Relaxed: whoever retains holds a reference already, nothing is published by it. */
        __atomic_fetch_add(&resource->references, 1, __ATOMIC_RELAXED);
    }
    return resource;
}

void otm_resource_release(otm_resource *resource)
{
    /* Release and acquire: all reads of other holders come before the memory is given back. */
    if (resource != NULL && __atomic_sub_fetch(&resource->references, 1, __ATOMIC_ACQ_REL) == 0) {
        destroy(resource);
    }
}

const otm_attr *otm_resource_attributes(const otm_resource *resource, size_t *count)
{
    if (count != NULL) {
        *count = resource != NULL ? resource->attributes->count : 0;
    }
    return resource != NULL ? resource->attributes->attrs : NULL;
}

const char *otm_resource_schema_url(const otm_resource *resource)
{
    return resource != NULL ? resource->schema_url : "";
}

/* -- Merge ------------------------------------------------------------------------------------------------------- */

/* resource/sdk.md, "Merge". OTM_ERR_CONFIG: both are set and differ. */
static otm_status merge_schema_url(const char *old, const char *updating, const char **out)
{
    *out = old[0] == '\0' ? updating : old;
    if (old[0] == '\0' || updating[0] == '\0' || strcmp(old, updating) == 0) {
        return OTM_OK;
    }
    *out = "";
    return OTM_ERR_CONFIG;
}

static void append_attributes(otm_attr *attrs, size_t *count, const otm_resource *resource)
{
    size_t added;
    const otm_attr *from = otm_resource_attributes(resource, &added);
    if (added > 0) {
        memcpy(attrs + *count, from, added * sizeof *attrs);
        *count += added;
    }
}

otm_status otm_resource_merge(const otm_resource *old, const otm_resource *updating, const otm_allocator *allocator,
                              otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    size_t old_count;
    size_t updating_count;
    otm_resource_attributes(old, &old_count);
    otm_resource_attributes(updating, &updating_count);
    size_t capacity = old_count + updating_count;
    otm_attr *both = otmi_alloc_array(allocator, capacity, sizeof *both);
    if (both == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    /* One behind the other: of a repeated key the last wins. */
    size_t count = 0;
    append_attributes(both, &count, old);
    append_attributes(both, &count, updating);
    const char *url;
    otm_status url_status = merge_schema_url(otm_resource_schema_url(old), otm_resource_schema_url(updating), &url);
    otm_status st = otm_resource_create(both, count, url, allocator, out);
    otmi_free(allocator, both, capacity * sizeof *both);
    return st != OTM_OK ? st : url_status;
}

/* -- The default resource ---------------------------------------------------------------------------------------- */

#define UNKNOWN_SERVICE "unknown_service"
#define OWN_ATTRIBUTES 5 /* those that make_default() adds itself */

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

static otm_status make_default(const otm_allocator *allocator, const otmi_kvlist *environment, otm_resource **out)
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

otm_status otm_resource_default(const otm_allocator *allocator, const otm_diagnostics_options *diagnostics,
                                otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otmi_kvlist environment;
    otm_status st = read_environment(allocator, diagnostics, &environment);
    if (st == OTM_OK) {
        st = make_default(allocator, &environment, out);
        otmi_kvlist_fini(&environment);
    }
    return st;
}
