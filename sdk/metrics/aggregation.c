#include "metrics/aggregation.h"

#include <math.h>

#include "util/alloc.h"

#define MAX_BOUNDS 4096
#define MIN_SCALE (-10)
#define MAX_SCALE 20
#define MIN_SIZE 2
#define MAX_SIZE 16384
#define DEFAULT_MAX_SIZE 160

const double otmi_default_bounds[15] = {0,   5,   10,   25,   50,   75,   100,  250,
                                        500, 750, 1000, 2500, 5000, 7500, 10000};

#define FITS(aggregation) (1u << (aggregation))
#define FITS_ALL (FITS(OTM_AGGREGATION_DEFAULT) | FITS(OTM_AGGREGATION_DROP) | FITS(OTM_AGGREGATION_SUM))
#define FITS_HISTOGRAMS (FITS(OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) | FITS(OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM))
#define FITS_LAST_VALUE FITS(OTM_AGGREGATION_LAST_VALUE)

#define CHOICES_SYNCHRONOUS "sum, explicit_bucket_histogram, base2_exponential_bucket_histogram, drop or default"

typedef struct kind_facts {
    const char *name;
    bool asynchronous;
    bool can_go_negative;
    bool monotonic; /* as a sum */
    otm_aggregation_kind aggregation;
    unsigned fits;
    const char *choices;
} kind_facts;

/* metrics/sdk.md, "Default Aggregation" and "Sum Aggregation".
 *
 * Histograms need single measurements, which an asynchronous instrument does not give: it reports totals. The last
 * value of a counter is one increment of many, or a total that has lost its kind: it is offered for gauges alone. */
static const kind_facts kinds[OTM_INSTRUMENT_KIND_COUNT] = {
    [OTM_COUNTER] = {"counter", false, false, true, OTM_AGGREGATION_SUM, FITS_ALL | FITS_HISTOGRAMS,
                     CHOICES_SYNCHRONOUS},
    [OTM_UP_DOWN_COUNTER] = {"up_down_counter", false, true, false, OTM_AGGREGATION_SUM, FITS_ALL | FITS_HISTOGRAMS,
                             CHOICES_SYNCHRONOUS},
    [OTM_HISTOGRAM] = {"histogram", false, false, true, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM,
                       FITS_ALL | FITS_HISTOGRAMS, CHOICES_SYNCHRONOUS},
    [OTM_GAUGE] = {"gauge", false, true, false, OTM_AGGREGATION_LAST_VALUE,
                   FITS_ALL | FITS_HISTOGRAMS | FITS_LAST_VALUE, "last_value, " CHOICES_SYNCHRONOUS},
    [OTM_OBSERVABLE_COUNTER] = {"observable_counter", true, false, true, OTM_AGGREGATION_SUM, FITS_ALL,
                                "sum, drop or default"},
    [OTM_OBSERVABLE_UP_DOWN_COUNTER] = {"observable_up_down_counter", true, true, false, OTM_AGGREGATION_SUM, FITS_ALL,
                                        "sum, drop or default"},
    [OTM_OBSERVABLE_GAUGE] = {"observable_gauge", true, true, false, OTM_AGGREGATION_LAST_VALUE,
                              FITS_ALL | FITS_LAST_VALUE, "last_value, sum, drop or default"},
};

otm_aggregation_kind otmi_aggregation_default(otm_instrument_kind kind)
{
    return kinds[kind].aggregation;
}

bool otmi_aggregation_fits(otm_aggregation_kind aggregation, otm_instrument_kind kind)
{
    return (kinds[kind].fits & FITS(aggregation)) != 0;
}

bool otmi_kind_is_asynchronous(otm_instrument_kind kind)
{
    return kinds[kind].asynchronous;
}

bool otmi_kind_can_go_negative(otm_instrument_kind kind)
{
    return kinds[kind].can_go_negative;
}

const char *otmi_kind_name(otm_instrument_kind kind)
{
    return (unsigned)kind < OTM_INSTRUMENT_KIND_COUNT ? kinds[kind].name : "unknown";
}

const char *otmi_aggregation_choices(otm_instrument_kind kind)
{
    return kinds[kind].choices;
}

const char *otmi_aggregation_name(otm_aggregation_kind aggregation)
{
    static const char *const names[OTM_AGGREGATION_KIND_COUNT] = {
        [OTM_AGGREGATION_DEFAULT] = "default",
        [OTM_AGGREGATION_DROP] = "drop",
        [OTM_AGGREGATION_SUM] = "sum",
        [OTM_AGGREGATION_LAST_VALUE] = "last_value",
        [OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM] = "explicit_bucket_histogram",
        [OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM] = "base2_exponential_bucket_histogram",
    };
    return (unsigned)aggregation < OTM_AGGREGATION_KIND_COUNT ? names[aggregation] : "unknown";
}

static otm_status invalid(const char **why, const char *expected)
{
    if (why != NULL) {
        *why = expected;
    }
    return OTM_ERR_INVALID_ARGUMENT;
}

otm_status otmi_bounds_validate(const double *bounds, size_t count, const char **why)
{
    if (count > MAX_BOUNDS) {
        return invalid(why, "expected at most 4096 bucket boundaries");
    }
    if (count > 0 && bounds == NULL) {
        return invalid(why, "expected an array of bucket boundaries, not NULL");
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(bounds[i])) {
            return invalid(why, "expected finite bucket boundaries (the last bucket is open to infinity by itself)");
        }
        if (i > 0 && bounds[i] <= bounds[i - 1]) {
            return invalid(why, "expected bucket boundaries in strictly increasing order");
        }
    }
    return OTM_OK;
}

otm_status otmi_aggregation_validate(const otm_aggregation *aggregation, const char **why)
{
    const otm_aggregation *a = aggregation;
    if (a->kind >= OTM_AGGREGATION_KIND_COUNT) {
        return invalid(why, "expected an otm_aggregation_kind");
    }
    if (a->kind == OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) {
        if (!a->has_boundaries && a->boundary_count > 0) {
            return invalid(why, "expected has_boundaries to be set, since boundaries are given");
        }
        return otmi_bounds_validate(a->boundaries, a->boundary_count, why);
    }
    if (a->kind == OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM) {
        if (a->has_max_scale && (a->max_scale < MIN_SCALE || a->max_scale > MAX_SCALE)) {
            return invalid(why, "expected max_scale from -10 to 20");
        }
        if (a->max_size != 0 && (a->max_size < MIN_SIZE || a->max_size > MAX_SIZE)) {
            return invalid(why, "expected max_size from 2 to 16384, or 0 for 160");
        }
    }
    return OTM_OK;
}

static otm_status copy_bounds(const otm_allocator *allocator, const double *bounds, size_t count, otmi_aggregation *out)
{
    if (count == 0) {
        return OTM_OK;
    }
    out->bounds = otmi_alloc_array(allocator, count, sizeof *bounds);
    if (out->bounds == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(out->bounds, bounds, count * sizeof *bounds);
    out->bound_count = count;
    return OTM_OK;
}

otm_status otmi_aggregation_resolve(const otm_allocator *allocator, const otm_aggregation *choice,
                                    otm_instrument_kind kind, const double *advice, size_t advice_count,
                                    bool has_advice, otmi_aggregation *out)
{
    bool is_default = choice->kind == OTM_AGGREGATION_DEFAULT;
    *out = (otmi_aggregation){
        .kind = is_default ? otmi_aggregation_default(kind) : (otm_aggregation_kind)choice->kind,
    };
    switch (out->kind) {
    case OTM_AGGREGATION_SUM:
        out->monotonic = kinds[kind].monotonic;
        return OTM_OK;
    case OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM:
        out->record_sum = !otmi_kind_can_go_negative(kind);
        out->record_min_max = !choice->omit_min_max;
        /* metrics/sdk.md, "Instrument advisory parameter: ExplicitBucketBoundaries" */
        if (is_default && has_advice) {
            return copy_bounds(allocator, advice, advice_count, out);
        }
        if (!is_default && choice->has_boundaries) {
            return copy_bounds(allocator, choice->boundaries, choice->boundary_count, out);
        }
        return copy_bounds(allocator, otmi_default_bounds, sizeof otmi_default_bounds / sizeof *otmi_default_bounds,
                           out);
    case OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM:
        out->record_sum = !otmi_kind_can_go_negative(kind);
        out->record_min_max = !choice->omit_min_max;
        out->max_scale = choice->has_max_scale ? choice->max_scale : MAX_SCALE;
        out->max_size = choice->max_size != 0 ? choice->max_size : DEFAULT_MAX_SIZE;
        return OTM_OK;
    default:
        return OTM_OK;
    }
}

void otmi_aggregation_fini(const otm_allocator *allocator, otmi_aggregation *aggregation)
{
    otmi_free(allocator, aggregation->bounds, aggregation->bound_count * sizeof *aggregation->bounds);
    aggregation->bounds = NULL;
    aggregation->bound_count = 0;
}

bool otmi_aggregation_equal(const otmi_aggregation *a, const otmi_aggregation *b)
{
    if (a->kind != b->kind || a->monotonic != b->monotonic || a->record_sum != b->record_sum ||
        a->record_min_max != b->record_min_max || a->max_scale != b->max_scale || a->max_size != b->max_size ||
        a->bound_count != b->bound_count) {
        return false;
    }
    return a->bound_count == 0 || memcmp(a->bounds, b->bounds, a->bound_count * sizeof *a->bounds) == 0;
}
