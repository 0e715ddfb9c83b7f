/* What the host program may supply: memory, time, and an ear for diagnostics. */
#ifndef OTM_HOST_H
#define OTM_HOST_H

#include <otm/base.h>

OTM_BEGIN_DECLS

/* A time span given to a function: milliseconds, 0 for the documented default, OTM_NO_TIMEOUT for no limit. */
#define OTM_NO_TIMEOUT (-1)

/* Where memory comes from. Called from any thread, also while that thread is inside a recording or holds locks of ours:
 * these functions must not call into otm. Sizes are exact. alloc and resize return NULL when there is none, aligned for
 * any object otherwise. Must outlive what uses it. */
typedef struct otm_allocator {
    void *context;
    void *(*alloc)(void *context, size_t size);
    void *(*resize)(void *context, void *pointer, size_t old_size, size_t new_size);
    void (*release)(void *context, void *pointer, size_t size);
} otm_allocator;

/* Wall time stamps the data, monotonic time drives intervals and deadlines. Both in nanoseconds; wall time may step
 * back, monotonic time must not. Called from any thread, also inside a recording: the functions are quick, and must not
 * call into otm. Must outlive what uses it. */
typedef struct otm_clock {
    void *context;
    uint64_t (*wall_ns)(void *context);
    uint64_t (*monotonic_ns)(void *context);
} otm_clock;

typedef enum otm_level { OTM_DEBUG = 1, OTM_INFO = 2, OTM_WARN = 3, OTM_ERROR = 4 } otm_level;

/* One thing worth telling a person. All strings are valid during the call only; absent ones are "". */
typedef struct otm_diagnostic {
    size_t struct_size;
    uint32_t level;  /* otm_level */
    uint32_t status; /* otm_status, the broad reason */
    const char *component;  /* "view", "instrument", "otlp_http_metric_exporter", ... */
    const char *meter;      /* name of the meter concerned */
    const char *instrument; /* name of the instrument concerned */
    const char *text;       /* one sentence: what happened, where, and what was expected */
    uint64_t suppressed;    /* how many alike were not reported since the last one */
} otm_diagnostic;

/* Receives diagnostics. Never called under a lock of ours, nor from inside itself (what it causes is dropped and
 * counted). It may run on any thread, several at a time. Flush and shutdown from inside answer OTM_ERR_REENTRANT. */
typedef void (*otm_diagnostic_handler)(const otm_diagnostic *diagnostic, void *user_data);

typedef struct otm_diagnostics_options {
    size_t struct_size;
    otm_diagnostic_handler handler; /* NULL: nothing is reported; the library itself never prints */
    void *user_data;
    uint32_t minimum_level; /* otm_level; 0: OTM_WARN */
    uint32_t unthrottled;   /* 1: report every repeat; 0: repeats of one sentence at most once a minute */
} otm_diagnostics_options;

OTM_INLINE void otm_diagnostics_options_init(otm_diagnostics_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
}

OTM_END_DECLS

#endif
