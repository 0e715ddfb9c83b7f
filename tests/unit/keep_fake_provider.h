/* An implementation of the metrics API of a few lines, to see what the Keep recorder asks of it and records into it.
 * Instruments of one name are one. Threads: any. */
#ifndef OTM_TEST_KEEP_FAKE_PROVIDER_H
#define OTM_TEST_KEEP_FAKE_PROVIDER_H

#include <pthread.h>

#include <otm/metrics.h>

#define FAKE_MAX_INSTRUMENTS 64
#define FAKE_MAX_CALLBACKS 8
#define FAKE_MAX_BOUNDS 32
#define FAKE_MAX_OBSERVED 16

typedef struct fake_provider fake_provider;

typedef struct fake_observed {
    double value;
    char channel[256];
    int64_t handler; /* -1: no such attribute */
} fake_observed;

typedef struct fake_instrument {
    otm_instrument instrument; /* the three handles of the one object */
    otm_bound bound;
    otm_observable observable;
    fake_provider *provider;
    char name[128];
    char unit[32];
    char description[160];
    otm_instrument_kind kind;
    otm_number number;
    double bounds[FAKE_MAX_BOUNDS];
    size_t bound_count;
    bool visible_from_start;
    double value; /* sum, last value, or the sum of a histogram */
    uint64_t count;
    uint64_t buckets[FAKE_MAX_BOUNDS + 1];
    fake_observed observed[FAKE_MAX_OBSERVED]; /* of the last collection */
    size_t observed_count;
} fake_instrument;

typedef struct fake_callback {
    otm_callback_handle handle;
    fake_provider *provider;
    otm_callback callback; /* NULL: free */
    void *user_data;
} fake_callback;

struct fake_provider {
    otm_meter_provider base;
    otm_meter meter;
    pthread_mutex_t mu; /* guards what follows */
    fake_instrument instruments[FAKE_MAX_INSTRUMENTS];
    size_t instrument_count;
    fake_callback callbacks[FAKE_MAX_CALLBACKS];
    uint64_t fail_at;  /* which creating call fails, from 1; 0: none */
    uint64_t requests; /* creating calls so far */
    int64_t live;      /* references handed out and not given back */
};

void fake_provider_init(fake_provider *p);
void fake_provider_fini(fake_provider *p);

/* NULL if there is none of this name. */
fake_instrument *fake_provider_find(fake_provider *p, const char *name);

/* Runs the callbacks. */
void fake_provider_collect(fake_provider *p);
size_t fake_provider_callback_count(fake_provider *p);

#endif
