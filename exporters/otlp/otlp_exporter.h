/* The exporter over any transport: what otm_otlp_http_exporter_create() makes over libcurl, and tests over a fake. */
#ifndef OTMI_OTLP_EXPORTER_H
#define OTMI_OTLP_EXPORTER_H

#include "otlp_options.h"
#include "otlp_transport.h"

/* Makes the transport once the settings, which outlive it, have their place. */
typedef otm_status (*otmi_otlp_transport_create)(const otmi_otlp_settings *settings, void *context,
                                                 otmi_otlp_transport *out);

/* Makes `self` for the operations below; without the SDK's wrapper around them.
 * Fails as otm_otlp_http_exporter_create(). */
otm_status otmi_otlp_exporter_make(const otm_otlp_http_exporter_options *options,
                                   const otm_diagnostics_options *diagnostics, otmi_otlp_transport_create transport,
                                   void *transport_context, void **out);

extern const otm_exporter_ops otmi_otlp_exporter_ops;

#endif
