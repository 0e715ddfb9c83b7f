/* Settings from options, environment and defaults. Rows name the case of env/cases.csv that they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "otlp_options.h"
#include "support/diag_recorder.h"
#include "support/failing_alloc.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NS_PER_MS UINT64_C(1000000)

extern char **environ;

typedef struct fixture {
    diag_recorder diag;
    otm_otlp_http_exporter_options options;
    otmi_otlp_settings settings;
} fixture;

static void clear_environment(void)
{
    char name[256];
    for (size_t i = 0; environ[i] != NULL;) {
        size_t size = strcspn(environ[i], "=");
        if (strncmp(environ[i], "OTEL_", 5) == 0 && size < sizeof name) {
            memcpy(name, environ[i], size);
            name[size] = '\0';
            unsetenv(name);
        } else {
            i++;
        }
    }
}

static int set_up(void **state)
{
    static fixture f;
    memset(&f, 0, sizeof f);
    diag_recorder_init(&f.diag);
    otm_otlp_http_exporter_options_init(&f.options);
    clear_environment();
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otmi_otlp_settings_fini(&f->settings);
    diag_recorder_fini(&f->diag);
    clear_environment();
    return 0;
}

static otm_status init(fixture *f)
{
    otmi_otlp_settings_fini(&f->settings);
    diag_recorder_clear(&f->diag);
    return otmi_otlp_settings_init(&f->settings, &f->options, &f->diag.options);
}

/* Sets NAME=value,... separated by '|'. */
static void set_environment(const char *assignments)
{
    char text[512];
    clear_environment();
    strncpy(text, assignments, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    char *rest = NULL;
    for (char *one = strtok_r(text, "|", &rest); one != NULL; one = strtok_r(NULL, "|", &rest)) {
        char *equals = strchr(one, '=');
        *equals = '\0';
        assert_int_equal(setenv(one, equals + 1, 1), 0);
    }
}

static const char *header(const fixture *f, const char *name)
{
    for (size_t i = 0; i < f->settings.headers.count; i++) {
        if (strcmp(f->settings.headers.items[i].key, name) == 0) {
            return f->settings.headers.items[i].value;
        }
    }
    return NULL;
}

/* -- Defaults ---------------------------------------------------------------------------------------------------- */

/* OTLP-OPT-01, -02, -09, -10, -12, -13, -18 */
static void otlp_options_left_alone_are_the_defaults(void **state)
{
    fixture *f = *state;
    assert_int_equal(init(f), OTM_OK);
    assert_string_equal(f->settings.url, "http://localhost:4318/v1/metrics");
    assert_int_equal(f->settings.timeout_ms, 10000);
    assert_int_equal(f->settings.max_request_bytes, 67108864);
    assert_int_equal(f->settings.max_response_bytes, 4194304);
    assert_true(f->settings.compression != OTM_OTLP_COMPRESSION_GZIP);
    assert_int_equal(f->settings.initial_backoff_ns, 1000 * NS_PER_MS);
    assert_int_equal(f->settings.max_backoff_ns, 5000 * NS_PER_MS);
    assert_string_equal(f->settings.user_agent, "OTel-OTLP-Exporter-C/" OTM_VERSION_STRING);
    assert_int_equal(f->settings.headers.count, 0);
    assert_int_equal(diag_recorder_count(&f->diag), 0);
    otmi_otlp_settings_fini(&f->settings);
    assert_int_equal(otmi_otlp_settings_init(&f->settings, NULL, NULL), OTM_OK);
    assert_string_equal(f->settings.url, "http://localhost:4318/v1/metrics");
}

static void otlp_options_do_not_read_the_environment_unasked(void **state)
{
    fixture *f = *state;
    set_environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://elsewhere|OTEL_EXPORTER_OTLP_HEADERS=a=1");
    assert_int_equal(init(f), OTM_OK);
    assert_string_equal(f->settings.url, "http://localhost:4318/v1/metrics");
    assert_int_equal(f->settings.headers.count, 0);
}

/* OTLP-OPT-18 */
static void otlp_options_user_agent_prefix_keeps_the_default_behind_it(void **state)
{
    fixture *f = *state;
    f->options.user_agent_prefix = "keep/2.1";
    assert_int_equal(init(f), OTM_OK);
    assert_string_equal(f->settings.user_agent, "keep/2.1 OTel-OTLP-Exporter-C/" OTM_VERSION_STRING);
}

/* -- URL --------------------------------------------------------------------------------------------------------- */

/* OTLP-OPT-02, OTLP-OPT-05 */
static void otlp_options_endpoint_is_used_unchanged_and_shown_without_secrets(void **state)
{
    fixture *f = *state;
    f->options.endpoint = "https://me:s3cret@[::1]/a/../b?key=s3cret#x";
    assert_int_equal(init(f), OTM_OK);
    assert_string_equal(f->settings.url, f->options.endpoint);
    assert_string_equal(f->settings.shown_url, "https://[::1]/a/../b");
}

static void otlp_options_endpoint_that_is_no_url_is_refused_with_a_reason(void **state)
{
    fixture *f = *state;
    static const char *const endpoints[] = {"",         "localhost:4318", "unix:///tmp/x.sock", "ftp://host/",
                                            "http://",  "http://a b/",    "http://h:99999/",    "//host/x",
                                            "http://h\r\nx: y/", "garbage"};
    for (size_t i = 0; i < COUNT(endpoints); i++) {
        f->options.endpoint = endpoints[i];
        assert_int_equal(init(f), OTM_ERR_INVALID_ARGUMENT);
        assert_int_equal(diag_recorder_count_of(&f->diag, OTM_ERROR, "endpoint is not a URL"), 1);
    }
}

typedef struct url_row {
    const char *id;
    const char *environment;
    const char *url;
    size_t warnings;
} url_row;

/* OTLP-OPT-01, -02, -03, -04, -05, ENV-02, ENV-V11 */
static void otlp_env_endpoint_table(void **state)
{
    fixture *f = *state;
    static const url_row rows[] = {
        {"e032", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318", "http://localhost:4318/v1/metrics", 0},
        {"e033", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318/", "http://localhost:4318/v1/metrics", 0},
        {"", "OTEL_EXPORTER_OTLP_ENDPOINT=http://h:4318/x/", "http://h:4318/x/v1/metrics", 0},
        {"e035", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318/mycollector",
         "http://localhost:4318/mycollector/v1/metrics", 0},
        {"e036", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://localhost:4318", "http://localhost:4318", 0},
        {"e038", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://localhost:4318/custom", "http://localhost:4318/custom", 0},
        {"e039",
         "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:1|OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://localhost:4318/m",
         "http://localhost:4318/m", 0},
        {"e041", "OTEL_EXPORTER_OTLP_ENDPOINT=https://localhost", "https://localhost/v1/metrics", 0},
        {"e042", "OTEL_EXPORTER_OTLP_ENDPOINT=localhost:4318", "http://localhost:4318/v1/metrics", 1},
        {"e044", "OTEL_EXPORTER_OTLP_ENDPOINT=http://[::1]:4318", "http://[::1]:4318/v1/metrics", 0},
        {"e045", "OTEL_EXPORTER_OTLP_ENDPOINT=", "http://localhost:4318/v1/metrics", 0},
        {"e047", "OTEL_EXPORTER_OTLP_ENDPOINT=HTTP://localhost:4318", "http://localhost:4318/v1/metrics", 0},
        {"e048", "OTEL_EXPORTER_OTLP_ENDPOINT=http://user:pw@localhost:4318",
         "http://user:pw@localhost:4318/v1/metrics", 0},
        {"e050", "OTEL_EXPORTER_OTLP_ENDPOINT=unix:///tmp/x.sock", "http://localhost:4318/v1/metrics", 1},
        {"", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=nonsense|OTEL_EXPORTER_OTLP_ENDPOINT=http://h", "http://h/v1/metrics",
         1},
    };
    f->options.use_environment = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        set_environment(rows[i].environment);
        assert_int_equal(init(f), OTM_OK);
        assert_string_equal(f->settings.url, rows[i].url);
        assert_null(strstr(f->settings.shown_url, "pw"));
        assert_int_equal(diag_recorder_count_of(&f->diag, OTM_WARN, "ENDPOINT is ignored"), rows[i].warnings);
    }
}

/* OTLP-OPT-01 */
static void otlp_env_yields_to_what_the_options_say(void **state)
{
    fixture *f = *state;
    set_environment("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://other|OTEL_EXPORTER_OTLP_HEADERS=a=1|"
                    "OTEL_EXPORTER_OTLP_TIMEOUT=5|OTEL_EXPORTER_OTLP_COMPRESSION=gzip|"
                    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta");
    otm_otlp_header mine = {"b", "2"};
    f->options.use_environment = true;
    f->options.endpoint = "http://mine/x";
    f->options.headers = &mine;
    f->options.header_count = 1;
    f->options.timeout_ms = OTM_NO_TIMEOUT;
    f->options.compression = OTM_OTLP_COMPRESSION_NONE;
    f->options.temporality_preference = OTM_PREFER_CUMULATIVE;
    assert_int_equal(init(f), OTM_OK);
    assert_string_equal(f->settings.url, "http://mine/x");
    assert_int_equal(f->settings.headers.count, 1);
    assert_string_equal(header(f, "b"), "2");
    assert_int_equal(f->settings.timeout_ms, OTM_NO_TIMEOUT);
    assert_int_equal(f->settings.compression, OTM_OTLP_COMPRESSION_NONE);
    assert_int_equal(f->settings.temporality_preference, OTM_PREFER_CUMULATIVE);
}

/* -- Headers ----------------------------------------------------------------------------------------------------- */

static void otlp_options_header_that_may_not_be_sent_is_refused_and_its_value_not_shown(void **state)
{
    fixture *f = *state;
    static const otm_otlp_header bad[] = {
        {"", "s3cret"},     {NULL, "s3cret"},           {"a b", "s3cret"},    {"a:", "s3cret"},
        {"x", "a\r\ns3cret: 1"}, {"x", "s3cret\n"},     {"x", "s3cret\x7F"},  {"content-type", "s3cret"},
        {"Content-Length", "s3cret"}, {"user-agent", "s3cret"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        f->options.headers = &bad[i];
        f->options.header_count = 1;
        assert_int_equal(init(f), OTM_ERR_INVALID_ARGUMENT);
        assert_int_equal(diag_recorder_count_of(&f->diag, OTM_ERROR, "headers[0]"), 1);
        assert_int_equal(diag_recorder_count_of(&f->diag, 0, "s3cret"), 0);
    }
}

static void otlp_options_header_repeated_counts_once_with_its_last_value(void **state)
{
    fixture *f = *state;
    static const otm_otlp_header headers[] = {{"Key", "1"}, {"other", NULL}, {"kEY", "2"}};
    f->options.headers = headers;
    f->options.header_count = 3;
    assert_int_equal(init(f), OTM_OK);
    assert_int_equal(f->settings.headers.count, 2);
    assert_string_equal(header(f, "Key"), "2");
    assert_string_equal(header(f, "other"), "");
}

typedef struct header_row {
    const char *id;
    const char *environment;
    const char *expected; /* name=value, ... in order, '|' between */
    bool warning;
} header_row;

/* OTLP-OPT-08, OTLP-OPT-01, ENV-V16 */
static void otlp_env_headers_table(void **state)
{
    fixture *f = *state;
    static const header_row rows[] = {
        {"e065", "OTEL_EXPORTER_OTLP_HEADERS=a=1,b=2", "a=1|b=2|", false},
        {"e066", "OTEL_EXPORTER_OTLP_HEADERS= userId = alice ", "userId=alice|", false},
        {"e068", "OTEL_EXPORTER_OTLP_HEADERS=serverNode=DF%3A28,isProduction=false",
         "serverNode=DF:28|isProduction=false|", false},
        {"e069", "OTEL_EXPORTER_OTLP_HEADERS=userId=alice+test", "userId=alice+test|", false},
        {"e071", "OTEL_EXPORTER_OTLP_HEADERS=%XX=missing,userId=alice", "userId=alice|", true},
        {"e072", "OTEL_EXPORTER_OTLP_HEADERS=missing=%XX,userId=alice", "userId=alice|", true},
        {"e074", "OTEL_EXPORTER_OTLP_HEADERS=name=", "name=|", false},
        {"e075", "OTEL_EXPORTER_OTLP_HEADERS=name===value=", "name===value=|", false},
        {"e077", "OTEL_EXPORTER_OTLP_HEADERS=Key=Value", "Key=Value|", false},
        {"e078", "OTEL_EXPORTER_OTLP_HEADERS=name1=value1,invalidName, name2 =   value2   , name3=value3==",
         "name1=value1|name2=value2|name3=value3==|", true},
        {"e080", "OTEL_EXPORTER_OTLP_HEADERS=x=a%0d%0aInjected:1", "", true},
        {"e081", "OTEL_EXPORTER_OTLP_HEADERS=a=1,,b=2,", "a=1|b=2|", false},
        {"", "OTEL_EXPORTER_OTLP_HEADERS=a=1|OTEL_EXPORTER_OTLP_METRICS_HEADERS=b=2", "b=2|", false},
        {"", "OTEL_EXPORTER_OTLP_HEADERS=a=1|OTEL_EXPORTER_OTLP_METRICS_HEADERS=", "a=1|", false},
        {"", "OTEL_EXPORTER_OTLP_HEADERS=content-length=1,a=1", "a=1|", true},
    };
    f->options.use_environment = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char actual[256] = "";
        set_environment(rows[i].environment);
        assert_int_equal(init(f), OTM_OK);
        for (size_t h = 0; h < f->settings.headers.count; h++) {
            const otmi_kv *kv = &f->settings.headers.items[h];
            size_t used = strlen(actual);
            snprintf(actual + used, sizeof actual - used, "%s=%s|", kv->key, kv->value);
        }
        assert_string_equal(actual, rows[i].expected);
        assert_int_equal(diag_recorder_count(&f->diag) > 0, rows[i].warning);
        assert_int_equal(diag_recorder_count_of(&f->diag, 0, "missing"), 0);
    }
}

/* -- Numbers and words ------------------------------------------------------------------------------------------- */

typedef struct number_row {
    const char *id;
    const char *environment;
    int64_t expected;
    size_t warnings;
} number_row;

/* OTLP-OPT-10, ENV-04, ENV-05, ENV-06, ENV-V18, OTLP-OPT-01 */
static void otlp_env_timeout_table(void **state)
{
    fixture *f = *state;
    static const number_row rows[] = {
        {"e027", "OTEL_EXPORTER_OTLP_TIMEOUT=1500", 1500, 0},
        {"e029", "OTEL_EXPORTER_OTLP_TIMEOUT=10s", 10000, 1},
        {"e030", "OTEL_EXPORTER_OTLP_TIMEOUT=1500|OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=2500", 2500, 0},
        {"", "OTEL_EXPORTER_OTLP_TIMEOUT=0", OTM_NO_TIMEOUT, 0},
        {"", "OTEL_EXPORTER_OTLP_TIMEOUT=-1", 10000, 1},
        {"", "OTEL_EXPORTER_OTLP_TIMEOUT=2147483647", 2147483647, 0},
        {"", "OTEL_EXPORTER_OTLP_TIMEOUT=99999999999999999999", 10000, 1},
        {"", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT=x|OTEL_EXPORTER_OTLP_TIMEOUT=7", 7, 1},
    };
    f->options.use_environment = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        set_environment(rows[i].environment);
        assert_int_equal(init(f), OTM_OK);
        assert_int_equal(f->settings.timeout_ms, rows[i].expected);
        assert_int_equal(diag_recorder_count(&f->diag), rows[i].warnings);
    }
}

typedef struct word_row {
    const char *id;
    const char *environment;
    uint32_t compression;
    uint32_t preference;
    uint32_t histogram;
    size_t warnings;
} word_row;

/* OTLP-OPT-01, ENV-07, ENV-V17, ENV-V19, ENV-V20, ENV-V21, OTLP-OPT-07, OTLP-OPT-09, OTLP-OPT-16, OTLP-OPT-17 */
static void otlp_env_words_table(void **state)
{
    fixture *f = *state;
    static const word_row rows[] = {
        {"e059", "OTEL_EXPORTER_OTLP_COMPRESSION=none", OTM_OTLP_COMPRESSION_NONE, 0, 0, 0},
        {"e060", "OTEL_EXPORTER_OTLP_COMPRESSION=GZIP", OTM_OTLP_COMPRESSION_GZIP, 0, 0, 0},
        {"e062", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip|OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=none",
         OTM_OTLP_COMPRESSION_NONE, 0, 0, 0},
        {"e063", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip|OTEL_EXPORTER_OTLP_METRICS_COMPRESSION=",
         OTM_OTLP_COMPRESSION_GZIP, 0, 0, 0},
        {"", "OTEL_EXPORTER_OTLP_COMPRESSION=zstd", 0, 0, 0, 1},
        {"e083", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta", 0, OTM_PREFER_DELTA, 0, 0},
        {"e084", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=Delta", 0, OTM_PREFER_DELTA, 0, 0},
        {"e086", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=low_memory", 0, 0, 0, 1},
        {"", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=lowmemory", 0, OTM_PREFER_LOW_MEMORY, 0, 0},
        {"e087", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative", 0, OTM_PREFER_CUMULATIVE, 0, 0},
        {"e092",
         "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=BASE2_EXPONENTIAL_BUCKET_HISTOGRAM", 0, 0,
         OTM_OTLP_HISTOGRAM_BASE2_EXPONENTIAL, 0},
        {"e093", "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=foo", 0, 0, 0, 1},
        {"e051", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", 0, 0, 0, 0},
        {"e054", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", 0, 0, 0, 1},
    };
    f->options.use_environment = true;
    for (size_t i = 0; i < COUNT(rows); i++) {
        set_environment(rows[i].environment);
        assert_int_equal(init(f), OTM_OK);
        assert_int_equal(f->settings.compression, rows[i].compression);
        assert_int_equal(f->settings.temporality_preference, rows[i].preference);
        assert_int_equal(f->settings.histogram, rows[i].histogram);
        assert_int_equal(diag_recorder_count(&f->diag), rows[i].warnings);
    }
}

static void otlp_env_reports_each_fault_not_just_the_first_of_a_kind(void **state)
{
    fixture *f = *state;
    f->options.use_environment = true;
    f->diag.options.unthrottled = 0;
    set_environment("OTEL_EXPORTER_OTLP_TIMEOUT=a|OTEL_EXPORTER_OTLP_COMPRESSION=b|"
                    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=c");
    assert_int_equal(init(f), OTM_OK);
    assert_int_equal(diag_recorder_count_of(&f->diag, OTM_WARN, "is ignored"), 3);
    assert_string_equal(diag_recorder_at(&f->diag, 0).component, OTMI_OTLP_COMPONENT);
}

static void otlp_options_out_of_range_are_refused_with_a_reason(void **state)
{
    fixture *f = *state;
    const otm_otlp_http_exporter_options good = f->options;
    otm_otlp_http_exporter_options bad[9];
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad[i] = good;
    }
    bad[0].timeout_ms = -2;
    bad[1].initial_backoff_ms = -1;
    bad[2].max_backoff_ms = INT64_MAX;
    bad[3].initial_backoff_ms = 10;
    bad[3].max_backoff_ms = 9;
    bad[4].compression = 3;
    bad[5].temporality_preference = 4;
    bad[6].histogram = 3;
    bad[7].header_count = 1;
    bad[8].user_agent_prefix = "a\r\nb";
    for (size_t i = 0; i < COUNT(bad); i++) {
        f->options = bad[i];
        assert_int_equal(init(f), OTM_ERR_INVALID_ARGUMENT);
        assert_int_equal(diag_recorder_count(&f->diag), 1);
    }
}

/* An older program's options end earlier; a newer one's may go on, with what is unknown here left at zero. */
static void otlp_options_of_other_versions_are_read_as_far_as_they_are_known(void **state)
{
    fixture *f = *state;
    struct {
        otm_otlp_http_exporter_options options;
        uint64_t unknown;
    } newer = {.options = f->options};
    newer.options.struct_size = sizeof newer;
    assert_int_equal(otmi_otlp_settings_init(&f->settings, &newer.options, NULL), OTM_OK);
    otmi_otlp_settings_fini(&f->settings);
    newer.unknown = 1;
    assert_int_equal(otmi_otlp_settings_init(&f->settings, &newer.options, NULL), OTM_ERR_INVALID_ARGUMENT);

    /* Exactly the bytes of the older struct, so that a sanitizer sees an overread. */
    size_t size = offsetof(otm_otlp_http_exporter_options, headers);
    void *older = malloc(size);
    assert_non_null(older);
    f->options.struct_size = size;
    f->options.endpoint = "http://old/";
    memcpy(older, &f->options, size);
    assert_int_equal(otmi_otlp_settings_init(&f->settings, older, NULL), OTM_OK);
    assert_string_equal(f->settings.url, "http://old/");
    free(older);
}

/* -- TLS files --------------------------------------------------------------------------------------------------- */

/* OTLP-OPT-11, ENV-V13: never a silent fall-back (e138) */
static void otlp_env_certificate_that_cannot_be_read_is_an_error_that_names_it(void **state)
{
    fixture *f = *state;
    f->options.use_environment = true;
    set_environment("OTEL_EXPORTER_OTLP_CERTIFICATE=/nonexistent/ca|"
                    "OTEL_EXPORTER_OTLP_ENDPOINT=https://localhost:4318");
    assert_int_equal(init(f), OTM_ERR_IO);
    assert_int_equal(diag_recorder_count_of(&f->diag, OTM_ERROR, "/nonexistent/ca"), 1);
}

/* OTLP-OPT-11 */
static void otlp_options_client_certificate_without_its_key_is_refused(void **state)
{
    fixture *f = *state;
    f->options.endpoint = "https://localhost/";
    f->options.cert_file = "/dev/null";
    assert_int_equal(init(f), OTM_ERR_INVALID_ARGUMENT);
    f->options.key_file = "/dev/null";
    assert_int_equal(init(f), OTM_OK);
    f->options.cert_file = NULL;
    assert_int_equal(init(f), OTM_ERR_INVALID_ARGUMENT);
}

/* -- The reader's ------------------------------------------------------------------------------------------------ */

typedef struct reader_row {
    const char *id;
    const char *environment;
    int64_t interval_ms;
    int64_t timeout_ms;
    size_t warnings;
} reader_row;

/* ENV-V09, ENV-V10, ENV-04, ENV-05, ENV-06, OTLP-OPT-15 */
static void periodic_reader_options_from_env_table(void **state)
{
    fixture *f = *state;
    static const reader_row rows[] = {
        {"", "OTEL_METRIC_EXPORT_INTERVAL=", 0, 0, 0},
        {"e009", "OTEL_METRIC_EXPORT_INTERVAL=1000", 1000, 0, 0},
        {"e011", "OTEL_METRIC_EXPORT_INTERVAL=-1", 0, 0, 1},
        {"e012", "OTEL_METRIC_EXPORT_INTERVAL=abc", 0, 0, 1},
        {"e014", "OTEL_METRIC_EXPORT_INTERVAL=1s", 0, 0, 1},
        {"e015", "OTEL_METRIC_EXPORT_INTERVAL=1000ms", 0, 0, 1},
        {"e017", "OTEL_METRIC_EXPORT_INTERVAL=1e3", 0, 0, 1},
        {"e018", "OTEL_METRIC_EXPORT_INTERVAL=2147483647", 2147483647, 0, 0},
        {"e020", "OTEL_METRIC_EXPORT_INTERVAL=0", 0, 0, 1},
        {"e021", "OTEL_METRIC_EXPORT_INTERVAL=+1000", 0, 0, 1},
        {"e023", "OTEL_METRIC_EXPORT_TIMEOUT=0", 0, OTM_NO_TIMEOUT, 0},
        {"e024", "OTEL_METRIC_EXPORT_TIMEOUT=-5", 0, 0, 1},
        {"e026", "OTEL_METRIC_EXPORT_INTERVAL=1000|OTEL_METRIC_EXPORT_TIMEOUT=5000", 1000, 5000, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        otm_periodic_reader_options options;
        otm_periodic_reader_options_init(&options);
        diag_recorder_clear(&f->diag);
        set_environment(rows[i].environment);
        otm_periodic_reader_options_from_env(&options, &f->diag.options);
        assert_int_equal(options.interval_ms, rows[i].interval_ms);
        assert_int_equal(options.timeout_ms, rows[i].timeout_ms);
        assert_int_equal(diag_recorder_count(&f->diag), rows[i].warnings);
    }
    otm_periodic_reader_options_from_env(NULL, NULL);
}

static void periodic_reader_options_from_env_yield_to_what_is_set(void **state)
{
    (void)state;
    otm_periodic_reader_options options;
    otm_periodic_reader_options_init(&options);
    options.interval_ms = 7;
    options.timeout_ms = OTM_NO_TIMEOUT;
    set_environment("OTEL_METRIC_EXPORT_INTERVAL=1000|OTEL_METRIC_EXPORT_TIMEOUT=5000");
    otm_periodic_reader_options_from_env(&options, NULL);
    assert_int_equal(options.interval_ms, 7);
    assert_int_equal(options.timeout_ms, OTM_NO_TIMEOUT);
}

/* -- Memory ------------------------------------------------------------------------------------------------------ */

static void otlp_settings_init_survives_failure_of_each_allocation(void **state)
{
    fixture *f = *state;
    static const otm_otlp_header headers[] = {{"a", "1"}, {"b", "2"}, {"a", "3"}};
    otm_status st = OTM_ERR_NO_MEMORY;
    set_environment("OTEL_EXPORTER_OTLP_ENDPOINT=http://h/x|OTEL_EXPORTER_OTLP_CERTIFICATE=c|"
                    "OTEL_EXPORTER_OTLP_CLIENT_KEY=k");
    f->options.use_environment = true;
    for (int own_headers = 0; own_headers < 2; own_headers++) {
        f->options.headers = headers;
        f->options.header_count = own_headers != 0 ? COUNT(headers) : 0;
        f->options.user_agent_prefix = "x";
        setenv("OTEL_EXPORTER_OTLP_HEADERS", "p=1,q=2,broken,r=3", 1);
        bool failed = true;
        for (uint64_t n = 1; failed; n++) {
            failing_alloc fa;
            failing_alloc_init(&fa, n);
            f->options.allocator = &fa.base;
            st = otmi_otlp_settings_init(&f->settings, &f->options, NULL);
            failed = failing_alloc_failed(&fa);
            assert_int_equal(st, failed ? OTM_ERR_NO_MEMORY : OTM_OK);
            if (st == OTM_OK) {
                otmi_otlp_settings_fini(&f->settings);
            }
            assert_int_equal(fa.live, 0);
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(otlp_options_left_alone_are_the_defaults),
        TEST(otlp_options_do_not_read_the_environment_unasked),
        TEST(otlp_options_user_agent_prefix_keeps_the_default_behind_it),
        TEST(otlp_options_endpoint_is_used_unchanged_and_shown_without_secrets),
        TEST(otlp_options_endpoint_that_is_no_url_is_refused_with_a_reason),
        TEST(otlp_env_endpoint_table),
        TEST(otlp_env_yields_to_what_the_options_say),
        TEST(otlp_options_header_that_may_not_be_sent_is_refused_and_its_value_not_shown),
        TEST(otlp_options_header_repeated_counts_once_with_its_last_value),
        TEST(otlp_env_headers_table),
        TEST(otlp_env_timeout_table),
        TEST(otlp_env_words_table),
        TEST(otlp_env_reports_each_fault_not_just_the_first_of_a_kind),
        TEST(otlp_options_out_of_range_are_refused_with_a_reason),
        TEST(otlp_options_of_other_versions_are_read_as_far_as_they_are_known),
        TEST(otlp_env_certificate_that_cannot_be_read_is_an_error_that_names_it),
        TEST(otlp_options_client_certificate_without_its_key_is_refused),
        TEST(periodic_reader_options_from_env_table),
        TEST(periodic_reader_options_from_env_yield_to_what_is_set),
        TEST(otlp_settings_init_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
