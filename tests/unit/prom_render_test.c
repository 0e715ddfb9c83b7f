/* The exporter without its server: options, rendering, negotiation, gzip, diagnostics. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <otm/prometheus.h>
#include <zlib.h>

#include "diag_recorder.h"
#include "failing_alloc.h"
#include "prom_fake_reader.h"
#include "prom_negotiate.h"
#include "prom_tree.h"

#define TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

static prom_tree tree;
static diag_recorder diag;
static otm_prometheus_exporter_options options;
static otm_prometheus_response response;

static int set_up(void **state)
{
    (void)state;
    prom_tree_init(&tree);
    prom_fake_reader_reset();
    prom_fake_reader.data = &tree.data;
    diag_recorder_init(&diag);
    otm_prometheus_exporter_options_init(&options);
    options.diagnostics = diag.options;
    options.omit_scope_info = true;
    otm_prometheus_response_init(&response);
    prom_tree_counter(&tree, "c");
    prom_tree_i64(&tree, 7, NULL, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    otm_prometheus_response_free(&response);
    diag_recorder_fini(&diag);
    assert_int_equal(prom_fake_reader.out, 0);
    assert_int_equal(prom_fake_reader.live, 0);
    return 0;
}

static otm_prometheus_exporter *create(void)
{
    otm_prometheus_exporter *exporter;
    assert_int_equal(otm_prometheus_exporter_create(&options, &exporter), OTM_OK);
    return exporter;
}

/* -- Rendering --------------------------------------------------------------------------------------------------- */

/* PROM-EXP-03, PROM-NEG-01, PROM-EXP-01, PROM-EXP-04 */
static void render_without_headers_gives_text_0_0_4(void **state)
{
    (void)state;
    otm_prometheus_exporter *exporter = create();
    assert_int_equal(otm_prometheus_render(exporter, NULL, NULL, &response), OTM_OK);
    assert_int_equal(response.status, 200);
    assert_string_equal(response.content_type, TEXT_TYPE);
    assert_string_equal(response.content_encoding, "");
    assert_int_equal(response.size, strlen("# TYPE c_total counter\nc_total 7\n"));
    assert_memory_equal(response.body, "# TYPE c_total counter\nc_total 7\n", response.size);
    assert_int_equal(prom_fake_reader.timeout_ms, 10000);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

/* PROM-META-10 */
static void render_of_two_resources_tells_of_the_first_and_reports_it(void **state)
{
    static const char want[] = "# HELP target_info Target metadata\n# TYPE target_info gauge\n"
                               "target_info{host=\"a\"} 1\n"
                               "# TYPE c_total counter\nc_total 7\n";
    otm_attr hosts[] = {otm_attr_string("host", "a"), otm_attr_string("host", "b")};
    otm_resource_metrics resources[] = {tree.resource, {.attributes = &hosts[1], .attribute_count = 1}};
    (void)state;
    resources[0].attributes = hosts;
    resources[0].attribute_count = 1;
    tree.data.resources = resources;
    tree.data.resource_count = 2;
    otm_prometheus_exporter *exporter = create();
    assert_int_equal(otm_prometheus_render(exporter, NULL, NULL, &response), OTM_OK);
    assert_int_equal(response.size, strlen(want));
    assert_memory_equal(response.body, want, response.size);
    assert_int_equal(diag_recorder_count_of(&diag, 0, "target_info tells of the first resource only"), 1);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

/* PROM-NEG-02 */
static void render_answers_whatever_is_accepted(void **state)
{
    static const char *const accepts[] = {
        "", "application/json, */*", "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1",
        "application/openmetrics-text;version=1.0.0", ";;;,,q=", "\xFF\xFE"};
    (void)state;
    otm_prometheus_exporter *exporter = create();
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        assert_int_equal(otm_prometheus_render(exporter, accepts[i], NULL, &response), OTM_OK);
        assert_string_equal(response.content_type, TEXT_TYPE);
        otm_prometheus_response_free(&response);
    }
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

static size_t unzip(const otm_prometheus_response *zipped, char *text, size_t size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)zipped->body, .avail_in = (uInt)zipped->size};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_out = (Bytef *)text;
    z.avail_out = (uInt)size;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    return z.total_out;
}

/* PROM-NEG-03 */
static void render_gzips_what_is_worth_it(void **state)
{
    static otm_attr attrs[64];
    char text[8192];
    (void)state;
    otm_prometheus_exporter *exporter = create();
    assert_int_equal(otm_prometheus_render(exporter, NULL, "gzip", &response), OTM_OK);
    assert_string_equal(response.content_encoding, ""); /* 33 bytes */
    otm_prometheus_response_free(&response);

    for (size_t i = 0; i < 64; i++) {
        attrs[i] = otm_attr_i64("shard.number", (int64_t)i);
        prom_tree_i64(&tree, (int64_t)i, &attrs[i], 1);
    }
    otm_prometheus_response plain;
    otm_prometheus_response_init(&plain);
    assert_int_equal(otm_prometheus_render(exporter, NULL, NULL, &plain), OTM_OK);
    assert_int_equal(otm_prometheus_render(exporter, NULL, "deflate, gzip;q=0.5", &response), OTM_OK);
    assert_string_equal(response.content_encoding, "gzip");
    assert_true(response.size < plain.size / 3);
    assert_int_equal(unzip(&response, text, sizeof text), plain.size);
    assert_memory_equal(text, plain.body, plain.size);
    otm_prometheus_response_free(&plain);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

static void render_of_a_failed_collection_is_503_and_reported(void **state)
{
    (void)state;
    otm_prometheus_exporter *exporter = create();
    prom_fake_reader.status = OTM_ERR_TIMEOUT;
    assert_int_equal(otm_prometheus_render(exporter, NULL, "gzip", &response), OTM_ERR_TIMEOUT);
    assert_int_equal(response.status, 503);
    assert_string_equal(response.content_encoding, "");
    assert_string_equal(response.body, otm_status_text(OTM_ERR_TIMEOUT));
    assert_int_equal(diag_recorder_count_of(&diag, OTM_WARN, "503"), 1);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

static void render_without_an_exporter_is_503(void **state)
{
    otm_prometheus_response uninitialised = {0};
    (void)state;
    assert_int_equal(otm_prometheus_render(NULL, NULL, NULL, &response), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(response.status, 503);
    assert_int_equal(otm_prometheus_render(NULL, NULL, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_prometheus_render(NULL, NULL, NULL, &uninitialised), OTM_ERR_INVALID_ARGUMENT);
    otm_prometheus_response_free(NULL);
}

/* PROM-META-02 */
static void render_reports_what_was_left_out_once_the_tree_is_given_back(void **state)
{
    (void)state;
    tree.scopes[0].name = (otm_string){"shop", 4};
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "c_total", "", "");
    prom_tree_i64(&tree, 2, NULL, 0);
    otm_prometheus_exporter *exporter = create();
    assert_int_equal(otm_prometheus_render(exporter, NULL, NULL, &response), OTM_OK);
    assert_int_equal(diag_recorder_count(&diag), 1);
    diag_record record = diag_recorder_at(&diag, 0);
    assert_int_equal(record.level, OTM_WARN);
    assert_string_equal(record.component, "prometheus_exporter");
    assert_string_equal(record.meter, "shop");
    assert_string_equal(record.instrument, "c_total");
    assert_non_null(strstr(record.text, "\"c_total\" is taken by a metric of another type"));
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

static otm_prometheus_exporter *rendering;

/* Collects while a rendering reports: it must not wait for itself. */
static void render_again(const otm_diagnostic *diagnostic, void *user_data)
{
    otm_prometheus_response inner;
    (void)diagnostic;
    otm_prometheus_response_init(&inner);
    assert_int_equal(otm_prometheus_render(rendering, NULL, NULL, &inner), OTM_OK);
    otm_prometheus_response_free(&inner);
    ++*(int *)user_data;
}

static void render_from_a_diagnostic_handler_does_not_wait_for_itself(void **state)
{
    int calls = 0;
    (void)state;
    prom_tree_metric(&tree, OTM_METRIC_GAUGE, "c_total", "", "");
    prom_tree_i64(&tree, 2, NULL, 0);
    options.diagnostics.handler = render_again;
    options.diagnostics.user_data = &calls;
    rendering = create();
    assert_int_equal(otm_prometheus_render(rendering, NULL, NULL, &response), OTM_OK);
    assert_int_equal(calls, 1);
    assert_int_equal(otm_prometheus_exporter_release(rendering), OTM_OK);
}

static void render_in_a_forked_child_answers_at_once(void **state)
{
    (void)state;
    otm_prometheus_exporter *exporter = create();
    pid_t child = fork();
    if (child == 0) {
        bool ok = otm_prometheus_render(exporter, NULL, NULL, &response) == OTM_ERR_SHUTDOWN &&
                  otm_prometheus_exporter_start(exporter) == OTM_ERR_SHUTDOWN &&
                  otm_prometheus_exporter_release(exporter) == OTM_ERR_SHUTDOWN;
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

/* -- Accept-Encoding --------------------------------------------------------------------------------------------- */

/* PROM-NEG-03 */
static void gzip_is_taken_only_where_it_is_accepted(void **state)
{
    static const char *const yes[] = {"gzip", "GZIP", " deflate , gzip", "gzip;q=1.0", "gzip; q=0.001", "x-gzip", "*",
                                      "br;q=1.0, *;q=0.5", "identity;q=0, gzip"};
    static const char *const no[] = {"", "identity", "gzip;q=0", "gzip;q=0.000, *", "gzip ; q=0.0 ,deflate", "*;q=0",
                                     "gzipped", "deflate;gzip", ",", ";q=", "gz ip"};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_true(otmi_prom_accepts_gzip(yes[i]));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_false(otmi_prom_accepts_gzip(no[i]));
    }
    assert_false(otmi_prom_accepts_gzip(NULL));
}

/* -- Options ----------------------------------------------------------------------------------------------------- */

/* PROM-EXP-05, PROM-EXP-07 */
static void create_makes_a_cumulative_reader_with_the_given_aggregations(void **state)
{
    otm_reader_options reader;
    (void)state;
    otm_reader_options_init(&reader);
    reader.temporality_preference = OTM_PREFER_DELTA;
    reader.temporality[OTM_COUNTER] = OTM_DELTA;
    reader.default_cardinality_limit = 5;
    reader.aggregation[OTM_HISTOGRAM].kind = OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM;
    options.reader = &reader;
    otm_prometheus_exporter *exporter = create();
    const otm_reader_options *got = &prom_fake_reader.options;
    assert_non_null(otm_prometheus_exporter_reader(exporter));
    assert_int_equal(got->temporality_preference, OTM_PREFER_CUMULATIVE);
    for (size_t i = 0; i < OTM_INSTRUMENT_KIND_COUNT; i++) {
        assert_int_equal(got->temporality[i], 0);
    }
    assert_int_equal(got->default_cardinality_limit, 5);
    assert_int_equal(got->aggregation[OTM_HISTOGRAM].kind, OTM_AGGREGATION_EXPONENTIAL_HISTOGRAM);
    assert_int_equal(got->aggregation[OTM_COUNTER].kind, OTM_AGGREGATION_DEFAULT);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

static void create_without_options_works(void **state)
{
    otm_prometheus_exporter *exporter;
    (void)state;
    assert_int_equal(otm_prometheus_exporter_create(NULL, &exporter), OTM_OK);
    assert_int_equal(otm_prometheus_exporter_port(exporter), 0);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

static void expect_refused(const char *why)
{
    otm_prometheus_exporter *exporter = (otm_prometheus_exporter *)&options;
    diag_recorder_clear(&diag);
    assert_int_equal(otm_prometheus_exporter_create(&options, &exporter), OTM_ERR_INVALID_ARGUMENT);
    assert_null(exporter);
    assert_int_equal(diag_recorder_count_of(&diag, OTM_ERROR, why), 1);
}

static void create_refuses_options_out_of_range_and_says_which(void **state)
{
    (void)state;
    options.port = 65536;
    expect_refused("port is above 65535");
    options.port = OTM_PORT_ANY;
    options.translation = 4;
    expect_refused("translation is none of");
    options.translation = 0;
    options.connection_timeout_ms = -1;
    expect_refused("connection_timeout_ms");
    options.connection_timeout_ms = 0;
    options.scrape_timeout_ms = -2;
    expect_refused("scrape_timeout_ms");
    assert_int_equal(otm_prometheus_exporter_create(&options, NULL), OTM_ERR_INVALID_ARGUMENT);
}

static void create_accepts_an_older_struct_and_refuses_what_it_does_not_know(void **state)
{
    struct {
        otm_prometheus_exporter_options known;
        uint64_t newer;
    } wider = {.known = options, .newer = 0};
    otm_prometheus_exporter *exporter;
    (void)state;
    wider.known.struct_size = sizeof wider;
    assert_int_equal(otm_prometheus_exporter_create(&wider.known, &exporter), OTM_OK);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    wider.newer = 1;
    assert_int_equal(otm_prometheus_exporter_create(&wider.known, &exporter), OTM_ERR_INVALID_ARGUMENT);
    options.struct_size = offsetof(otm_prometheus_exporter_options, host);
    options.translation = 99; /* not read */
    assert_int_equal(otm_prometheus_exporter_create(&options, &exporter), OTM_OK);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    options.struct_size = 0;
    assert_int_equal(otm_prometheus_exporter_create(&options, &exporter), OTM_ERR_INVALID_ARGUMENT);
}

static void null_exporter_is_accepted_everywhere(void **state)
{
    (void)state;
    assert_null(otm_prometheus_exporter_reader(NULL));
    assert_int_equal(otm_prometheus_exporter_port(NULL), 0);
    assert_int_equal(otm_prometheus_exporter_start(NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_prometheus_exporter_stop(NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_prometheus_exporter_release(NULL), OTM_OK);
}

/* -- Memory ------------------------------------------------------------------------------------------------------ */

static void create_and_render_survive_failure_of_each_allocation(void **state)
{
    static const char *const keys[] = {"service.*", "host.*"};
    static otm_attr attrs[32];
    (void)state;
    for (size_t i = 0; i < 32; i++) {
        attrs[i] = otm_attr_i64("shard.number", (int64_t)i);
        prom_tree_i64(&tree, (int64_t)i, &attrs[i], 1);
    }
    options.has_resource_constant_labels = true;
    options.included_resource_keys = keys;
    options.included_resource_key_count = 2;
    options.excluded_resource_keys = keys;
    options.excluded_resource_key_count = 1;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        options.allocator = &fa.base;
        otm_prometheus_exporter *exporter;
        otm_status st = otm_prometheus_exporter_create(&options, &exporter);
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        if (st == OTM_OK) {
            st = otm_prometheus_render(exporter, NULL, "gzip", &response);
            assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
            assert_int_equal(response.status, st == OTM_OK ? 200 : 503);
            otm_prometheus_response_free(&response);
            assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
        }
        assert_int_equal(fa.live, 0);
        failed = failing_alloc_failed(&fa);
    }
}

static void add_histograms_and_counters(void)
{
    static const double bounds[] = {0.5, 1, 2.5};
    static const uint64_t counts[] = {1, 2, 3, 4};
    static otm_attr attrs[32][2];
    for (size_t i = 0; i < 32; i++) {
        attrs[i][0] = otm_attr_string("http.route", i % 2 == 0 ? "/users" : "/\"quoted\"");
        attrs[i][1] = otm_attr_i64("shard", (int64_t)i);
        prom_tree_i64(&tree, (int64_t)i, attrs[i], 2);
    }
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "s", "");
    for (size_t i = 0; i < 32; i++) {
        prom_tree_histogram(&tree, bounds, counts, 3, 0.1 * (double)i, attrs[i], 2);
    }
}

static void render(otm_prometheus_exporter *exporter, otm_prometheus_response *out)
{
    otm_prometheus_response_init(out);
    assert_int_equal(otm_prometheus_render(exporter, NULL, NULL, out), OTM_OK);
}

static void render_allocates_nothing_once_it_has_rendered_as_much(void **state)
{
    failing_alloc fa;
    (void)state;
    failing_alloc_init(&fa, 0);
    options.allocator = &fa.base;
    add_histograms_and_counters();
    otm_prometheus_exporter *exporter = create();
    uint64_t requests = 0;
    for (int i = 0; i < 4; i++) {
        requests = fa.requests;
        render(exporter, &response);
        otm_prometheus_response_free(&response);
    }
    assert_int_equal(fa.requests, requests);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    assert_int_equal(fa.live, 0);
}

static void responses_are_independent_and_may_be_freed_after_the_exporter(void **state)
{
    otm_prometheus_response held[3];
    failing_alloc fa;
    (void)state;
    failing_alloc_init(&fa, 0);
    options.allocator = &fa.base;
    otm_prometheus_exporter *exporter = create();
    for (size_t i = 0; i < 3; i++) {
        tree.points[0].data.number.as.i64 = (int64_t)i;
        render(exporter, &held[i]);
    }
    otm_prometheus_response_free(&held[0]);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    assert_memory_equal(held[1].body, "# TYPE c_total counter\nc_total 1\n", held[1].size);
    assert_memory_equal(held[2].body, "# TYPE c_total counter\nc_total 2\n", held[2].size);
    otm_prometheus_response_free(&held[2]);
    otm_prometheus_response_free(&held[1]);
    assert_int_equal(fa.live, 0);
}

static void memory_of_a_huge_exposition_is_given_back_by_those_after_it(void **state)
{
    static char value[4 << 20];
    otm_attr huge = otm_attr_string("huge", value);
    failing_alloc fa;
    (void)state;
    memset(value, 'x', sizeof value - 1);
    huge.value.size = sizeof value - 1;
    failing_alloc_init(&fa, 0);
    options.allocator = &fa.base;
    otm_prometheus_exporter *exporter = create();
    tree.points[0].attributes = &huge;
    tree.points[0].attribute_count = 1;
    render(exporter, &response);
    assert_true(response.size > sizeof value);
    otm_prometheus_response_free(&response);
    assert_true(fa.live_bytes > 4 << 20); /* kept: the next may be as large */
    tree.points[0].attribute_count = 0;
    for (int i = 0; i < 2; i++) {
        render(exporter, &response);
        otm_prometheus_response_free(&response);
    }
    assert_true(fa.live_bytes < 1 << 20);
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
    assert_int_equal(fa.live, 0);
}

typedef struct scraper {
    otm_prometheus_exporter *exporter;
    const otm_prometheus_response *want;
    int wrong;
} scraper;

static void *scrape(void *user_data)
{
    scraper *s = user_data;
    for (int i = 0; i < 100; i++) {
        otm_prometheus_response got;
        otm_prometheus_response_init(&got);
        bool right = otm_prometheus_render(s->exporter, NULL, NULL, &got) == OTM_OK && got.size == s->want->size &&
                     memcmp(got.body, s->want->body, got.size) == 0;
        s->wrong += !right;
        otm_prometheus_response_free(&got);
    }
    return NULL;
}

static void renderings_at_a_time_do_not_share_memory(void **state)
{
    pthread_t threads[4];
    scraper scrapers[4];
    (void)state;
    add_histograms_and_counters();
    otm_prometheus_exporter *exporter = create();
    render(exporter, &response);
    for (size_t i = 0; i < 4; i++) {
        scrapers[i] = (scraper){exporter, &response, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, scrape, &scrapers[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(scrapers[i].wrong, 0);
    }
    assert_int_equal(otm_prometheus_exporter_release(exporter), OTM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(render_without_headers_gives_text_0_0_4),
        TEST(render_of_two_resources_tells_of_the_first_and_reports_it),
        TEST(render_answers_whatever_is_accepted),
        TEST(render_gzips_what_is_worth_it),
        TEST(render_of_a_failed_collection_is_503_and_reported),
        TEST(render_without_an_exporter_is_503),
        TEST(render_reports_what_was_left_out_once_the_tree_is_given_back),
        TEST(render_from_a_diagnostic_handler_does_not_wait_for_itself),
        TEST(render_in_a_forked_child_answers_at_once),
        TEST(gzip_is_taken_only_where_it_is_accepted),
        TEST(create_makes_a_cumulative_reader_with_the_given_aggregations),
        TEST(create_without_options_works),
        TEST(create_refuses_options_out_of_range_and_says_which),
        TEST(create_accepts_an_older_struct_and_refuses_what_it_does_not_know),
        TEST(null_exporter_is_accepted_everywhere),
        TEST(create_and_render_survive_failure_of_each_allocation),
        TEST(render_allocates_nothing_once_it_has_rendered_as_much),
        TEST(responses_are_independent_and_may_be_freed_after_the_exporter),
        TEST(memory_of_a_huge_exposition_is_given_back_by_those_after_it),
        TEST(renderings_at_a_time_do_not_share_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
