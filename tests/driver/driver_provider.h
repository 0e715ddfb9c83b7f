#ifndef DRIVER_PROVIDER_H
#define DRIVER_PROVIDER_H

#include "driver.h"

typedef struct driver_provider {
    otm_sdk *sdk;
    json_t *reader_ids; /* by index: a string, or null */
} driver_provider;

typedef struct driver_reader {
    otm_reader *reader;                  /* a reference */
    otm_prometheus_exporter *prometheus; /* NULL: not one; the provider's */
} driver_reader;

#endif
