/* A growing byte buffer with a maximum and a sticky failure: append freely, check once at the end. */
#ifndef OTMI_BUF_H
#define OTMI_BUF_H

#include <otm/host.h>

typedef struct otmi_buf {
    const otm_allocator *allocator;
    char *data;
    size_t size;
    size_t capacity;
    size_t maximum;    /* bytes; appending past it sets OTM_ERR_LIMIT */
    otm_status status; /* OTM_OK, or the first failure; appends after a failure do nothing */
} otmi_buf;

void otmi_buf_init(otmi_buf *buf, const otm_allocator *allocator, size_t maximum);
void otmi_buf_fini(otmi_buf *buf);

/* Forgets contents and failure, keeps the memory. */
void otmi_buf_reset(otmi_buf *buf);

/* Makes room for `size` more bytes and returns where they go (not counted in buf->size yet); NULL on failure. */
char *otmi_buf_reserve(otmi_buf *buf, size_t size);

void otmi_buf_append(otmi_buf *buf, const void *bytes, size_t size);
void otmi_buf_text(otmi_buf *buf, const char *text); /* NUL-terminated */
void otmi_buf_byte(otmi_buf *buf, char byte);
void otmi_buf_u64(otmi_buf *buf, uint64_t number); /* decimal */
void otmi_buf_i64(otmi_buf *buf, int64_t number);

/* A NUL after the contents, not counted in size. Returns data, or NULL on failure. */
const char *otmi_buf_terminate(otmi_buf *buf);

#endif
