/* The OTEL_ variables of an OTLP exporter (configuration/sdk-environment-variables.md, protocol/exporter.md). */
#ifndef OTMI_OTLP_ENV_H
#define OTMI_OTLP_ENV_H

#include "otlp_options.h"

/* Sets what is not set yet. A value that is not valid is reported and skipped.  Fails: OTM_ERR_NO_MEMORY. */
otm_status otmi_otlp_env_fill(otmi_otlp_settings *settings, otmi_diag *diag);

#endif
