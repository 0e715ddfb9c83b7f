/* The published context, read as an outside reader does: by name from /proc/self/maps, header, payload, header. */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <otm/detectors.h>

#include "failing_alloc.h"
#include "otlp_resource.pb-c.h"
#include "process_context_encode.h"
#include "resource_fixture.h"

typedef Opentelemetry__Proto__Resource__V1__Resource pb_resource;
typedef Opentelemetry__Proto__Common__V1__AnyValue pb_value;

typedef struct header {
    char signature[8];
    uint32_t version;
    uint32_t payload_size;
    uint64_t published_ns;
    uint64_t payload;
} header;

/* The mapping's start; NULL if there is none. More than one is a failure. */
static const header *find_mapping(void)
{
    static const char *const names[] = {"[anon_shmem:OTEL_CTX]", "[anon:OTEL_CTX]", "/memfd:OTEL_CTX"};
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    char line[1024];
    uintptr_t found = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        for (size_t i = 0; i < 3; i++) {
            if (strstr(line, names[i]) != NULL) {
                assert_true(found == 0);
                found = (uintptr_t)strtoull(line, NULL, 16);
            }
        }
    }
    fclose(maps);
    return (const header *)found;
}

/* The whole protocol of a reader; freed by the caller. */
static pb_resource *read_context(void)
{
    const header *h = find_mapping();
    assert_non_null(h);
    assert_memory_equal(h->signature, "OTEL_CTX", 8);
    assert_int_equal(h->version, 2);
    assert_true(h->published_ns != 0);
    const uint8_t *payload = (const uint8_t *)(uintptr_t)h->payload;
    /* ProcessContext { resource = 1 } and nothing else */
    assert_int_equal(payload[0], 1 << 3 | 2);
    size_t at = 1;
    size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
        size |= (size_t)(payload[at] & 0x7f) << shift;
        if ((payload[at++] & 0x80) == 0) {
            break;
        }
    }
    assert_int_equal(at + size, h->payload_size);
    pb_resource *resource = opentelemetry__proto__resource__v1__resource__unpack(NULL, size, payload + at);
    assert_non_null(resource);
    assert_int_equal(resource->base.n_unknown_fields, 0);
    return resource;
}

static void free_context(pb_resource *resource)
{
    opentelemetry__proto__resource__v1__resource__free_unpacked(resource, NULL);
}

static void publish_text(const char *key, const char *value)
{
    otm_attr attr = otm_attr_string(key, value);
    otm_resource *resource = make_resource(&attr, 1, NULL);
    assert_int_equal(otm_process_context_publish(resource), OTM_OK);
    otm_resource_release(resource); /* the context is a copy */
}

static void assert_bytes(ProtobufCBinaryData bytes, const char *text)
{
    assert_int_equal(bytes.len, strlen(text));
    assert_memory_equal(bytes.data, text, bytes.len);
}

static void assert_published(const char *key, const char *value)
{
    pb_resource *resource = read_context();
    assert_int_equal(resource->n_attributes, 1);
    assert_bytes(resource->attributes[0]->key, key);
    assert_bytes(resource->attributes[0]->value->string_value, value);
    free_context(resource);
}

static int withdraw(void **state)
{
    (void)state;
    (void)otm_process_context_withdraw(); /* what a test left behind */
    return 0;
}

/* ENT-06 */
static void process_context_can_be_found_by_its_name_and_read(void **state)
{
    (void)state;
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t before_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    assert_null(find_mapping()); /* nobody asked for it */
    publish_text("service.name", "shop");
    assert_published("service.name", "shop");
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t after_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    assert_in_range(find_mapping()->published_ns, before_ns, after_ns);
    assert_int_equal(otm_process_context_withdraw(), OTM_OK);
    assert_null(find_mapping());
    assert_int_equal(otm_process_context_withdraw(), OTM_ERR_NOT_FOUND);
}

/* ENT-06 */
static void process_context_holds_values_of_every_kind_and_entities(void **state)
{
    (void)state;
    const otm_attr inner = otm_attr_bool("inner", true);
    const otm_value elements[] = {otm_value_i64(-1), otm_value_empty(), otm_value_string("")};
    const otm_attr attrs[] = {
        otm_attr_value("array", otm_value_array(elements, 3)),
        otm_attr_bool("bool", false),
        otm_attr_value("bytes", otm_value_bytes((const uint8_t *)"\0\xff", 2)),
        otm_attr_value("empty", otm_value_empty()),
        otm_attr_f64("f64", -0.5),
        otm_attr_i64("i64", INT64_MIN),
        otm_attr_value("map", otm_value_map(&inner, 1)),
    };
    const otm_attr id = otm_attr_string("host.id", "H1");
    const otm_attr name = otm_attr_string("host.name", "web");
    const otm_entity entity = {"host", "u:1", &id, 1, &name, 1};
    otm_resource_options options;
    otm_resource_options_init(&options);
    options.attributes = attrs;
    options.attribute_count = sizeof attrs / sizeof attrs[0];
    options.entities = &entity;
    options.entity_count = 1;
    otm_resource *resource;
    assert_int_equal(otm_resource_create_with_options(&options, &resource), OTM_OK);
    assert_int_equal(otm_process_context_publish(resource), OTM_OK);
    otm_resource_release(resource);

    pb_resource *read = read_context();
    assert_int_equal(read->n_attributes, 9);
    assert_bytes(read->attributes[0]->key, "host.id");
    assert_bytes(read->attributes[1]->key, "host.name");
    pb_value *values[7];
    for (size_t i = 0; i < 7; i++) {
        assert_bytes(read->attributes[i + 2]->key, attrs[i].key);
        values[i] = read->attributes[i + 2]->value;
    }
    assert_int_equal(values[0]->array_value->n_values, 3);
    assert_int_equal(values[0]->array_value->values[0]->int_value, -1);
    assert_int_equal(values[0]->array_value->values[1]->value_case, 0);
    assert_int_equal(values[0]->array_value->values[2]->value_case,
                     OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_STRING_VALUE);
    assert_int_equal(values[1]->value_case, OPENTELEMETRY__PROTO__COMMON__V1__ANY_VALUE__VALUE_BOOL_VALUE);
    assert_false(values[1]->bool_value);
    assert_int_equal(values[2]->bytes_value.len, 2);
    assert_memory_equal(values[2]->bytes_value.data, "\0\xff", 2);
    assert_int_equal(values[3]->value_case, 0);
    assert_true(values[4]->double_value == -0.5);
    assert_true(values[5]->int_value == INT64_MIN);
    assert_true(values[6]->kvlist_value->values[0]->value->bool_value);
    assert_bytes(values[6]->kvlist_value->values[0]->key, "inner");
    assert_int_equal(read->n_entity_refs, 1);
    assert_bytes(read->entity_refs[0]->type, "host");
    assert_bytes(read->entity_refs[0]->schema_url, "u:1");
    assert_bytes(read->entity_refs[0]->id_keys[0], "host.id");
    assert_bytes(read->entity_refs[0]->description_keys[0], "host.name");
    free_context(read);
}

/* ENT-06: "the process context is treated as a singleton" */
static void process_context_published_again_replaces_the_last_in_place(void **state)
{
    (void)state;
    publish_text("service.name", "old");
    const header *first = find_mapping();
    uint64_t published_ns = first->published_ns;
    for (int i = 0; i < 100; i++) {
        publish_text("service.name", "new");
        assert_ptr_equal(find_mapping(), first);
        assert_true(first->published_ns > published_ns);
        published_ns = first->published_ns;
    }
    assert_published("service.name", "new");
}

/* ENT-06: MADV_DONTFORK */
static void process_context_is_not_inherited_and_a_child_publishes_its_own(void **state)
{
    (void)state;
    publish_text("service.name", "parent");
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        bool inherited = find_mapping() != NULL || otm_process_context_withdraw() != OTM_ERR_NOT_FOUND;
        publish_text("service.name", "child");
        assert_published("service.name", "child");
        publish_text("service.name", "child again");
        assert_published("service.name", "child again");
        _exit(inherited ? 1 : 0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_published("service.name", "parent");
}

static void assert_child_publishes_its_own(pid_t (*make_child)(void))
{
    publish_text("service.name", "parent");
    pid_t pid = make_child();
    assert_true(pid >= 0);
    if (pid == 0) {
        publish_text("service.name", "child");
        assert_published("service.name", "child");
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The child's pointers are the parent's, and lead nowhere. _Fork() runs none of our hooks. */
static void process_context_of_a_parent_is_not_written_to_by_its_child(void **state)
{
    (void)state;
    assert_child_publishes_its_own(fork);
#if __GLIBC_PREREQ(2, 34)
    assert_child_publishes_its_own(_Fork);
#endif
}

static void *publish_often(void *argument)
{
    (void)argument;
    for (int i = 0; i < 50; i++) {
        publish_text("service.name", "one of many");
    }
    return NULL;
}

static void process_context_published_by_many_threads_is_one(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, publish_often, NULL), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_published("service.name", "one of many");
}

static void *publish_and_withdraw_until_told(void *argument)
{
    const int *stop = argument;
    while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
        publish_text("service.name", "now and then");
        (void)otm_process_context_withdraw(); /* another thread may have been quicker */
    }
    return NULL;
}

/* A lock that another thread holds at this moment must not be held in the child for ever. */
static void process_context_can_be_published_by_children_made_while_threads_publish(void **state)
{
    (void)state;
    int stop = 0;
    pthread_t threads[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, publish_and_withdraw_until_told, &stop), 0);
    }
    bool good = true;
    for (int i = 0; good && i < 30; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            alarm(60); /* ends a child that hangs */
            _exit(otm_process_context_withdraw() == OTM_ERR_NOT_FOUND &&
                          otm_process_context_publish(NULL) == OTM_ERR_INVALID_ARGUMENT
                      ? 0
                      : 1);
        }
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(good);
}

static bool peek(const void *from, void *to, size_t size)
{
    struct iovec here = {to, size};
    struct iovec there = {(void *)(uintptr_t)from, size};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
}

typedef struct onlooker {
    const header *mapping;
    int stop;
    uint64_t read; /* consistent headers */
    uint64_t wrong;
} onlooker;

/* As a tool outside: what lies between two equal times has to fit together. The payload's second byte is the length of
 * what follows. */
static void *look_on(void *argument)
{
    onlooker *o = argument;
    while (!__atomic_load_n(&o->stop, __ATOMIC_ACQUIRE)) {
        uint8_t start[2];
        uint64_t before_ns = __atomic_load_n(&o->mapping->published_ns, __ATOMIC_SEQ_CST);
        uint64_t payload = __atomic_load_n(&o->mapping->payload, __ATOMIC_SEQ_CST);
        uint32_t size = __atomic_load_n(&o->mapping->payload_size, __ATOMIC_SEQ_CST);
        bool there = peek((const void *)(uintptr_t)payload, start, sizeof start);
        uint64_t after_ns = __atomic_load_n(&o->mapping->published_ns, __ATOMIC_SEQ_CST);
        if (before_ns != 0 && before_ns == after_ns) {
            o->read++;
            o->wrong += !there || start[0] != (1 << 3 | 2) || start[1] + 2u != size;
        }
    }
    return NULL;
}

/* ENT-06: "if it has not changed, the read of header and payload is consistent" */
static void process_context_read_between_two_equal_times_is_whole(void **state)
{
    (void)state;
    char byte;
    if (!peek("x", &byte, 1)) {
        skip(); /* not allowed here */
    }
    publish_text("k", "v");
    onlooker o = {.mapping = find_mapping()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, look_on, &o), 0);
    for (int i = 0; i < 5000; i++) {
        publish_text("k", i % 2 == 0 ? "v" : "a longer value");
    }
    __atomic_store_n(&o.stop, 1, __ATOMIC_RELEASE);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(o.wrong, 0);
}

static void process_context_that_cannot_be_published_leaves_the_last(void **state)
{
    (void)state;
    publish_text("service.name", "last");
    assert_int_equal(otm_process_context_publish(NULL), OTM_ERR_INVALID_ARGUMENT);
    char *large = malloc((size_t)2 << 20);
    assert_non_null(large);
    memset(large, 'x', ((size_t)2 << 20) - 1);
    large[((size_t)2 << 20) - 1] = '\0';
    otm_attr attr = otm_attr_string("large", large);
    otm_resource *resource = make_resource(&attr, 1, NULL);
    assert_int_equal(otm_process_context_publish(resource), OTM_ERR_LIMIT);
    otm_resource_release(resource);
    free(large);
    assert_published("service.name", "last");
}

static void process_context_of_an_empty_resource_is_one(void **state)
{
    (void)state;
    otm_resource *resource = make_resource(NULL, 0, NULL);
    assert_int_equal(otm_process_context_publish(resource), OTM_OK);
    otm_resource_release(resource);
    pb_resource *read = read_context();
    assert_int_equal(read->n_attributes, 0);
    free_context(read);
}

/* ENT-06: the bytes themselves. */
static void process_context_encoding_is_that_of_the_protocol(void **state)
{
    (void)state;
    static const uint8_t expected[] = {
        0x0a, 0x19,                                                        /* resource, 25 bytes */
        0x0a, 0x0a, 0x0a, 0x03, 'b', '.', 'c', 0x12, 0x03, 0x0a, 0x01, '1', /* attribute b.c = "1" */
        0x1a, 0x0b, 0x12, 0x04, 't', 'y', 'p', 'e', 0x1a, 0x03, 'b', '.', 'c', /* entity_ref: type, id_keys; no URL */
    };
    otm_resource *resource = resource_of("type{b.c=1}", "");
    otmi_pb_writer out;
    otmi_pb_init(&out, NULL, SIZE_MAX);
    assert_int_equal(otmi_process_context_encode(resource, &out), OTM_OK);
    assert_int_equal(out.size, sizeof expected);
    assert_memory_equal(otmi_pb_data(&out), expected, sizeof expected);
    otmi_pb_fini(&out);
    otm_resource_release(resource);
}

static void process_context_encoding_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_resource *resource = resource_of("host{host.id=H1}", "k=v");
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_pb_writer out;
        otmi_pb_init(&out, &fa.base, SIZE_MAX);
        st = otmi_process_context_encode(resource, &out);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otmi_pb_fini(&out);
        assert_int_equal(fa.live, 0);
    }
    otm_resource_release(resource);
}

#define TEST(name) cmocka_unit_test_teardown(name, withdraw)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(process_context_can_be_found_by_its_name_and_read),
        TEST(process_context_holds_values_of_every_kind_and_entities),
        TEST(process_context_published_again_replaces_the_last_in_place),
        TEST(process_context_is_not_inherited_and_a_child_publishes_its_own),
        TEST(process_context_of_a_parent_is_not_written_to_by_its_child),
        TEST(process_context_published_by_many_threads_is_one),
        TEST(process_context_can_be_published_by_children_made_while_threads_publish),
        TEST(process_context_read_between_two_equal_times_is_whole),
        TEST(process_context_that_cannot_be_published_leaves_the_last),
        TEST(process_context_of_an_empty_resource_is_one),
        TEST(process_context_encoding_is_that_of_the_protocol),
        TEST(process_context_encoding_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
