/* How resources are put together; what they are is in <otm/resource.h>. */
#ifndef OTMI_RESOURCE_H
#define OTMI_RESOURCE_H

#include <otm/resource.h>
#include <otm/sdk_data.h>

/* What a resource consists of, in memory of others. No key is in two entities, or in an entity and loose. */
typedef struct otmi_resource_parts {
    const otm_attr *loose;
    size_t loose_count;
    const char *schema_url;     /* never NULL */
    const otm_entity *entities; /* walked by entity_stride */
    size_t entity_count;
    size_t entity_stride;
} otmi_resource_parts;

static inline const otm_entity *otmi_parts_entity(const otmi_resource_parts *parts, size_t index)
{
    return (const otm_entity *)(const void *)((const char *)parts->entities + index * parts->entity_stride);
}

otmi_resource_parts otmi_resource_parts_of(const otm_resource *resource); /* NULL: none */

/* A copy of the parts, as they are. OTM_ERR_INVALID_ARGUMENT, OTM_ERR_LIMIT, OTM_ERR_NO_MEMORY; *out is NULL then. */
otm_status otmi_resource_build(const otmi_resource_parts *parts, const otm_allocator *allocator, otm_resource **out);

/* otm_resource_merge() of parts. Here the entities of `updating` may clash with each other: the first stays. They have
 * to be copies made by otmi_entity_init(). */
otm_status otmi_resource_merge_parts(const otmi_resource_parts *old, const otmi_resource_parts *updating,
                                     const otm_allocator *allocator, otm_resource **out);

/* The same attributes, entities and schema URL, in whatever order. */
bool otmi_resource_equal(const otm_resource *a, const otm_resource *b);

/* For the collected tree: walked by *stride. */
const otm_entity_ref *otmi_resource_entity_refs(const otm_resource *resource, size_t *count, size_t *stride);

#endif
