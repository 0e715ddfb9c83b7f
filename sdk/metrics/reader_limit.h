/* Until when a reader's work may take: a moment on two clocks at once.
 *
 * Exporters go by the reader's clock, which a host may supply and a test may freeze. So that nothing waits for ever on
 * a clock that stands still, the same span is kept on the system's clock too, and whichever gets there first counts. */
#ifndef OTMI_READER_LIMIT_H
#define OTMI_READER_LIMIT_H

#include <otm/host.h>

typedef struct otmi_limit {
    const otm_clock *clock;
    uint64_t clock_ns; /* UINT64_MAX: never */
    uint64_t system_ns;
} otmi_limit;

uint64_t otmi_clock_now(const otm_clock *clock);

otmi_limit otmi_limit_after(const otm_clock *clock, uint64_t span_ns);
otmi_limit otmi_limit_at_system(const otm_clock *clock, uint64_t system_ns);
otmi_limit otmi_limit_on(const otmi_limit *limit, const otm_clock *clock); /* the same moment by another clock */
otmi_limit otmi_limit_earlier(const otmi_limit *a, const otmi_limit *b);   /* of two on the same clock */
bool otmi_limit_passed(const otmi_limit *limit);

uint64_t otmi_add_ns(uint64_t a_ns, uint64_t b_ns); /* saturating */
uint64_t otmi_min_ns(uint64_t a_ns, uint64_t b_ns);

#endif
