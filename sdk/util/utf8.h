/* UTF-8: validity, and one character at a time. */
#ifndef OTMI_UTF8_H
#define OTMI_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* No overlong forms, no surrogates, nothing past U+10FFFF. */
bool otmi_utf8_valid(const char *text, size_t size);

/* Bytes of the valid character at the start of text, 1 to 4; 0 if there is none. */
size_t otmi_utf8_character(const char *text, size_t size);

#endif
