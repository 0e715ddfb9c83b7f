#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "diag_recorder.h"
#include "failing_alloc.h"
#include "resource_fixture.h"

/* The default resource under these variables; NULL unsets one. */
static otm_resource *make_default(const char *attributes, const char *service_name, diag_recorder *heard)
{
    unsetenv("OTEL_RESOURCE_ATTRIBUTES");
    unsetenv("OTEL_SERVICE_NAME");
    if (attributes != NULL) {
        setenv("OTEL_RESOURCE_ATTRIBUTES", attributes, 1);
    }
    if (service_name != NULL) {
        setenv("OTEL_SERVICE_NAME", service_name, 1);
    }
    otm_resource *resource;
    assert_int_equal(otm_resource_default(NULL, heard != NULL ? &heard->options : NULL, &resource), OTM_OK);
    return resource;
}

/* RES-01 */
static void resource_is_a_copy_with_its_schema_url(void **state)
{
    (void)state;
    char text[] = "value";
    char url[] = "https://example.org/1";
    otm_attr attr = otm_attr_string("key", text);
    otm_resource *resource = make_resource(&attr, 1, url);
    text[0] = 'X';
    url[0] = 'X';
    assert_text(resource, "key", "value");
    assert_string_equal(otm_resource_schema_url(resource), "https://example.org/1");
    otm_resource_release(resource);
    resource = make_resource(NULL, 0, NULL);
    assert_string_equal(otm_resource_schema_url(resource), "");
    otm_resource_release(resource);
}

/* RES-04 */
static void resource_of_nothing_is_empty_and_so_is_null(void **state)
{
    (void)state;
    otm_resource *resource = make_resource(NULL, 0, NULL);
    assert_int_equal(attribute_count(resource), 0);
    otm_resource_release(resource);
    assert_int_equal(attribute_count(NULL), 0);
    assert_string_equal(otm_resource_schema_url(NULL), "");
    assert_null(otm_resource_retain(NULL));
    otm_resource_release(NULL);
}

static void resource_with_an_empty_key_is_refused(void **state)
{
    (void)state;
    otm_attr attr = otm_attr_string("", "x");
    otm_resource *resource;
    assert_int_equal(otm_resource_create(&attr, 1, NULL, NULL, &resource), OTM_ERR_INVALID_ARGUMENT);
    assert_null(resource);
    assert_int_equal(otm_resource_create(&attr, 1, NULL, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
}

static void resource_lives_as_long_as_it_is_held(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otm_resource *resource;
    assert_int_equal(otm_resource_create(NULL, 0, NULL, &fa.base, &resource), OTM_OK);
    assert_ptr_equal(otm_resource_retain(resource), resource);
    otm_resource_release(resource);
    assert_true(fa.live > 0);
    otm_resource_release(resource);
    assert_int_equal(fa.live, 0);
}

/* RES-02 */
static void resource_merge_lets_the_updating_value_win_even_if_empty(void **state)
{
    (void)state;
    const otm_attr old_attrs[] = {otm_attr_string("a", "old"), otm_attr_string("b", "old"),
                                  otm_attr_string("c", "old")};
    const otm_attr new_attrs[] = {otm_attr_string("b", "new"), otm_attr_string("c", ""), otm_attr_string("d", "new")};
    otm_resource *old = make_resource(old_attrs, 3, NULL);
    otm_resource *updating = make_resource(new_attrs, 3, NULL);
    otm_resource *merged;
    assert_int_equal(otm_resource_merge(old, updating, NULL, &merged), OTM_OK);
    assert_int_equal(attribute_count(merged), 4);
    assert_text(merged, "a", "old");
    assert_text(merged, "b", "new");
    assert_text(merged, "c", "");
    assert_text(merged, "d", "new");
    otm_resource_release(merged);
    assert_int_equal(otm_resource_merge(old, NULL, NULL, &merged), OTM_OK);
    assert_int_equal(attribute_count(merged), 3);
    otm_resource_release(merged);
    assert_int_equal(otm_resource_merge(NULL, NULL, NULL, &merged), OTM_OK);
    assert_int_equal(attribute_count(merged), 0);
    otm_resource_release(merged);
    otm_resource_release(old);
    otm_resource_release(updating);
}

static void assert_merged_url(const char *old_url, const char *new_url, otm_status expected, const char *expected_url)
{
    otm_resource *old = make_resource(NULL, 0, old_url);
    otm_resource *updating = make_resource(NULL, 0, new_url);
    otm_resource *merged;
    assert_int_equal(otm_resource_merge(old, updating, NULL, &merged), expected);
    assert_string_equal(otm_resource_schema_url(merged), expected_url);
    otm_resource_release(merged);
    otm_resource_release(old);
    otm_resource_release(updating);
}

/* RES-03 */
static void resource_merge_of_different_schema_urls_is_an_error(void **state)
{
    (void)state;
    assert_merged_url(NULL, "u", OTM_OK, "u");
    assert_merged_url("u", "", OTM_OK, "u");
    assert_merged_url("u", "u", OTM_OK, "u");
    assert_merged_url("", "", OTM_OK, "");
    assert_merged_url("u", "v", OTM_ERR_CONFIG, "");
}

/* RES-05, RES-07, RES-08 */
static void resource_default_names_service_and_sdk(void **state)
{
    (void)state;
    otm_resource *resource = make_default(NULL, NULL, NULL);
    assert_non_null(find_attribute(resource, "service.name"));
    assert_text(resource, "telemetry.sdk.name", "otm");
    assert_text(resource, "telemetry.sdk.language", "c");
    assert_text(resource, "telemetry.sdk.version", OTM_VERSION_STRING);
    assert_int_equal(attribute_count(resource), 4);
    assert_string_equal(otm_resource_schema_url(resource), "");
    otm_resource_release(resource);
}

/* RES-06 */
static void resource_default_falls_back_to_the_executable_name(void **state)
{
    (void)state;
    otm_resource *resource = make_default(NULL, "", NULL); /* an empty variable counts as unset */
    assert_text(resource, "service.name", "unknown_service:resource_test");
    otm_resource_release(resource);
}

/* RES-09, RES-10 */
static void resource_default_reads_the_environment(void **state)
{
    (void)state;
    otm_resource *resource = make_default("service.name=listed,k=a%2Cb%3Dc,utf8=%E9%8D%B5,a=1,a=2", NULL, NULL);
    assert_text(resource, "service.name", "listed");
    assert_text(resource, "k", "a,b=c");
    assert_text(resource, "utf8", "\xE9\x8D\xB5");
    assert_text(resource, "a", "2");
    otm_resource_release(resource);
    resource = make_default("service.name=listed,telemetry.sdk.name=opentelemetry", "named", NULL);
    assert_text(resource, "service.name", "named");
    assert_text(resource, "telemetry.sdk.name", "otm"); /* RES-07: not ours to claim */
    otm_resource_release(resource);
}

/* RES-09 */
static void resource_of_the_user_wins_over_the_environment(void **state)
{
    (void)state;
    otm_resource *environment = make_default("region=there,zone=z", NULL, NULL);
    otm_attr attr = otm_attr_string("region", "here");
    otm_resource *own = make_resource(&attr, 1, NULL);
    otm_resource *merged;
    assert_int_equal(otm_resource_merge(environment, own, NULL, &merged), OTM_OK);
    assert_text(merged, "region", "here");
    assert_text(merged, "zone", "z");
    otm_resource_release(merged);
    otm_resource_release(own);
    otm_resource_release(environment);
}

/* RES-10 */
static void resource_default_drops_a_malformed_variable_as_a_whole_and_says_so(void **state)
{
    (void)state;
    static const char *const malformed[] = {"a=1,b", "a=1,b=%zz", "a=1,=2"};
    for (size_t i = 0; i < 3; i++) {
        diag_recorder heard;
        diag_recorder_init(&heard);
        otm_resource *resource = make_default(malformed[i], NULL, &heard);
        assert_int_equal(attribute_count(resource), 4);
        assert_int_equal(diag_recorder_count(&heard), 1);
        assert_int_equal(diag_recorder_at(&heard, 0).level, OTM_WARN);
        assert_int_equal(diag_recorder_count_of(&heard, OTM_WARN, "OTEL_RESOURCE_ATTRIBUTES"), 1);
        otm_resource_release(resource);
        diag_recorder_fini(&heard);
    }
}

static void resource_default_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    setenv("OTEL_RESOURCE_ATTRIBUTES", "a=1,b=2", 1);
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_resource *resource;
        st = otm_resource_default(&fa.base, NULL, &resource);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && resource == NULL));
        otm_resource_release(resource);
        assert_int_equal(fa.live, 0);
    }
}

static void resource_merge_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_attr attr = otm_attr_string("a", "b");
    otm_resource *one = make_resource(&attr, 1, "u");
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otm_resource *merged;
        st = otm_resource_merge(one, one, &fa.base, &merged);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && merged == NULL));
        otm_resource_release(merged);
        assert_int_equal(fa.live, 0);
    }
    otm_resource_release(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resource_is_a_copy_with_its_schema_url),
        cmocka_unit_test(resource_of_nothing_is_empty_and_so_is_null),
        cmocka_unit_test(resource_with_an_empty_key_is_refused),
        cmocka_unit_test(resource_lives_as_long_as_it_is_held),
        cmocka_unit_test(resource_merge_lets_the_updating_value_win_even_if_empty),
        cmocka_unit_test(resource_merge_of_different_schema_urls_is_an_error),
        cmocka_unit_test(resource_default_names_service_and_sdk),
        cmocka_unit_test(resource_default_falls_back_to_the_executable_name),
        cmocka_unit_test(resource_default_reads_the_environment),
        cmocka_unit_test(resource_of_the_user_wins_over_the_environment),
        cmocka_unit_test(resource_default_drops_a_malformed_variable_as_a_whole_and_says_so),
        cmocka_unit_test(resource_default_survives_failure_of_each_allocation),
        cmocka_unit_test(resource_merge_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
