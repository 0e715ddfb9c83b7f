#include "stream_preferences.h"

otm_status otmi_stream_preferences_init(otmi_stream_preferences *out, uint32_t preference,
                                        const uint32_t temporality[OTM_INSTRUMENT_KIND_COUNT],
                                        const uint32_t aggregation[OTM_INSTRUMENT_KIND_COUNT])
{
    if (preference > OTM_PREFER_LOW_MEMORY) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_temporality_preference by_default =
        preference == OTM_PREFER_DEFAULT ? OTM_PREFER_CUMULATIVE : (otm_temporality_preference)preference;
    for (int kind = 0; kind < OTM_INSTRUMENT_KIND_COUNT; kind++) {
        if (temporality[kind] > OTM_CUMULATIVE || aggregation[kind] >= OTM_AGGREGATION_KIND_COUNT) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
        out->temporality[kind] = temporality[kind] != 0
                                     ? temporality[kind]
                                     : (uint32_t)otm_temporality_of(by_default, (otm_instrument_kind)kind);
        out->aggregation[kind] = aggregation[kind];
    }
    return OTM_OK;
}

otm_temporality otmi_stream_temporality(const otmi_stream_preferences *preferences, otm_instrument_kind kind)
{
    return (otm_temporality)preferences->temporality[kind];
}

void otmi_stream_aggregation(const otmi_stream_preferences *preferences, otm_instrument_kind kind, otm_aggregation *out)
{
    *out = (otm_aggregation){.kind = preferences->aggregation[kind]};
}
