/* A whole SDK from a description: the model of OpenTelemetry's declarative configuration.
 *
 *     static const char model[] = "{\"meter_provider\": {\"readers\": [{\"periodic\": {\"exporter\": "
 *                                 "{\"otlp_http\": {}}}}]}}";
 *     otm_sdk *sdk;
 *     otm_status st = otm_sdk_create_from_model(model, sizeof model - 1, NULL, &sdk);
 *     otm_set_default_meter_provider(otm_sdk_provider(sdk));
 *     ...
 *     otm_meter_provider_shutdown(otm_sdk_provider(sdk), 1000);
 *     otm_sdk_release(sdk);
 *
 * All that a model can say can be said in code as well; the model is turned into the same options. Whatever front end
 * reads the configuration (a file, the environment, a test), it ends here. */
#ifndef OTM_CONFIG_H
#define OTM_CONFIG_H

#include <otm/prometheus.h>
#include <otm/sdk.h>

OTM_BEGIN_DECLS

typedef struct otm_sdk otm_sdk; /* a meter provider with the readers and exporters that the model asks for */

/* What a model cannot say. */
typedef struct otm_sdk_model_options {
    size_t struct_size;                  /* set by init; do not change */
    const otm_allocator *allocator;      /* must outlive the SDK; NULL: malloc */
    const otm_clock *clock;              /* must outlive the SDK; NULL: the system's */
    otm_diagnostics_options diagnostics; /* hears about mistakes in the model, and all that the SDK reports later */
    uint32_t view_matching;              /* otm_view_matching */
    bool allow_manual_readers;           /* `manual` beside `periodic` and `pull`: collected when asked */
    bool silent_in_child;                /* as in otm_meter_provider_options */
    uint8_t reserved[2];                 /* 0 */
} otm_sdk_model_options;

OTM_INLINE void otm_sdk_model_options_init(otm_sdk_model_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    otm_diagnostics_options_init(&options->diagnostics);
}

/* Creates what the model describes and starts it: all of it, or nothing.
 *
 * json_text is one JSON object with the root keys of the declarative format (resource, meter_provider, disabled,
 * log_level, attribute_limits; keys of other signals are passed over). Null means "as if not given"; `drop:` and other
 * nodes chosen by their key alone may be null. Without meter_provider, or with disabled, the provider is a no-op.
 * options may be NULL.
 *
 * On success the caller gives *out back with otm_sdk_release(). On failure *out is NULL, which the functions below
 * accept: the program goes on without metrics. The diagnostic names the key path and what was expected there.
 * Threads: any.
 * Blocks:  while the system's resolver looks up the host that a Prometheus endpoint listens on; nothing is sent.
 * Fails:   OTM_ERR_CONFIG            the model is not valid
 *          OTM_ERR_UNSUPPORTED       it is, but asks for something that this library lacks
 *          OTM_ERR_INVALID_ARGUMENT  out or json_text is NULL, the options are malformed, or a component refused a
 *                                    setting
 *          OTM_ERR_IN_USE            a port to listen on is taken
 *          OTM_ERR_NO_MEMORY, OTM_ERR_IO */
OTM_API OTM_MUST_CHECK otm_status otm_sdk_create_from_model(const char *json_text, size_t size,
                                                            const otm_sdk_model_options *options, otm_sdk **out);

/* The provider; no reference is added. NULL sdk: the no-op provider.  Threads: any.  Blocks: no. */
OTM_API otm_meter_provider *otm_sdk_provider(const otm_sdk *sdk);

/* The readers, in the model's order; no reference is added. NULL when there is no such reader.
 * Threads: any.  Blocks: no. */
OTM_API size_t otm_sdk_reader_count(const otm_sdk *sdk);
OTM_API otm_reader *otm_sdk_reader(const otm_sdk *sdk, size_t index);

/* The exporter of a pull reader for Prometheus; its port is open already. NULL for other readers; do not release it.
 * Threads: any.  Blocks: no. */
OTM_API otm_prometheus_exporter *otm_sdk_prometheus_exporter(const otm_sdk *sdk, size_t index);

/* Replaces the rules by which meters are enabled, while running. json_text is the content of the model's node
 * meter_configurator/development ("null": every meter is enabled). Every live meter is judged anew, at once.
 * Threads: any.  Blocks: briefly.
 * Fails:   OTM_ERR_CONFIG (nothing was changed), OTM_ERR_SHUTDOWN, OTM_ERR_UNSUPPORTED (no-op provider),
 *          OTM_ERR_INVALID_ARGUMENT, OTM_ERR_NO_MEMORY */
OTM_API otm_status otm_sdk_configure_meters(otm_sdk *sdk, const char *json_text, size_t size);

/* Ends and frees the SDK. Shut the provider down first: what was not exported by then is lost. Meters and instruments
 * still held stay safe, and do nothing. NULL is ignored.
 * Threads: any, once.  Blocks: a moment; exports in progress are aborted. */
OTM_API void otm_sdk_release(otm_sdk *sdk);

OTM_END_DECLS

#endif
