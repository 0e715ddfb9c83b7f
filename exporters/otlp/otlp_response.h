/* What an answer means for the batch. Pure: answer in, verdict out. */
#ifndef OTMI_OTLP_RESPONSE_H
#define OTMI_OTLP_RESPONSE_H

#include "otlp_transport.h"

typedef enum otmi_otlp_fate {
    OTMI_OTLP_EXPORTED = 0,
    OTMI_OTLP_RETRY = 1,
    OTMI_OTLP_DROPPED = 2
} otmi_otlp_fate;

#define OTMI_OTLP_VERDICT_BYTES 512

typedef struct otmi_otlp_verdict {
    otmi_otlp_fate fate;
    otm_drop_reason reason;  /* of a drop now; of RETRY, what it becomes when the time is over */
    uint64_t rejected;       /* points, of a partial success */
    uint64_t retry_after_ns; /* asked for by the peer; 0: not */
    char text[OTMI_OTLP_VERDICT_BYTES]; /* for people: "answered 503: try later"; "": nothing to tell */
} otmi_otlp_verdict;

void otmi_otlp_judge(const otmi_otlp_answer *answer, uint64_t wall_ns, const otm_allocator *allocator,
                     otmi_otlp_verdict *out);

#endif
