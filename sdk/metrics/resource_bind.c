#include "metrics/resource_bind.h"

#include "metrics/entity.h"
#include "metrics/resource.h"
#include "util/alloc.h"

static const otmi_diag_origin origin = {.component = "provider"};

/* One binding in progress. */
typedef struct binding {
    const otm_allocator *allocator;
    otmi_diag *diag;
    otmi_entity *copies; /* of all entities given */
    size_t count;
    otm_entity *added; /* views of the copies that stay */
    size_t added_count;
    otm_entity *kept; /* of the resource's own */
    size_t kept_count;
} binding;

/* -- What was given ----------------------------------------------------------------------------------------------- */

static otm_status check_list(const otmi_entity_list *list, otmi_diag *diag)
{
    bool walkable = list->items != NULL && list->stride >= sizeof(otm_entity);
    if (list->count > 0 && list->count <= OTMI_MAX_ENTITIES && walkable) {
        return OTM_OK;
    }
    otmi_diag_report(diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin,
                     "a provider for entities was not made: expected 1 to %zu entities, %zu bytes or more apart",
                     OTMI_MAX_ENTITIES, sizeof(otm_entity));
    return OTM_ERR_INVALID_ARGUMENT;
}

/* OTEP 4665, "For Entity": one entity of a type. */
static otm_status check_type(const binding *b, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(b->copies[i].type, b->copies[index].type) == 0) {
            otmi_diag_report(b->diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin,
                             "a provider for entities was not made: entities %zu and %zu are both of type '%s', "
                             "expected one of a type", i, index, b->copies[i].type);
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    return OTM_OK;
}

static otm_status copy_entities(binding *b, const otmi_entity_list *list)
{
    otm_status st = OTM_OK;
    for (size_t i = 0; i < b->count && st == OTM_OK; i++) {
        const void *from = (const char *)list->items + i * list->stride;
        st = otmi_entity_init(&b->copies[i], from, b->allocator);
        if (st == OTM_ERR_INVALID_ARGUMENT) {
            otmi_diag_report(b->diag, OTM_ERROR, st, &origin,
                             "a provider for entities was not made: entity %zu is none, expected a non-empty type, at "
                             "least one identifying attribute, no empty key, and UTF-8", i);
        }
        st = st == OTM_OK ? check_type(b, i) : st;
    }
    return st;
}

/* -- Who stays ---------------------------------------------------------------------------------------------------- */

/* As everywhere, a key belongs to one entity, and of those given the first has priority. */
static void choose_added(binding *b)
{
    for (size_t i = 0; i < b->count; i++) {
        const otm_entity *entity = &b->copies[i].view;
        size_t k = 0;
        while (k < b->added_count && !otmi_entity_meets(&b->added[k], entity)) {
            k++;
        }
        if (k == b->added_count) {
            b->added[b->added_count++] = *entity;
        } else {
            otmi_diag_report(b->diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                             "the entity of type '%s' that a provider was to be made for was left out: it shares an "
                             "attribute's key with that of type '%s'", entity->type, b->added[k].type);
        }
    }
}

/* Two of one identity do not conflict: they become one. */
static bool conflict(const otm_entity *own, const otm_entity *added)
{
    if (strcmp(own->type, added->type) != 0) {
        return otmi_entity_meets(own, added);
    }
    return strcmp(own->schema_url, added->schema_url) != 0 || !otmi_entity_same_id(own, added);
}

static void choose_kept(binding *b, const otm_resource *resource)
{
    for (size_t i = 0; i < otm_resource_entity_count(resource); i++) {
        const otm_entity *own = otm_resource_entity(resource, i);
        bool stays = true;
        for (size_t k = 0; k < b->added_count && stays; k++) {
            stays = !conflict(own, &b->added[k]);
        }
        if (stays) {
            b->kept[b->kept_count++] = *own;
        }
    }
}

/* -- Binding ------------------------------------------------------------------------------------------------------ */

static otm_status bind(binding *b, const otm_resource *resource, const otmi_entity_list *list, otm_resource **out)
{
    if (b->copies == NULL || b->added == NULL || b->kept == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = copy_entities(b, list);
    if (st != OTM_OK) {
        return st;
    }
    choose_added(b);
    choose_kept(b, resource);
    otmi_resource_parts old = otmi_resource_parts_of(resource);
    old.entities = b->kept;
    old.entity_count = b->kept_count;
    old.entity_stride = sizeof *b->kept;
    otmi_resource_parts updating = {.schema_url = "",
                                    .entities = b->added,
                                    .entity_count = b->added_count,
                                    .entity_stride = sizeof *b->added};
    return otmi_resource_merge_parts(&old, &updating, b->allocator, out);
}

otm_status otmi_resource_bind(const otm_resource *resource, const otmi_entity_list *entities,
                              const otm_allocator *allocator, otmi_diag *diag, otm_resource **out)
{
    *out = NULL;
    otm_status st = check_list(entities, diag);
    if (st != OTM_OK) {
        return st;
    }
    size_t count = entities->count;
    size_t own_count = otm_resource_entity_count(resource);
    binding b = {.allocator = allocator, .diag = diag, .count = count};
    b.copies = otmi_alloc_array(allocator, count, sizeof *b.copies);
    b.added = otmi_alloc_array(allocator, count, sizeof *b.added);
    b.kept = otmi_alloc_array(allocator, own_count + 1, sizeof *b.kept);
    st = bind(&b, resource, entities, out);
    for (size_t i = 0; b.copies != NULL && i < count; i++) {
        otmi_entity_fini(&b.copies[i], allocator);
    }
    otmi_free(allocator, b.copies, count * sizeof *b.copies);
    otmi_free(allocator, b.added, count * sizeof *b.added);
    otmi_free(allocator, b.kept, (own_count + 1) * sizeof *b.kept);
    return st;
}
