/* Attributes as KeyValue messages, with values of every kind. */
#ifndef OTMI_OTLP_ATTRS_H
#define OTMI_OTLP_ATTRS_H

#include <otm/attribute.h>

#include "util/pb_writer.h"

/* One message for each attribute, before what is there. */
void otmi_otlp_put_attrs(otmi_pb_writer *out, unsigned field, const otm_attr *attrs, size_t count);

#endif
