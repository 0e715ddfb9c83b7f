#include "metrics/resource.h"

#include "metrics/attr_set.h"
#include "metrics/attr_span.h"
#include "metrics/entity.h"
#include "util/alloc.h"
#include "util/options.h"

/* Immutable but for the references. */
struct otm_resource {
    uint64_t references; /* atomic */
    const otm_allocator *allocator;
    char *schema_url; /* never NULL */
    otmi_attr_set *loose;
    otmi_entity *entities;
    size_t entity_count;
    otm_attr *attributes; /* of entities, then loose; only the array is owned. NULL without entities: loose has all */
    size_t attribute_count;
};

static void destroy(otm_resource *resource)
{
    const otm_allocator *allocator = resource->allocator;
    for (size_t i = 0; resource->entities != NULL && i < resource->entity_count; i++) {
        otmi_entity_fini(&resource->entities[i], allocator);
    }
    otmi_free(allocator, resource->entities, resource->entity_count * sizeof *resource->entities);
    otmi_free(allocator, resource->attributes, resource->attribute_count * sizeof *resource->attributes);
    otmi_attr_set_destroy(allocator, resource->loose);
    otmi_free_text(allocator, resource->schema_url);
    otmi_free(allocator, resource, sizeof *resource);
}

/* -- Building ---------------------------------------------------------------------------------------------------- */

static otm_status copy_entities(otm_resource *resource, const otmi_resource_parts *parts)
{
    resource->entities = otmi_alloc_array(resource->allocator, parts->entity_count, sizeof *resource->entities);
    if (resource->entities == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    resource->entity_count = parts->entity_count;
    otm_status st = OTM_OK;
    for (size_t i = 0; st == OTM_OK && i < parts->entity_count; i++) {
        st = otmi_entity_init(&resource->entities[i], otmi_parts_entity(parts, i), resource->allocator);
    }
    return st;
}

static void append(otm_resource *resource, const otm_attr *attrs, size_t count)
{
    if (count > 0) {
        memcpy(resource->attributes + resource->attribute_count, attrs, count * sizeof *attrs);
        resource->attribute_count += count;
    }
}

static otm_status list_attributes(otm_resource *resource)
{
    size_t count = resource->loose->count;
    for (size_t i = 0; i < resource->entity_count; i++) {
        count += resource->entities[i].id->count + resource->entities[i].description->count;
    }
    resource->attributes = otmi_alloc_array(resource->allocator, count, sizeof *resource->attributes);
    if (resource->attributes == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < resource->entity_count; i++) {
        const otmi_entity *entity = &resource->entities[i];
        append(resource, entity->id->attrs, entity->id->count);
        append(resource, entity->description->attrs, entity->description->count);
    }
    append(resource, resource->loose->attrs, resource->loose->count);
    return OTM_OK;
}

static otm_status fill(otm_resource *resource, const otmi_resource_parts *parts)
{
    resource->schema_url = otmi_text_copy(resource->allocator, parts->schema_url, strlen(parts->schema_url));
    if (resource->schema_url == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = otmi_attr_set_create(resource->allocator, parts->loose, parts->loose_count, &resource->loose);
    if (st == OTM_OK && parts->entity_count > 0) {
        st = copy_entities(resource, parts);
        st = st == OTM_OK ? list_attributes(resource) : st;
    }
    return st;
}

otm_status otmi_resource_build(const otmi_resource_parts *parts, const otm_allocator *allocator, otm_resource **out)
{
    *out = NULL;
    otm_resource *resource = otmi_alloc_zeroed(allocator, sizeof *resource);
    if (resource == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    resource->references = 1;
    resource->allocator = allocator;
    otm_status st = fill(resource, parts);
    if (st != OTM_OK) {
        destroy(resource);
        return st;
    }
    *out = resource;
    return OTM_OK;
}

/* -- Creating ---------------------------------------------------------------------------------------------------- */

otm_status otm_resource_create(const otm_attr *attrs, size_t attr_count, const char *schema_url,
                               const otm_allocator *allocator, otm_resource **out)
{
    otm_resource_options options;
    otm_resource_options_init(&options);
    options.allocator = allocator;
    options.attributes = attrs;
    options.attribute_count = attr_count;
    options.schema_url = schema_url;
    return otm_resource_create_with_options(&options, out);
}

/* What the entities of the options make of a resource of its attributes. */
static otm_status merge_entities(const otm_resource *attributes, const otm_resource_options *options,
                                 otm_resource **out)
{
    const otm_allocator *allocator = options->allocator;
    size_t count = options->entity_count;
    otmi_entity *copies = otmi_alloc_array(allocator, count, sizeof *copies);
    if (copies == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = OTM_OK;
    for (size_t i = 0; st == OTM_OK && i < count; i++) {
        const void *from = (const char *)options->entities + i * options->entity_stride;
        st = otmi_entity_init(&copies[i], from, allocator);
    }
    if (st == OTM_OK) {
        otmi_resource_parts old = otmi_resource_parts_of(attributes);
        otmi_resource_parts updating = {.schema_url = "",
                                        .entities = &copies[0].view,
                                        .entity_count = count,
                                        .entity_stride = sizeof *copies};
        st = otmi_resource_merge_parts(&old, &updating, allocator, out);
    }
    for (size_t i = 0; i < count; i++) {
        otmi_entity_fini(&copies[i], allocator);
    }
    otmi_free(allocator, copies, count * sizeof *copies);
    return st;
}

otm_status otm_resource_create_with_options(const otm_resource_options *options, otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_resource_options o;
    otm_status st = otmi_options_read(options, &o, sizeof o);
    if (st != OTM_OK) {
        return st;
    }
    bool walkable = o.entities != NULL && o.entity_stride >= sizeof(otm_entity);
    if (o.entity_count > OTMI_MAX_ENTITIES || (o.entity_count > 0 && !walkable)) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otmi_resource_parts parts = {.loose = o.attributes,
                                 .loose_count = o.attribute_count,
                                 .schema_url = o.schema_url != NULL ? o.schema_url : ""};
    otm_resource *attributes;
    st = otmi_resource_build(&parts, o.allocator, &attributes);
    if (st != OTM_OK || o.entity_count == 0) {
        *out = attributes;
        return st;
    }
    st = merge_entities(attributes, &o, out);
    otm_resource_release(attributes);
    return st;
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

/* -- Reading ----------------------------------------------------------------------------------------------------- */

static const otm_attr *give(const otm_attr *attrs, size_t attr_count, size_t *count)
{
    if (count != NULL) {
        *count = attr_count;
    }
    return attrs;
}

const otm_attr *otm_resource_loose_attributes(const otm_resource *resource, size_t *count)
{
    return resource != NULL ? give(resource->loose->attrs, resource->loose->count, count) : give(NULL, 0, count);
}

const otm_attr *otm_resource_attributes(const otm_resource *resource, size_t *count)
{
    return resource != NULL && resource->entity_count > 0
               ? give(resource->attributes, resource->attribute_count, count)
               : otm_resource_loose_attributes(resource, count);
}

const char *otm_resource_schema_url(const otm_resource *resource)
{
    return resource != NULL ? resource->schema_url : "";
}

size_t otm_resource_entity_count(const otm_resource *resource)
{
    return resource != NULL ? resource->entity_count : 0;
}

const otm_entity *otm_resource_entity(const otm_resource *resource, size_t index)
{
    return index < otm_resource_entity_count(resource) ? &resource->entities[index].view : NULL;
}

static bool same_set(const otmi_attr_set *a, const otmi_attr_set *b)
{
    otmi_attr_span span = {.attrs = a->attrs, .count = a->count};
    return otmi_attr_span_equals(&span, b);
}

static bool has_entity(const otm_resource *resource, const otmi_entity *entity)
{
    for (size_t i = 0; i < resource->entity_count; i++) {
        const otmi_entity *own = &resource->entities[i];
        if (strcmp(own->type, entity->type) == 0) { /* there is one of a type */
            return strcmp(own->schema_url, entity->schema_url) == 0 && same_set(own->id, entity->id) &&
                   same_set(own->description, entity->description);
        }
    }
    return false;
}

bool otmi_resource_equal(const otm_resource *a, const otm_resource *b)
{
    bool equal = a->entity_count == b->entity_count && strcmp(a->schema_url, b->schema_url) == 0;
    for (size_t i = a->entity_count; equal && i > 0; i--) { /* the last first: children of one parent differ there */
        equal = has_entity(b, &a->entities[i - 1]);
    }
    return equal && same_set(a->loose, b->loose);
}

const otm_entity_ref *otmi_resource_entity_refs(const otm_resource *resource, size_t *count, size_t *stride)
{
    *count = resource->entity_count;
    *stride = sizeof *resource->entities;
    return resource->entity_count > 0 ? &resource->entities[0].ref : NULL;
}

otmi_resource_parts otmi_resource_parts_of(const otm_resource *resource)
{
    otmi_resource_parts parts = {.schema_url = otm_resource_schema_url(resource),
                                 .entities = otm_resource_entity(resource, 0),
                                 .entity_count = otm_resource_entity_count(resource),
                                 .entity_stride = sizeof(otmi_entity)};
    parts.loose = otm_resource_loose_attributes(resource, &parts.loose_count);
    return parts;
}
