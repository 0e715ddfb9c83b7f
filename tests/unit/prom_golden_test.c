/* The expositions of another exporter, from what its tests record.
 *
 * The trees are built by hand from the cases. Of the 26 texts all but these are met: in counter_disabled_suffix.txt
 * and with_namespace.txt the peer uses options that we lack; counter_with_unit_suffix.txt belongs to no test of the
 * peer; empty_resource.txt shows a target_info without labels, where a resource without attributes has none here. */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "prom_exposition.h"
#include "prom_tree.h"
#include "prom_written.h"
#include "suite_csv.h"

/* -- The cases --------------------------------------------------------------------------------------------------- */

/* What is done differently from what the case says; its note tells why. */
typedef struct golden {
    const char *file;
    const char *prefix;   /* of instrument names, in place of an option of the peer's */
    bool without_unit;    /* the peer had suffixes of units switched off */
    const char *fallback; /* the text of the same one_of group that we produce, if not this one */
} golden;

static const golden goldens[] = {
    {"conflict_help_two_counters_1.txt", "", false, NULL},
    {"conflict_help_two_counters_2.txt", "", false, "conflict_help_two_counters_1.txt"},
    {"conflict_help_two_updowncounters_1.txt", "", false, NULL},
    {"conflict_help_two_updowncounters_2.txt", "", false, "conflict_help_two_updowncounters_1.txt"},
    {"conflict_type_counter_and_updowncounter_1.txt", "", true, NULL},
    {"conflict_type_counter_and_updowncounter_2.txt", "", true, "conflict_type_counter_and_updowncounter_1.txt"},
    {"conflict_unit_two_counters.txt", "", true, NULL},
    {"conflict_unit_two_updowncounters.txt", "", true, NULL},
    {"counter.txt", "my.dotted.namespace.", false, NULL},
    {"counter_no_unit.txt", "", false, NULL},
    {"counter_noutf8_with_unit_suffix.txt", "", false, NULL},
    {"counter_utf8.txt", "my.dotted.namespace_", false, NULL},
    {"counter_with_custom_unit_suffix.txt", "", false, NULL},
    {"gauge.txt", "", false, NULL},
    {"histogram.txt", "", false, NULL},
    {"just_target_info.txt", "", false, NULL},
    {"no_conflict_two_counters.txt", "", false, NULL},
    {"sanitized_labels.txt", "", true, NULL},
    {"sanitized_names.txt", "", false, NULL},
    {"with_resource_attributes_filter.txt", "", false, NULL},
    {"without_scope_and_target_info.txt", "", false, NULL},
    {"without_target_info.txt", "", false, NULL},
};

#define MOST_SERIES 8
#define MOST_ATTRS 8
#define MOST_BOUNDS 16
#define MOST_INSTRUMENTS 8

/* Room for one instrument's data: the tree points into it. */
typedef struct recorded {
    char name[128];
    otm_attr attrs[MOST_SERIES][MOST_ATTRS];
    size_t attr_counts[MOST_SERIES];
    double sums[MOST_SERIES];
    double bounds[MOST_BOUNDS];
    uint64_t counts[MOST_SERIES][MOST_BOUNDS + 1];
    size_t bound_count;
    size_t series_count;
} recorded;

static recorded instruments[MOST_INSTRUMENTS];

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static bool flag_of(const json_t *object, const char *key, bool otherwise)
{
    const json_t *flag = json_object_get(object, key);
    return flag != NULL ? json_is_true(flag) : otherwise;
}

static otm_value value_of(const json_t *json)
{
    return json_is_boolean(json)   ? otm_value_bool(json_is_true(json))
           : json_is_integer(json) ? otm_value_i64(json_integer_value(json))
                                   : otm_value_string(json_string_value(json));
}

/* An object, or an array of pairs in which a key may come twice: the last counts. */
static size_t read_attrs(const json_t *json, otm_attr *attrs)
{
    size_t count = 0;
    const char *key;
    json_t *value;
    size_t index;
    json_object_foreach((json_t *)(uintptr_t)json, key, value) {
        attrs[count++] = otm_attr_value(key, value_of(value));
    }
    json_array_foreach(json, index, value) {
        otm_attr attr = otm_attr_value(json_string_value(json_array_get(value, 0)), value_of(json_array_get(value, 1)));
        size_t at = 0;
        while (at < count && strcmp(attrs[at].key, attr.key) != 0) {
            at++;
        }
        attrs[at] = attr;
        count = at == count ? count + 1 : count;
    }
    return count;
}

static bool same_attrs(const otm_attr *a, const otm_attr *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(a[i].key, b[i].key) != 0 || a[i].value.type != b[i].value.type ||
            (a[i].value.type == OTM_VALUE_STRING ? strcmp(a[i].value.as.string, b[i].value.as.string) != 0
                                                 : a[i].value.as.i64 != b[i].value.as.i64)) {
            return false;
        }
    }
    return true;
}

static void record(recorded *r, const json_t *measurement)
{
    size_t at = r->series_count;
    double value = json_number_value(json_array_get(measurement, 0));
    r->attr_counts[at] = read_attrs(json_array_get(measurement, 1), r->attrs[at]);
    for (size_t i = 0; i < r->series_count; i++) {
        if (r->attr_counts[i] == r->attr_counts[at] && same_attrs(r->attrs[i], r->attrs[at], r->attr_counts[at])) {
            at = i;
        }
    }
    r->series_count += at == r->series_count;
    r->sums[at] += value;
    size_t bucket = 0;
    while (bucket < r->bound_count && value > r->bounds[bucket]) {
        bucket++;
    }
    r->counts[at][bucket]++;
}

static void read_bounds(recorded *r, const json_t *test_case, const char *instrument)
{
    static const double defaults[] = {0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000};
    const json_t *view = json_array_get(json_object_get(test_case, "views"), 0);
    const json_t *boundaries = json_object_get(view, "boundaries");
    memcpy(r->bounds, defaults, sizeof defaults);
    r->bound_count = sizeof defaults / sizeof *defaults;
    if (boundaries != NULL && fnmatch(text_of(view, "select"), instrument, 0) == 0) {
        r->bound_count = json_array_size(boundaries);
        for (size_t i = 0; i < r->bound_count; i++) {
            r->bounds[i] = json_number_value(json_array_get(boundaries, i));
        }
    }
}

static void add_instrument(prom_tree *tree, recorded *r, const json_t *test_case, const json_t *instrument,
                           const golden *g)
{
    const char *kind = text_of(instrument, "kind");
    bool histogram = strcmp(kind, "histogram") == 0;
    bool gauge = strcmp(kind, "gauge") == 0;
    memset(r, 0, sizeof *r);
    snprintf(r->name, sizeof r->name, "%s%s", g->prefix, text_of(instrument, "name"));
    read_bounds(r, test_case, text_of(instrument, "name"));
    size_t index;
    json_t *measurement;
    json_array_foreach(json_object_get(instrument, "record"), index, measurement) {
        record(r, measurement);
    }
    otm_metric *metric = prom_tree_metric(
        tree, histogram ? OTM_METRIC_HISTOGRAM : gauge ? OTM_METRIC_GAUGE : OTM_METRIC_SUM, r->name,
        g->without_unit ? "" : text_of(instrument, "unit"), text_of(instrument, "description"));
    metric->monotonic = strcmp(kind, "counter") == 0;
    for (size_t i = 0; i < r->series_count; i++) {
        if (histogram) {
            prom_tree_histogram(tree, r->bounds, r->counts[i], r->bound_count, r->sums[i], r->attrs[i],
                                r->attr_counts[i]);
        } else if (strcmp(text_of(instrument, "number"), "int") == 0) {
            prom_tree_i64(tree, (int64_t)r->sums[i], r->attrs[i], r->attr_counts[i]);
        } else {
            prom_tree_f64(tree, r->sums[i], r->attrs[i], r->attr_counts[i]);
        }
    }
}

static void build_tree(prom_tree *tree, const json_t *test_case, const golden *g)
{
    static otm_attr resource[MOST_ATTRS];
    static otm_attr fizz;
    fizz = otm_attr_string("fizz", "buzz");
    resource[0] = otm_attr_string("service.name", "prometheus_test");
    resource[1] = otm_attr_string("telemetry.sdk.language", "go");
    resource[2] = otm_attr_string("telemetry.sdk.name", "opentelemetry");
    resource[3] = otm_attr_string("telemetry.sdk.version", "latest");
    prom_tree_init(tree);
    tree->resource.attributes = resource;
    tree->resource.attribute_count = 4;
    const char *meter = "";
    size_t index;
    json_t *instrument;
    json_array_foreach(json_object_get(test_case, "instruments"), index, instrument) {
        if (strcmp(meter, text_of(instrument, "meter")) != 0) {
            meter = text_of(instrument, "meter");
            otm_scope_metrics *scope = prom_tree_scope(tree, meter, "v0.1.0");
            scope->attributes = &fizz;
            scope->attribute_count = strcmp(meter, "testmeter") == 0;
        }
        add_instrument(tree, &instruments[index], test_case, instrument, g);
    }
}

static otmi_prom_settings settings_of(const json_t *test_case)
{
    static const char *const all[] = {"*"};
    const char *strategy = text_of(test_case, "strategy");
    otmi_prom_settings settings = {
        .translation = strcmp(strategy, "UnderscoreEscapingWithSuffixes") == 0
                           ? OTM_PROMETHEUS_UNDERSCORE_ESCAPING_WITH_SUFFIXES
                           : OTM_PROMETHEUS_NO_UTF8_ESCAPING_WITH_SUFFIXES,
        .omit_scope_info = !flag_of(test_case, "scope_info", true),
        .omit_target_info = !flag_of(test_case, "target_info", true),
        .has_constant_labels = json_object_get(test_case, "resource_constant_labels") != NULL,
        .included_keys = all,
        .included_key_count = 1,
    };
    return settings;
}

static const json_t *find_case(const json_t *cases, const char *file)
{
    size_t index;
    json_t *test_case;
    json_array_foreach(cases, index, test_case) {
        if (strcmp(text_of(test_case, "file"), file) == 0) {
            return test_case;
        }
    }
    return NULL;
}

static bool meets(const json_t *cases, const golden *g)
{
    static prom_tree tree;
    static prom_exposition want;
    static prom_exposition got;
    prom_written written;
    char name[128];
    const json_t *test_case = find_case(cases, g->file);
    if (test_case == NULL) {
        return false;
    }
    build_tree(&tree, test_case, g);
    otmi_prom_settings settings = settings_of(test_case);
    bool utf8 = strcmp(text_of(test_case, "accept_escaping"), "allow-utf-8") == 0;
    prom_write(&written, NULL, &tree.data, &settings, utf8 ? OTMI_PROM_ALLOW_UTF8 : OTMI_PROM_UNDERSCORES);
    snprintf(name, sizeof name, "prom/go-exporter/%s", g->fallback != NULL ? g->fallback : g->file);
    char *text = suite_text(name, g->file);
    bool ok = written.status == OTM_OK && text != NULL;
    ok = ok && prom_exposition_read(&want, text);
    ok = ok && prom_exposition_read(&got, written.text.data);
    ok = ok && prom_exposition_same(&want, &got);
    if (!ok) {
        print_error("%s: %s%s\n%s\n", g->file, want.error, got.error, written.text.data);
    }
    prom_exposition_free(&want);
    prom_exposition_free(&got);
    prom_written_fini(&written);
    free(text);
    return ok;
}

/* PROM-EXP-01, PROM-EXP-03, PROM-EXP-08, PROM-EXP-09, PROM-EXP-10, PROM-EXP-11, PROM-META-01, PROM-META-02,
 * PROM-META-03, PROM-META-05, PROM-META-06, PROM-META-07, PROM-META-08, PROM-META-09, PROM-PT-01, PROM-PT-02,
 * PROM-PT-05 */
static void golden_texts_of_a_peer_are_met_in_meaning(void **state)
{
    (void)state;
    char *text = suite_text("prom/go-exporter/cases.json", __func__);
    if (text == NULL) {
        skip();
    }
    json_t *cases = json_loads(text, 0, NULL);
    assert_non_null(cases);
    size_t missed = 0;
    for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
        missed += !meets(cases, &goldens[i]);
    }
    json_decref(cases);
    free(text);
    assert_int_equal(missed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_texts_of_a_peer_are_met_in_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
