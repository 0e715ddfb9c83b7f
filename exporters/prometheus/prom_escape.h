/* Escapes of the text formats, and text that no format can show. */
#ifndef OTMI_PROM_ESCAPE_H
#define OTMI_PROM_ESCAPE_H

#include "util/buf.h"

/* In double quotes: label values and quoted names. Backslash, newline and double quote get a backslash. */
void otmi_prom_escape_quoted(otmi_buf *out, const char *text, size_t size);

/* HELP text of format 0.0.4: backslash and newline get a backslash, quotes do not. */
void otmi_prom_escape_help(otmi_buf *out, const char *text, size_t size);

/* Printable ASCII without quotes and backslashes: clean, and nothing to escape in any format. */
bool otmi_prom_is_plain(const char *text, size_t size);

/* Valid UTF-8 without NUL: parsers of the format take a NUL for the end. */
bool otmi_prom_is_clean(const char *text, size_t size);

/* Each byte that is not clean becomes U+FFFD. */
void otmi_prom_append_clean(otmi_buf *out, const char *text, size_t size);

#endif
