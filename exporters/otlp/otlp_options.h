/* The settings of an exporter: from its options, the environment and the defaults, checked and copied. */
#ifndef OTMI_OTLP_OPTIONS_H
#define OTMI_OTLP_OPTIONS_H

#include <otm/otlp.h>

#include "util/diag.h"
#include "util/kvlist.h"

#define OTMI_OTLP_COMPONENT "otlp_http_metric_exporter"

/* While it is being filled, NULL and 0 mean "not set yet"; afterwards every member is in force. Never changes then. */
typedef struct otmi_otlp_settings {
    const otm_allocator *allocator;
    char *url;
    char *shown_url; /* without user, password, query: what diagnostics may show */
    otmi_kvlist headers;
    char *ca_file;
    char *cert_file;
    char *key_file;
    char *user_agent;
    int64_t timeout_ms;
    size_t max_request_bytes;
    size_t max_response_bytes;
    uint64_t initial_backoff_ns;
    uint64_t max_backoff_ns;
    uint32_t compression;            /* otm_otlp_compression */
    uint32_t temporality_preference; /* otm_temporality_preference */
    uint32_t histogram;              /* otm_otlp_histogram */
    uint64_t (*random)(void *context);
    void *random_context;
} otmi_otlp_settings;

/* Fails as otm_otlp_http_exporter_create(), after a report to `diagnostics`; *settings needs no fini then. */
otm_status otmi_otlp_settings_init(otmi_otlp_settings *settings, const otm_otlp_http_exporter_options *options,
                                   const otm_diagnostics_options *diagnostics);
void otmi_otlp_settings_fini(otmi_otlp_settings *settings);

/* -- Between options and environment ----------------------------------------------------------------------------- */

/* Sets url and shown_url. as_base: the path v1/metrics is put behind, with exactly one slash between.
 * Fails: OTM_ERR_INVALID_ARGUMENT, *fault says why; OTM_ERR_NO_MEMORY. */
otm_status otmi_otlp_settings_set_url(otmi_otlp_settings *settings, const char *url, bool as_base, const char **fault);

/* Adds a header, or replaces the one of that name.  Fails: as above, and OTM_ERR_LIMIT. */
otm_status otmi_otlp_settings_add_header(otmi_otlp_settings *settings, const char *name, const char *value,
                                         const char **fault);

/* Replaces *member, which may be NULL.  Fails: OTM_ERR_NO_MEMORY. */
otm_status otmi_otlp_settings_set_text(otmi_otlp_settings *settings, char **member, const char *text);

/* For one set-up: each fault is reported, however alike they are. NULL without diagnostics or memory. */
otmi_diag *otmi_otlp_setup_diag(const otm_allocator *allocator, const otm_diagnostics_options *diagnostics);

/* Reports under the name of this component. */
#define otmi_otlp_report(diag, level, status, ...) \
    otmi_diag_report((diag), (level), (status), &(otmi_diag_origin){OTMI_OTLP_COMPONENT, NULL, NULL}, __VA_ARGS__)

#endif
