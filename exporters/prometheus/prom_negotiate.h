/* Which format and coding a scrape gets, from its headers. */
#ifndef OTMI_PROM_NEGOTIATE_H
#define OTMI_PROM_NEGOTIATE_H

#include "prom_name.h"

typedef struct otmi_prom_format {
    const char *content_type;
    otmi_prom_escaping escaping;
} otmi_prom_format;

/* There is always an answer: what is asked for, or text 0.0.4 with underscores, which every scraper reads. Of the
 * formats that a scraper may ask for, that one is all there is so far. NULL: the header was not sent. */
const otmi_prom_format *otmi_prom_negotiate(const char *accept);

/* True if Accept-Encoding allows gzip (RFC 9110, section 12.5.3). NULL: the header was not sent. */
bool otmi_prom_accepts_gzip(const char *accept_encoding);

#endif
