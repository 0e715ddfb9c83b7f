/* What produces the metrics: attributes, and entities made of attributes (resource/sdk.md, entities/data-model.md).
 *
 *     otm_resource *own, *standard, *resource;
 *     otm_status st = otm_resource_create(attrs, 2, NULL, NULL, &own);
 *     st = otm_resource_default(NULL, NULL, &standard);
 *     st = otm_resource_merge(standard, own, NULL, &resource);
 *
 * A resource is immutable and reference-counted. No attribute limit applies to it: what is given is exported whole.
 *
 * It is also what tells the streams of one source from those of another (metrics/data-model.md, "Single-Writer").
 * Within a provider each stream has one writer, but two runs of a program with the default resource look like one that
 * contradicts itself. A program that may run more than once merges what the detector "service" finds (detectors.h), a
 * service.instance.id for each process, or says by an attribute of its own which run it is. The latter goes for several
 * providers of one process, too, that send the same meters to one place: to the detector they are one instance. */
#ifndef OTM_RESOURCE_H
#define OTM_RESOURCE_H

#include <otm/attribute.h>
#include <otm/host.h>

OTM_BEGIN_DECLS

typedef struct otm_resource otm_resource;

/* A thing that the telemetry is about: a host, a process, a service. Its identity and its description are attributes
 * of the resource that it belongs to; a key that is in both belongs to the identity. */
typedef struct otm_entity {
    const char *type;       /* non-empty */
    const char *schema_url; /* NULL: none */
    const otm_attr *id_attributes; /* at least one */
    size_t id_attribute_count;
    const otm_attr *description_attributes;
    size_t description_attribute_count;
} otm_entity;

typedef struct otm_resource_options {
    size_t struct_size;             /* set by init; do not change */
    const otm_allocator *allocator; /* must outlive the resource; NULL: malloc */
    const otm_attr *attributes;
    size_t attribute_count;
    const char *schema_url; /* of the attributes; NULL: none */
    const otm_entity *entities; /* the first has the highest priority; walked by entity_stride */
    size_t entity_count;
    size_t entity_stride; /* set by init to sizeof(otm_entity) */
} otm_resource_options;

OTM_INLINE void otm_resource_options_init(otm_resource_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->entity_stride = sizeof(otm_entity);
}

/* Copies the attributes; schema_url may be NULL. Keys must be non-empty; of a repeated key the last counts.
 * Fails: OTM_ERR_INVALID_ARGUMENT, OTM_ERR_LIMIT (more than 64 MiB, or values nested more than 256 deep),
 *        OTM_ERR_NO_MEMORY; *out is NULL then.  Threads: any.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_resource_create(const otm_attr *attrs, size_t attr_count,
                                                      const char *schema_url, const otm_allocator *allocator,
                                                      otm_resource **out);

/* The same with entities. The result is what otm_resource_merge() makes of a resource of the attributes and one of the
 * entities: entities that clash with one of higher priority are left out.
 * Fails: as above; OTM_ERR_INVALID_ARGUMENT also for an entity without type or identity, for more than 256, and for an
 *        option that this library does not know.  Threads: any.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_resource_create_with_options(const otm_resource_options *options,
                                                                   otm_resource **out);

/* service.name (from OTEL_SERVICE_NAME, else OTEL_RESOURCE_ATTRIBUTES, else "unknown_service:" and the executable's
 * name), telemetry.sdk.*, what else OTEL_RESOURCE_ATTRIBUTES lists, and the entities of OTEL_ENTITIES, which displace
 * attributes of the same keys. A malformed OTEL_RESOURCE_ATTRIBUTES is dropped as a whole, of OTEL_ENTITIES only what
 * is malformed; both are reported to `diagnostics` (may be NULL).
 * Fails: OTM_ERR_NO_MEMORY.  Threads: any, while none changes the environment.  Blocks: for one readlink. */
OTM_API OTM_MUST_CHECK otm_status otm_resource_default(const otm_allocator *allocator,
                                                       const otm_diagnostics_options *diagnostics,
                                                       otm_resource **out);

/* The entities of a text in the format of OTEL_ENTITIES (entities/entity-propagation.md), NULL counting as empty:
 *
 *     host{host.id=H1}[host.name=web-1]@https://opentelemetry.io/schemas/1.44.0;service{service.name=shop}
 *
 * What is malformed is left out, of entities of one type the last counts; each is reported to `diagnostics` (may be
 * NULL). So is what comes after 256 entities, or 4096 attributes of all together.
 * Fails: OTM_ERR_NO_MEMORY.  Threads: any.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_resource_parse_entities(const char *text, const otm_allocator *allocator,
                                                              const otm_diagnostics_options *diagnostics,
                                                              otm_resource **out);

/* The union of both; where keys are equal `updating` wins, even if its value is empty. NULL counts as empty.
 *
 * Entities change that (resource/data-model.md, "Merging Resources"). Those of `old` have the higher priority, in their
 * order, then come those of `updating`. Of one type the first stays; it takes the description of a later one with the
 * same identity and schema URL. A key belongs to one entity: the one of lower priority goes. A loose attribute (of no
 * entity) of `updating` displaces an entity of `old` that has its key; the entities that remain displace loose
 * attributes. The schema URL is then the one on which all entities agree, or none.
 * Fails: OTM_ERR_CONFIG when the result has no entity, both have schema URLs and these differ (*out is then the merge
 *        without one), OTM_ERR_LIMIT (more than 256 entities), OTM_ERR_NO_MEMORY.  Threads: any.  Blocks: no. */
OTM_API OTM_MUST_CHECK otm_status otm_resource_merge(const otm_resource *old, const otm_resource *updating,
                                                     const otm_allocator *allocator, otm_resource **out);

/* One more reference, and one less: the last release frees. NULL is ignored.  Threads: any.  Blocks: no. */
OTM_API otm_resource *otm_resource_retain(otm_resource *resource);
OTM_API void otm_resource_release(otm_resource *resource);

/* Read access; NULL counts as empty, and `count` may be NULL. What is returned is valid while the resource is held.
 * Threads: any.  Blocks: no. */
OTM_API const char *otm_resource_schema_url(const otm_resource *resource);
/* All attributes, those of entities included; keys are unique. */
OTM_API const otm_attr *otm_resource_attributes(const otm_resource *resource, size_t *count);
/* Those that belong to no entity. */
OTM_API const otm_attr *otm_resource_loose_attributes(const otm_resource *resource, size_t *count);
/* The highest priority first; NULL from the count on. */
OTM_API size_t otm_resource_entity_count(const otm_resource *resource);
OTM_API const otm_entity *otm_resource_entity(const otm_resource *resource, size_t index);

OTM_END_DECLS

#endif
