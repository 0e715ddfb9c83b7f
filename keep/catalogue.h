/* The catalogue: one row per metric. */
#ifndef OTMI_KEEP_CATALOGUE_H
#define OTMI_KEEP_CATALOGUE_H

#include <otm/keep.h>

#define OTMI_KEEP_METRIC_COUNT 36
#define OTMI_KEEP_NAME_PREFIX "performance_"

typedef struct otmi_keep_buckets {
    const char *name; /* of the set: "B-sign" */
    const double *bounds;
    size_t bound_count;
} otmi_keep_buckets;

typedef struct otmi_keep_row {
    const char *exported_name; /* the Keep name follows the prefix */
    otm_instrument_kind kind;
    const char *unit;
    const char *description;
    const otmi_keep_buckets *buckets; /* histograms only */
    const char *const *labels;
    size_t label_count; /* series with labels come and go, so they are not shown at zero */
} otmi_keep_row;

/* The row of a handle; NULL if there is none. */
const otmi_keep_row *otmi_keep_row_of(otm_keep_metric metric);

/* The name that callers use. */
const char *otmi_keep_row_name(const otmi_keep_row *row);

#endif
