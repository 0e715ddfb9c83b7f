/* Instruments, and what hangs on them. */
#ifndef DRIVER_INSTRUMENT_H
#define DRIVER_INSTRUMENT_H

#include "driver.h"
#include "driver_calls.h"

typedef struct driver_observation {
    driver_number value;
    driver_attrs attrs;
} driver_observation;

/* What a callback reports. Collections run it on any thread: driver_observe_lock() guards the list. */
typedef struct driver_observations {
    driver_observation *items;
    size_t count;
} driver_observations;

typedef struct driver_instrument {
    otm_meter *meter;          /* a reference */
    const driver_calls *calls; /* NULL: asynchronous */
    otm_number number;
    void *handle;               /* synchronous */
    otm_observable *observable; /* asynchronous */
    driver_observations own;    /* reported by the callback given at creation */
} driver_instrument;

typedef struct driver_bound {
    const driver_calls *calls;
    otm_number number;
    void *handle;
} driver_bound;

/* Reports the observations of the driver_instrument that is its user data. */
void driver_observe_own(otm_observer *observer, void *user_data);

void driver_observations_fini(driver_observations *observations);

/* destroy functions of the tables */
void driver_meter_destroy(void *meter);
void driver_instrument_destroy(void *instrument);
void driver_bound_destroy(void *bound);
void driver_callback_destroy(void *callback);
void driver_background_destroy(void *background);
void driver_provider_destroy(void *provider);
void driver_reader_destroy(void *reader);

#endif
