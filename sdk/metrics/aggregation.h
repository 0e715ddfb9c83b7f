/* Aggregations, resolved: what one stream computes. */
#ifndef OTMI_AGGREGATION_H
#define OTMI_AGGREGATION_H

#include <otm/sdk_reader.h>

typedef struct otmi_aggregation {
    otm_aggregation_kind kind; /* never DEFAULT */
    bool monotonic;            /* sums */
    bool record_sum;           /* histograms: false for instruments that can go negative */
    bool record_min_max;
    double *bounds; /* explicit; owned */
    size_t bound_count;
    int32_t max_scale; /* exponential */
    uint32_t max_size;
} otmi_aggregation;

/* What the spec's tables say of a kind. */
otm_aggregation_kind otmi_aggregation_default(otm_instrument_kind kind);
bool otmi_aggregation_fits(otm_aggregation_kind aggregation, otm_instrument_kind kind); /* false: makes no sense */
bool otmi_kind_is_asynchronous(otm_instrument_kind kind);
bool otmi_kind_can_go_negative(otm_instrument_kind kind);

/* For diagnostics, spelled as in configuration files: "observable_gauge", "explicit_bucket_histogram". */
const char *otmi_kind_name(otm_instrument_kind kind);
const char *otmi_aggregation_name(otm_aggregation_kind aggregation);
/* The aggregations that fit a kind, for people: "sum, drop or default". */
const char *otmi_aggregation_choices(otm_instrument_kind kind);

/* The bounds that hold where nobody gives any: 0, 5, 10, ... 10000. */
extern const double otmi_default_bounds[15];

/* OTM_ERR_INVALID_ARGUMENT if the parameters are out of range: bounds not finite or not strictly increasing,
 * max_scale outside -10..20, max_size below 2 or above 16384, more than 4096 bounds. *why (may be NULL) then says
 * what was expected. */
otm_status otmi_aggregation_validate(const otm_aggregation *aggregation, const char **why);

/* The same for bounds alone, an instrument's advice. */
otm_status otmi_bounds_validate(const double *bounds, size_t count, const char **why);

/* Fills *out from a choice (DEFAULT included) for an instrument of this kind; `advice` bounds apply to a DEFAULT
 * choice only (has_advice tells an empty list from none). On failure *out needs no fini. */
otm_status otmi_aggregation_resolve(const otm_allocator *allocator, const otm_aggregation *choice,
                                    otm_instrument_kind kind, const double *advice, size_t advice_count,
                                    bool has_advice, otmi_aggregation *out);
void otmi_aggregation_fini(const otm_allocator *allocator, otmi_aggregation *aggregation);
bool otmi_aggregation_equal(const otmi_aggregation *a, const otmi_aggregation *b);

#endif
