#include "util/buf.h"

#include "util/alloc.h"
#include "util/number_text.h"

#define FIRST_CAPACITY ((size_t)256)

void otmi_buf_init(otmi_buf *buf, const otm_allocator *allocator, size_t maximum)
{
    *buf = (otmi_buf){.allocator = allocator, .maximum = maximum};
}

void otmi_buf_fini(otmi_buf *buf)
{
    otmi_free(buf->allocator, buf->data, buf->capacity);
    otmi_buf_init(buf, buf->allocator, buf->maximum);
}

void otmi_buf_reset(otmi_buf *buf)
{
    buf->size = 0;
    buf->status = OTM_OK;
}

static otm_status grow(otmi_buf *buf, size_t needed)
{
    size_t capacity = buf->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buf->capacity;
    while (capacity < needed) {
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    }
    if (capacity > buf->maximum && needed <= buf->maximum) {
        capacity = buf->maximum;
    }
    char *data = otmi_resize(buf->allocator, buf->data, buf->capacity, capacity);
    if (data == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    buf->data = data;
    buf->capacity = capacity;
    return OTM_OK;
}

char *otmi_buf_reserve(otmi_buf *buf, size_t size)
{
    if (buf->status != OTM_OK) {
        return NULL;
    }
    if (size > buf->maximum - buf->size) {
        buf->status = OTM_ERR_LIMIT;
        return NULL;
    }
    if (buf->data == NULL || size > buf->capacity - buf->size) {
        buf->status = grow(buf, buf->size + size);
    }
    return buf->status == OTM_OK ? buf->data + buf->size : NULL;
}

void otmi_buf_append(otmi_buf *buf, const void *bytes, size_t size)
{
    char *end = otmi_buf_reserve(buf, size);
    if (end != NULL && size > 0) {
        memcpy(end, bytes, size);
        buf->size += size;
    }
}

void otmi_buf_text(otmi_buf *buf, const char *text)
{
    otmi_buf_append(buf, text, strlen(text));
}

void otmi_buf_byte(otmi_buf *buf, char byte)
{
    otmi_buf_append(buf, &byte, 1);
}

void otmi_buf_u64(otmi_buf *buf, uint64_t number)
{
    char text[OTMI_U64_TEXT_SIZE];
    otmi_buf_append(buf, text, otmi_u64_text(number, text));
}

void otmi_buf_i64(otmi_buf *buf, int64_t number)
{
    if (number < 0) {
        otmi_buf_byte(buf, '-');
    }
    /* Negated as unsigned: INT64_MIN has no positive counterpart. */
    otmi_buf_u64(buf, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

const char *otmi_buf_terminate(otmi_buf *buf)
{
    if (buf->status == OTM_OK && (buf->data == NULL || buf->size == buf->capacity)) {
        buf->status = grow(buf, buf->size + 1); /* the NUL is not contents: it may lie past the maximum */
    }
    if (buf->status != OTM_OK) {
        return NULL;
    }
    buf->data[buf->size] = '\0';
    return buf->data;
}
