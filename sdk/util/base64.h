/* Base64 with padding, RFC 4648 section 4. */
#ifndef OTMI_BASE64_H
#define OTMI_BASE64_H

#include "util/buf.h"

void otmi_base64_append(otmi_buf *out, const void *bytes, size_t size);

#endif
