#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "failing_alloc.h"
#include "resource_fixture.h"

/* A host with identity and description, for tests to spoil. */
typedef struct host {
    otm_attr id[1];
    otm_attr description[2];
    otm_entity entity;
} host;

static void host_init(host *h)
{
    memset(h, 0, sizeof *h);
    h->id[0] = otm_attr_string("host.id", "H1");
    h->description[0] = otm_attr_string("host.name", "web");
    h->description[1] = otm_attr_string("host.arch", "amd64");
    h->entity = (otm_entity){"host", "u:1", h->id, 1, h->description, 2};
}

static otm_status create(const otm_entity *entities, size_t count, otm_resource **out)
{
    otm_resource_options options;
    otm_resource_options_init(&options);
    options.entities = entities;
    options.entity_count = count;
    return otm_resource_create_with_options(&options, out);
}

/* ENT-01, ENT-03 */
static void entity_of_a_resource_is_a_copy_that_can_be_read_back(void **state)
{
    (void)state;
    host h;
    char name[] = "web";
    char type[] = "host";
    host_init(&h);
    h.entity.type = type;
    h.description[0] = otm_attr_string("host.name", name);
    otm_resource *resource;
    assert_int_equal(create(&h.entity, 1, &resource), OTM_OK);
    name[0] = 'X';
    type[0] = 'X';
    assert_int_equal(otm_resource_entity_count(resource), 1);
    assert_string_equal(resource_text(resource), "host{host.id=H1}[host.arch=amd64,host.name=web]@u:1;||u:1");
    assert_int_equal(attribute_count(resource), 3); /* retrieving attributes gives those of entities as well */
    assert_text(resource, "host.id", "H1");
    assert_null(otm_resource_entity(resource, 1));
    otm_resource_release(resource);
}

/* ENT-01 */
static void entity_given_with_attributes_displaces_those_of_its_keys(void **state)
{
    (void)state;
    host h;
    host_init(&h);
    const otm_attr attrs[] = {otm_attr_string("host.name", "loose"), otm_attr_string("env", "prod")};
    otm_resource_options options;
    otm_resource_options_init(&options);
    options.attributes = attrs;
    options.attribute_count = 2;
    options.schema_url = "u:0";
    options.entities = &h.entity;
    options.entity_count = 1;
    otm_resource *resource;
    assert_int_equal(otm_resource_create_with_options(&options, &resource), OTM_OK);
    assert_string_equal(resource_text(resource), "host{host.id=H1}[host.arch=amd64,host.name=web]@u:1;|env=prod|u:1");
    assert_int_equal(attribute_count(resource), 4);
    otm_resource_release(resource);
}

/* ENT-03 */
static void entity_without_type_or_identity_is_refused(void **state)
{
    (void)state;
    otm_resource *resource;
    host h;
    for (int spoil = 0; spoil < 8; spoil++) {
        host_init(&h);
        switch (spoil) {
        case 0: h.entity.type = NULL; break;
        case 1: h.entity.type = ""; break;
        case 2: h.entity.id_attribute_count = 0; break;
        case 3: h.entity.id_attributes = NULL; break;
        case 4: h.id[0].key_size = 0; break;
        case 5: h.description[1].key = NULL; break;
        case 6: h.entity.description_attributes = NULL; break;
        case 7: h.entity.type = "\xff"; break;
        }
        assert_int_equal(create(&h.entity, 1, &resource), OTM_ERR_INVALID_ARGUMENT);
        assert_null(resource);
    }
}

/* ENT-03 */
static void entity_key_of_identity_and_description_belongs_to_the_identity(void **state)
{
    (void)state;
    host h;
    host_init(&h);
    h.description[0] = otm_attr_string("host.id", "other");
    otm_resource *resource;
    assert_int_equal(create(&h.entity, 1, &resource), OTM_OK);
    assert_string_equal(resource_text(resource), "host{host.id=H1}[host.arch=amd64]@u:1;||u:1");
    otm_resource_release(resource);
}

/* ENT-02 */
static void entity_given_twice_is_merged_and_of_a_clash_the_first_stays(void **state)
{
    (void)state;
    host a;
    host b;
    host_init(&a);
    host_init(&b);
    a.entity.description_attribute_count = 1;
    b.description[0] = otm_attr_string("host.name", "newer");
    otm_entity list[3] = {a.entity, b.entity, b.entity};
    list[2].type = "other";
    otm_resource *resource;
    assert_int_equal(create(list, 3, &resource), OTM_OK);
    assert_string_equal(resource_text(resource), "host{host.id=H1}[host.arch=amd64,host.name=newer]@u:1;||u:1");
    otm_resource_release(resource);
}

static void entity_lists_are_walked_by_the_stride_of_the_caller(void **state)
{
    (void)state;
    struct newer {
        otm_entity entity;
        void *more;
    } list[2];
    host h;
    host_init(&h);
    memset(list, 0xff, sizeof list);
    list[0].entity = h.entity;
    const otm_attr id = otm_attr_i64("process.pid", 7);
    list[1].entity = (otm_entity){"process", NULL, &id, 1, NULL, 0};
    otm_resource_options options;
    otm_resource_options_init(&options);
    options.entities = &list[0].entity;
    options.entity_count = 2;
    options.entity_stride = sizeof list[0];
    otm_resource *resource;
    assert_int_equal(otm_resource_create_with_options(&options, &resource), OTM_OK);
    assert_string_equal(resource_text(resource),
                        "host{host.id=H1}[host.arch=amd64,host.name=web]@u:1;process{process.pid=7}[];||");
    otm_resource_release(resource);
    options.entity_stride = sizeof(otm_entity) - 1;
    assert_int_equal(otm_resource_create_with_options(&options, &resource), OTM_ERR_INVALID_ARGUMENT);
}

static void entity_lists_of_more_than_256_are_refused(void **state)
{
    (void)state;
    enum { MANY = 257 };
    static char types[MANY][4];
    otm_entity list[MANY];
    const otm_attr id = otm_attr_i64("id", 1);
    for (size_t i = 0; i < MANY; i++) {
        types[i][0] = (char)('a' + i / 100);
        types[i][1] = (char)('a' + i / 10 % 10);
        types[i][2] = (char)('a' + i % 10);
        list[i] = (otm_entity){types[i], NULL, &id, 1, NULL, 0};
    }
    otm_resource *resource;
    assert_int_equal(create(list, MANY, &resource), OTM_ERR_INVALID_ARGUMENT);
    assert_null(resource);
    assert_int_equal(create(list, MANY - 1, &resource), OTM_OK);
    otm_resource_release(resource);
}

/* An older program's options end before the entities. */
static void entity_options_of_an_older_program_are_not_read_past_their_end(void **state)
{
    (void)state;
    otm_resource_options newest;
    otm_resource_options_init(&newest);
    size_t old_size = offsetof(otm_resource_options, entities);
    otm_resource_options *old = malloc(old_size);
    assert_non_null(old);
    memcpy(old, &newest, old_size);
    memcpy(old, &old_size, sizeof old_size);
    otm_resource *resource;
    assert_int_equal(otm_resource_create_with_options(old, &resource), OTM_OK);
    assert_int_equal(otm_resource_entity_count(resource), 0);
    otm_resource_release(resource);
    free(old);
    assert_int_equal(otm_resource_create_with_options(NULL, &resource), OTM_OK);
    otm_resource_release(resource);
    assert_int_equal(otm_resource_create_with_options(&newest, NULL), OTM_ERR_INVALID_ARGUMENT);
}

/* A newer program's may have more: it is not silently passed over. */
static void entity_options_that_this_library_does_not_know_are_refused(void **state)
{
    (void)state;
    struct newer {
        otm_resource_options options;
        void *more;
    } newer;
    memset(&newer, 0, sizeof newer);
    otm_resource_options_init(&newer.options);
    newer.options.struct_size = sizeof newer;
    otm_resource *resource;
    assert_int_equal(otm_resource_create_with_options(&newer.options, &resource), OTM_OK);
    otm_resource_release(resource);
    newer.more = &newer;
    assert_int_equal(otm_resource_create_with_options(&newer.options, &resource), OTM_ERR_INVALID_ARGUMENT);
    assert_null(resource);
}

static void entity_of_null_is_none(void **state)
{
    (void)state;
    size_t count = 1;
    assert_int_equal(otm_resource_entity_count(NULL), 0);
    assert_null(otm_resource_entity(NULL, 0));
    assert_null(otm_resource_loose_attributes(NULL, &count));
    assert_int_equal(count, 0);
}

/* ATTR-08, ATTR-09, ATTR-10: resources are exempt from limits of count, length and depth. */
static void entity_and_resource_attributes_are_kept_whole(void **state)
{
    (void)state;
    enum { MANY = 1000, LENGTH = 100000, DEPTH = 100 };
    static otm_attr attrs[MANY];
    static char keys[MANY][8];
    static char text[LENGTH + 1];
    static otm_value nested[DEPTH];
    memset(text, 'x', LENGTH);
    for (size_t i = 0; i < MANY; i++) {
        keys[i][0] = 'k';
        for (size_t digit = 0, rest = i; digit < 4; digit++, rest /= 10) {
            keys[i][4 - digit] = (char)('0' + rest % 10);
        }
        attrs[i] = otm_attr_value(keys[i], otm_value_i64((int64_t)i));
    }
    nested[0] = otm_value_i64(7);
    for (size_t i = 1; i < DEPTH; i++) {
        nested[i] = otm_value_array(&nested[i - 1], 1);
    }
    attrs[0].value = otm_value_string(text);
    attrs[1].value = nested[DEPTH - 1];
    otm_resource *resource = make_resource(attrs, MANY, NULL);
    assert_int_equal(attribute_count(resource), MANY);
    assert_text(resource, "k0000", text);
    const otm_value *value = find_attribute(resource, "k0001");
    for (size_t i = 1; i < DEPTH; i++) {
        assert_int_equal(value->type, OTM_VALUE_ARRAY);
        value = value->as.array;
    }
    assert_int_equal(value->as.i64, 7);
    otm_resource_release(resource);
}

static void entity_creation_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    host h;
    host_init(&h);
    const otm_attr attr = otm_attr_string("a", "b");
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_resource_options options;
        otm_resource_options_init(&options);
        options.allocator = &fa.base;
        options.attributes = &attr;
        options.attribute_count = 1;
        options.entities = &h.entity;
        options.entity_count = 1;
        otm_resource *resource;
        st = otm_resource_create_with_options(&options, &resource);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && resource == NULL));
        otm_resource_release(resource);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entity_of_a_resource_is_a_copy_that_can_be_read_back),
        cmocka_unit_test(entity_given_with_attributes_displaces_those_of_its_keys),
        cmocka_unit_test(entity_without_type_or_identity_is_refused),
        cmocka_unit_test(entity_key_of_identity_and_description_belongs_to_the_identity),
        cmocka_unit_test(entity_given_twice_is_merged_and_of_a_clash_the_first_stays),
        cmocka_unit_test(entity_lists_are_walked_by_the_stride_of_the_caller),
        cmocka_unit_test(entity_lists_of_more_than_256_are_refused),
        cmocka_unit_test(entity_options_of_an_older_program_are_not_read_past_their_end),
        cmocka_unit_test(entity_options_that_this_library_does_not_know_are_refused),
        cmocka_unit_test(entity_of_null_is_none),
        cmocka_unit_test(entity_and_resource_attributes_are_kept_whole),
        cmocka_unit_test(entity_creation_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
