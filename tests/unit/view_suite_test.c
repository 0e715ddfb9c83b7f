/* Views against the tables of the outside suites; skipped by name where those are not there. */
#include "view_fixture.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 8 /* views, keys or bounds in a row of the suite */

static bool suite_path(const char *name, char *path, size_t size)
{
    const char *shared = getenv("OTM_SHARED_DIR");
    (void)snprintf(path, size, "%s/suites/sdk/%s", shared != NULL ? shared : "", name);
    FILE *file = shared != NULL ? fopen(path, "r") : NULL;
    if (file == NULL) {
        return false;
    }
    (void)fclose(file);
    return true;
}

/* -- wildcards.csv ----------------------------------------------------------------------------------------------- */

static void check_wildcard_row(view_fixture *f, char *line)
{
    char *fields[4];
    for (size_t i = 0; i < 4; i++) {
        fields[i] = strsep(&line, ",\r\n");
        assert_non_null(fields[i]);
    }
    otm_view view = view_for(fields[1]);
    view.stream.description = "hit";
    f->instrument.name = fields[2];
    view_fixture_resolve(f, &view, 1, OTM_VIEWS_INDEPENDENT);
    bool hit = strcmp(view_fixture_only_stream(f)->description, "hit") == 0;
    if (hit != (strcmp(fields[3], "yes") == 0)) {
        fail_msg("%s: pattern %s, name %s", fields[0], fields[1], fields[2]);
    }
}

/* SDK-SEL-03, CONF-N15 */
static void view_names_agree_with_the_wildcards_suite(void **state)
{
    char path[4096];
    if (!suite_path("wildcards.csv", path, sizeof path)) {
        (void)printf("SKIP view_names_agree_with_the_wildcards_suite: no suites/sdk/wildcards.csv\n");
        skip();
    }
    FILE *file = fopen(path, "r");
    char line[1024];
    assert_non_null(fgets(line, sizeof line, file));
    size_t rows = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        check_wildcard_row(*state, line);
        rows++;
    }
    (void)fclose(file);
    assert_true(rows > 0);
}

/* -- views.json -------------------------------------------------------------------------------------------------- */

/* A view of the suite with the arrays it points to. */
typedef struct suite_view {
    otm_view view;
    const char *included[MOST];
    const char *excluded[MOST];
    double bounds[MOST];
} suite_view;

static size_t read_texts(json_t *array, const char **out)
{
    assert_true(json_array_size(array) <= MOST);
    for (size_t i = 0; i < json_array_size(array); i++) {
        out[i] = json_string_value(json_array_get(array, i));
    }
    return json_array_size(array);
}

static otm_aggregation_kind aggregation_named(const char *name)
{
    for (int k = 0; k < OTM_AGGREGATION_KIND_COUNT; k++) {
        if (strcmp(otmi_aggregation_name((otm_aggregation_kind)k), name) == 0) {
            return (otm_aggregation_kind)k;
        }
    }
    fail_msg("unknown aggregation %s", name);
    return OTM_AGGREGATION_DEFAULT;
}

static otm_instrument_kind kind_named(const char *name, size_t size)
{
    for (int k = 0; k < OTM_INSTRUMENT_KIND_COUNT; k++) {
        const char *known = otmi_kind_name((otm_instrument_kind)k);
        if (strlen(known) == size && memcmp(known, name, size) == 0) {
            return (otm_instrument_kind)k;
        }
    }
    fail_msg("unknown kind %s", name);
    return OTM_COUNTER;
}

/* "sum", or {"explicit_bucket_histogram": {"boundaries": [5]}}. */
static void read_aggregation(json_t *json, suite_view *out)
{
    otm_aggregation *a = &out->view.stream.aggregation;
    if (json_is_string(json)) {
        a->kind = (uint32_t)aggregation_named(json_string_value(json));
    } else if (json_is_object(json)) {
        a->kind = OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM;
        json_t *bounds = json_object_get(json_object_get(json, "explicit_bucket_histogram"), "boundaries");
        assert_true(json_is_array(bounds) && json_array_size(bounds) <= MOST);
        for (size_t i = 0; i < json_array_size(bounds); i++) {
            out->bounds[i] = json_number_value(json_array_get(bounds, i));
        }
        a->has_boundaries = true;
        a->boundaries = out->bounds;
        a->boundary_count = json_array_size(bounds);
    }
}

static void read_view(json_t *json, suite_view *out)
{
    json_t *select = json_object_get(json, "select");
    json_t *stream = json_object_get(json, "stream");
    json_t *keys = json_object_get(stream, "attribute_keys");
    const char *type = json_string_value(json_object_get(select, "type"));
    out->view = view_for(json_string_value(json_object_get(select, "name")));
    out->view.selector.meter_name = json_string_value(json_object_get(select, "meter_name"));
    if (type != NULL) {
        out->view.selector.has_kind = true;
        out->view.selector.kind = (uint32_t)kind_named(type, strlen(type));
    }
    out->view.stream.name = json_string_value(json_object_get(stream, "name"));
    out->view.stream.has_included_keys = json_object_get(keys, "included") != NULL;
    out->view.stream.included_keys = out->included;
    out->view.stream.included_key_count = read_texts(json_object_get(keys, "included"), out->included);
    out->view.stream.excluded_keys = out->excluded;
    out->view.stream.excluded_key_count = read_texts(json_object_get(keys, "excluded"), out->excluded);
    read_aggregation(json_object_get(stream, "aggregation"), out);
}

/* "[1,2]" wherever it stands in the text. */
static size_t read_bounds(const char *text, double *out)
{
    const char *at = strchr(text, '[');
    size_t count = 0;
    while (at != NULL && *at != ']' && count < MOST) {
        char *end;
        out[count++] = (double)strtol(at + 1, &end, 10);
        at = end;
    }
    return count;
}

/* "histogram h advice boundaries [1,2]", "counter x of meter n". */
static void read_instrument(view_fixture *f, const char *text, char *name, double *advice)
{
    size_t kind_size = strcspn(text, " ");
    size_t name_size = strcspn(text + kind_size + 1, " ");
    (void)snprintf(name, 64, "%.*s", (int)name_size, text + kind_size + 1);
    f->instrument.kind = kind_named(text, kind_size);
    f->instrument.name = name;
    f->scope.name = strstr(text, "of meter n") != NULL ? "n" : "m";
    f->instrument.has_advice_bounds = strstr(text, "advice") != NULL;
    f->instrument.advice_bounds = advice;
    f->instrument.advice_bound_count = read_bounds(text, advice);
}

/* "y", "h as a monotonic sum", "h with boundaries [5]", "any thing: because". */
static void check_wanted_stream(const char *want, const otmi_stream *stream)
{
    assert_memory_equal(want, stream->name, strlen(stream->name));
    const char *rest = want + strlen(stream->name);
    if (strncmp(rest, " as a monotonic sum", 19) == 0) {
        assert_int_equal(stream->aggregation.kind, OTM_AGGREGATION_SUM);
        assert_true(stream->aggregation.monotonic);
    } else if (strncmp(rest, " as a histogram", 15) == 0) {
        assert_int_equal(stream->aggregation.kind, OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM);
    } else if (strncmp(rest, " with boundaries", 16) == 0) {
        double bounds[MOST];
        assert_int_equal(read_bounds(rest, bounds), stream->aggregation.bound_count);
        assert_memory_equal(bounds, stream->aggregation.bounds, stream->aggregation.bound_count * sizeof *bounds);
    } else {
        assert_true(rest[0] == '\0' || rest[0] == ':');
    }
}

/* What is recorded, and which of its keys are wanted: [{"a": 1, "b": 2}] and [{"a": 1}]. */
static void check_kept_keys(json_t *recorded, json_t *wanted, const otmi_stream *stream)
{
    const char *key;
    json_t *value;
    json_object_foreach(recorded, key, value)
    {
        assert_int_equal(view_fixture_keeps(stream, key), json_object_get(wanted, key) != NULL);
    }
}

/* "invalid advice: ..." and "not for asynchronous: warn and use the default". */
static void check_wanted_fallback(view_fixture *f, const char *want)
{
    const otmi_stream *stream = view_fixture_only_stream(f);
    assert_int_equal(stream->aggregation.kind, otmi_aggregation_default(f->instrument.kind));
    assert_non_null(strstr(want, "default"));
    assert_int_equal(diag_recorder_count(&f->recorder), f->instrument.kind == OTM_HISTOGRAM ? 0 : 1);
}

static void check_row(view_fixture *f, json_t *row)
{
    suite_view read[MOST];
    otm_view views[MOST];
    memset(read, 0, sizeof read);
    json_t *given = json_object_get(row, "views");
    size_t count = json_array_size(given);
    assert_true(count <= MOST);
    for (size_t i = 0; i < count; i++) {
        read_view(json_array_get(given, i), &read[i]);
        views[i] = read[i].view;
    }
    char name[64];
    double advice[MOST];
    const char *instrument = json_string_value(json_object_get(row, "instrument"));
    read_instrument(f, instrument != NULL ? instrument : "counter x", name, advice);
    if (otmi_bounds_validate(advice, f->instrument.advice_bound_count, NULL) != OTM_OK) {
        f->instrument.has_advice_bounds = false; /* SDK-INST-03: as if not given; the meter reports it */
    }
    diag_recorder_clear(&f->recorder);
    view_fixture_resolve(f, views, count, OTM_VIEWS_INDEPENDENT);

    json_t *want = json_object_get(row, "want");
    json_t *record = json_array_get(json_object_get(row, "record"), 0);
    if (json_is_string(want)) {
        check_wanted_fallback(f, json_string_value(want));
    } else if (record != NULL) {
        check_kept_keys(record, json_array_get(want, 0), view_fixture_only_stream(f));
    } else {
        assert_int_equal(f->streams.count, json_array_size(want));
        for (size_t i = 0; i < f->streams.count; i++) {
            check_wanted_stream(json_string_value(json_array_get(want, i)), &f->streams.items[i]);
        }
    }
}

/* SDK-VIEW-01, SDK-SEL-04, SDK-SEL-06, SDK-STR-01, SDK-STR-04, SDK-STR-05, SDK-INST-03, SDK-INST-05, SDK-PROC-02,
 * SDK-PROC-04, SDK-PROC-06 */
static void streams_agree_with_the_views_suite(void **state)
{
    char path[4096];
    if (!suite_path("views.json", path, sizeof path)) {
        (void)printf("SKIP streams_agree_with_the_views_suite: no suites/sdk/views.json\n");
        skip();
    }
    json_error_t error;
    json_t *rows = json_load_file(path, 0, &error);
    assert_true(json_array_size(rows) > 0);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        check_row(*state, json_array_get(rows, i));
    }
    json_decref(rows);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, view_fixture_setup, view_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(view_names_agree_with_the_wildcards_suite),
        TEST(streams_agree_with_the_views_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
