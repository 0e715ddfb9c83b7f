/* How a request reaches the peer: a table, so that tests put a fake in its place and other transports can follow. */
#ifndef OTMI_OTLP_TRANSPORT_H
#define OTMI_OTLP_TRANSPORT_H

#include <otm/sdk_reader.h>

typedef enum otmi_otlp_outcome {
    OTMI_OTLP_ANSWERED = 0,  /* a whole head came; the body may be broken */
    OTMI_OTLP_NO_ANSWER = 1, /* not connected, or broken off before that; another try may help */
    OTMI_OTLP_NOT_HTTP = 2,
    OTMI_OTLP_TOO_LARGE = 3, /* head or body over the limit */
    OTMI_OTLP_HOPELESS = 4,  /* certificates: another try cannot help */
    OTMI_OTLP_NO_MEMORY = 5
} otmi_otlp_outcome;

/* What came back. Texts and body belong to the transport and are valid until its next call; absent ones are "". */
typedef struct otmi_otlp_answer {
    otmi_otlp_outcome outcome;
    bool body_broken; /* it ended early, or could not be decompressed */
    int status;
    const char *content_type;
    const char *retry_after;
    const char *location;
    const char *body; /* decompressed */
    size_t body_size;
    const char *error; /* what went wrong, in the transport's words */
} otmi_otlp_answer;

/* Called from one thread at a time. One request at a time. */
typedef struct otmi_otlp_transport_ops {
    /* Begins a request; `body` stays where it is until the answer, or abort().  Fails: OTM_ERR_NO_MEMORY. */
    otm_status (*start)(void *self, const char *body, size_t size);

    /* Does what is due, and waits for more at most wait_ns. OTM_OK: *out is set, the request is over. OTM_PENDING: it
     * is not; or none is under way, and this was just waiting. */
    otm_status (*drive)(void *self, uint64_t wait_ns, otmi_otlp_answer *out);

    void (*abort)(void *self); /* ends a request that is under way, at once */

    /* As otm_exporter_ops.poll, but lowers a span of time from now. */
    size_t (*poll)(void *self, otm_poll_fd *fds, size_t capacity, uint64_t *wait_ns);

    void (*destroy)(void *self);
} otmi_otlp_transport_ops;

typedef struct otmi_otlp_transport {
    const otmi_otlp_transport_ops *ops; /* NULL: none */
    void *self;
} otmi_otlp_transport;

#endif
