/* When to try again. Pure. */
#ifndef OTMI_OTLP_RETRY_H
#define OTMI_OTLP_RETRY_H

#include <stdint.h>

/* A span between 0 and initial_ns * 2^(tries - 1), that at most max_ns: "full jitter". tries counts from 1. */
uint64_t otmi_otlp_backoff_ns(uint64_t initial_ns, uint64_t max_ns, unsigned tries, uint64_t random);

/* The span that a Retry-After header asks for, as seconds or as an HTTP date; 0 if it is absent, in the past, or
 * neither. */
uint64_t otmi_otlp_retry_after_ns(const char *text, uint64_t wall_ns);

#endif
