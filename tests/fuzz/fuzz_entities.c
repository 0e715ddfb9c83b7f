/* Two texts in the format of OTEL_ENTITIES, divided by a NUL: whatever they say, what is made of them, their merge
 * included, is a resource whose entities are whole and share no key; and it can be published. */
#include <stdlib.h>
#include <string.h>

#include <otm/resource.h>

#include "fuzz.h"
#include "process_context_encode.h"

static size_t count_of_key(const otm_resource *resource, const otm_attr *attr)
{
    size_t count;
    size_t found = 0;
    const otm_attr *attrs = otm_resource_attributes(resource, &count);
    for (size_t i = 0; i < count; i++) {
        found += attrs[i].key_size == attr->key_size && memcmp(attrs[i].key, attr->key, attr->key_size) == 0;
    }
    return found;
}

static void check_attrs(const otm_resource *resource, const otm_attr *attrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(attrs[i].key_size > 0 && count_of_key(resource, &attrs[i]) == 1);
    }
}

static void check(const otm_resource *resource)
{
    size_t all;
    size_t listed;
    const otm_attr *loose = otm_resource_loose_attributes(resource, &listed);
    check_attrs(resource, loose, listed);
    for (size_t i = 0; i < otm_resource_entity_count(resource); i++) {
        const otm_entity *entity = otm_resource_entity(resource, i);
        FUZZ_CHECK(entity->type[0] != '\0' && entity->id_attribute_count > 0);
        for (size_t j = 0; j < i; j++) {
            FUZZ_CHECK(strcmp(entity->type, otm_resource_entity(resource, j)->type) != 0);
        }
        check_attrs(resource, entity->id_attributes, entity->id_attribute_count);
        check_attrs(resource, entity->description_attributes, entity->description_attribute_count);
        listed += entity->id_attribute_count + entity->description_attribute_count;
    }
    otm_resource_attributes(resource, &all);
    FUZZ_CHECK(all == listed);
    otmi_pb_writer encoded;
    otmi_pb_init(&encoded, NULL, SIZE_MAX);
    FUZZ_CHECK(otmi_process_context_encode(resource, &encoded) == OTM_OK);
    otmi_pb_fini(&encoded);
}

static void check_merge(const otm_resource *old, const otm_resource *updating)
{
    otm_resource *merged = NULL;
    otm_status st = otm_resource_merge(old, updating, NULL, &merged);
    FUZZ_CHECK(st == OTM_OK || st == OTM_ERR_LIMIT);
    check(merged);
    otm_resource_release(merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 2);
    if (text == NULL) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = text[size + 1] = '\0';
    otm_resource *a = NULL;
    otm_resource *b = NULL;
    FUZZ_CHECK(otm_resource_parse_entities(text, NULL, NULL, &a) == OTM_OK);
    FUZZ_CHECK(otm_resource_parse_entities(text + strlen(text) + 1, NULL, NULL, &b) == OTM_OK);
    check(a);
    check(b);
    check_merge(a, b);
    check_merge(b, a);
    otm_resource_release(a);
    otm_resource_release(b);
    free(text);
    return 0;
}
