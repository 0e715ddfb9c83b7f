#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "detector_fixture.h"
#include "detector_list.h"
#include "failing_alloc.h"
#include "resource_fixture.h"

static void instance_id(detector_fixture *f, char id[OTMI_UUID_TEXT_SIZE])
{
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_service(&f->options, &resource), OTM_OK);
    const otm_value *value = find_attribute(resource, "service.instance.id");
    assert_non_null(value);
    assert_int_equal(value->size, OTMI_UUID_TEXT_SIZE - 1);
    memcpy(id, value->as.string, OTMI_UUID_TEXT_SIZE);
    otm_resource_release(resource);
}

/* RES-14 */
static void detector_service_takes_the_name_from_the_environment(void **state)
{
    detector_fixture *f = *state;
    otm_resource *resource;
    f->service_name = "shop";
    assert_int_equal(otm_resource_detect_service(&f->options, &resource), OTM_OK);
    assert_text(resource, "service.name", "shop");
    assert_string_equal(otm_resource_schema_url(resource), OTM_DETECTORS_SCHEMA_URL);
    otm_resource_release(resource);
    f->service_name = ""; /* an empty variable counts as unset */
    assert_int_equal(otm_resource_detect_service(&f->options, &resource), OTM_OK);
    assert_absent(resource, "service.name");
    otm_resource_release(resource);
    f->options.environment = NULL; /* the process's own */
    setenv("OTEL_SERVICE_NAME", "own", 1);
    assert_int_equal(otm_resource_detect_service(&f->options, &resource), OTM_OK);
    assert_text(resource, "service.name", "own");
    otm_resource_release(resource);
}

/* RES-20 */
static void detector_service_instance_is_a_random_uuid_that_stays_with_the_process(void **state)
{
    detector_fixture *f = *state;
    char first[OTMI_UUID_TEXT_SIZE];
    char second[OTMI_UUID_TEXT_SIZE];
    instance_id(f, first);
    instance_id(f, second);
    assert_string_equal(first, second);
    for (size_t i = 0; i < OTMI_UUID_TEXT_SIZE - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            assert_int_equal(first[i], '-');
        } else {
            assert_non_null(strchr("0123456789abcdef", first[i]));
        }
    }
    assert_int_equal(first[14], '4');
    assert_non_null(strchr("89ab", first[19]));
}

/* RES-20 */
static void detector_service_instance_of_a_child_is_another(void **state)
{
    detector_fixture *f = *state;
    char parent[OTMI_UUID_TEXT_SIZE];
    char child[OTMI_UUID_TEXT_SIZE];
    int pipe_ends[2];
    instance_id(f, parent);
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        instance_id(f, child);
        _exit(write(pipe_ends[1], child, sizeof child) == sizeof child ? 0 : 1);
    }
    assert_int_equal(read(pipe_ends[0], child, sizeof child), sizeof child);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_not_equal(parent, child);
    instance_id(f, child);
    assert_string_equal(parent, child); /* the parent keeps its own */
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

/* RES-20 */
static void detector_service_uuid_has_version_and_variant_set(void **state)
{
    (void)state;
    uint8_t ones[16];
    char text[OTMI_UUID_TEXT_SIZE];
    memset(ones, 0xff, sizeof ones);
    otmi_uuid_v4_text(ones, text);
    assert_string_equal(text, "ffffffff-ffff-4fff-bfff-ffffffffffff");
    memset(ones, 0, sizeof ones);
    otmi_uuid_v4_text(ones, text);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
}

static void detector_service_as_entities_makes_a_service_and_its_instance(void **state)
{
    detector_fixture *f = *state;
    f->service_name = "shop";
    f->options.as_entities = 1;
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_service(&f->options, &resource), OTM_OK);
    assert_int_equal(otm_resource_entity_count(resource), 2);
    assert_string_equal(otm_resource_entity(resource, 0)->type, "service");
    assert_string_equal(otm_resource_entity(resource, 1)->type, "service.instance");
    otm_resource_release(resource);
}

static void detector_service_survives_failure_of_each_allocation(void **state)
{
    detector_fixture *f = *state;
    f->service_name = "shop";
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        otm_resource *resource;
        otm_status st = otm_resource_detect_service(&f->options, &resource);
        failed = failing_alloc_failed(&fa);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && resource == NULL));
        otm_resource_release(resource);
        assert_int_equal(fa.live, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, detector_set_up, detector_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(detector_service_takes_the_name_from_the_environment),
        TEST(detector_service_instance_is_a_random_uuid_that_stays_with_the_process),
        TEST(detector_service_instance_of_a_child_is_another),
        TEST(detector_service_uuid_has_version_and_variant_set),
        TEST(detector_service_as_entities_makes_a_service_and_its_instance),
        TEST(detector_service_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
