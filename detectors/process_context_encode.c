/* Each function lists its message's fields from the last to the first. */
#include "process_context_encode.h"

#include "util/attr_pb.h"

enum { CONTEXT_RESOURCE = 1 };
enum { RESOURCE_ATTRIBUTES = 1, RESOURCE_ENTITY_REFS = 3 };
enum { ENTITY_SCHEMA_URL = 1, ENTITY_TYPE = 2, ENTITY_ID_KEYS = 3, ENTITY_DESCRIPTION_KEYS = 4 };

static void put_keys(otmi_pb_writer *out, unsigned field, const otm_attr *attrs, size_t count)
{
    for (size_t i = count; i > 0; i--) {
        otmi_pb_sized(out, field, attrs[i - 1].key, attrs[i - 1].key_size);
    }
}

static void put_entity(otmi_pb_writer *out, const otm_entity *entity)
{
    size_t start = out->size;
    put_keys(out, ENTITY_DESCRIPTION_KEYS, entity->description_attributes, entity->description_attribute_count);
    put_keys(out, ENTITY_ID_KEYS, entity->id_attributes, entity->id_attribute_count);
    otmi_pb_sized_unless_empty(out, ENTITY_TYPE, entity->type, strlen(entity->type));
    otmi_pb_sized_unless_empty(out, ENTITY_SCHEMA_URL, entity->schema_url, strlen(entity->schema_url));
    otmi_pb_close(out, RESOURCE_ENTITY_REFS, start);
}

otm_status otmi_process_context_encode(const otm_resource *resource, otmi_pb_writer *out)
{
    size_t count;
    const otm_attr *attrs = otm_resource_attributes(resource, &count);
    otmi_pb_reset(out);
    for (size_t i = otm_resource_entity_count(resource); i > 0; i--) {
        put_entity(out, otm_resource_entity(resource, i - 1));
    }
    otmi_pb_attrs(out, RESOURCE_ATTRIBUTES, attrs, count);
    otmi_pb_close(out, CONTEXT_RESOURCE, 0);
    return otmi_pb_finish(out);
}
