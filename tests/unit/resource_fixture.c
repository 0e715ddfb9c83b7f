#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "resource_fixture.h"

const otm_value *find_attribute(const otm_resource *resource, const char *key)
{
    size_t count;
    const otm_attr *attrs = otm_resource_attributes(resource, &count);
    const otm_value *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (attrs[i].key_size == strlen(key) && memcmp(attrs[i].key, key, attrs[i].key_size) == 0) {
            assert_null(found); /* keys are unique */
            found = &attrs[i].value;
        }
    }
    return found;
}

void assert_text(const otm_resource *resource, const char *key, const char *text)
{
    const otm_value *value = find_attribute(resource, key);
    assert_non_null(value);
    assert_int_equal(value->type, OTM_VALUE_STRING);
    assert_string_equal(value->as.string, text);
    assert_int_equal(value->size, strlen(text));
}

void assert_absent(const otm_resource *resource, const char *key)
{
    assert_null(find_attribute(resource, key));
}

size_t attribute_count(const otm_resource *resource)
{
    size_t count;
    otm_resource_attributes(resource, &count);
    return count;
}

otm_resource *make_resource(const otm_attr *attrs, size_t count, const char *schema_url)
{
    otm_resource *resource;
    assert_int_equal(otm_resource_create(attrs, count, schema_url, NULL, &resource), OTM_OK);
    return resource;
}

/* -- Text -------------------------------------------------------------------------------------------------------- */

static char shown[8192];
static size_t shown_size;

static void show(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(shown + shown_size, sizeof shown - shown_size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < sizeof shown - shown_size);
    shown_size += (size_t)size;
}

static void show_attrs(const otm_attr *attrs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        show("%s%.*s=", i > 0 ? "," : "", (int)attrs[i].key_size, attrs[i].key);
        if (attrs[i].value.type == OTM_VALUE_I64) {
            show("%" PRId64, attrs[i].value.as.i64);
        } else {
            assert_int_equal(attrs[i].value.type, OTM_VALUE_STRING);
            show("%.*s", (int)attrs[i].value.size, attrs[i].value.as.string);
        }
    }
}

static void show_entity(const otm_entity *entity)
{
    show("%s{", entity->type);
    show_attrs(entity->id_attributes, entity->id_attribute_count);
    show("}[");
    show_attrs(entity->description_attributes, entity->description_attribute_count);
    show("]%s%s;", entity->schema_url[0] != '\0' ? "@" : "", entity->schema_url);
}

const char *resource_text(const otm_resource *resource)
{
    shown_size = 0;
    shown[0] = '\0';
    for (size_t i = 0; i < otm_resource_entity_count(resource); i++) {
        show_entity(otm_resource_entity(resource, i));
    }
    size_t count;
    const otm_attr *loose = otm_resource_loose_attributes(resource, &count);
    show("|");
    show_attrs(loose, count);
    show("|%s", otm_resource_schema_url(resource));
    return shown;
}

otm_resource *resource_of(const char *entities, const char *loose)
{
    otm_attr attrs[16];
    size_t count = 0;
    for (const char *at = loose; *at != '\0'; count++) {
        size_t key_size = strcspn(at, "=");
        size_t size = strcspn(at, ",");
        attrs[count].key = at;
        attrs[count].key_size = key_size;
        attrs[count].value = otm_value_string_sized(at + key_size + 1, size - key_size - 1);
        at += at[size] == ',' ? size + 1 : size;
    }
    otm_resource *attributes = make_resource(attrs, count, NULL);
    otm_resource *parsed;
    otm_resource *merged;
    assert_int_equal(otm_resource_parse_entities(entities, NULL, NULL, &parsed), OTM_OK);
    assert_int_equal(otm_resource_merge(attributes, parsed, NULL, &merged), OTM_OK);
    otm_resource_release(attributes);
    otm_resource_release(parsed);
    return merged;
}
