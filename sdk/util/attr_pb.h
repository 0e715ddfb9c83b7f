/* Attributes as KeyValue messages of OTLP, with values of every kind. */
#ifndef OTMI_ATTR_PB_H
#define OTMI_ATTR_PB_H

#include <otm/attribute.h>

#include "util/pb_writer.h"

/* One message for each attribute, before what is there. */
void otmi_pb_attrs(otmi_pb_writer *out, unsigned field, const otm_attr *attrs, size_t count);

#endif
