/* A provider with manual readers, children of it, and its collections as short texts. Include cmocka.h first. */
#ifndef OTM_TEST_FOR_ENTITY_FIXTURE_H
#define OTM_TEST_FOR_ENTITY_FIXTURE_H

#include <otm/sdk.h>

#include "support/diag_recorder.h"
#include "support/failing_alloc.h"

typedef struct family {
    failing_alloc memory;
    diag_recorder reports;
    otm_reader *readers[2]; /* cumulative, then delta */
    otm_meter_provider *provider;
} family;

/* With the first `reader_count` readers. `options` are initialised, NULL: the defaults; a resource in them is given
 * away, and without it is service.name=shop. */
void family_open(family *f, size_t reader_count, otm_meter_provider_options *options);
void family_close(family *f); /* nothing of its memory is left */

/* The child of `parent` for the entity tenant{tenant.id=ID}. Asserts success. */
otm_meter_provider *child_of(otm_meter_provider *parent, const char *id);

/* Adds to the counter "c" of the meter "m", and gives both back. */
void add(otm_meter_provider *provider, int64_t value);

/* One collection as text, one part a resource: "-{c=1} 42{c=2,d=3}", by tenant.id, "-" where there is none. Valid until
 * the next call. */
const char *shown(otm_reader *reader);

#endif
