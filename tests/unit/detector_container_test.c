#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "detector_fixture.h"
#include "failing_alloc.h"
#include "resource_fixture.h"

#define ID "3fc9e44e2b1c0d9a8f7e6d5c4b3a29181706f5e4d3c2b1a09f8e7d6c5b4a3928"
#define OTHER "a0b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5061728394a5b6c7d8e9f"

static void assert_id(detector_fixture *f, const char *expected)
{
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_container(&f->options, &resource), OTM_OK);
    if (expected != NULL) {
        assert_text(resource, "container.id", expected);
        assert_string_equal(otm_resource_schema_url(resource), "https://opentelemetry.io/schemas/1.44.0");
    } else {
        assert_absent(resource, "container.id");
        assert_string_equal(otm_resource_schema_url(resource), "");
    }
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count(&f->heard), 0);
}

/* RES-27 */
static void detector_container_reads_control_groups(void **state)
{
    detector_fixture *f = *state;
    static const char *const groups[] = {
        "12:memory:/docker/" ID "\n",
        "1:name=systemd:/system.slice/docker-" ID ".scope\n0::/system.slice/docker-" ID ".scope\n",
        "11:cpu:/\n9:pids:/kubepods/burstable/pod2c48913c-b29f-11e7-9350-020968147796/" ID "\n",
        "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope\n",
        "0::/../kubepods-pod1.slice:cri-containerd:" ID "\n",
        "0::/machine.slice/libpod-" ID ".scope/container\n",
        "0::/docker/" OTHER "/docker/" ID, /* the innermost, and no line end */
        "4:memory:/docker/" ID "/init.scope\n",
    };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        put_text(f, "/proc/self/cgroup", groups[i]);
        assert_id(f, ID);
    }
}

/* RES-27 */
static void detector_container_reads_mounts_where_the_group_is_hidden(void **state)
{
    detector_fixture *f = *state;
    static const char *const mounts[] = {
        "22 27 0:21 / /proc rw - proc proc rw\n"
        "961 938 254:1 /var/lib/docker/containers/" ID "/hostname /etc/hostname rw - ext4 /dev/vda1 rw\n",
        "961 938 254:1 /docker/containers/" ID "/resolv.conf /etc/resolv.conf rw - ext4 /dev/vda1 rw\n",
        "1 2 0:9 /containers/storage/overlay-containers/" ID "/userdata/hosts /etc/hosts rw - tmpfs t rw\n",
        "1 2 0:9 /x/overlay-containers/" ID "/userdata/.containerenv /run/.containerenv rw - tmpfs t rw",
    };
    put_text(f, "/proc/self/cgroup", "0::/\n");
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        put_text(f, "/proc/self/mountinfo", mounts[i]);
        assert_id(f, ID);
    }
}

/* RES-12, RES-13 */
static void detector_container_outside_of_one_finds_nothing(void **state)
{
    detector_fixture *f = *state;
    assert_id(f, NULL); /* no /proc at all */
    static const char *const groups[] = {
        "0::/\n",
        "4:memory:/process_api/42106e7098e2e0ae867bbbfaf017630e\n", /* 32 digits are of somebody else */
        "0::/user.slice/user-1000.slice/session-3.scope\n",
        "0::/machine.slice/libpod-conmon-" ID ".scope\n",
        "0::/docker/x" ID "\n",
        "0::/docker/3FC9E44E2B1C0D9A8F7E6D5C4B3A29181706F5E4D3C2B1A09F8E7D6C5B4A3928\n",
        "garbage\n:::\n::\n",
    };
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        put_text(f, "/proc/self/cgroup", groups[i]);
        assert_id(f, NULL);
    }
    /* The sandbox of a pod is not the container; other mounts are the host's; lines may be short. */
    put_text(f, "/proc/self/mountinfo",
             "1 2 0:9 /var/lib/containerd/grpc.v1.cri/sandboxes/" ID "/hostname /etc/hostname rw - x x rw\n"
             "1 2 0:9 /var/lib/docker/containers/" ID "/mounts/shm /mnt rw - x x rw\n1 2 3\n\n");
    assert_id(f, NULL);
}

static void detector_container_as_an_entity_is_identified_by_its_id(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/proc/self/cgroup", "0::/docker/" ID "\n");
    f->options.as_entities = 1;
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_container(&f->options, &resource), OTM_OK);
    assert_string_equal(resource_text(resource), "container{container.id=" ID "}[]@" OTM_DETECTORS_SCHEMA_URL
                                                 ";||" OTM_DETECTORS_SCHEMA_URL);
    otm_resource_release(resource);
}

static void detector_container_survives_failure_of_each_allocation(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/proc/self/cgroup", "0::/docker/" ID "\n");
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        otm_resource *resource;
        otm_status st = otm_resource_detect_container(&f->options, &resource);
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
        TEST(detector_container_reads_control_groups),
        TEST(detector_container_reads_mounts_where_the_group_is_hidden),
        TEST(detector_container_outside_of_one_finds_nothing),
        TEST(detector_container_as_an_entity_is_identified_by_its_id),
        TEST(detector_container_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
