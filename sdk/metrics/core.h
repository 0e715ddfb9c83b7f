/* The provider's core: everything a provider owns, kept alive by every handle given out. */
#ifndef OTMI_CORE_H
#define OTMI_CORE_H

#include <otm/sdk.h>

#include "metrics/branch.h"
#include "metrics/callback.h"
#include "metrics/instrument.h"

#define OTMI_MAX_METERS 65536u      /* a provider, with all its children */
#define OTMI_MAX_INSTRUMENTS 65536u /* a meter */
#define OTMI_MAX_CALLBACKS 65536u   /* a provider */

/* Lock of everything that is not constant: the core's. */
typedef struct otmi_meter {
    otm_meter handle; /* first */
    struct otmi_core *core;
    otmi_branch *branch;
    char *name; /* this and the scope: owned, constant */
    char *version;
    char *schema_url;
    otmi_attr_set *attributes;
    bool enabled;
    otmi_instrument **instruments;
    size_t instrument_count;
    size_t instrument_capacity;
} otmi_meter;

typedef struct otmi_core {
    otmi_branch root; /* first: the provider's handle; whatever holds it holds the core */
    otmi_env env;     /* from here: constant after creation */
    otm_diagnostics_options diagnostics;
    otmi_view_set *views;
    otm_reader **readers;
    size_t reader_count;
    size_t reader_capacity; /* of readers and runs */

    uint32_t shutdown; /* atomic: 1 once shutdown has begun */

    otmi_mutex mu; /* guards what follows; never held during callbacks, exports, diagnostics or waiting */
    otmi_cond changed;
    otm_meter_configurator configurator;
    void *configurator_user_data;
    uint64_t configured; /* how often it was set, also to the same */
    otmi_branch *children; /* in order of creation */
    size_t meter_count;    /* of all branches */
    uint64_t next_output_id;
    otmi_callback_list callbacks;
    bool snapshotting; /* a collection is between begin and end: one at a time, by `changed` */
    uint64_t serial;   /* of collections; whoever is snapshotting */
    struct otmi_run **runs; /* by reader: the memory of its callback runs; the collector's */
} otmi_core;

void otmi_core_end(otmi_core *core); /* nobody holds it any more */

/* meter.c */
otm_meter *otmi_meter_get(otmi_branch *branch, const char *name, const otm_meter_options *options);
void otmi_meter_destroy(otmi_meter *meter);
/* Judges all meters anew and sets the state of every instrument. Calls the configurator: under no lock. */
void otmi_meters_refresh(otmi_core *core);
/* Sets the state of every instrument, as it has been judged. */
void otmi_meters_set_state(otmi_core *core);

#endif
