/* resource/sdk.md, "Merge", and resource/data-model.md, "Merging Entities into a Resource".
 *
 * The resource model first adds entities, then lets them displace loose attributes, then drops those that clash. Here
 * only entities that stay displace anything and count for the schema URL: else one that is dropped would take loose
 * attributes with it. */
#include "metrics/entity.h"
#include "metrics/resource.h"
#include "util/alloc.h"
#include "util/arena.h"

#define MAX_SCRATCH_BYTES ((size_t)256 << 20)

/* The result as it grows: arrays in `scratch`, attributes and texts where they were. */
typedef struct merge_run {
    const otmi_resource_parts *old;
    const otmi_resource_parts *updating;
    otmi_arena *scratch;
    otm_entity *entities; /* the highest priority first */
    size_t entity_count;
    otm_attr *loose;
    size_t loose_count;
} merge_run;

/* -- Entities ---------------------------------------------------------------------------------------------------- */

/* A loose attribute that updates the key of an entity leaves of that entity neither identity nor description. */
static void take_old_entities(merge_run *run)
{
    for (size_t i = 0; i < run->old->entity_count; i++) {
        const otm_entity *entity = otmi_parts_entity(run->old, i);
        if (!otmi_entity_meets_attrs(entity, run->updating->loose, run->updating->loose_count)) {
            run->entities[run->entity_count++] = *entity;
        }
    }
}

static otm_entity *find_type(const merge_run *run, const char *type)
{
    for (size_t i = 0; i < run->entity_count; i++) {
        if (strcmp(run->entities[i].type, type) == 0) {
            return &run->entities[i];
        }
    }
    return NULL;
}

/* entities/data-model.md, "Merging of Entities". A description may hold keys twice after this: the last counts. */
static bool extend_description(merge_run *run, otm_entity *entity, const otm_entity *by)
{
    size_t count = entity->description_attribute_count;
    size_t added = by->description_attribute_count;
    if (added == 0) {
        return true;
    }
    otm_attr *both = otmi_arena_alloc(run->scratch, (count + added) * sizeof *both);
    if (both == NULL) {
        return false;
    }
    if (count > 0) {
        memcpy(both, entity->description_attributes, count * sizeof *both);
    }
    memcpy(both + count, by->description_attributes, added * sizeof *both);
    entity->description_attributes = both;
    entity->description_attribute_count = count + added;
    return true;
}

static bool take_new_entities(merge_run *run)
{
    for (size_t i = 0; i < run->updating->entity_count; i++) {
        const otm_entity *entity = otmi_parts_entity(run->updating, i);
        otm_entity *present = find_type(run, entity->type);
        if (present == NULL) {
            run->entities[run->entity_count++] = *entity;
            continue;
        }
        bool same = strcmp(present->schema_url, entity->schema_url) == 0 && otmi_entity_same_id(present, entity);
        if (same && !extend_description(run, present, entity)) {
            return false;
        }
    }
    return true;
}

/* A key can be in one entity only, since entities refer to attributes of the resource. */
static void drop_clashing(merge_run *run)
{
    size_t kept = 0;
    for (size_t i = 0; i < run->entity_count; i++) {
        bool clashes = false;
        for (size_t j = 0; j < kept && !clashes; j++) {
            clashes = otmi_entity_meets(&run->entities[j], &run->entities[i]);
        }
        if (!clashes) {
            run->entities[kept++] = run->entities[i];
        }
    }
    run->entity_count = kept;
}

/* -- Loose attributes -------------------------------------------------------------------------------------------- */

static bool is_of_entity(const merge_run *run, const otm_attr *attr)
{
    for (size_t i = 0; i < run->entity_count; i++) {
        if (otmi_entity_holds_key(&run->entities[i], attr)) {
            return true;
        }
    }
    return false;
}

static void take_loose(merge_run *run, const otmi_resource_parts *from)
{
    for (size_t i = 0; i < from->loose_count; i++) {
        if (run->entity_count == 0 || !is_of_entity(run, &from->loose[i])) {
            run->loose[run->loose_count++] = from->loose[i];
        }
    }
}

/* -- Schema URL -------------------------------------------------------------------------------------------------- */

/* OTM_ERR_CONFIG: both are set and differ. */
static otm_status merge_schema_urls(const char *old, const char *updating, const char **out)
{
    *out = old[0] == '\0' ? updating : old;
    if (old[0] == '\0' || updating[0] == '\0' || strcmp(old, updating) == 0) {
        return OTM_OK;
    }
    *out = "";
    return OTM_ERR_CONFIG;
}

static const char *common_schema_url(const merge_run *run)
{
    const char *url = run->entities[0].schema_url;
    for (size_t i = 1; i < run->entity_count; i++) {
        if (strcmp(run->entities[i].schema_url, url) != 0) {
            return "";
        }
    }
    return url;
}

/* -- Merge ------------------------------------------------------------------------------------------------------- */

static bool allocate(merge_run *run)
{
    size_t entities = run->old->entity_count + run->updating->entity_count;
    size_t loose = run->old->loose_count + run->updating->loose_count;
    if (loose > MAX_SCRATCH_BYTES / sizeof *run->loose) {
        return false;
    }
    run->entities = otmi_arena_alloc(run->scratch, entities * sizeof *run->entities);
    run->loose = otmi_arena_alloc(run->scratch, loose * sizeof *run->loose);
    return run->entities != NULL && run->loose != NULL;
}

static otm_status merge(merge_run *run, const otm_allocator *allocator, otm_resource **out)
{
    if (!allocate(run)) {
        return OTM_ERR_NO_MEMORY;
    }
    take_old_entities(run);
    if (!take_new_entities(run)) {
        return OTM_ERR_NO_MEMORY;
    }
    drop_clashing(run);
    if (run->entity_count > OTMI_MAX_ENTITIES) {
        return OTM_ERR_LIMIT;
    }
    take_loose(run, run->old); /* of a repeated key the last wins */
    take_loose(run, run->updating);
    otmi_resource_parts parts = {.loose = run->loose,
                                 .loose_count = run->loose_count,
                                 .entities = run->entities,
                                 .entity_count = run->entity_count,
                                 .entity_stride = sizeof *run->entities};
    otm_status url_status = OTM_OK;
    if (run->entity_count > 0) {
        parts.schema_url = common_schema_url(run);
    } else {
        url_status = merge_schema_urls(run->old->schema_url, run->updating->schema_url, &parts.schema_url);
    }
    otm_status st = otmi_resource_build(&parts, allocator, out);
    return st != OTM_OK ? st : url_status;
}

otm_status otmi_resource_merge_parts(const otmi_resource_parts *old, const otmi_resource_parts *updating,
                                     const otm_allocator *allocator, otm_resource **out)
{
    otmi_arena scratch;
    otmi_arena_init(&scratch, allocator, MAX_SCRATCH_BYTES);
    merge_run run = {.old = old, .updating = updating, .scratch = &scratch};
    otm_status st = merge(&run, allocator, out);
    otmi_arena_fini(&scratch);
    return st;
}

otm_status otm_resource_merge(const otm_resource *old, const otm_resource *updating, const otm_allocator *allocator,
                              otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otmi_resource_parts old_parts = otmi_resource_parts_of(old);
    otmi_resource_parts updating_parts = otmi_resource_parts_of(updating);
    return otmi_resource_merge_parts(&old_parts, &updating_parts, allocator, out);
}
