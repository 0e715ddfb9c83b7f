/* What temporality and aggregation the exporters of this library ask for, by kind of instrument. */
#ifndef OTMI_STREAM_PREFERENCES_H
#define OTMI_STREAM_PREFERENCES_H

#include <otm/sdk_reader.h>

typedef struct otmi_stream_preferences {
    uint32_t temporality[OTM_INSTRUMENT_KIND_COUNT]; /* otm_temporality */
    uint32_t aggregation[OTM_INSTRUMENT_KIND_COUNT]; /* otm_aggregation_kind */
} otmi_stream_preferences;

/* `preference` decides where `temporality` is 0; cumulative where that is 0 too. OTM_ERR_INVALID_ARGUMENT for values
 * that do not exist. */
otm_status otmi_stream_preferences_init(otmi_stream_preferences *out, uint32_t preference,
                                        const uint32_t temporality[OTM_INSTRUMENT_KIND_COUNT],
                                        const uint32_t aggregation[OTM_INSTRUMENT_KIND_COUNT]);

/* The two entries of an exporter's operations. */
otm_temporality otmi_stream_temporality(const otmi_stream_preferences *preferences, otm_instrument_kind kind);
void otmi_stream_aggregation(const otmi_stream_preferences *preferences, otm_instrument_kind kind,
                             otm_aggregation *out);

#endif
