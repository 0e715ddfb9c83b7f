/* An attribute value as text for outputs other than OTLP (common/README.md, "AnyValue representation"). */
#ifndef OTMI_ATTR_TEXT_H
#define OTMI_ATTR_TEXT_H

#include <otm/attribute.h>

#include "util/buf.h"

/* Strings as they are; numbers and booleans as JSON; NaN and infinities bare; bytes base64; empty as nothing; arrays
 * and maps as JSON. */
void otmi_value_text(otmi_buf *out, const otm_value *value);

#endif
