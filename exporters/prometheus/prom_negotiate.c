#include "prom_negotiate.h"

const otmi_prom_format *otmi_prom_negotiate(const char *accept)
{
    static const otmi_prom_format text = {"text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
                                          OTMI_PROM_UNDERSCORES};
    (void)accept;
    return &text;
}

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

/* A weight of zero in any of its spellings: 0, 0.0, 0.000. */
static bool is_zero_weight(const char *p)
{
    if (*p++ != '0') {
        return false;
    }
    if (*p == '.') {
        p++;
    }
    while (*p == '0') {
        p++;
    }
    p = skip_blanks(p);
    return *p == '\0' || *p == ',' || *p == ';';
}

/* The parameters of one element, from its first ';' to the next ',' or the end. */
static bool is_excluded(const char *p)
{
    while (*p != '\0' && *p != ',') {
        if (*p++ != ';') {
            continue;
        }
        p = skip_blanks(p);
        if ((*p == 'q' || *p == 'Q') && p[1] == '=') {
            return is_zero_weight(p + 2);
        }
    }
    return false;
}

/* Without regard to case, whatever the locale; `coding` is in lower case. */
static bool names(const char *element, size_t size, const char *coding)
{
    if (size != strlen(coding)) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if ((element[i] | 0x20) != coding[i]) {
            return false;
        }
    }
    return true;
}

bool otmi_prom_accepts_gzip(const char *accept_encoding)
{
    bool any = false;
    const char *p = accept_encoding != NULL ? accept_encoding : "";
    while (*p != '\0') {
        p = skip_blanks(p);
        size_t size = strcspn(p, " \t;,");
        bool excluded = is_excluded(p + size);
        if (names(p, size, "gzip") || names(p, size, "x-gzip")) {
            return !excluded; /* named, so that * says nothing about it */
        }
        any = any || (names(p, size, "*") && !excluded);
        p += strcspn(p, ",");
        p += *p == ',';
    }
    return any;
}
