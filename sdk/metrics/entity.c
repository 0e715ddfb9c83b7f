#include "metrics/entity.h"

#include "util/alloc.h"
#include "util/utf8.h"

bool otmi_attrs_hold_key(const otm_attr *attrs, size_t count, const otm_attr *key)
{
    for (size_t i = 0; i < count; i++) {
        if (otmi_attr_key_equal(&attrs[i], key)) {
            return true;
        }
    }
    return false;
}

bool otmi_entity_holds_key(const otm_entity *entity, const otm_attr *key)
{
    return otmi_attrs_hold_key(entity->id_attributes, entity->id_attribute_count, key) ||
           otmi_attrs_hold_key(entity->description_attributes, entity->description_attribute_count, key);
}

bool otmi_attrs_share_key(const otm_attr *a, size_t a_count, const otm_attr *b, size_t b_count)
{
    bool shared = false;
    for (size_t i = 0; i < a_count && !shared; i++) {
        shared = otmi_attrs_hold_key(b, b_count, &a[i]);
    }
    return shared;
}

bool otmi_entity_meets_attrs(const otm_entity *entity, const otm_attr *attrs, size_t count)
{
    return otmi_attrs_share_key(attrs, count, entity->id_attributes, entity->id_attribute_count) ||
           otmi_attrs_share_key(attrs, count, entity->description_attributes, entity->description_attribute_count);
}

bool otmi_entity_meets(const otm_entity *entity, const otm_entity *other)
{
    return otmi_entity_meets_attrs(entity, other->id_attributes, other->id_attribute_count) ||
           otmi_entity_meets_attrs(entity, other->description_attributes, other->description_attribute_count);
}

bool otmi_entity_same_id(const otm_entity *a, const otm_entity *b)
{
    bool same = a->id_attribute_count == b->id_attribute_count;
    for (size_t i = 0; same && i < a->id_attribute_count; i++) {
        same = otmi_attr_equal(&a->id_attributes[i], &b->id_attributes[i]);
    }
    return same;
}

/* -- Copying ----------------------------------------------------------------------------------------------------- */

static bool copy_texts(otmi_entity *entity, const otm_entity *from, const otm_allocator *allocator)
{
    const char *url = from->schema_url != NULL ? from->schema_url : "";
    entity->type = otmi_text_copy(allocator, from->type, strlen(from->type));
    entity->schema_url = otmi_text_copy(allocator, url, strlen(url));
    return entity->type != NULL && entity->schema_url != NULL;
}

static otm_status copy_description(otmi_entity *entity, const otm_entity *from, const otm_allocator *allocator)
{
    size_t most = from->description_attribute_count;
    otm_attr *attrs = otmi_alloc_array(allocator, most, sizeof *attrs);
    if (attrs == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < most; i++) {
        const otm_attr *attr = &from->description_attributes[i];
        bool keyed = attr->key != NULL && attr->key_size > 0; /* if not, it is refused below */
        if (!keyed || !otmi_attrs_hold_key(from->id_attributes, from->id_attribute_count, attr)) {
            attrs[count++] = *attr;
        }
    }
    otm_status st = otmi_attr_set_create(allocator, attrs, count, &entity->description);
    otmi_free(allocator, attrs, most * sizeof *attrs);
    return st;
}

static void put_keys(const otmi_attr_set *set, otm_string *keys)
{
    for (size_t i = 0; i < set->count; i++) {
        keys[i] = (otm_string){set->attrs[i].key, set->attrs[i].key_size};
    }
}

static bool list_keys(otmi_entity *entity, const otm_allocator *allocator)
{
    entity->keys = otmi_alloc_array(allocator, entity->id->count + entity->description->count, sizeof *entity->keys);
    if (entity->keys == NULL) {
        return false;
    }
    put_keys(entity->id, entity->keys);
    put_keys(entity->description, entity->keys + entity->id->count);
    return true;
}

static void show(otmi_entity *entity)
{
    entity->view = (otm_entity){
        .type = entity->type,
        .schema_url = entity->schema_url,
        .id_attributes = entity->id->attrs,
        .id_attribute_count = entity->id->count,
        .description_attributes = entity->description->attrs,
        .description_attribute_count = entity->description->count,
    };
    entity->ref = (otm_entity_ref){
        .type = {entity->type, strlen(entity->type)},
        .schema_url = {entity->schema_url, strlen(entity->schema_url)},
        .id_keys = entity->keys,
        .id_key_count = entity->id->count,
        .description_keys = entity->keys + entity->id->count,
        .description_key_count = entity->description->count,
    };
}

static bool is_text(const char *text)
{
    return text == NULL || otmi_utf8_valid(text, strlen(text));
}

static bool well_formed(const otm_entity *entity)
{
    return entity->type != NULL && entity->type[0] != '\0' && is_text(entity->type) && is_text(entity->schema_url) &&
           entity->id_attributes != NULL && entity->id_attribute_count > 0 &&
           (entity->description_attributes != NULL || entity->description_attribute_count == 0);
}

otm_status otmi_entity_init(otmi_entity *entity, const otm_entity *from, const otm_allocator *allocator)
{
    *entity = (otmi_entity){0};
    if (!well_formed(from)) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_status st = otmi_attr_set_create(allocator, from->id_attributes, from->id_attribute_count, &entity->id);
    if (st == OTM_OK) {
        st = copy_description(entity, from, allocator);
    }
    if (st != OTM_OK) {
        return st;
    }
    if (!copy_texts(entity, from, allocator) || !list_keys(entity, allocator)) {
        return OTM_ERR_NO_MEMORY;
    }
    show(entity);
    return OTM_OK;
}

void otmi_entity_fini(otmi_entity *entity, const otm_allocator *allocator)
{
    if (entity->keys != NULL) {
        otmi_free(allocator, entity->keys, (entity->id->count + entity->description->count) * sizeof *entity->keys);
    }
    otmi_attr_set_destroy(allocator, entity->id);
    otmi_attr_set_destroy(allocator, entity->description);
    otmi_free_text(allocator, entity->type);
    otmi_free_text(allocator, entity->schema_url);
    *entity = (otmi_entity){0};
}
