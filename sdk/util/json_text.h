/* JSON strings (RFC 8259, section 7). */
#ifndef OTMI_JSON_TEXT_H
#define OTMI_JSON_TEXT_H

#include "util/buf.h"

/* With quotes and escapes; bytes that are no UTF-8 become U+FFFD, since JSON has no place for them. */
void otmi_json_string(otmi_buf *out, const char *text, size_t size);

#endif
