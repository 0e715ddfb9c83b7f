/* oteps/profiles/4719-process-ctx.md: a header in a mapping of a well-known name, which points to the payload in
 * another mapping. Readers copy both from outside and then look whether the time in the header is still the one that
 * they began with; zero says that the header is being written.
 *
 * Of what is stored here each store is a release: so the zero is seen before anything else changes, and the time only
 * after all of it has. */
#include <unistd.h>

#include <otm/detectors.h>

#include "platform/mapping.h"
#include "process_context_encode.h"
#include "process_state.h"

#define MAX_PAYLOAD_BYTES ((size_t)1 << 20)
#define FORMAT_VERSION 2

static const char mapping_name[] = "OTEL_CTX"; /* and the signature, without the NUL */

typedef struct context_header {
    char signature[8];
    uint32_t version;
    uint32_t payload_size;
    uint64_t published_ns; /* since boot; another one with each publication */
    uint64_t payload;      /* address in this process */
} context_header;

_Static_assert(sizeof(context_header) == 32, "the header's size is part of the format");

typedef struct payload {
    void *memory;
    size_t mapped_bytes;
    uint32_t size;
} payload;

/* What is published; under the process lock. In a child neither mapping exists, whatever the pointers say. */
static struct {
    context_header *header; /* NULL: nothing is */
    payload payload;
    uint64_t generation;
} published;

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

static bool is_published_locked(void)
{
    return published.header != NULL && published.generation == otmi_process_generation_locked();
}

/* -- Payload ----------------------------------------------------------------------------------------------------- */

static otm_status map_payload(const otmi_pb_writer *encoded, payload *out)
{
    bool named;
    out->size = (uint32_t)encoded->size;
    out->mapped_bytes = whole_pages(encoded->size);
    out->memory = otmi_mapping_create(NULL, out->mapped_bytes, &named);
    if (out->memory == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(out->memory, otmi_pb_data(encoded), encoded->size);
    return OTM_OK;
}

static otm_status make_payload(const otm_resource *resource, payload *out)
{
    otmi_pb_writer encoded;
    otmi_pb_init(&encoded, NULL, MAX_PAYLOAD_BYTES);
    otm_status st = otmi_process_context_encode(resource, &encoded);
    if (st == OTM_OK) {
        st = map_payload(&encoded, out);
    }
    otmi_pb_fini(&encoded);
    return st;
}

/* -- Header ------------------------------------------------------------------------------------------------------ */

static void write_payload(context_header *header, const payload *p, uint64_t published_ns)
{
    __atomic_store_n(&header->published_ns, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&header->payload, (uint64_t)(uintptr_t)p->memory, __ATOMIC_RELEASE);
    __atomic_store_n(&header->payload_size, p->size, __ATOMIC_RELEASE);
    __atomic_store_n(&header->published_ns, published_ns, __ATOMIC_RELEASE);
}

static otm_status create_locked(const payload *p)
{
    bool named;
    size_t bytes = whole_pages(sizeof(context_header));
    context_header *header = otmi_mapping_create(mapping_name, bytes, &named);
    if (header == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(header->signature, mapping_name, sizeof header->signature);
    header->version = FORMAT_VERSION;
    write_payload(header, p, otmi_boot_ns());
    /* Named last, in any case: a watcher of prctl() may read at once. */
    named = otmi_mapping_name(header, bytes, mapping_name) || named;
    if (!named) {
        otmi_mapping_destroy(header, bytes);
        return OTM_ERR_UNSUPPORTED;
    }
    published.header = header;
    published.payload = *p;
    published.generation = otmi_process_generation_locked();
    return OTM_OK;
}

/* Two publications may fall into one tick of the clock; readers must see two times all the same. */
static void update_locked(const payload *p)
{
    uint64_t now_ns = otmi_boot_ns();
    uint64_t before_ns = published.header->published_ns;
    write_payload(published.header, p, now_ns > before_ns ? now_ns : before_ns + 1);
    otmi_mapping_name(published.header, whole_pages(sizeof *published.header), mapping_name);
    published.payload = *p;
}

/* -- Public ------------------------------------------------------------------------------------------------------ */

otm_status otm_process_context_publish(const otm_resource *resource)
{
    if (resource == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (!otmi_mapping_available()) {
        return OTM_ERR_UNSUPPORTED;
    }
    payload added;
    otm_status st = make_payload(resource, &added);
    if (st != OTM_OK) {
        return st;
    }
    payload unused = {NULL, 0, 0};
    otmi_process_lock();
    if (is_published_locked()) {
        unused = published.payload;
        update_locked(&added);
    } else {
        st = create_locked(&added);
        unused = st == OTM_OK ? unused : added;
    }
    otmi_process_unlock();
    otmi_mapping_destroy(unused.memory, unused.mapped_bytes);
    return st;
}

otm_status otm_process_context_withdraw(void)
{
    otmi_process_lock();
    bool was = is_published_locked();
    context_header *header = published.header;
    payload last = published.payload;
    published.header = NULL;
    if (was) {
        __atomic_store_n(&header->published_ns, 0, __ATOMIC_RELEASE);
        otmi_mapping_destroy(header, whole_pages(sizeof *header)); /* under the lock: there must never be two */
    }
    otmi_process_unlock();
    if (!was) {
        return OTM_ERR_NOT_FOUND;
    }
    otmi_mapping_destroy(last.memory, last.mapped_bytes);
    return OTM_OK;
}
