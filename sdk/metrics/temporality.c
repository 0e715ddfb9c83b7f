/* Temporality by preference and instrument kind. */
#include <otm/sdk_reader.h>

/* The OTLP exporter page names no gauges; the declarative schema speaks of all kinds: "delta" leaves out only the two
 * up-down counters, "low_memory" takes in only counter and histogram. We follow the schema for the kinds the page is
 * silent about. A gauge carries no temporality on the wire: what this decides is whether an idle one is repeated. So
 * an idle gauge is not repeated under delta, and is under low_memory, where the SDK keeps its last value anyway. */
otm_temporality otm_temporality_of(otm_temporality_preference preference, otm_instrument_kind kind)
{
    switch (kind) {
    case OTM_COUNTER:
    case OTM_HISTOGRAM:
        return preference == OTM_PREFER_DELTA || preference == OTM_PREFER_LOW_MEMORY ? OTM_DELTA : OTM_CUMULATIVE;
    case OTM_OBSERVABLE_COUNTER: /* differencing it would need memory for every series */
    case OTM_GAUGE:
    case OTM_OBSERVABLE_GAUGE:
        return preference == OTM_PREFER_DELTA ? OTM_DELTA : OTM_CUMULATIVE;
    case OTM_UP_DOWN_COUNTER:
    case OTM_OBSERVABLE_UP_DOWN_COUNTER:
        break;
    }
    return OTM_CUMULATIVE;
}
