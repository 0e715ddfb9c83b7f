/* What the system refuses when the process context is published; wrappers stand between the library and the system. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <otm/detectors.h>

#include "resource_fixture.h"

static struct {
    bool no_memory_files;
    bool no_names;
    bool no_advice;
    int mmap_fails_at; /* the n-th mapping from now on; 0: none */
    int live;          /* mappings that the library holds */
    int named;         /* calls of prctl() for the header */
    uint64_t last_ns;  /* the header's time at that */
    int wrong;         /* calls that were not as they must be; told later, for the library holds its lock in them */
    bool time_stands;
} fake;

int __wrap_memfd_create(const char *name, unsigned flags);
int __real_memfd_create(const char *name, unsigned flags);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
void *__real_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_munmap(void *address, size_t size);
int __real_munmap(void *address, size_t size);
int __wrap_madvise(void *address, size_t size, int advice);
int __real_madvise(void *address, size_t size, int advice);
int __wrap_prctl(int option, ...);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_clock_gettime(clockid_t clock, struct timespec *now);

static bool is_whole_page(size_t size)
{
    return size == (size_t)sysconf(_SC_PAGESIZE);
}

static int refuse(int error)
{
    errno = error;
    return -1;
}

int __wrap_memfd_create(const char *name, unsigned flags)
{
    return fake.no_memory_files ? refuse(EPERM) : __real_memfd_create(name, flags);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fake.mmap_fails_at > 0 && --fake.mmap_fails_at == 0) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *memory = __real_mmap(address, size, protection, flags, fd, offset);
    fake.live += memory != MAP_FAILED;
    return memory;
}

int __wrap_munmap(void *address, size_t size)
{
    fake.wrong += !is_whole_page(size);
    fake.live--;
    return __real_munmap(address, size);
}

int __wrap_madvise(void *address, size_t size, int advice)
{
    return fake.no_advice ? refuse(EINVAL) : __real_madvise(address, size, advice);
}

/* A watcher of this call reads at once: all has to be there. It is called whether the kernel knows names or not. */
int __wrap_prctl(int option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    unsigned long attribute = va_arg(arguments, unsigned long);
    const char *header = va_arg(arguments, const char *);
    size_t size = va_arg(arguments, size_t);
    const char *name = va_arg(arguments, const char *);
    va_end(arguments);
    uint64_t published_ns;
    memcpy(&published_ns, header + 16, sizeof published_ns);
    fake.wrong += option != 0x53564d41 /* PR_SET_VMA */ || (uint32_t)attribute != 0 || !is_whole_page(size) ||
                  strcmp(name, "OTEL_CTX") != 0 || memcmp(header, "OTEL_CTX", 8) != 0 || published_ns <= fake.last_ns;
    fake.last_ns = published_ns;
    fake.named++;
    return fake.no_names ? refuse(EINVAL) : 0;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    *now = (struct timespec){7, 7};
    return fake.time_stands ? 0 : __real_clock_gettime(clock, now);
}

static otm_status publish(const char *value)
{
    otm_attr attr = otm_attr_string("k", value);
    otm_resource *resource = make_resource(&attr, 1, NULL);
    errno = EILSEQ;
    otm_status st = otm_process_context_publish(resource);
    assert_int_equal(errno, EILSEQ);
    otm_resource_release(resource);
    return st;
}

static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

static int set_up(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    return 0;
}

/* Nothing is left behind, whatever was refused. */
static void withdraw(otm_status expected)
{
    assert_int_equal(otm_process_context_withdraw(), expected);
    assert_int_equal(fake.live, 0);
    assert_int_equal(fake.wrong, 0);
}

/* ENT-06: "this step MUST be done unconditionally" */
static void process_context_is_named_with_each_publication(void **state)
{
    (void)state;
    fake.no_names = true; /* the memory file's name is enough */
    int fd = next_descriptor();
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(publish("v"), OTM_OK);
        assert_int_equal(fake.named, i);
        assert_int_equal(fake.live, 2); /* header and payload */
    }
    assert_int_equal(next_descriptor(), fd);
    withdraw(OTM_OK);
}

/* ENT-06: "the new value must be different (and after)" */
static void process_context_published_twice_at_one_time_has_two(void **state)
{
    (void)state;
    fake.time_stands = true;
    assert_int_equal(publish("v"), OTM_OK);
    assert_int_equal(fake.last_ns, UINT64_C(7000000007));
    assert_int_equal(publish("w"), OTM_OK);
    assert_int_equal(fake.last_ns, UINT64_C(7000000008));
    withdraw(OTM_OK);
}

/* ENT-06: "if memfd is not available" */
static void process_context_without_memory_files_lives_in_a_named_mapping(void **state)
{
    (void)state;
    fake.no_memory_files = true;
    assert_int_equal(publish("v"), OTM_OK);
    assert_int_equal(publish("w"), OTM_OK);
    assert_int_equal(fake.named, 2);
    withdraw(OTM_OK);
}

/* ENT-06: "if both memfd_create fails and naming the mapping fails" */
static void process_context_that_nobody_could_find_is_not_published(void **state)
{
    (void)state;
    fake.no_memory_files = true;
    fake.no_names = true;
    assert_int_equal(publish("v"), OTM_ERR_UNSUPPORTED);
    assert_int_equal(fake.named, 1);
    withdraw(OTM_ERR_NOT_FOUND);
}

static void process_context_that_children_would_inherit_is_not_published(void **state)
{
    (void)state;
    fake.no_advice = true;
    int fd = next_descriptor();
    assert_int_equal(publish("v"), OTM_ERR_NO_MEMORY);
    assert_int_equal(next_descriptor(), fd);
    withdraw(OTM_ERR_NOT_FOUND);
}

static void process_context_survives_failure_of_each_mapping(void **state)
{
    (void)state;
    for (int n = 1; n <= 2; n++) { /* payload, header */
        fake.mmap_fails_at = n;
        assert_int_equal(publish("v"), OTM_ERR_NO_MEMORY);
        withdraw(OTM_ERR_NOT_FOUND);
    }
    assert_int_equal(publish("old"), OTM_OK);
    fake.mmap_fails_at = 1;
    assert_int_equal(publish("new"), OTM_ERR_NO_MEMORY);
    assert_int_equal(fake.live, 2); /* the old one stays */
    withdraw(OTM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(process_context_is_named_with_each_publication, set_up),
        cmocka_unit_test_setup(process_context_published_twice_at_one_time_has_two, set_up),
        cmocka_unit_test_setup(process_context_without_memory_files_lives_in_a_named_mapping, set_up),
        cmocka_unit_test_setup(process_context_that_nobody_could_find_is_not_published, set_up),
        cmocka_unit_test_setup(process_context_that_children_would_inherit_is_not_published, set_up),
        cmocka_unit_test_setup(process_context_survives_failure_of_each_mapping, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
