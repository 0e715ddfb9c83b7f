/* The encoder for hosts that send the bytes themselves. */
#include <otm/otlp.h>

#include "otlp_encode.h"
#include "util/alloc.h"

#define MOST_BYTES ((size_t)INT32_MAX)

/* A copy of just the size, so that the size frees it. */
static otm_status take(const otm_allocator *allocator, const otmi_pb_writer *message, uint8_t **bytes, size_t *size)
{
    if (message->size == 0) {
        return OTM_OK;
    }
    *bytes = otmi_alloc(allocator, message->size);
    if (*bytes == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(*bytes, otmi_pb_data(message), message->size);
    *size = message->size;
    return OTM_OK;
}

otm_status otm_otlp_encode(const otm_metrics_data *data, const otm_allocator *allocator, uint8_t **bytes, size_t *size)
{
    if (data == NULL || bytes == NULL || size == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *bytes = NULL;
    *size = 0;
    const otm_allocator *memory = otmi_allocator_or_default(allocator);
    otmi_pb_writer message;
    otmi_otlp_encoded counts;
    otmi_pb_init(&message, memory, MOST_BYTES);
    otm_status st = otmi_otlp_encode(data, &message, &counts);
    st = st == OTM_OK ? take(memory, &message, bytes, size) : st;
    otmi_pb_fini(&message);
    return st;
}

void otm_otlp_free_bytes(const otm_allocator *allocator, uint8_t *bytes, size_t size)
{
    otmi_free(otmi_allocator_or_default(allocator), bytes, size);
}
