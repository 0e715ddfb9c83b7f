#include "otlp_env.h"

#include <stdlib.h>
#include <strings.h>

#include "util/alloc.h"

/* The variable of the signal wins over the general one. */
#define SIGNAL_PREFIX "OTEL_EXPORTER_OTLP_METRICS_"
#define GENERAL_PREFIX "OTEL_EXPORTER_OTLP_"

/* ENV-02: empty counts as unset. */
static const char *get(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static void report_value(otmi_diag *diag, const char *name, const char *value, const char *expected)
{
    otmi_otlp_report(diag, OTM_WARN, OTM_ERR_CONFIG, "%s='%.64s' is ignored: it is not %s", name, value, expected);
}

/* Values that are secret, or hold something secret, are not shown. */
static void report_secret(otmi_diag *diag, const char *name, const char *fault)
{
    otmi_otlp_report(diag, OTM_WARN, OTM_ERR_CONFIG, "%s is ignored: %s", name, fault);
}

/* -- Numbers and words ------------------------------------------------------------------------------------------- */

/* ENV-04, -05: a whole, non-negative number of milliseconds and nothing else. */
static bool parse_ms(const char *text, int64_t *out)
{
    int64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *text - '0', &number)) {
            return false;
        }
    }
    *out = number;
    return *text == '\0';
}

/* False: not set, or not valid and reported. */
static bool get_ms(const char *name, int64_t minimum, otmi_diag *diag, int64_t *out)
{
    const char *value = get(name);
    if (value == NULL) {
        return false;
    }
    if (parse_ms(value, out) && *out >= minimum) {
        return true;
    }
    report_value(diag, name, value, minimum > 0 ? "a positive number of milliseconds" : "a number of milliseconds");
    return false;
}

typedef struct word {
    const char *text;
    uint32_t value;
} word;

/* ENV-07: case does not matter. False: not set, or unknown and reported. */
static bool get_word(const char *name, const word *words, size_t count, const char *expected, otmi_diag *diag,
                     uint32_t *out)
{
    const char *value = get(name);
    for (size_t i = 0; value != NULL && i < count; i++) {
        if (strcasecmp(value, words[i].text) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    if (value != NULL) {
        report_value(diag, name, value, expected);
    }
    return false;
}

/* -- Settings ---------------------------------------------------------------------------------------------------- */

static otm_status fill_url(otmi_otlp_settings *settings, const char *name, bool as_base, otmi_diag *diag)
{
    const char *value = get(name);
    const char *fault = "";
    if (settings->url != NULL || value == NULL) {
        return OTM_OK;
    }
    otm_status st = otmi_otlp_settings_set_url(settings, value, as_base, &fault);
    if (st == OTM_ERR_INVALID_ARGUMENT) {
        report_secret(diag, name, fault);
        st = OTM_OK;
    }
    return st;
}

/* Entry by entry: a bad one must not take the others with it. */
static otm_status add_entry(otmi_otlp_settings *settings, const char *name, const char *entry, otmi_diag *diag)
{
    otmi_kvlist parsed;
    const char *fault = "an entry is not of the form name=value with valid percent-encoding; the others are used";
    otm_status st = otmi_kvlist_parse(&parsed, settings->allocator, entry, NULL);
    for (size_t i = 0; st == OTM_OK && i < parsed.count; i++) {
        st = otmi_otlp_settings_add_header(settings, parsed.items[i].key, parsed.items[i].value, &fault);
    }
    if (st == OTM_ERR_NO_MEMORY) {
        otmi_kvlist_fini(&parsed);
        return st;
    }
    if (st != OTM_OK) {
        report_secret(diag, name, fault);
    }
    otmi_kvlist_fini(&parsed);
    return OTM_OK;
}

static otm_status fill_headers(otmi_otlp_settings *settings, const char *name, otmi_diag *diag)
{
    const char *at = get(name);
    otm_status st = OTM_OK;
    while (at != NULL && st == OTM_OK) {
        size_t size = strcspn(at, ",");
        char *entry = otmi_text_copy(settings->allocator, at, size);
        st = entry != NULL ? add_entry(settings, name, entry, diag) : OTM_ERR_NO_MEMORY;
        otmi_free_text(settings->allocator, entry);
        at = at[size] == ',' ? at + size + 1 : NULL;
    }
    return st;
}

static otm_status fill_text(otmi_otlp_settings *settings, char **member, const char *signal, const char *general)
{
    const char *value = get(signal) != NULL ? get(signal) : get(general);
    return *member == NULL && value != NULL ? otmi_otlp_settings_set_text(settings, member, value) : OTM_OK;
}

static void fill_timeout(otmi_otlp_settings *settings, otmi_diag *diag)
{
    int64_t ms;
    if (settings->timeout_ms == 0 &&
        (get_ms(SIGNAL_PREFIX "TIMEOUT", 0, diag, &ms) || get_ms(GENERAL_PREFIX "TIMEOUT", 0, diag, &ms))) {
        settings->timeout_ms = ms > 0 ? ms : OTM_NO_TIMEOUT; /* ENV-06 */
    }
}

static void fill_words(otmi_otlp_settings *settings, otmi_diag *diag)
{
    static const word compressions[] = {{"none", OTM_OTLP_COMPRESSION_NONE}, {"gzip", OTM_OTLP_COMPRESSION_GZIP}};
    static const word preferences[] = {{"cumulative", OTM_PREFER_CUMULATIVE},
                                       {"delta", OTM_PREFER_DELTA},
                                       {"lowmemory", OTM_PREFER_LOW_MEMORY}};
    static const word histograms[] = {
        {"explicit_bucket_histogram", OTM_OTLP_HISTOGRAM_EXPLICIT},
        {"base2_exponential_bucket_histogram", OTM_OTLP_HISTOGRAM_BASE2_EXPONENTIAL}};
    if (settings->compression == 0 && !get_word(SIGNAL_PREFIX "COMPRESSION", compressions, 2, "none or gzip", diag,
                                                &settings->compression)) {
        get_word(GENERAL_PREFIX "COMPRESSION", compressions, 2, "none or gzip", diag, &settings->compression);
    }
    if (settings->temporality_preference == 0) {
        get_word(SIGNAL_PREFIX "TEMPORALITY_PREFERENCE", preferences, 3, "cumulative, delta or lowmemory", diag,
                 &settings->temporality_preference);
    }
    if (settings->histogram == 0) {
        get_word(SIGNAL_PREFIX "DEFAULT_HISTOGRAM_AGGREGATION", histograms, 2,
                 "explicit_bucket_histogram or base2_exponential_bucket_histogram", diag, &settings->histogram);
    }
}

/* The choice is between exporters; this one can only tell that it is not the one asked for. */
static void check_protocol(otmi_diag *diag)
{
    static const word protocols[] = {{"http/protobuf", 1}};
    const char *name = get(SIGNAL_PREFIX "PROTOCOL") != NULL ? SIGNAL_PREFIX "PROTOCOL" : GENERAL_PREFIX "PROTOCOL";
    uint32_t protocol;
    get_word(name, protocols, 1, "http/protobuf, the only protocol of this exporter", diag, &protocol);
}

otm_status otmi_otlp_env_fill(otmi_otlp_settings *settings, otmi_diag *diag)
{
    bool headers_given = settings->headers.count > 0;
    check_protocol(diag);
    fill_timeout(settings, diag);
    fill_words(settings, diag);
    otm_status st = fill_url(settings, SIGNAL_PREFIX "ENDPOINT", false, diag);
    st = st == OTM_OK ? fill_url(settings, GENERAL_PREFIX "ENDPOINT", true, diag) : st;
    if (st == OTM_OK && !headers_given) {
        const char *name = SIGNAL_PREFIX "HEADERS";
        st = fill_headers(settings, get(name) != NULL ? name : GENERAL_PREFIX "HEADERS", diag);
    }
    st = st == OTM_OK ? fill_text(settings, &settings->ca_file, SIGNAL_PREFIX "CERTIFICATE",
                                  GENERAL_PREFIX "CERTIFICATE")
                      : st;
    st = st == OTM_OK ? fill_text(settings, &settings->cert_file, SIGNAL_PREFIX "CLIENT_CERTIFICATE",
                                  GENERAL_PREFIX "CLIENT_CERTIFICATE")
                      : st;
    return st == OTM_OK ? fill_text(settings, &settings->key_file, SIGNAL_PREFIX "CLIENT_KEY",
                                    GENERAL_PREFIX "CLIENT_KEY")
                        : st;
}

/* -- The reader's variables -------------------------------------------------------------------------------------- */

void otm_periodic_reader_options_from_env(otm_periodic_reader_options *options,
                                          const otm_diagnostics_options *diagnostics)
{
    int64_t ms;
    if (options == NULL) {
        return;
    }
    const otm_allocator *allocator = options->reader != NULL ? options->reader->allocator : NULL;
    otmi_diag *diag = otmi_otlp_setup_diag(allocator, diagnostics);
    if (options->interval_ms == 0 && get_ms("OTEL_METRIC_EXPORT_INTERVAL", 1, diag, &ms)) {
        options->interval_ms = ms;
    }
    if (options->timeout_ms == 0 && get_ms("OTEL_METRIC_EXPORT_TIMEOUT", 0, diag, &ms)) {
        options->timeout_ms = ms > 0 ? ms : OTM_NO_TIMEOUT;
    }
    otmi_diag_destroy(diag);
}
