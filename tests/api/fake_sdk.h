/* A small implementation of the API, for testing what stands between a caller and an implementation. It counts and
 * writes down what it is asked for. */
#ifndef FAKE_SDK_H
#define FAKE_SDK_H

#include <pthread.h>
#include <stdio.h>

#include <otm/metrics.h>

#define FAKE_CALLBACKS 16

typedef struct fake_callback fake_callback;

typedef struct fake_sdk {
    otm_meter_provider provider; /* first: a provider's address is its SDK's */
    int references;              /* atomic, as the two below */
    int live;                    /* objects made and not given back */
    int64_t total;               /* of all recordings */
    uint64_t instrument_state;   /* what new instruments and bound handles get */
    otm_status creation_result;  /* not OTM_OK: creating calls fail with it and give no-ops */
    void (*on_create)(void *);   /* called while an instrument is being created */
    void *on_create_data;
    bool quiet;                  /* nothing is written down */
    pthread_mutex_t lock;
    fake_callback *callbacks[FAKE_CALLBACKS];
    char log[16384];
    size_t log_size;
} fake_sdk;

void fake_sdk_init(fake_sdk *sdk);
void fake_sdk_fini(fake_sdk *sdk);

/* Runs all callbacks once. */
void fake_sdk_collect(fake_sdk *sdk);

/* Forgets what was written down. */
void fake_sdk_forget(fake_sdk *sdk);

#endif
