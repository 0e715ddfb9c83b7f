/* The tree of protobuf-c messages that a request is packed from: pieces, strings, attributes. */
#ifndef OTMI_OTLP_MESSAGE_H
#define OTMI_OTLP_MESSAGE_H

#include <otm/sdk_data.h>

#include "otlp_metrics_service.pb-c.h"
#include "util/arena.h"

typedef Opentelemetry__Proto__Common__V1__KeyValue otmi_pb_attr;

/* Failure is sticky: whatever makes messages may return NULL or leave one half filled once `status` is set, and only
 * the end looks at it. */
typedef struct otmi_pb_tree {
    otmi_arena *scratch;
    size_t bytes_left;
    otm_status status; /* OTM_OK, OTM_ERR_LIMIT, OTM_ERR_NO_MEMORY */
} otmi_pb_tree;

/* An initialised message; NULL on failure. */
void *otmi_pb_message(otmi_pb_tree *tree, const ProtobufCMessageDescriptor *descriptor);

/* Room for `count` elements, or for so many pointers to messages; NULL on failure. */
void *otmi_pb_array(otmi_pb_tree *tree, size_t count, size_t element_size);
void *otmi_pb_list(otmi_pb_tree *tree, size_t count);

/* A list of messages, and its length in *out_count; NULL and 0 if there are none, or on failure. Keys and strings stay
 * where they are. */
otmi_pb_attr **otmi_pb_attrs(otmi_pb_tree *tree, const otm_attr *attrs, size_t count, size_t *out_count);

/* protobuf-c's structs are not const-correct; it only reads what it packs. */
static inline void *otmi_pb_unconst(const void *pointer)
{
    union {
        const void *in;
        void *out;
    } both = {.in = pointer};
    return both.out;
}

static inline ProtobufCBinaryData otmi_pb_bytes(const void *data, size_t size)
{
    return (ProtobufCBinaryData){.len = data != NULL ? size : 0, .data = otmi_pb_unconst(data)};
}

static inline ProtobufCBinaryData otmi_pb_string(otm_string string)
{
    return otmi_pb_bytes(string.data, string.size);
}

#endif
