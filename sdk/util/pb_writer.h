/* The wire format of protobuf, written from the end of a message to its start: a part's length stands before the part,
 * and is known once the part is written. So there is one pass and no tree of messages.
 *
 * Fields go in by falling number, and lists from their last element. A message within starts at the size so far and is
 * closed with otmi_pb_close(). Field numbers end at 15 here: a tag is one byte.
 *
 * Grows at its front, up to a maximum; failure is sticky: write freely, check once at the end. */
#ifndef OTMI_PB_WRITER_H
#define OTMI_PB_WRITER_H

#include <otm/host.h>

typedef struct otmi_pb_writer {
    const otm_allocator *allocator;
    uint8_t *end; /* of the memory and of the message; NULL: no memory yet */
    size_t size;
    size_t capacity;
    size_t maximum;    /* bytes; a longer message is OTM_ERR_LIMIT */
    otm_status status; /* OTM_OK, or the first failure; writing after a failure does nothing */
} otmi_pb_writer;

void otmi_pb_init(otmi_pb_writer *writer, const otm_allocator *allocator, size_t maximum);
void otmi_pb_fini(otmi_pb_writer *writer);

/* Forgets the message and the failure, keeps the memory. */
void otmi_pb_reset(otmi_pb_writer *writer);

/* The end of writing. Without success there is no message: its size is 0. */
otm_status otmi_pb_finish(otmi_pb_writer *writer);

/* The bytes of the message; NULL if there are none. */
static inline const uint8_t *otmi_pb_data(const otmi_pb_writer *writer)
{
    return writer->size > 0 ? writer->end - writer->size : NULL;
}

/* Whether `bytes` more fit before the message, after growing if need be. They may exceed what is then written by
 * OTMI_PB_SLACK: up to the maximum that is no failure. Never 0. */
#define OTMI_PB_SLACK ((size_t)64)
bool otmi_pb_grow(otmi_pb_writer *writer, size_t bytes);

static inline bool otmi_pb_room(otmi_pb_writer *writer, size_t bytes)
{
    return bytes <= writer->capacity - writer->size || otmi_pb_grow(writer, bytes);
}

/* Where the message begins; only with memory. */
static inline uint8_t *otmi_pb_front(const otmi_pb_writer *writer)
{
    return writer->end - writer->size;
}

static inline void otmi_pb_set_front(otmi_pb_writer *writer, const uint8_t *front)
{
    writer->size = (size_t)(writer->end - front);
}

/* -- Before a place in memory that has the room: each returns the new front --------------------------------------- */

#define OTMI_PB_VARINT_BYTES ((size_t)10) /* at most */
#define OTMI_PB_HEAD_BYTES (1 + OTMI_PB_VARINT_BYTES)

enum { OTMI_PB_VARINT = 0, OTMI_PB_FIXED64 = 1, OTMI_PB_SIZED = 2 };

static inline uint8_t *otmi_pb_tag_before(uint8_t *front, unsigned field, unsigned wire)
{
    *--front = (uint8_t)(field << 3 | wire);
    return front;
}

static inline size_t otmi_pb_varint_size(uint64_t number)
{
    unsigned top_bit = 63 - (unsigned)__builtin_clzll(number | 1);
    return top_bit / 7 + 1;
}

static inline uint8_t *otmi_pb_varint_before(uint8_t *front, uint64_t number)
{
    if (number < 0x80) { /* most are */
        *--front = (uint8_t)number;
        return front;
    }
    front -= otmi_pb_varint_size(number);
    uint8_t *at = front;
    for (; number >= 0x80; number >>= 7) {
        *at++ = (uint8_t)(number | 0x80);
    }
    *at = (uint8_t)number;
    return front;
}

/* Copies of a fixed size are a few moves; a call of memcpy() takes longer than what it does to a short string. */
static inline uint8_t *otmi_pb_copy_before(uint8_t *front, const void *bytes, size_t size)
{
    const uint8_t *from = bytes;
    front -= size;
    if (size > 32) {
        memcpy(front, from, size);
    } else if (size >= 16) {
        memcpy(front, from, 16);
        memcpy(front + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        memcpy(front, from, 8);
        memcpy(front + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(front, from, 4);
        memcpy(front + size - 4, from + size - 4, 4);
    } else if (size > 0) {
        front[0] = from[0];
        front[size / 2] = from[size / 2];
        front[size - 1] = from[size - 1];
    }
    return front;
}

static inline uint8_t *otmi_pb_sized_before(uint8_t *front, unsigned field, const void *bytes, size_t size)
{
    front = otmi_pb_copy_before(front, bytes, size);
    front = otmi_pb_varint_before(front, size);
    return otmi_pb_tag_before(front, field, OTMI_PB_SIZED);
}

/* The head of what lies between `front` and `end`. */
static inline uint8_t *otmi_pb_head_before(uint8_t *front, unsigned field, const uint8_t *end)
{
    front = otmi_pb_varint_before(front, (uint64_t)(end - front));
    return otmi_pb_tag_before(front, field, OTMI_PB_SIZED);
}

static inline uint8_t *otmi_pb_fixed64_before(uint8_t *front, uint64_t bits)
{
    uint8_t bytes[8] = {(uint8_t)bits,         (uint8_t)(bits >> 8),  (uint8_t)(bits >> 16), (uint8_t)(bits >> 24),
                        (uint8_t)(bits >> 32), (uint8_t)(bits >> 40), (uint8_t)(bits >> 48), (uint8_t)(bits >> 56)};
    front -= sizeof bytes;
    memcpy(front, bytes, sizeof bytes);
    return front;
}

static inline uint64_t otmi_pb_f64_bits(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

/* -- Whole fields ------------------------------------------------------------------------------------------------ */

static inline void otmi_pb_varint(otmi_pb_writer *writer, unsigned field, uint64_t number)
{
    if (otmi_pb_room(writer, OTMI_PB_HEAD_BYTES)) {
        uint8_t *front = otmi_pb_varint_before(otmi_pb_front(writer), number);
        otmi_pb_set_front(writer, otmi_pb_tag_before(front, field, OTMI_PB_VARINT));
    }
}

static inline void otmi_pb_fixed64(otmi_pb_writer *writer, unsigned field, uint64_t bits)
{
    if (otmi_pb_room(writer, 1 + sizeof bits)) {
        uint8_t *front = otmi_pb_fixed64_before(otmi_pb_front(writer), bits);
        otmi_pb_set_front(writer, otmi_pb_tag_before(front, field, OTMI_PB_FIXED64));
    }
}

static inline void otmi_pb_f64(otmi_pb_writer *writer, unsigned field, double number)
{
    otmi_pb_fixed64(writer, field, otmi_pb_f64_bits(number));
}

/* A string or bytes; NULL has none. */
static inline void otmi_pb_sized(otmi_pb_writer *writer, unsigned field, const void *bytes, size_t size)
{
    size = bytes != NULL ? size : 0;
    if (otmi_pb_room(writer, OTMI_PB_HEAD_BYTES + size)) {
        otmi_pb_set_front(writer, otmi_pb_sized_before(otmi_pb_front(writer), field, bytes, size));
    }
}

/* Fields without presence are left out at zero. */
static inline void otmi_pb_varint_unless_0(otmi_pb_writer *writer, unsigned field, uint64_t number)
{
    if (number != 0) {
        otmi_pb_varint(writer, field, number);
    }
}

static inline void otmi_pb_fixed64_unless_0(otmi_pb_writer *writer, unsigned field, uint64_t bits)
{
    if (bits != 0) {
        otmi_pb_fixed64(writer, field, bits);
    }
}

static inline void otmi_pb_f64_unless_0(otmi_pb_writer *writer, unsigned field, double number)
{
    if (number != 0) {
        otmi_pb_f64(writer, field, number);
    }
}

static inline void otmi_pb_sized_unless_empty(otmi_pb_writer *writer, unsigned field, const void *bytes, size_t size)
{
    if (bytes != NULL && size > 0) {
        otmi_pb_sized(writer, field, bytes, size);
    }
}

/* sint32: small numbers of either sign are short. */
static inline uint64_t otmi_pb_zigzag(int32_t number)
{
    return number < 0 ? ~((uint32_t)number << 1) : (uint32_t)number << 1;
}

/* Makes a message, or a packed list, of what was written since the size was `start`. */
static inline void otmi_pb_close(otmi_pb_writer *writer, unsigned field, size_t start)
{
    if (otmi_pb_room(writer, OTMI_PB_HEAD_BYTES)) {
        otmi_pb_set_front(writer, otmi_pb_head_before(otmi_pb_front(writer), field, writer->end - start));
    }
}

#endif
