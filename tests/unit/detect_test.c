/* Detectors by name, and together. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "detector_fixture.h"
#include "failing_alloc.h"
#include "resource_fixture.h"

/* A detector of the host program: answers `status`, with one attribute under a schema URL. */
typedef struct own {
    const char *key;
    const char *value;
    const char *schema_url;
    otm_status status;
    int calls;
} own;

static otm_status own_detect(const otm_detect_options *options, void *user_data, otm_resource **out)
{
    own *self = user_data;
    self->calls++;
    if (self->key == NULL) {
        return self->status;
    }
    otm_attr attr = otm_attr_string(self->key, self->value);
    otm_status st = otm_resource_create(&attr, 1, self->schema_url, options->allocator, out);
    return st != OTM_OK ? st : self->status;
}

static otm_resource *detect(detector_fixture *f, const char *const *names, size_t count, otm_status expected)
{
    otm_resource *resource;
    assert_int_equal(otm_resource_detect(names, count, &f->options, &resource), expected);
    return resource;
}

/* RES-11, RES-14 */
static void detect_runs_the_detectors_of_the_names_given(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"host", "process", "service", "container", "os", "env_entities"};
    f->service_name = "shop";
    f->entities = "a{b=c}";
    put_text(f, "/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    errno = EILSEQ;
    otm_resource *resource = detect(f, names, 6, OTM_OK);
    assert_int_equal(errno, EILSEQ);
    assert_non_null(find_attribute(resource, "host.id"));
    assert_non_null(find_attribute(resource, "os.type"));
    assert_non_null(find_attribute(resource, "process.pid"));
    assert_non_null(find_attribute(resource, "service.instance.id"));
    assert_text(resource, "service.name", "shop");
    assert_int_equal(otm_resource_entity_count(resource), 1);
    otm_resource_release(resource);
    resource = detect(f, names, 5, OTM_OK);
    assert_string_equal(otm_resource_schema_url(resource), OTM_DETECTORS_SCHEMA_URL); /* RES-13 */
    assert_int_equal(otm_resource_entity_count(resource), 0);
    otm_resource_release(resource);
}

/* RES-12 */
static void detect_of_nothing_is_empty_and_no_error(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"container", "env_entities", "none"};
    own none = {NULL, NULL, NULL, OTM_OK, 0};
    const otm_detector detector = {"none", own_detect, &none};
    f->options.detectors = &detector;
    f->options.detector_count = 1;
    otm_resource *resource = detect(f, names, 3, OTM_OK);
    assert_int_equal(attribute_count(resource), 0);
    assert_string_equal(otm_resource_schema_url(resource), "");
    otm_resource_release(resource);
    resource = detect(f, NULL, 0, OTM_OK);
    assert_int_equal(attribute_count(resource), 0);
    otm_resource_release(resource);
    assert_int_equal(none.calls, 1);
    assert_int_equal(diag_recorder_count(&f->heard), 0);
}

/* RES-14 */
static void detect_of_an_unknown_name_runs_nothing(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"mine", "kubernetes"};
    static const char *const missing[] = {NULL};
    own mine = {"k", "v", NULL, OTM_OK, 0};
    const otm_detector detector = {"mine", own_detect, &mine};
    f->options.detectors = &detector;
    f->options.detector_count = 1;
    assert_null(detect(f, names, 2, OTM_ERR_NOT_FOUND));
    assert_int_equal(mine.calls, 0);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "\"kubernetes\""), 1);
    assert_null(detect(f, missing, 1, OTM_ERR_INVALID_ARGUMENT));
    assert_null(detect(f, NULL, 1, OTM_ERR_INVALID_ARGUMENT));
    assert_int_equal(otm_resource_detect(names, 1, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_resource_detect_host(NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
}

static void detect_walks_the_detectors_of_the_host_by_their_stride(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"b"};
    own a = {"k", "of a", NULL, OTM_OK, 0};
    own b = {"k", "of b", NULL, OTM_OK, 0};
    struct newer {
        otm_detector detector;
        void *more;
    } list[] = {{{"a", own_detect, &a}, NULL}, {{"b", own_detect, &b}, NULL}};
    f->options.detectors = &list[0].detector;
    f->options.detector_count = 2;
    f->options.detector_stride = sizeof list[0];
    otm_resource *resource = detect(f, names, 1, OTM_OK);
    assert_text(resource, "k", "of b");
    otm_resource_release(resource);
    assert_int_equal(a.calls, 0);
    f->options.detector_stride = sizeof(otm_detector) - 1;
    assert_null(detect(f, names, 1, OTM_ERR_INVALID_ARGUMENT));
}

/* RES-14 */
static void detect_reports_two_detectors_of_one_name(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"mine"};
    own mine = {"k", "v", NULL, OTM_OK, 0};
    otm_detector twice[] = {{"mine", own_detect, &mine}, {"mine", own_detect, &mine}};
    f->options.detectors = twice;
    f->options.detector_count = 2;
    assert_null(detect(f, names, 1, OTM_ERR_INVALID_ARGUMENT));
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "more than one detector has the name \"mine\""), 1);
    twice[1].name = "host"; /* taken by a built-in one */
    assert_null(detect(f, names, 1, OTM_ERR_INVALID_ARGUMENT));
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "the name \"host\""), 1);
    twice[1].name = "";
    assert_null(detect(f, names, 1, OTM_ERR_INVALID_ARGUMENT));
    assert_int_equal(mine.calls, 0);
    f->options.detectors = NULL;
    assert_null(detect(f, names, 1, OTM_ERR_INVALID_ARGUMENT));
}

static void detect_lets_the_later_detector_win(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"a", "b"};
    own a = {"k", "first", NULL, OTM_OK, 0};
    own b = {"k", "second", NULL, OTM_OK, 0};
    const otm_detector list[] = {{"a", own_detect, &a}, {"b", own_detect, &b}};
    f->options.detectors = list;
    f->options.detector_count = 2;
    otm_resource *resource = detect(f, names, 2, OTM_OK);
    assert_text(resource, "k", "second");
    otm_resource_release(resource);
}

/* RES-13 */
static void detect_of_different_schema_urls_is_an_error(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"a", "b", "none", "service"};
    own a = {"k", "v", "https://example.org/1", OTM_OK, 0};
    own b = {"l", "v", "https://example.org/2", OTM_OK, 0};
    own none = {"m", "v", NULL, OTM_OK, 0};
    const otm_detector list[] = {{"a", own_detect, &a}, {"b", own_detect, &b}, {"none", own_detect, &none}};
    f->options.detectors = list;
    f->options.detector_count = 3;
    otm_resource *resource = detect(f, names, 2, OTM_ERR_CONFIG);
    assert_string_equal(otm_resource_schema_url(resource), "");
    assert_text(resource, "k", "v");
    assert_text(resource, "l", "v");
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "https://example.org/2"), 1);
    resource = detect(f, names + 1, 2, OTM_OK); /* an empty one agrees with any */
    assert_string_equal(otm_resource_schema_url(resource), "https://example.org/2");
    otm_resource_release(resource);
    assert_int_equal(b.calls, 2);
    resource = detect(f, names + 1, 3, OTM_ERR_CONFIG);
    otm_resource_release(resource);
}

/* RES-12 */
static void detect_goes_on_after_a_detector_that_failed(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"partly", "badly", "service"};
    own partly = {"k", "v", NULL, OTM_ERR_IO, 0};
    own badly = {NULL, NULL, NULL, OTM_ERR_TIMEOUT, 0};
    const otm_detector list[] = {{"partly", own_detect, &partly}, {"badly", own_detect, &badly}};
    f->options.detectors = list;
    f->options.detector_count = 2;
    otm_resource *resource = detect(f, names, 3, OTM_ERR_IO);
    assert_text(resource, "k", "v");
    assert_non_null(find_attribute(resource, "service.instance.id"));
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "\"partly\" failed"), 1);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "\"badly\" failed"), 1);
}

/* What was found would be taken for all that there is. */
static void detect_without_memory_gives_nothing(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"a", "b"};
    own a = {"k", "v", NULL, OTM_ERR_NO_MEMORY, 0};
    own b = {"l", "v", NULL, OTM_OK, 0};
    const otm_detector list[] = {{"a", own_detect, &a}, {"b", own_detect, &b}};
    f->options.detectors = list;
    f->options.detector_count = 2;
    assert_null(detect(f, names, 2, OTM_ERR_NO_MEMORY));
    assert_int_equal(b.calls, 0);
}

static otm_status many_entities(const otm_detect_options *options, void *user_data, otm_resource **out)
{
    const char *prefix = user_data;
    char text[200 * 16];
    size_t size = 0;
    for (int i = 0; i < 200; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%d{%s%d=1};", prefix, i, prefix, i);
    }
    return otm_resource_parse_entities(text, options->allocator, NULL, out);
}

static void detect_leaves_out_what_is_too_much_and_says_so(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"a", "b", "service"};
    char first[] = "a";
    char second[] = "b";
    const otm_detector list[] = {{"a", many_entities, first}, {"b", many_entities, second}};
    f->options.detectors = list;
    f->options.detector_count = 2;
    otm_resource *resource = detect(f, names, 3, OTM_ERR_LIMIT);
    assert_int_equal(otm_resource_entity_count(resource), 200);
    assert_non_null(find_attribute(resource, "service.instance.id"));
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, "\"b\" found is left out"), 1);
}

/* ENT-04 */
static void detect_reads_entities_of_the_environment(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"env_entities"};
    f->entities = "host{host.id=H1}[host.name=web];bad";
    otm_resource *resource = detect(f, names, 1, OTM_OK);
    assert_string_equal(resource_text(resource), "host{host.id=H1}[host.name=web];||");
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_WARN, "\"bad\""), 1);
}

static void detect_never_waits_for_what_is_no_file(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"host"};
    char fifo[PATH_MAX];
    put_text(f, "/etc/other", "");
    strcpy(fifo, f->root);
    strcat(fifo, "/etc/machine-id");
    assert_int_equal(mkfifo(fifo, 0600), 0); /* without a writer, ever */
    otm_resource *resource = detect(f, names, 1, OTM_ERR_IO);
    assert_absent(resource, "host.id");
    otm_resource_release(resource);
    assert_int_equal(unlink(fifo), 0);
    put_link(f, "/etc/machine-id", "/dev/zero"); /* without an end */
    resource = detect(f, names, 1, OTM_ERR_IO);
    otm_resource_release(resource);
}

static void detect_takes_a_file_for_a_folder_as_nothing_there(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"host"};
    put_text(f, "/etc", "");
    otm_resource *resource = detect(f, names, 1, OTM_OK);
    otm_resource_release(resource);
    assert_int_equal(diag_recorder_count(&f->heard), 0);
}

static void detect_below_a_root_too_long_for_a_path_is_an_error(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"host"};
    static char root[PATH_MAX + 100];
    char error[32];
    memset(root, '/', sizeof root - 1);
    f->options.root = root;
    otm_resource *resource = detect(f, names, 1, OTM_ERR_IO);
    assert_non_null(find_attribute(resource, "host.name"));
    otm_resource_release(resource);
    snprintf(error, sizeof error, "(error %d)", ENAMETOOLONG);
    assert_true(diag_recorder_count(&f->heard) > 0);
    assert_int_equal(diag_recorder_count_of(&f->heard, OTM_ERROR, error), diag_recorder_count(&f->heard));
}

static void detect_options_of_an_older_program_are_not_read_past_their_end(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"service"};
    size_t old_size = offsetof(otm_detect_options, environment);
    otm_detect_options *old = malloc(old_size);
    assert_non_null(old);
    memcpy(old, &f->options, old_size);
    memcpy(old, &old_size, sizeof old_size);
    otm_resource *resource;
    assert_int_equal(otm_resource_detect(names, 1, old, &resource), OTM_OK);
    otm_resource_release(resource);
    free(old);
}

static void detect_options_that_this_library_does_not_know_are_refused(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"service"};
    struct newer {
        otm_detect_options options;
        void *more;
    } newer;
    memset(&newer, 0, sizeof newer);
    newer.options = f->options;
    newer.options.struct_size = sizeof newer;
    newer.more = f;
    otm_resource *resource;
    assert_int_equal(otm_resource_detect(names, 1, &newer.options, &resource), OTM_ERR_INVALID_ARGUMENT);
    assert_null(resource);
    assert_int_equal(otm_resource_detect_service(&newer.options, &resource), OTM_ERR_INVALID_ARGUMENT);
    assert_null(resource);
    assert_int_equal(otm_resource_detect_env_entities(&newer.options, &resource), OTM_ERR_INVALID_ARGUMENT);
    assert_null(resource);
    assert_int_equal(otm_resource_detect_env_entities(&newer.options, NULL), OTM_ERR_INVALID_ARGUMENT);
}

static void detect_survives_failure_of_each_allocation(void **state)
{
    detector_fixture *f = *state;
    static const char *const names[] = {"service", "a", "env_entities", "os"};
    own a = {"k", "v", NULL, OTM_OK, 0};
    const otm_detector detector = {"a", own_detect, &a};
    f->entities = "x{y=z}";
    f->options.detectors = &detector;
    f->options.detector_count = 1;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        f->options.allocator = &fa.base;
        otm_resource *resource;
        otm_status st = otm_resource_detect(names, 4, &f->options, &resource);
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
        TEST(detect_runs_the_detectors_of_the_names_given),
        TEST(detect_of_nothing_is_empty_and_no_error),
        TEST(detect_of_an_unknown_name_runs_nothing),
        TEST(detect_walks_the_detectors_of_the_host_by_their_stride),
        TEST(detect_reports_two_detectors_of_one_name),
        TEST(detect_lets_the_later_detector_win),
        TEST(detect_of_different_schema_urls_is_an_error),
        TEST(detect_goes_on_after_a_detector_that_failed),
        TEST(detect_without_memory_gives_nothing),
        TEST(detect_leaves_out_what_is_too_much_and_says_so),
        TEST(detect_reads_entities_of_the_environment),
        TEST(detect_never_waits_for_what_is_no_file),
        TEST(detect_takes_a_file_for_a_folder_as_nothing_there),
        TEST(detect_below_a_root_too_long_for_a_path_is_an_error),
        TEST(detect_options_of_an_older_program_are_not_read_past_their_end),
        TEST(detect_options_that_this_library_does_not_know_are_refused),
        TEST(detect_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
