/* Resolving a reader's options with the exporter's preferences. */
#include "metrics/aggregation.h"
#include "metrics/exporter.h"
#include "metrics/reader_internal.h"
#include "util/alloc.h"

#define DEFAULT_CARDINALITY_LIMIT 2000 /* metrics/sdk.md, "Cardinality limits" */

static otm_status choose_temporality(const otm_reader_options *o, otm_exporter *exporter, otm_instrument_kind kind,
                                     otm_temporality *out)
{
    uint32_t chosen = o->temporality[kind];
    if (chosen != 0) {
        *out = (otm_temporality)chosen;
    } else if (o->temporality_preference != OTM_PREFER_DEFAULT) {
        *out = otm_temporality_of((otm_temporality_preference)o->temporality_preference, kind);
    } else {
        *out = exporter != NULL ? otmi_exporter_temporality(exporter, kind) : OTM_CUMULATIVE;
    }
    return *out == OTM_DELTA || *out == OTM_CUMULATIVE ? OTM_OK : OTM_ERR_INVALID_ARGUMENT;
}

/* Copies an aggregation with its bounds; *out holds no bounds on failure. */
static otm_status copy_aggregation(const otm_allocator *allocator, const otm_aggregation *from, otm_aggregation *out)
{
    *out = *from;
    out->boundaries = NULL;
    out->boundary_count = 0;
    if (!from->has_boundaries || from->boundary_count == 0) {
        return OTM_OK;
    }
    double *bounds = otmi_alloc_array(allocator, from->boundary_count, sizeof *bounds);
    if (bounds == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(bounds, from->boundaries, from->boundary_count * sizeof *bounds);
    out->boundaries = bounds;
    out->boundary_count = from->boundary_count;
    return OTM_OK;
}

static otm_status choose_aggregation(const otm_allocator *allocator, const otm_reader_options *o,
                                     otm_exporter *exporter, otm_instrument_kind kind, otm_aggregation *out)
{
    otm_aggregation chosen = o->aggregation[kind];
    if (chosen.kind == OTM_AGGREGATION_DEFAULT && exporter != NULL) {
        otmi_exporter_aggregation(exporter, kind, &chosen);
    }
    otm_status st = otmi_aggregation_validate(&chosen, NULL);
    return st == OTM_OK ? copy_aggregation(allocator, &chosen, out) : st;
}

static uint32_t choose_limit(const otm_reader_options *o, otm_instrument_kind kind)
{
    uint32_t by_default = o->default_cardinality_limit != 0 ? o->default_cardinality_limit : DEFAULT_CARDINALITY_LIMIT;
    return o->cardinality_limit[kind] != 0 ? o->cardinality_limit[kind] : by_default;
}

otm_status otmi_reader_config_init(otmi_reader_config *config, const otm_allocator *allocator,
                                   const otm_reader_options *options, otm_exporter *exporter)
{
    memset(config, 0, sizeof *config);
    config->idle_ttl_ms = options->idle_ttl_ms;
    otm_status st = options->temporality_preference <= OTM_PREFER_LOW_MEMORY && options->reserved == 0 &&
                            options->reserved2 == 0 && options->idle_ttl_ms >= 0
                        ? OTM_OK
                        : OTM_ERR_INVALID_ARGUMENT;
    for (int k = 0; k < OTM_INSTRUMENT_KIND_COUNT && st == OTM_OK; k++) {
        otm_instrument_kind kind = (otm_instrument_kind)k;
        config->cardinality_limit[k] = choose_limit(options, kind);
        st = choose_temporality(options, exporter, kind, &config->temporality[k]);
        if (st == OTM_OK) {
            st = choose_aggregation(allocator, options, exporter, kind, &config->aggregation[k]);
        }
    }
    if (st != OTM_OK) {
        otmi_reader_config_fini(config, allocator);
    }
    return st;
}

void otmi_reader_config_fini(otmi_reader_config *config, const otm_allocator *allocator)
{
    for (int k = 0; k < OTM_INSTRUMENT_KIND_COUNT; k++) {
        otm_aggregation *aggregation = &config->aggregation[k];
        double *bounds;
        memcpy(&bounds, &aggregation->boundaries, sizeof bounds); /* ours: const for readers of the config only */
        otmi_free(allocator, bounds, aggregation->boundary_count * sizeof *bounds);
        *aggregation = (otm_aggregation){.kind = OTM_AGGREGATION_DEFAULT};
    }
}
