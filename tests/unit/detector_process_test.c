#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "detection.h"
#include "detector_fixture.h"
#include "failing_alloc.h"
#include "resource_fixture.h"
#include "sha256.h"

static otm_resource *detect(detector_fixture *f)
{
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_process(&f->options, &resource), OTM_OK);
    assert_string_equal(otm_resource_schema_url(resource), OTM_DETECTORS_SCHEMA_URL);
    assert_int_equal(diag_recorder_count(&f->heard), 0);
    return resource;
}

static void assert_number(const otm_resource *resource, const char *key, int64_t number)
{
    const otm_value *value = find_attribute(resource, key);
    assert_non_null(value);
    assert_int_equal(value->type, OTM_VALUE_I64);
    assert_int_equal(value->as.i64, number);
}

/* RES-21 */
static void detector_process_tells_its_number_and_when_it_was_created(void **state)
{
    detector_fixture *f = *state;
    /* A hundred ticks a second; the name holds what a careless reader takes for the end of it. */
    put_text(f, "/proc/self/stat",
             "17 (a) b ) S 1 17 17 0 -1 4194304 116 0 0 0 0 0 0 0 20 0 1 0 12345 3133440 418 0\n");
    put_text(f, "/proc/stat", "cpu  1 2 3\nintr 4\nbtime 1700558734\nprocesses 5\n");
    otm_resource *resource = detect(f);
    assert_number(resource, "process.pid", getpid());
    if (sysconf(_SC_CLK_TCK) == 100) {
        assert_text(resource, "process.creation.time", "2023-11-21T09:27:37.450Z");
    }
    otm_resource_release(resource);
}

/* RES-12 */
static void detector_process_makes_no_time_of_what_it_does_not_understand(void **state)
{
    detector_fixture *f = *state;
    static const char *const stats[] = {"", "17 (a)", "17 (a) ", "17 a S 1", "17 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13",
                                        "17 (a) S 1 17 17 0 -1 4194304 116 0 0 0 0 0 0 0 20 0 1 0 x 3133440",
                                        "17 (a) S 1 17 17 0 -1 419 0 0 0 0 0 0 0 0 20 0 1 0 18446744073709551617 3"};
    put_text(f, "/proc/stat", "btime 1700558734\n");
    for (size_t i = 0; i < sizeof stats / sizeof stats[0]; i++) {
        put_text(f, "/proc/self/stat", stats[i]);
        otm_resource *resource = detect(f);
        assert_absent(resource, "process.creation.time");
        otm_resource_release(resource);
    }
}

/* RES-21 */
static void detector_process_tells_command_and_owner(void **state)
{
    detector_fixture *f = *state;
    char passwd[256];
    put_file(f, "/proc/self/cmdline", "cmd/otelcol\0--password=secret\0", 30);
    snprintf(passwd, sizeof passwd, "short\nx:*:%u9:0::/:/bin/sh\nkeeper:x:%u:0:Some One:/:/bin/sh\nlater:x:%u:0::/:\n",
             geteuid(), geteuid(), geteuid());
    put_text(f, "/etc/passwd", passwd);
    otm_resource *resource = detect(f);
    assert_text(resource, "process.command", "cmd/otelcol");
    assert_text(resource, "process.owner", "keeper");
    otm_resource_release(resource);
}

/* RES-22, RES-21 */
static void detector_process_tells_arguments_and_the_like_only_when_asked(void **state)
{
    detector_fixture *f = *state;
    static const char *const opt_in[] = {"process.command_args", "process.command_line",      "process.args_count",
                                         "process.parent_pid",   "process.working_directory", "process.linux.cgroup",
                                         "process.executable.path"};
    put_file(f, "/proc/self/cmdline", "cmd\0--password=secret\0\0", 23);
    put_link(f, "/proc/self/cwd", "/srv/shop");
    put_link(f, "/proc/self/exe", "/usr/bin/otelcol");
    put_text(f, "/proc/self/cgroup", "1:name=systemd:/a\n0::/b\n");
    otm_resource *resource = detect(f);
    for (size_t i = 0; i < sizeof opt_in / sizeof opt_in[0]; i++) {
        assert_absent(resource, opt_in[i]);
    }
    otm_resource_release(resource);
    f->options.opt_in = 1;
    resource = detect(f);
    assert_number(resource, "process.args_count", 3);
    assert_number(resource, "process.parent_pid", getppid());
    assert_text(resource, "process.working_directory", "/srv/shop");
    assert_text(resource, "process.linux.cgroup", "1:name=systemd:/a\n0::/b");
    assert_text(resource, "process.executable.path", "/usr/bin/otelcol");
    const otm_value *arguments = find_attribute(resource, "process.command_args");
    assert_non_null(arguments);
    assert_int_equal(arguments->size, 3);
    assert_string_equal(arguments->as.array[1].as.string, "--password=secret");
    assert_int_equal(arguments->as.array[2].size, 0);
    otm_resource_release(resource);
}

/* Who writes over its arguments to show a title may leave no NUL at their end. */
static void detector_process_counts_a_last_argument_without_an_end(void **state)
{
    detector_fixture *f = *state;
    f->options.opt_in = 1;
    put_text(f, "/proc/self/cmdline", "worker: idle");
    otm_resource *resource = detect(f);
    assert_number(resource, "process.args_count", 1);
    otm_resource_release(resource);
}

/* Half of the arguments would pass for all of them. */
static void detector_process_leaves_out_arguments_that_are_too_long(void **state)
{
    detector_fixture *f = *state;
    enum { LENGTH = 300 << 10, MAXIMUM = 256 << 10 };
    static char cmdline[LENGTH];
    memset(cmdline, 'x', LENGTH - 1);
    put_file(f, "/proc/self/cmdline", cmdline, LENGTH);
    f->options.opt_in = 1;
    otm_resource *resource = detect(f);
    assert_absent(resource, "process.command_args");
    assert_absent(resource, "process.args_count");
    const otm_value *command = find_attribute(resource, "process.command");
    assert_non_null(command);
    assert_int_equal(command->size, MAXIMUM);
    otm_resource_release(resource);
}

/* The kernel gives files of its own a page at a time. */
static void detector_process_reads_on_until_the_end_of_a_file(void **state)
{
    (void)state;
    static char text[64 << 10];
    size_t got;
    int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        skip(); /* not everywhere to be had */
    }
    assert_true(otmi_read_at(fd, text, sizeof text, 0, &got));
    assert_true(got > 8192);
    close(fd);
}

/* RES-23 */
static void detector_process_names_the_executable_after_its_link(void **state)
{
    detector_fixture *f = *state;
    put_link(f, "/proc/self/exe", "/usr/local/bin/otel col (deleted)");
    otm_resource *resource = detect(f);
    assert_text(resource, "process.executable.name", "otel col");
    assert_absent(resource, "process.executable.build_id.htlhash"); /* the link leads nowhere */
    otm_resource_release(resource);
}

static void assert_build_id(detector_fixture *f, const uint8_t *content, size_t size)
{
    static uint8_t input[2 * 4096 + 8];
    char target[PATH_MAX];
    size_t head = size < 4096 ? size : 4096;
    memcpy(input, content, head);
    memcpy(input + head, content + size - head, head);
    for (size_t i = 0; i < 8; i++) {
        input[2 * head + i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
    }
    uint8_t digest[32];
    char expected[33];
    otmi_sha256(input, 2 * head + 8, digest);
    for (size_t i = 0; i < 16; i++) {
        snprintf(expected + 2 * i, 3, "%02x", digest[i]);
    }
    put_file(f, "/bin/program", content, size);
    snprintf(target, sizeof target, "%s/proc/self/exe", f->root);
    unlink(target);
    snprintf(target, sizeof target, "%s/bin/program", f->root);
    put_link(f, "/proc/self/exe", target);
    otm_resource *resource = detect(f);
    assert_text(resource, "process.executable.build_id.htlhash", expected);
    assert_text(resource, "process.executable.name", "program");
    otm_resource_release(resource);
}

/* RES-23 */
static void detector_process_hashes_head_tail_and_length_of_the_executable(void **state)
{
    detector_fixture *f = *state;
    static uint8_t content[20000];
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i * 7 + i / 256);
    }
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 20000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_build_id(f, content, sizes[i]);
    }
}

/* RES-23: the digests are those of FIPS 180-4's examples. */
static void detector_process_has_a_sha256_that_agrees_with_the_standard(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t start[4];
    } examples[] = {
        {"", {0xe3, 0xb0, 0xc4, 0x42}},
        {"abc", {0xba, 0x78, 0x16, 0xbf}},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", {0x24, 0x8d, 0x6a, 0x61}},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        uint8_t digest[32];
        otmi_sha256((const uint8_t *)examples[i].text, strlen(examples[i].text), digest);
        assert_memory_equal(digest, examples[i].start, 4);
    }
}

/* RES-12 */
static void detector_process_reports_what_is_there_but_cannot_be_read(void **state)
{
    detector_fixture *f = *state;
    put_text(f, "/proc/self/exe", "no link");
    put_folder(f, "/proc/self/stat");
    otm_resource *resource;
    assert_int_equal(otm_resource_detect_process(&f->options, &resource), OTM_ERR_IO);
    assert_number(resource, "process.pid", getpid());
    assert_non_null(find_attribute(resource, "process.executable.build_id.htlhash"));
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "/proc/self/exe"), 1);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "/proc/self/stat"), 1);
}

/* RES-21, RES-23 */
static void detector_process_as_entities_makes_a_process_and_its_executable(void **state)
{
    detector_fixture *f = *state;
    f->options.as_entities = 1;
    f->options.root = NULL; /* the system's own */
    otm_resource *resource = detect(f);
    assert_int_equal(otm_resource_entity_count(resource), 2);
    const otm_entity *process = otm_resource_entity(resource, 0);
    assert_string_equal(process->type, "process");
    assert_int_equal(process->id_attribute_count, 2);
    assert_string_equal(process->id_attributes[0].key, "process.creation.time");
    assert_string_equal(process->id_attributes[1].key, "process.pid");
    const otm_entity *executable = otm_resource_entity(resource, 1);
    assert_string_equal(executable->type, "process.executable");
    assert_string_equal(executable->id_attributes[0].key, "process.executable.build_id.htlhash");
    assert_text(resource, "process.executable.name", "detector_process_test");
    otm_resource_release(resource);
}

static void detector_process_survives_failure_of_each_allocation(void **state)
{
    detector_fixture *f = *state;
    f->options.root = NULL;
    f->options.opt_in = 1;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        otm_resource *resource;
        otm_status st = otm_resource_detect_process(&f->options, &resource);
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
        TEST(detector_process_tells_its_number_and_when_it_was_created),
        TEST(detector_process_makes_no_time_of_what_it_does_not_understand),
        TEST(detector_process_tells_command_and_owner),
        TEST(detector_process_tells_arguments_and_the_like_only_when_asked),
        TEST(detector_process_counts_a_last_argument_without_an_end),
        TEST(detector_process_leaves_out_arguments_that_are_too_long),
        TEST(detector_process_reads_on_until_the_end_of_a_file),
        TEST(detector_process_names_the_executable_after_its_link),
        TEST(detector_process_hashes_head_tail_and_length_of_the_executable),
        TEST(detector_process_has_a_sha256_that_agrees_with_the_standard),
        TEST(detector_process_reports_what_is_there_but_cannot_be_read),
        TEST(detector_process_as_entities_makes_a_process_and_its_executable),
        TEST(detector_process_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
