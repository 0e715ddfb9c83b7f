#include "metrics/instrument_name.h"

#include <stddef.h>
#include <string.h>

#define MAX_LENGTH 255

/* The grammar is ASCII: <ctype.h> and strcasecmp() would ask the locale. */
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool may_follow(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '/';
}

bool otmi_instrument_name_valid(const char *name)
{
    if (name == NULL || !is_letter(name[0])) {
        return false;
    }
    size_t length = 1;
    while (length <= MAX_LENGTH && may_follow(name[length])) {
        length++;
    }
    return length <= MAX_LENGTH && name[length] == '\0';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool otmi_instrument_name_equal(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool otmi_instrument_name_same_case(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}
