#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "detector_fixture.h"
#include "detector_list.h"
#include "failing_alloc.h"
#include "resource_fixture.h"

#define MACHINE_ID "0123456789abcdef0123456789abcdef"
#define OTHER_ID "fedcba9876543210fedcba9876543210"

static otm_resource *detect(detector_fixture *f)
{
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_host(&f->options, &resource), OTM_OK);
    assert_string_equal(otm_resource_schema_url(resource), OTM_DETECTORS_SCHEMA_URL);
    return resource;
}

static otm_resource *detect_os(detector_fixture *f)
{
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_os(&f->options, &resource), OTM_OK);
    return resource;
}

static void assert_id(detector_fixture *f, const char *expected)
{
    otm_resource *resource = detect(f);
    if (expected != NULL) {
        assert_text(resource, "host.id", expected);
    } else {
        assert_absent(resource, "host.id");
    }
    otm_resource_release(resource);
}

/* RES-24 */
static void detector_host_takes_the_machine_id_and_else_that_of_dbus(void **state)
{
    detector_fixture *f = *state;
    assert_id(f, NULL);
    put_text(f, "/var/lib/dbus/machine-id", OTHER_ID "\n");
    assert_id(f, OTHER_ID);
    put_text(f, "/etc/machine-id", "\n"); /* as in an image */
    assert_id(f, OTHER_ID);
    put_text(f, "/etc/machine-id", "uninitialized\n");
    assert_id(f, OTHER_ID);
    put_text(f, "/etc/machine-id", "0123abcd\n"); /* no machine has so short a one */
    assert_id(f, OTHER_ID);
    put_text(f, "/etc/machine-id", MACHINE_ID "\n");
    assert_id(f, MACHINE_ID);
    assert_int_equal(diag_recorder_count(&f->heard), 0);
}

/* RES-24: "for non-containerized systems" */
static void detector_host_takes_no_machine_id_inside_a_container(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/etc/machine-id", MACHINE_ID "\n");
    put_text(f, "/proc/self/cgroup", "0::/docker/" MACHINE_ID MACHINE_ID "\n");
    assert_id(f, NULL);
    /* The container's id is hidden, as under Kubernetes: the machine-id is the image's, and the same in all pods. */
    put_text(f, "/proc/self/cgroup", "0::/\n");
    put_text(f, "/proc/self/mountinfo",
             "1 2 0:9 /sandboxes/" MACHINE_ID MACHINE_ID "/hostname /etc/hostname rw - ext4 x rw\n");
    assert_id(f, NULL);
    /* A network namespace has names of its own, and is no container. */
    put_text(f, "/proc/self/mountinfo", "1 2 0:9 /etc/netns/blue/resolv.conf /etc/resolv.conf rw - ext4 x rw\n");
    assert_id(f, MACHINE_ID);
}

/* RES-25 */
static void detector_host_tells_name_and_architecture(void **state)
{
    detector_fixture *f = *state;
    struct utsname name;
    assert_int_equal(uname(&name), 0);
    otm_resource *resource = detect(f);
    assert_text(resource, "host.name", name.nodename);
    assert_text(resource, "host.arch", otmi_host_arch(name.machine));
    otm_resource_release(resource);
}

/* RES-25 */
static void detector_host_spells_architectures_as_the_conventions_do(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm32"},  {"i686", "x86"},   {"ppc64le", "ppc64"},
        {"ppc", "ppc32"},    {"s390x", "s390x"},   {"ia64", "ia64"},     {"riscv64", "riscv64"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(otmi_host_arch(names[i][0]), names[i][1]);
    }
}

/* RES-26, RES-14: "host" fills host.* and os.* */
static void detector_host_tells_of_the_operating_system_too(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/etc/os-release", "NAME=Debian\n");
    otm_resource *resource = detect(f);
    assert_text(resource, "os.name", "Debian");
    assert_non_null(find_attribute(resource, "os.type"));
    otm_resource_release(resource);
}

/* RES-26 */
static void detector_os_reads_os_release_with_its_quotes(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/etc/os-release",
             "# comment\nPRETTY_NAME=\"Say \\\"hi\\\" \\$5 'x'\"\nNAME='Single \\ \"quoted\"'\n"
             "VERSION_ID=12\\ 3\nXVERSION_ID=no\nBUILD_ID=20260101\nVERSION_ID_X=no");
    otm_resource *resource = detect_os(f);
    assert_text(resource, "os.description", "Say \"hi\" $5 'x'");
    assert_text(resource, "os.name", "Single \\ \"quoted\"");
    assert_text(resource, "os.version", "12 3");
    assert_text(resource, "os.build_id", "20260101");
    assert_string_equal(otm_resource_schema_url(resource), OTM_DETECTORS_SCHEMA_URL);
    otm_resource_release(resource);
}

/* RES-26 */
static void detector_os_looks_for_the_build_id_in_three_places(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
    otm_resource *resource = detect_os(f);
    assert_text(resource, "os.build_id", "6.1.0-18-amd64");
    otm_resource_release(resource);
    put_text(f, "/usr/lib/os-release", "NAME=Usr\nBUILD_ID=usr\n");
    resource = detect_os(f);
    assert_text(resource, "os.build_id", "usr");
    assert_text(resource, "os.name", "Usr");
    otm_resource_release(resource);
    put_text(f, "/etc/os-release", "NAME=Etc\n");
    resource = detect_os(f);
    assert_text(resource, "os.build_id", "usr");
    assert_text(resource, "os.name", "Etc");
    otm_resource_release(resource);
    put_text(f, "/etc/os-release", "BUILD_ID=etc\n");
    resource = detect_os(f);
    assert_text(resource, "os.build_id", "etc");
    otm_resource_release(resource);
}

/* RES-26 */
static void detector_os_spells_types_as_the_conventions_do(void **state)
{
    (void)state;
    assert_string_equal(otmi_os_type("Linux"), "linux");
    assert_string_equal(otmi_os_type("DragonFly"), "dragonflybsd");
    assert_string_equal(otmi_os_type("SunOS"), "solaris");
    assert_null(otmi_os_type("Plan 9"));
}

/* RES-12 */
static void detector_host_reports_what_is_there_but_cannot_be_read(void **state)
{
    detector_fixture *f = *state;
    put_folder(f, "/etc/machine-id");
    put_text(f, "/var/lib/dbus/machine-id", OTHER_ID);
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_host(&f->options, &resource), OTM_ERR_IO);
    assert_text(resource, "host.id", OTHER_ID); /* what was found is there nevertheless */
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "/etc/machine-id"), 1);
}

static void detector_host_as_entities_leaves_loose_what_has_no_identity(void **state)
{
    detector_fixture *f = *state;
    f->options.as_entities = 1;
    otm_resource *resource = detect(f);
    assert_int_equal(otm_resource_entity_count(resource), 1);
    assert_string_equal(otm_resource_entity(resource, 0)->type, "os");
    assert_non_null(find_attribute(resource, "host.name"));
    otm_resource_release(resource);
    put_text(f, "/etc/machine-id", MACHINE_ID "\n");
    resource = detect(f);
    assert_int_equal(otm_resource_entity_count(resource), 2);
    const otm_entity *host = otm_resource_entity(resource, 0);
    assert_string_equal(host->type, "host");
    assert_string_equal(host->schema_url, OTM_DETECTORS_SCHEMA_URL);
    assert_int_equal(host->id_attribute_count, 1);
    assert_string_equal(host->id_attributes[0].key, "host.id");
    assert_int_equal(host->description_attribute_count, 2);
    size_t loose;
    otm_resource_loose_attributes(resource, &loose);
    assert_int_equal(loose, 0);
    otm_resource_release(resource);
}

static void detector_host_survives_failure_of_each_allocation(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/etc/machine-id", MACHINE_ID "\n");
    put_text(f, "/etc/os-release", "NAME='a'\n");
    put_folder(f, "/usr/lib/os-release"); /* what fails later does not cover up what was missed */
    f->options.as_entities = 1;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        otm_resource *resource;
        otm_status st = otm_resource_detect_host(&f->options, &resource);
        failed = failing_alloc_failed(&fa);
        assert_true(st == OTM_ERR_IO || (st == OTM_ERR_NO_MEMORY && resource == NULL));
        if (resource != NULL) {
            assert_text(resource, "host.id", MACHINE_ID);
            assert_text(resource, "os.name", "a");
        }
        otm_resource_release(resource);
        assert_int_equal(fa.live, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, detector_set_up, detector_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(detector_host_takes_the_machine_id_and_else_that_of_dbus),
        TEST(detector_host_takes_no_machine_id_inside_a_container),
        TEST(detector_host_tells_name_and_architecture),
        TEST(detector_host_spells_architectures_as_the_conventions_do),
        TEST(detector_host_tells_of_the_operating_system_too),
        TEST(detector_os_reads_os_release_with_its_quotes),
        TEST(detector_os_looks_for_the_build_id_in_three_places),
        TEST(detector_os_spells_types_as_the_conventions_do),
        TEST(detector_host_reports_what_is_there_but_cannot_be_read),
        TEST(detector_host_as_entities_leaves_loose_what_has_no_identity),
        TEST(detector_host_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
