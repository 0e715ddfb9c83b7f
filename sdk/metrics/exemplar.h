/* Reservoirs of exemplars: one a series, with a part for each reader that collects the series.
 *
 * Made at the first eligible measurement of a series; where nobody traces, none exists and none is asked for. An offer
 * takes the reservoir's own flag, and if another thread has it, leaves: a sample more or less is no loss, a recording
 * that waits would be. */
#ifndef OTMI_EXEMPLAR_H
#define OTMI_EXEMPLAR_H

#include <otm/exemplar.h>
#include <otm/sdk.h>

#include "metrics/attr_set.h"
#include "metrics/cell.h"
#include "util/arena.h"

/* What a storage needs to know of its exemplars. Constant after creation. */
typedef struct otmi_exemplar_rule {
    otm_exemplar_filter filter;
    otm_reservoir_choice choice; /* kind resolved: never DEFAULT */
    otm_number number;
} otmi_exemplar_rule;

/* Resolves the choice for an aggregation. ALIGNED without buckets counts as the default. */
otmi_exemplar_rule otmi_exemplar_rule_make(otm_exemplar_filter filter, const otm_reservoir_choice *choice,
                                           const otmi_shape *shape, otm_number number);

/* Whether a measurement in this context is eligible. */
static inline bool otmi_exemplar_eligible(const otmi_exemplar_rule *rule, const otm_context *context)
{
    if (context == NULL || rule->filter != OTM_EXEMPLARS_TRACE_BASED) {
        return rule->filter == OTM_EXEMPLARS_ALWAYS_ON;
    }
    return (context->trace_flags & OTM_TRACE_FLAG_SAMPLED) != 0;
}

typedef struct otmi_reservoir otmi_reservoir;

/* `readers` has a bit for each reader. NULL without memory. */
otmi_reservoir *otmi_reservoir_create(const otm_allocator *allocator, const otmi_exemplar_rule *rule,
                                      const otmi_shape *shape, const otmi_attr_set *series, uint64_t readers);
/* With all that were chained behind it. Calls the host's code: under no lock. */
void otmi_reservoir_destroy(otmi_reservoir *reservoir);
/* Puts `behind` (may be NULL) behind the reservoir, to be destroyed with it. */
otmi_reservoir *otmi_reservoir_chain(otmi_reservoir *reservoir, otmi_reservoir *behind);

/* An eligible measurement. `attrs` are all it was given; what is not in the series' set is kept as filtered.
 * Never waits. */
typedef struct otmi_offer {
    otmi_number value;
    const otm_attr *attrs;
    size_t attr_count;
    const otm_context *context;
    const otm_clock *clock;
} otmi_offer;

void otmi_reservoir_offer(otmi_reservoir *reservoir, const otmi_offer *offer);

/* Moves what was kept for this reader into the arena and begins anew for it. OTM_ERR_NO_MEMORY: none this time. */
otm_status otmi_reservoir_collect(otmi_reservoir *reservoir, uint32_t reader_bit, otmi_arena *arena,
                                  const otm_exemplar **out, size_t *count);

#endif
