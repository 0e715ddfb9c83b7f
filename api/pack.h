/* Copies of a caller's arguments, packed behind an object in one allocation.
 *
 * The same code runs twice: with `base` NULL it only adds up the room needed (results are NULL then), afterwards it
 * fills the room. */
#ifndef OTMI_PACK_H
#define OTMI_PACK_H

#include <otm/instrument.h>

typedef struct otmi_pack {
    char *base;
    size_t used;
    bool failed; /* sizes beyond what memory can hold, or values nested more than 256 deep */
} otmi_pack;

void *otmi_pack_bytes(otmi_pack *pack, const void *bytes, size_t count, size_t element_size);
char *otmi_pack_text(otmi_pack *pack, const char *text); /* NULL stays NULL */
const otm_attr *otmi_pack_attrs(otmi_pack *pack, const otm_attr *attrs, size_t count);
void otmi_pack_instrument_options(otmi_pack *pack, otm_instrument_options *copy, const otm_instrument_options *given);

/* Reads a caller's options struct, whose first member is its size, into one of ours. A struct of an older caller is
 * shorter: what it lacks keeps its default, zero. A newer one is longer: what we do not know has to be zero.
 * Fails: OTM_ERR_INVALID_ARGUMENT; *known is all defaults then. */
otm_status otmi_api_options_read(void *known, size_t known_size, const void *given);

/* Whether two lists make the same attributes: in any order, the last of a repeated key counts. */
bool otmi_attrs_same(const otm_attr *a, size_t a_count, const otm_attr *b, size_t b_count);

#endif
