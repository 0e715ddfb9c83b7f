/* A script for the driver out of any bytes, by a grammar: each byte chooses one of a rule's alternatives. */
#ifndef OTM_FUZZ_SCRIPT_H
#define OTM_FUZZ_SCRIPT_H

#include <jansson.h>

#include "fuzz.h"

/* The next request of rule 'P' (a provider with its readers and views), 'D' (the instruments' meter) or 'O' (any
 * operation); NULL if what came out is not JSON, which the grammar does not intend but long runs of bytes may reach. */
json_t *fuzz_script_request(fuzz_bytes *bytes, char rule);

#endif
