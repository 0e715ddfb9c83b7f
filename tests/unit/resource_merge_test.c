#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "failing_alloc.h"
#include "resource_fixture.h"

static void assert_merges(const char *old_entities, const char *old_loose, const char *new_entities,
                          const char *new_loose, const char *expected)
{
    otm_resource *old = resource_of(old_entities, old_loose);
    otm_resource *updating = resource_of(new_entities, new_loose);
    otm_resource *merged;
    assert_int_equal(otm_resource_merge(old, updating, NULL, &merged), OTM_OK);
    assert_string_equal(resource_text(merged), expected);
    otm_resource_release(merged);
    otm_resource_release(old);
    otm_resource_release(updating);
}

/* ENT-02: resource/data-model.md, example 1 */
static void resource_merge_lets_entities_displace_loose_attributes(void **state)
{
    (void)state;
    assert_merges("", "host.name=old-name,env=prod",
                  "host{host.id=H1}[host.name=new-name];service{service.name=my-svc}", "",
                  "host{host.id=H1}[host.name=new-name];service{service.name=my-svc}[];|env=prod|");
}

/* ENT-02: resource/data-model.md, example 2 */
static void resource_merge_lets_a_loose_attribute_displace_the_entity_that_it_updates(void **state)
{
    (void)state;
    assert_merges("host{host.id=H1}[host.name=detected-name];process{process.pid=12345}", "", "", "host.id=h2,env=prod",
                  "process{process.pid=12345}[];|env=prod,host.id=h2|");
    assert_merges("host{host.id=H1}[host.name=detected-name]", "", "", "host.name=mine", "|host.name=mine|");
}

/* ENT-02: resource/data-model.md, example 3 */
static void resource_merge_keeps_the_entity_of_higher_priority_where_keys_clash(void **state)
{
    (void)state;
    assert_merges("host{host.id=H1}[env=prod]", "", "host{host.id=H2};service{service.name=S1}[env=dev]", "",
                  "host{host.id=H1}[env=prod];||");
}

/* ENT-02 */
static void resource_merge_joins_equal_entities_and_lets_the_newer_description_win(void **state)
{
    (void)state;
    assert_merges("host{host.id=H1}[a=1,b=1]@u:1", "", "host{host.id=H1}[b=2,c=2]@u:1", "",
                  "host{host.id=H1}[a=1,b=2,c=2]@u:1;||u:1");
}

/* ENT-02: entities merge before keys are looked at, so a newer description may cost an entity of lower priority. */
static void resource_merge_drops_the_entity_whose_key_a_newer_description_takes(void **state)
{
    (void)state;
    assert_merges("a{x=1};b{y=1}", "", "a{x=1}[y=2]", "", "a{x=1}[y=2];||");
    assert_merges("b{y=1};a{x=1}", "", "a{x=1}[y=2]", "", "b{y=1}[];||");
}

/* ENT-02 */
static void resource_merge_drops_a_newcomer_of_a_type_that_differs_in_identity_or_schema(void **state)
{
    (void)state;
    assert_merges("host{host.id=H1}@u:1", "", "host{host.id=H2}[a=1]@u:1", "", "host{host.id=H1}[]@u:1;||u:1");
    assert_merges("host{host.id=H1}@u:1", "", "host{host.id=H1}[a=1]@u:2", "", "host{host.id=H1}[]@u:1;||u:1");
    assert_merges("host{host.id=H1}", "", "host{host.id=H1,b=2}[a=1]", "", "host{host.id=H1}[];||");
}

/* ENT-02 */
static void resource_merge_sets_the_schema_url_only_if_all_entities_agree(void **state)
{
    (void)state;
    assert_merges("a{x=1}@u:1", "", "b{y=1}@u:1", "", "a{x=1}[]@u:1;b{y=1}[]@u:1;||u:1");
    assert_merges("a{x=1}@u:1", "", "b{y=1}@u:2", "", "a{x=1}[]@u:1;b{y=1}[]@u:2;||");
    assert_merges("a{x=1}@u:1", "", "b{y=1}", "", "a{x=1}[]@u:1;b{y=1}[];||");
    /* One that is dropped has no say, nor has the URL of loose attributes. */
    assert_merges("a{x=1}@u:1", "", "b{y=1}[x=2]@u:2", "", "a{x=1}[]@u:1;||u:1");
}

static void resource_merge_keeps_loose_attributes_that_only_a_dropped_entity_has(void **state)
{
    (void)state;
    assert_merges("a{x=1}", "k=mine", "b{y=1}[x=2,k=theirs]", "", "a{x=1}[];|k=mine|");
}

static void resource_merge_takes_the_entity_of_the_side_whose_loose_attribute_displaced_the_old_one(void **state)
{
    (void)state;
    assert_merges("host{host.id=H1}[host.name=old]", "", "host{host.id=H1}", "host.name=new",
                  "host{host.id=H1}[];|host.name=new|");
}

/* RES-02 */
static void resource_merge_of_loose_attributes_beside_entities_lets_the_updating_value_win(void **state)
{
    (void)state;
    assert_merges("a{x=1}", "k=old,only=old", "", "k=", "a{x=1}[];|k=,only=old|");
}

static void resource_merge_with_null_is_a_copy(void **state)
{
    (void)state;
    otm_resource *one = resource_of("a{x=1}[y=2]@u:1", "k=v");
    otm_resource *merged;
    assert_int_equal(otm_resource_merge(one, NULL, NULL, &merged), OTM_OK);
    assert_string_equal(resource_text(merged), "a{x=1}[y=2]@u:1;|k=v|u:1");
    otm_resource_release(merged);
    assert_int_equal(otm_resource_merge(NULL, one, NULL, &merged), OTM_OK);
    assert_string_equal(resource_text(merged), "a{x=1}[y=2]@u:1;|k=v|u:1");
    otm_resource_release(merged);
    otm_resource_release(one);
}

/* RES-03, RES-13: without an entity left, the rule of loose attributes decides. */
static void resource_merge_that_displaces_the_last_entity_judges_schema_urls_as_without(void **state)
{
    (void)state;
    otm_resource *old = resource_of("a{x=1}@u:1", "");
    const otm_attr attr = otm_attr_string("x", "2");
    otm_resource *updating = make_resource(&attr, 1, "u:2");
    otm_resource *merged;
    assert_int_equal(otm_resource_merge(old, updating, NULL, &merged), OTM_ERR_CONFIG);
    assert_string_equal(resource_text(merged), "|x=2|");
    otm_resource_release(merged);
    otm_resource_release(old);
    otm_resource_release(updating);
}

static void resource_merge_of_more_than_256_entities_is_refused(void **state)
{
    (void)state;
    enum { MANY = 200 };
    static const char first[2] = {'a', 'b'};
    static char types[2][MANY][4];
    otm_resource *sides[2];
    for (size_t side = 0; side < 2; side++) {
        otm_entity list[MANY];
        otm_attr ids[MANY];
        for (size_t i = 0; i < MANY; i++) {
            types[side][i][0] = first[side];
            types[side][i][1] = (char)('a' + i / 20);
            types[side][i][2] = (char)('a' + i % 20);
            ids[i] = otm_attr_string(types[side][i], "v");
            list[i] = (otm_entity){types[side][i], NULL, &ids[i], 1, NULL, 0};
        }
        otm_resource_options options;
        otm_resource_options_init(&options);
        options.entities = list;
        options.entity_count = MANY;
        assert_int_equal(otm_resource_create_with_options(&options, &sides[side]), OTM_OK);
    }
    otm_resource *merged;
    assert_int_equal(otm_resource_merge(sides[0], sides[1], NULL, &merged), OTM_ERR_LIMIT);
    assert_null(merged);
    otm_resource_release(sides[0]);
    otm_resource_release(sides[1]);
}

static void resource_merge_with_entities_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_resource *old = resource_of("a{x=1}[y=2]@u:1;b{z=1}", "k=v");
    otm_resource *updating = resource_of("a{x=1}[w=2]@u:1;c{v=1}", "l=v");
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_resource *merged;
        st = otm_resource_merge(old, updating, &fa.base, &merged);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && merged == NULL));
        otm_resource_release(merged);
        assert_int_equal(fa.live, 0);
    }
    otm_resource_release(old);
    otm_resource_release(updating);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resource_merge_lets_entities_displace_loose_attributes),
        cmocka_unit_test(resource_merge_lets_a_loose_attribute_displace_the_entity_that_it_updates),
        cmocka_unit_test(resource_merge_keeps_the_entity_of_higher_priority_where_keys_clash),
        cmocka_unit_test(resource_merge_joins_equal_entities_and_lets_the_newer_description_win),
        cmocka_unit_test(resource_merge_drops_the_entity_whose_key_a_newer_description_takes),
        cmocka_unit_test(resource_merge_drops_a_newcomer_of_a_type_that_differs_in_identity_or_schema),
        cmocka_unit_test(resource_merge_sets_the_schema_url_only_if_all_entities_agree),
        cmocka_unit_test(resource_merge_keeps_loose_attributes_that_only_a_dropped_entity_has),
        cmocka_unit_test(resource_merge_takes_the_entity_of_the_side_whose_loose_attribute_displaced_the_old_one),
        cmocka_unit_test(resource_merge_of_loose_attributes_beside_entities_lets_the_updating_value_win),
        cmocka_unit_test(resource_merge_with_null_is_a_copy),
        cmocka_unit_test(resource_merge_that_displaces_the_last_entity_judges_schema_urls_as_without),
        cmocka_unit_test(resource_merge_of_more_than_256_entities_is_refused),
        cmocka_unit_test(resource_merge_with_entities_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
