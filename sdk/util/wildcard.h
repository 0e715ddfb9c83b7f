/* Patterns of views and meter configurators: * is any run of characters, ? exactly one (a whole UTF-8 character). */
#ifndef OTMI_WILDCARD_H
#define OTMI_WILDCARD_H

#include <stdbool.h>
#include <stddef.h>

/* Case-sensitive, over the whole text. Linear in time but for at most one backtrack point. */
bool otmi_wildcard_match(const char *pattern, const char *text, size_t text_size);
bool otmi_wildcard_is_pattern(const char *pattern); /* holds * or ? */

#endif
