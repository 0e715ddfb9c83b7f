/* Metrics of children for entities in a scrape, which knows no resources. ENT-08 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "prom_tree.h"
#include "prom_written.h"

static prom_tree tree;
static prom_written written;

static void assert_note(otmi_prom_note_kind kind, const char *detail)
{
    const char *got = prom_written_note(&written, kind);
    assert_non_null(got);
    assert_string_equal(got, detail);
}

/* Two resources: the tree's own, and a child's with the same metric. */
static otm_metrics_data *with_child(const otm_attr *attrs, size_t count)
{
    static const otm_entity_ref tenant = {.type = {"tenant", 6}};
    static otm_resource_metrics both[2];
    static otm_metrics_data data;
    both[0] = both[1] = tree.resource;
    both[1].attributes = attrs;
    both[1].attribute_count = count;
    both[1].entities = &tenant;
    both[1].entity_count = 1;
    both[1].entity_stride = sizeof tenant;
    both[1].child = 1;
    data = tree.data;
    data.resources = both;
    data.resource_count = 2;
    data.resource_stride = sizeof *both;
    return &data;
}

/* ENT-08, PROM-EXP-10, PROM-META-10 */
static void child_with_resource_labels_is_shown_with_them_and_has_no_target_info(void **state)
{
    static const char *const included[] = {"tenant.*"};
    static const otmi_prom_settings settings = {
        .omit_scope_info = true, .has_constant_labels = true, .included_keys = included, .included_key_count = 1};
    otm_attr resource[] = {otm_attr_string("service.name", "s"), otm_attr_string("tenant.id", "1")};
    (void)state;
    prom_tree_init(&tree);
    tree.resource.attributes = resource;
    tree.resource.attribute_count = 1;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, NULL, 0);
    otm_metrics_data *data = with_child(resource, 2);
    prom_write(&written, NULL, data, &settings, OTMI_PROM_UNDERSCORES);
    assert_string_equal(written.text.data, "# HELP target_info Target metadata\n# TYPE target_info gauge\n"
                                           "target_info{service_name=\"s\"} 1\n"
                                           "# TYPE c_total counter\nc_total 1\nc_total{tenant_id=\"1\"} 1\n");
    prom_written_fini(&written);
    data->resources = otm_data_resource(data, 1); /* a scrape in which the provider itself has no points */
    data->resource_count = 1;
    prom_write(&written, NULL, data, &settings, OTMI_PROM_UNDERSCORES);
    assert_string_equal(written.text.data, "# TYPE c_total counter\nc_total{tenant_id=\"1\"} 1\n");
    prom_written_fini(&written);
}

/* ENT-08: its series would pass for those of its parent. */
static void child_that_no_label_tells_from_others_is_left_out_and_noted(void **state)
{
    static const char *const included[] = {"service.*"};
    static const otmi_prom_settings settings = {
        .omit_scope_info = true, .omit_target_info = true, .has_constant_labels = true, .included_keys = included,
        .included_key_count = 1};
    otm_attr resource[] = {otm_attr_string("service.name", "s"), otm_attr_string("tenant.id", "1")};
    static const otmi_prom_settings plain = {.omit_scope_info = true};
    (void)state;
    prom_tree_init(&tree);
    tree.resource.attributes = resource;
    tree.resource.attribute_count = 1;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, NULL, 0);
    otm_metrics_data *data = with_child(resource, 2);
    prom_write(&written, NULL, data, &settings, OTMI_PROM_UNDERSCORES);
    assert_string_equal(written.text.data, "# TYPE c_total counter\nc_total{service_name=\"s\"} 1\n");
    assert_note(OTMI_PROM_RESOURCE_ALIKE, "tenant");
    prom_written_fini(&written);
    data->resources = otm_data_resource(data, 1);
    data->resource_count = 1;
    prom_write(&written, NULL, data, &plain, OTMI_PROM_UNDERSCORES);
    assert_string_equal(written.text.data, "");
    assert_note(OTMI_PROM_RESOURCE_ALIKE, "tenant");
    prom_written_fini(&written);
}

static void model_with_a_child_survives_failure_of_each_allocation(void **state)
{
    static const otmi_prom_settings settings = {.has_constant_labels = true};
    otm_attr resource[] = {otm_attr_string("service.name", "s"), otm_attr_string("tenant.id", "1")};
    otm_status st = OTM_ERR_NO_MEMORY;
    (void)state;
    prom_tree_init(&tree);
    tree.resource.attributes = resource;
    tree.resource.attribute_count = 1;
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 1, NULL, 0);
    otm_metrics_data *data = with_child(resource, 2);
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        prom_write(&written, &fa.base, data, &settings, OTMI_PROM_UNDERSCORES);
        st = written.status;
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        prom_written_fini(&written);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_with_resource_labels_is_shown_with_them_and_has_no_target_info),
        cmocka_unit_test(child_that_no_label_tells_from_others_is_left_out_and_noted),
        cmocka_unit_test(model_with_a_child_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
