#include "util/pb_writer.h"

#include "util/alloc.h"

#define FIRST_CAPACITY ((size_t)256)

void otmi_pb_init(otmi_pb_writer *writer, const otm_allocator *allocator, size_t maximum)
{
    *writer = (otmi_pb_writer){.allocator = allocator, .maximum = maximum};
}

void otmi_pb_fini(otmi_pb_writer *writer)
{
    if (writer->end != NULL) {
        otmi_free(writer->allocator, writer->end - writer->capacity, writer->capacity);
    }
    otmi_pb_init(writer, writer->allocator, writer->maximum);
}

void otmi_pb_reset(otmi_pb_writer *writer)
{
    writer->size = 0;
    writer->status = OTM_OK;
}

otm_status otmi_pb_finish(otmi_pb_writer *writer)
{
    if (writer->status == OTM_OK && writer->size > writer->maximum) {
        writer->status = OTM_ERR_LIMIT;
    }
    if (writer->status != OTM_OK) {
        writer->size = 0;
    }
    return writer->status;
}

/* Nothing fits any more, so that the fast check for room also stops what follows a failure. */
static bool fail(otmi_pb_writer *writer, otm_status status)
{
    writer->status = status;
    writer->size = writer->capacity;
    return false;
}

/* Doubled, but not past what the longest message needs. */
static size_t new_capacity(const otmi_pb_writer *writer, size_t needed, size_t most)
{
    size_t capacity = writer->capacity > most / 2 ? most : writer->capacity * 2;
    capacity = capacity < FIRST_CAPACITY ? FIRST_CAPACITY : capacity;
    capacity = capacity > most ? most : capacity;
    return capacity < needed ? needed : capacity;
}

bool otmi_pb_grow(otmi_pb_writer *writer, size_t bytes)
{
    if (writer->status != OTM_OK) {
        return false;
    }
    size_t most = writer->maximum > SIZE_MAX - OTMI_PB_SLACK ? SIZE_MAX : writer->maximum + OTMI_PB_SLACK;
    if (writer->size > most || bytes > most - writer->size) {
        return fail(writer, OTM_ERR_LIMIT);
    }
    size_t capacity = new_capacity(writer, writer->size + bytes, most);
    uint8_t *memory = otmi_alloc(writer->allocator, capacity);
    if (memory == NULL) {
        return fail(writer, OTM_ERR_NO_MEMORY);
    }
    uint8_t *end = memory + capacity;
    if (writer->end != NULL) {
        memcpy(end - writer->size, otmi_pb_front(writer), writer->size);
        otmi_free(writer->allocator, writer->end - writer->capacity, writer->capacity);
    }
    writer->end = end;
    writer->capacity = capacity;
    return true;
}
