/* The transport over libcurl's multi interface: HTTP/1.1 or 2, TLS, one connection kept between requests. */
#ifndef OTMI_OTLP_TRANSPORT_CURL_H
#define OTMI_OTLP_TRANSPORT_CURL_H

#include "otlp_options.h"
#include "otlp_transport.h"

/* `settings` must outlive the transport.  Fails: OTM_ERR_NO_MEMORY, OTM_ERR_IO (libcurl cannot start). */
otm_status otmi_otlp_curl_create(const otmi_otlp_settings *settings, otmi_otlp_transport *out);

#endif
