/* The typed calls of the API behind one form, so that a request can choose kind and number at run time. */
#ifndef DRIVER_CALLS_H
#define DRIVER_CALLS_H

#include <otm/metrics.h>

#include "driver_values.h"

/* Handles are void pointers to the typed ones. A NULL context uses the form without one. */
typedef struct driver_calls {
    otm_status (*create)(otm_meter *meter, const char *name, const otm_instrument_options *options, void **out);
    void (*record)(void *instrument, driver_number value, const driver_attrs *attrs, const otm_context *context);
    bool (*enabled)(void *instrument);
    otm_status (*bind)(void *instrument, const driver_attrs *attrs, void **out);
    otm_status (*remove)(void *instrument, const driver_attrs *attrs);
    void (*release)(void *instrument);
    void (*record_bound)(void *bound, driver_number value, const otm_context *context);
    void (*release_bound)(void *bound);
} driver_calls;

/* NULL for the asynchronous kinds. */
const driver_calls *driver_calls_of(otm_instrument_kind kind, otm_number number);

otm_status driver_create_observable(otm_meter *meter, otm_instrument_kind kind, otm_number number, const char *name,
                                    const otm_instrument_options *options, otm_observable **out);

#endif
