/* The resource of a child provider: new entities over those of its parent. ENT-08 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/resource.h"
#include "metrics/resource_bind.h"
#include "resource_fixture.h"
#include "support/diag_recorder.h"
#include "support/failing_alloc.h"

static otm_resource *bound(const otm_resource *resource, const otm_entity *entities, size_t count)
{
    otmi_entity_list list = {entities, count, sizeof *entities};
    otm_resource *out;
    assert_int_equal(otmi_resource_bind(resource, &list, NULL, NULL, &out), OTM_OK);
    return out;
}

/* What becomes of a resource with one entity more, host{host.id=H2}[host.name=two]. */
static void assert_bound(const char *entities, const char *loose, const char *url, const char *expected)
{
    otm_resource *resource = resource_of(entities, loose);
    otm_attr id = otm_attr_string("host.id", "H2");
    otm_attr name = otm_attr_string("host.name", "two");
    otm_entity host = {.type = "host", .schema_url = url, .id_attributes = &id, .id_attribute_count = 1,
                       .description_attributes = &name, .description_attribute_count = 1};
    otm_resource *out = bound(resource, &host, 1);
    assert_string_equal(resource_text(out), expected);
    otm_resource_release(out);
    otm_resource_release(resource);
}

/* ENT-08: as resources merge, ENT-02. */
static void entity_joins_those_of_the_resource_and_displaces_loose_attributes(void **state)
{
    (void)state;
    assert_bound("", "k=v", NULL, "host{host.id=H2}[host.name=two];|k=v|");
    assert_bound("", "host.name=one,k=v", NULL, "host{host.id=H2}[host.name=two];|k=v|");
    assert_bound("service{service.name=shop}", "", NULL,
                 "service{service.name=shop}[];host{host.id=H2}[host.name=two];||");
    assert_bound("service{service.name=shop}@u:1", "", "u:1",
                 "service{service.name=shop}[]@u:1;host{host.id=H2}[host.name=two]@u:1;||u:1");
    assert_bound("host{host.id=H2}[host.name=one,host.arch=arm]", "", NULL,
                 "host{host.id=H2}[host.arch=arm,host.name=two];||");
}

/* ENT-08: of conflicting entities the new one stays, and nothing is left of the old one. */
static void entity_takes_the_place_of_those_it_conflicts_with(void **state)
{
    (void)state;
    assert_bound("host{host.id=H1}[host.arch=arm];service{service.name=shop}", "k=v", NULL,
                 "service{service.name=shop}[];host{host.id=H2}[host.name=two];|k=v|");
    assert_bound("host{host.id=H2}[host.arch=arm]@u:1", "", "u:2", "host{host.id=H2}[host.name=two]@u:2;||u:2");
    assert_bound("machine{m=1}[host.name=one]", "", NULL, "host{host.id=H2}[host.name=two];||");
    assert_bound("machine{host.id=H2}", "", NULL, "host{host.id=H2}[host.name=two];||");
}

/* ENT-08: one that is left out itself takes nobody's place. */
static void entity_that_shares_a_key_with_an_earlier_one_is_left_out(void **state)
{
    (void)state;
    diag_recorder reports;
    diag_recorder_init(&reports);
    otmi_diag *diag = otmi_diag_create(NULL, &reports.options, NULL);
    otm_resource *resource = resource_of("service{service.name=shop}", "");
    otm_attr id = otm_attr_string("id", "1");
    otm_attr both[] = {otm_attr_string("id", "2"), otm_attr_string("service.name", "other")};
    otm_entity entities[] = {{.type = "a", .id_attributes = &id, .id_attribute_count = 1},
                             {.type = "b", .id_attributes = both, .id_attribute_count = 2}};
    otmi_entity_list list = {entities, 2, sizeof *entities};
    otm_resource *out;
    assert_int_equal(otmi_resource_bind(resource, &list, NULL, diag, &out), OTM_OK);
    assert_string_equal(resource_text(out), "service{service.name=shop}[];a{id=1}[];||");
    assert_int_equal(diag_recorder_count_of(&reports, OTM_WARN, "of type 'b'"), 1);
    otm_resource_release(out);
    otm_resource_release(resource);
    otmi_diag_destroy(diag);
    diag_recorder_fini(&reports);
}

static void assert_equal(bool equal, const char *a_entities, const char *a_loose, const char *b_entities,
                         const char *b_loose)
{
    otm_resource *a = resource_of(a_entities, a_loose);
    otm_resource *b = resource_of(b_entities, b_loose);
    assert_int_equal(otmi_resource_equal(a, b), equal);
    assert_int_equal(otmi_resource_equal(b, a), equal);
    otm_resource_release(a);
    otm_resource_release(b);
}

/* ENT-08 */
static void resources_are_equal_if_attributes_entities_and_schema_urls_are(void **state)
{
    (void)state;
    assert_equal(true, "", "", "", "");
    assert_equal(true, "a{k=1};b{l=1}[m=1]", "x=1,y=2", "b{l=1}[m=1];a{k=1}", "y=2,x=1");
    assert_equal(false, "a{k=1}", "", "", "k=1");
    assert_equal(false, "a{k=1}", "", "a{k=2}", "");
    assert_equal(false, "a{k=1}", "", "b{k=1}", "");
    assert_equal(false, "a{k=1}[m=1]", "", "a{k=1}", "m=1");
    assert_equal(false, "a{k=1}[m=1]", "", "a{k=1}[m=2]", "");
    assert_equal(false, "a{k=1}@u:1", "", "a{k=1}@u:2", "");
    assert_equal(false, "a{k=1};b{l=1}", "", "a{k=1}", "");
    assert_equal(false, "", "x=1", "", "x=1,y=2");
}

static void binding_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_resource *resource = resource_of("host{host.id=H2}[a=1];service{s=1}", "k=v");
    otm_attr id = otm_attr_string("host.id", "H2");
    otm_attr name = otm_attr_string("host.name", "two");
    otm_entity host = {.type = "host", .id_attributes = &id, .id_attribute_count = 1,
                       .description_attributes = &name, .description_attribute_count = 1};
    otmi_entity_list list = {&host, 1, sizeof host};
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        otm_resource *out;
        failing_alloc_init(&fa, n);
        st = otmi_resource_bind(resource, &list, &fa.base, NULL, &out);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && out == NULL));
        otm_resource_release(out);
        assert_int_equal(fa.live, 0);
    }
    otm_resource_release(resource);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entity_joins_those_of_the_resource_and_displaces_loose_attributes),
        cmocka_unit_test(entity_takes_the_place_of_those_it_conflicts_with),
        cmocka_unit_test(entity_that_shares_a_key_with_an_earlier_one_is_left_out),
        cmocka_unit_test(resources_are_equal_if_attributes_entities_and_schema_urls_are),
        cmocka_unit_test(binding_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
