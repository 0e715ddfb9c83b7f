#include "otlp_options.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "otlp_env.h"
#include "platform/platform.h"
#include "util/alloc.h"
#include "util/options.h"

#define DEFAULT_ENDPOINT "http://localhost:4318/v1/metrics"
#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_MAX_REQUEST_BYTES ((size_t)64 << 20)
#define DEFAULT_MAX_RESPONSE_BYTES ((size_t)4 << 20)
#define DEFAULT_INITIAL_BACKOFF_MS 1000
#define DEFAULT_MAX_BACKOFF_MS 5000
#define MAX_BACKOFF_MS (INT64_C(24) * 60 * 60 * 1000)
#define MAX_HEADERS ((size_t)256)
#define NS_PER_MS UINT64_C(1000000)
#define USER_AGENT "OTel-OTLP-Exporter-C/" OTM_VERSION_STRING

/* -- Texts ------------------------------------------------------------------------------------------------------- */

otm_status otmi_otlp_settings_set_text(otmi_otlp_settings *settings, char **member, const char *text)
{
    char *copy = otmi_text_copy(settings->allocator, text, strlen(text));
    if (copy == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_free_text(settings->allocator, *member);
    *member = copy;
    return OTM_OK;
}

/* What HTTP allows in a header's value; the rest could end the line and begin another. */
static bool is_field_value(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if ((byte < ' ' && byte != '\t') || byte == 0x7F) {
            return false;
        }
    }
    return true;
}

/* -- URL --------------------------------------------------------------------------------------------------------- */

/* Puts v1/metrics behind the path, with exactly one slash between (OTLP-OPT-03). */
static CURLUcode append_signal_path(CURLU *url, const otm_allocator *allocator)
{
    static const char signal_path[] = "/v1/metrics";
    char *path = NULL;
    CURLUcode code = curl_url_get(url, CURLUPART_PATH, &path, 0);
    if (code != CURLUE_OK) {
        return code;
    }
    size_t size = strlen(path);
    while (size > 0 && path[size - 1] == '/') {
        size--;
    }
    char *joined = otmi_alloc(allocator, size + sizeof signal_path);
    if (joined == NULL) {
        curl_free(path);
        return CURLUE_OUT_OF_MEMORY;
    }
    memcpy(joined, path, size);
    memcpy(joined + size, signal_path, sizeof signal_path);
    code = curl_url_set(url, CURLUPART_PATH, joined, 0);
    otmi_free(allocator, joined, size + sizeof signal_path);
    curl_free(path);
    return code;
}

static bool has_http_scheme(CURLU *url)
{
    char *scheme = NULL;
    bool http = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0);
    curl_free(scheme);
    return http;
}

static CURLUcode copy_url(otmi_otlp_settings *settings, CURLU *url, char **member)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(url, CURLUPART_URL, &text, 0);
    if (code == CURLUE_OK && otmi_otlp_settings_set_text(settings, member, text) != OTM_OK) {
        code = CURLUE_OUT_OF_MEMORY;
    }
    curl_free(text);
    return code;
}

static CURLUcode set_url(otmi_otlp_settings *settings, CURLU *url, const char *text, bool as_base)
{
    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS);
    if (code == CURLUE_OK && !has_http_scheme(url)) {
        code = CURLUE_UNSUPPORTED_SCHEME;
    }
    if (code == CURLUE_OK && as_base) {
        code = append_signal_path(url, settings->allocator);
        code = code == CURLUE_OK ? copy_url(settings, url, &settings->url) : code;
    } else if (code == CURLUE_OK && otmi_otlp_settings_set_text(settings, &settings->url, text) != OTM_OK) {
        code = CURLUE_OUT_OF_MEMORY; /* OTLP-OPT-04: the text itself, since it is to be used unchanged */
    }
    static const CURLUPart secret[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT};
    for (size_t i = 0; code == CURLUE_OK && i < sizeof secret / sizeof secret[0]; i++) {
        code = curl_url_set(url, secret[i], NULL, 0);
    }
    return code == CURLUE_OK ? copy_url(settings, url, &settings->shown_url) : code;
}

otm_status otmi_otlp_settings_set_url(otmi_otlp_settings *settings, const char *text, bool as_base, const char **fault)
{
    CURLU *url = curl_url();
    if (url == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    CURLUcode code = set_url(settings, url, text, as_base);
    curl_url_cleanup(url);
    if (code == CURLUE_OK) {
        return OTM_OK;
    }
    otmi_free_text(settings->allocator, settings->url); /* not half set */
    settings->url = NULL;
    *fault = code == CURLUE_UNSUPPORTED_SCHEME ? "the scheme is neither http nor https" : curl_url_strerror(code);
    return code == CURLUE_OUT_OF_MEMORY ? OTM_ERR_NO_MEMORY : OTM_ERR_INVALID_ARGUMENT;
}

/* -- Headers ----------------------------------------------------------------------------------------------------- */

static bool is_token(const char *name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return name[0] != '\0' && strspn(name, marks) == strlen(name);
}

/* Those that describe the message or the connection, and so are the exporter's. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {"Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding",
                                           "Connection",   "Expect",           "Accept-Encoding", "User-Agent"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcasecmp(name, reserved[i]) == 0) {
            return true;
        }
    }
    return false;
}

static otmi_kv *find_header(const otmi_kvlist *headers, const char *name)
{
    for (size_t i = 0; i < headers->count; i++) {
        if (strcasecmp(headers->items[i].key, name) == 0) {
            return &headers->items[i];
        }
    }
    return NULL;
}

static otm_status append_header(otmi_otlp_settings *settings, const char *name, const char *value)
{
    otmi_kvlist *headers = &settings->headers;
    void *items = headers->items;
    otm_status st = otmi_grow(settings->allocator, &items, &headers->capacity, headers->count, sizeof *headers->items,
                              MAX_HEADERS);
    headers->items = items;
    if (st != OTM_OK) {
        return st;
    }
    otmi_kv added = {NULL, NULL};
    st = otmi_otlp_settings_set_text(settings, &added.key, name);
    st = st == OTM_OK ? otmi_otlp_settings_set_text(settings, &added.value, value) : st;
    if (st != OTM_OK) {
        otmi_free_text(settings->allocator, added.key);
        return st;
    }
    headers->items[headers->count++] = added;
    return OTM_OK;
}

otm_status otmi_otlp_settings_add_header(otmi_otlp_settings *settings, const char *name, const char *value,
                                         const char **fault)
{
    if (!is_token(name)) {
        *fault = "the name is not a header name";
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (is_reserved(name)) {
        *fault = "the exporter sets this header itself";
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (!is_field_value(value)) {
        *fault = "the value holds a control character";
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *fault = "there are too many";
    otmi_kv *same = find_header(&settings->headers, name);
    return same != NULL ? otmi_otlp_settings_set_text(settings, &same->value, value)
                        : append_header(settings, name, value);
}

/* -- Reading the options ----------------------------------------------------------------------------------------- */

static const char *range_fault(const otm_otlp_http_exporter_options *o)
{
    if (o->timeout_ms < OTM_NO_TIMEOUT) {
        return "timeout_ms is negative and not OTM_NO_TIMEOUT";
    }
    if (o->initial_backoff_ms < 0 || o->initial_backoff_ms > MAX_BACKOFF_MS) {
        return "initial_backoff_ms is not between 0 and a day";
    }
    if (o->max_backoff_ms < 0 || o->max_backoff_ms > MAX_BACKOFF_MS) {
        return "max_backoff_ms is not between 0 and a day";
    }
    if (o->max_backoff_ms != 0 && o->max_backoff_ms < o->initial_backoff_ms) {
        return "max_backoff_ms is less than initial_backoff_ms";
    }
    if (o->compression > OTM_OTLP_COMPRESSION_GZIP) {
        return "compression is not an otm_otlp_compression";
    }
    if (o->temporality_preference > OTM_PREFER_LOW_MEMORY) {
        return "temporality_preference is not an otm_temporality_preference";
    }
    if (o->histogram > OTM_OTLP_HISTOGRAM_BASE2_EXPONENTIAL) {
        return "histogram is not an otm_otlp_histogram";
    }
    if (o->header_count > 0 && o->headers == NULL) {
        return "headers is NULL";
    }
    if (o->user_agent_prefix != NULL && !is_field_value(o->user_agent_prefix)) {
        return "user_agent_prefix holds a control character";
    }
    return NULL;
}

static otm_status apply_endpoint(otmi_otlp_settings *s, const char *endpoint, otmi_diag *diag)
{
    const char *fault = "";
    otm_status st = otmi_otlp_settings_set_url(s, endpoint, false, &fault);
    if (st == OTM_ERR_INVALID_ARGUMENT) {
        /* Not shown: what does not parse may hold a password anywhere. */
        otmi_otlp_report(diag, OTM_ERROR, st, "endpoint is not a URL such as " DEFAULT_ENDPOINT ": %s", fault);
    }
    return st;
}

static otm_status apply_headers(otmi_otlp_settings *s, const otm_otlp_http_exporter_options *o, otmi_diag *diag)
{
    for (size_t i = 0; i < o->header_count; i++) {
        const char *name = o->headers[i].name != NULL ? o->headers[i].name : "";
        const char *value = o->headers[i].value != NULL ? o->headers[i].value : "";
        const char *fault = "";
        otm_status st = otmi_otlp_settings_add_header(s, name, value, &fault);
        if (st == OTM_ERR_INVALID_ARGUMENT || st == OTM_ERR_LIMIT) {
            otmi_otlp_report(diag, OTM_ERROR, st, "headers[%zu] ('%.64s') cannot be sent: %s", i, name, fault);
            return OTM_ERR_INVALID_ARGUMENT;
        }
        if (st != OTM_OK) {
            return st;
        }
    }
    return OTM_OK;
}

static otm_status apply_file(otmi_otlp_settings *s, char **member, const char *path)
{
    return path != NULL && path[0] != '\0' ? otmi_otlp_settings_set_text(s, member, path) : OTM_OK;
}

static otm_status apply_options(otmi_otlp_settings *s, const otm_otlp_http_exporter_options *o, otmi_diag *diag)
{
    s->timeout_ms = o->timeout_ms;
    s->max_request_bytes = o->max_request_bytes;
    s->max_response_bytes = o->max_response_bytes;
    s->compression = o->compression;
    s->temporality_preference = o->temporality_preference;
    s->histogram = o->histogram;
    s->random = o->random;
    s->random_context = o->random_context;
    int64_t initial_ms = o->initial_backoff_ms != 0 ? o->initial_backoff_ms : DEFAULT_INITIAL_BACKOFF_MS;
    int64_t max_ms = o->max_backoff_ms != 0 ? o->max_backoff_ms : DEFAULT_MAX_BACKOFF_MS;
    s->initial_backoff_ns = (uint64_t)initial_ms * NS_PER_MS;
    s->max_backoff_ns = (uint64_t)(max_ms > initial_ms ? max_ms : initial_ms) * NS_PER_MS;
    otm_status st = o->endpoint != NULL ? apply_endpoint(s, o->endpoint, diag) : OTM_OK;
    st = st == OTM_OK ? apply_headers(s, o, diag) : st;
    st = st == OTM_OK ? apply_file(s, &s->ca_file, o->ca_file) : st;
    st = st == OTM_OK ? apply_file(s, &s->cert_file, o->cert_file) : st;
    return st == OTM_OK ? apply_file(s, &s->key_file, o->key_file) : st;
}

static uint64_t system_random(void *context)
{
    uint64_t number;
    (void)context;
    otmi_random_bytes(&number, sizeof number);
    return number;
}

static otm_status set_user_agent(otmi_otlp_settings *s, const char *prefix)
{
    if (prefix == NULL || prefix[0] == '\0') {
        return otmi_otlp_settings_set_text(s, &s->user_agent, USER_AGENT);
    }
    size_t size = strlen(prefix);
    char *text = otmi_alloc(s->allocator, size + sizeof " " USER_AGENT);
    if (text == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    memcpy(text, prefix, size);
    memcpy(text + size, " " USER_AGENT, sizeof " " USER_AGENT);
    s->user_agent = text;
    return OTM_OK;
}

static otm_status apply_defaults(otmi_otlp_settings *s, const char *user_agent_prefix)
{
    const char *fault = "";
    s->timeout_ms = s->timeout_ms != 0 ? s->timeout_ms : DEFAULT_TIMEOUT_MS;
    s->max_request_bytes = s->max_request_bytes != 0 ? s->max_request_bytes : DEFAULT_MAX_REQUEST_BYTES;
    s->max_response_bytes = s->max_response_bytes != 0 ? s->max_response_bytes : DEFAULT_MAX_RESPONSE_BYTES;
    s->random = s->random != NULL ? s->random : system_random;
    otm_status st = s->url == NULL ? otmi_otlp_settings_set_url(s, DEFAULT_ENDPOINT, false, &fault) : OTM_OK;
    return st == OTM_OK ? set_user_agent(s, user_agent_prefix) : st;
}

/* -- TLS files --------------------------------------------------------------------------------------------------- */

static otm_status check_file(const char *what, const char *path, otmi_diag *diag)
{
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;
    if (path == NULL || fd >= 0) {
        if (fd >= 0) {
            close(fd);
        }
        return OTM_OK;
    }
    otmi_otlp_report(diag, OTM_ERROR, OTM_ERR_IO, "%s '%.256s' cannot be read: %s", what, path,
                     strerror(errno));
    return OTM_ERR_IO;
}

static otm_status check_files(const otmi_otlp_settings *s, otmi_diag *diag)
{
    if (strncasecmp(s->url, "https:", 6) != 0) {
        return OTM_OK; /* they mean nothing without TLS */
    }
    if ((s->cert_file == NULL) != (s->key_file == NULL)) {
        otmi_otlp_report(diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT,
                         "cert_file and key_file come together, but only %s is set",
                         s->cert_file != NULL ? "cert_file" : "key_file");
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_status st = check_file("ca_file", s->ca_file, diag);
    st = st == OTM_OK ? check_file("cert_file", s->cert_file, diag) : st;
    return st == OTM_OK ? check_file("key_file", s->key_file, diag) : st;
}

/* -- All together ------------------------------------------------------------------------------------------------ */

static otm_status fill(otmi_otlp_settings *s, const otm_otlp_http_exporter_options *o, otmi_diag *diag)
{
    otm_status st = apply_options(s, o, diag);
    if (st == OTM_OK && o->use_environment) {
        st = otmi_otlp_env_fill(s, diag);
    }
    st = st == OTM_OK ? apply_defaults(s, o->user_agent_prefix) : st;
    return st == OTM_OK ? check_files(s, diag) : st;
}

otmi_diag *otmi_otlp_setup_diag(const otm_allocator *allocator, const otm_diagnostics_options *diagnostics)
{
    return diagnostics != NULL ? otmi_diag_create_unthrottled(allocator, diagnostics) : NULL;
}

static otm_status init(otmi_otlp_settings *settings, const otm_otlp_http_exporter_options *o, otmi_diag *diag)
{
    const char *fault = range_fault(o);
    if (fault != NULL) {
        otmi_otlp_report(diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, "%s", fault);
        return OTM_ERR_INVALID_ARGUMENT;
    }
    otm_status st = fill(settings, o, diag);
    if (st != OTM_OK) {
        otmi_otlp_settings_fini(settings);
    }
    return st;
}

otm_status otmi_otlp_settings_init(otmi_otlp_settings *settings, const otm_otlp_http_exporter_options *options,
                                   const otm_diagnostics_options *diagnostics)
{
    otm_otlp_http_exporter_options o;
    otm_status st = otmi_options_read(options, &o, sizeof o);
    memset(settings, 0, sizeof *settings);
    settings->allocator = otmi_allocator_or_default(o.allocator);
    settings->headers.allocator = settings->allocator;
    otmi_diag *diag = otmi_otlp_setup_diag(settings->allocator, diagnostics);
    if (st == OTM_OK) {
        st = init(settings, &o, diag);
    } else {
        otmi_otlp_report(diag, OTM_ERROR, st, "the options set what this version of the library does not know");
    }
    otmi_diag_destroy(diag);
    return st;
}

void otmi_otlp_settings_fini(otmi_otlp_settings *settings)
{
    char *const texts[] = {settings->url,       settings->shown_url, settings->ca_file,
                           settings->cert_file, settings->key_file,  settings->user_agent};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        otmi_free_text(settings->allocator, texts[i]);
    }
    otmi_kvlist_fini(&settings->headers);
    memset(settings, 0, sizeof *settings);
}
