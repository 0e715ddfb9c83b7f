/* Inside of a recorder. Everything but the atomics is fixed when otm_keep_recorder_create() returns. */
#ifndef OTMI_KEEP_RECORDER_H
#define OTMI_KEEP_RECORDER_H

#include <stdatomic.h>

#include "catalogue.h"

/* How many different refusals are remembered as reported; beyond that they are counted only. */
#define OTMI_KEEP_REPORTED_MAX 64

/* Histograms that can have an average gauge. */
#define OTMI_KEEP_AVERAGE_MAX 8

typedef enum otmi_keep_refusal {
    OTMI_KEEP_UNKNOWN_METRIC,
    OTMI_KEEP_WRONG_KIND,
    OTMI_KEEP_BAD_VALUE,
    OTMI_KEEP_CLAMPED
} otmi_keep_refusal;

#define OTMI_KEEP_REFUSAL_COUNT 4

typedef struct otmi_keep_average {
    otm_keep_metric metric;
    otm_observable *gauge;
} otmi_keep_average;

struct otm_keep_recorder {
    _Atomic uint64_t references;
    const otm_allocator *allocator;
    otm_diagnostics_options diagnostics;
    otm_meter *meter;
    otm_bound *bound[OTMI_KEEP_METRIC_COUNT + 1]; /* of the type that the row's kind says; NULL for observed ones */
    otm_observable *observed[OTMI_KEEP_METRIC_COUNT + 1];

    otmi_keep_average averages[OTMI_KEEP_AVERAGE_MAX];
    size_t average_count;
    otm_callback_handle *average_callback;

    /* Relaxed: counts that order nothing. */
    _Atomic uint64_t refusals[OTMI_KEEP_REFUSAL_COUNT];
    _Atomic uint64_t reported[OTMI_KEEP_REPORTED_MAX]; /* fingerprints, 0 where free; only ever filled */
};

/* Counts and reports, and returns the status for the caller. name may be NULL; what goes to the diagnostic. */
otm_status otmi_keep_refuse(otm_keep_recorder *recorder, otmi_keep_refusal refusal, const char *name);

#endif
