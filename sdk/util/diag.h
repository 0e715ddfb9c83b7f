/* Diagnostics: one sink per component tree, throttled, never under a lock, never recursive. */
#ifndef OTMI_DIAG_H
#define OTMI_DIAG_H

#include <otm/host.h>

typedef struct otmi_diag otmi_diag;

/* options may be NULL (nothing is ever reported). Copied. NULL when there is no memory: callers go on with NULL. */
otmi_diag *otmi_diag_create(const otm_allocator *allocator, const otm_diagnostics_options *options,
                            const otm_clock *clock);
/* For what may have many faults of one kind, each worth telling: every repeat is reported. On the system's clock. */
otmi_diag *otmi_diag_create_unthrottled(const otm_allocator *allocator, const otm_diagnostics_options *options);
void otmi_diag_destroy(otmi_diag *diag);

/* Where a report comes from; fields may be NULL. */
typedef struct otmi_diag_origin {
    const char *component;
    const char *meter;
    const char *instrument;
} otmi_diag_origin;

/* Formats and reports, unless throttled: repeats of one (level, component, instrument, format) come at most once a
 * minute, and tell how many were held back. NULL diag is ignored. Preserves errno. Call it under no lock. */
void otmi_diag_report(otmi_diag *diag, otm_level level, otm_status status, const otmi_diag_origin *origin,
                      const char *format, ...) __attribute__((format(printf, 5, 6)));

/* True while this thread is inside a diagnostic handler: flush and shutdown answer OTM_ERR_REENTRANT then. */
bool otmi_diag_inside_handler(void);

#endif
