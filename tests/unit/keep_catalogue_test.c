/* The Keep catalogue against our own list of what it must hold, and against the catalogue it was made from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/keep.h>

/* Kinds: C counter, G gauge, O observable gauge, H histogram. */
static const struct {
    const char *name;
    char kind;
    const char *unit;
    const char *bucket_set;
} expected[] = {
    {"wallet_dispatcher_active_actions", 'G', "{wallet}", ""},
    {"wallet_dispatcher_rejected_total", 'C', "{action}", ""},
    {"wallet_actions_total", 'C', "{action}", ""},
    {"wallet_action_success_total", 'C', "{action}", ""},
    {"wallet_action_failed_total", 'C', "{action}", ""},
    {"wallet_action_duration_seconds", 'H', "s", "B-action"},
    {"dkg_joined_total", 'C', "{member}", ""},
    {"dkg_failed_total", 'C', "{member}", ""},
    {"dkg_duration_seconds", 'H', "s", "B-dkg"},
    {"dkg_validation_total", 'C', "{validation}", ""},
    {"dkg_challenges_submitted_total", 'C', "{challenge}", ""},
    {"dkg_approvals_submitted_total", 'C', "{approval}", ""},
    {"peer_connections_total", 'C', "{connection}", ""},
    {"peer_disconnections_total", 'C', "{connection}", ""},
    {"message_broadcast_total", 'C', "{message}", ""},
    {"message_received_total", 'C', "{message}", ""},
    {"ping_test_total", 'C', "{test}", ""},
    {"ping_test_success_total", 'C', "{test}", ""},
    {"ping_test_failed_total", 'C', "{test}", ""},
    {"incoming_message_queue_size", 'O', "{message}", ""},
    {"message_handler_queue_size", 'O', "{message}", ""},
    {"signing_operations_total", 'C', "{operation}", ""},
    {"signing_success_total", 'C', "{operation}", ""},
    {"signing_failed_total", 'C', "{operation}", ""},
    {"signing_duration_seconds", 'H', "s", "B-sign"},
    {"signing_timeouts_total", 'C', "{operation}", ""},
    {"coordination_windows_detected_total", 'C', "{window}", ""},
    {"coordination_procedures_executed_total", 'C', "{procedure}", ""},
    {"coordination_failed_total", 'C', "{procedure}", ""},
    {"coordination_duration_seconds", 'H', "s", "B-coord"},
    {"relay_entry_generation_total", 'C', "{entry}", ""},
    {"relay_entry_success_total", 'C', "{entry}", ""},
    {"relay_entry_failed_total", 'C', "{entry}", ""},
    {"relay_entry_duration_seconds", 'H', "s", "B-relay"},
    {"relay_entry_timeout_reported_total", 'C', "{report}", ""},
    {"coordination_leader_timeout_total", 'C', "{procedure}", ""},
};

#define EXPECTED_COUNT (sizeof expected / sizeof expected[0])

static otm_keep_metric_info describe(size_t metric)
{
    otm_keep_metric_info info;
    otm_keep_metric_info_init(&info);
    assert_int_equal(otm_keep_metric_describe((otm_keep_metric)metric, &info), OTM_OK);
    return info;
}

static uint32_t kind_of_letter(char letter)
{
    switch (letter) {
    case 'C':
        return OTM_COUNTER;
    case 'G':
        return OTM_GAUGE;
    case 'H':
        return OTM_HISTOGRAM;
    default:
        return OTM_OBSERVABLE_GAUGE;
    }
}

static void catalogue_holds_exactly_the_expected_metrics(void **state)
{
    (void)state;
    assert_int_equal(otm_keep_metric_count(), EXPECTED_COUNT);
    for (size_t i = 0; i < EXPECTED_COUNT; i++) {
        otm_keep_metric_info info = describe(i + 1);
        char exported[128];
        (void)snprintf(exported, sizeof exported, "performance_%s", expected[i].name);
        assert_string_equal(info.name, expected[i].name);
        assert_string_equal(info.exported_name, exported);
        assert_int_equal(info.kind, kind_of_letter(expected[i].kind));
        assert_string_equal(info.unit, expected[i].unit);
        assert_string_equal(info.bucket_set, expected[i].bucket_set);
        assert_true(info.description[0] != '\0');
    }
}

static void catalogue_shows_all_but_labelled_metrics_at_zero(void **state)
{
    (void)state;
    for (size_t metric = 1; metric <= otm_keep_metric_count(); metric++) {
        otm_keep_metric_info info = describe(metric);
        bool is_queue = metric == OTM_KEEP_INCOMING_MESSAGE_QUEUE_SIZE || metric == OTM_KEEP_MESSAGE_HANDLER_QUEUE_SIZE;
        assert_int_equal(info.visible_at_zero, !is_queue);
        assert_int_equal(info.label_count > 0, is_queue);
    }
}

static void catalogue_bounds_increase_and_hold_the_alert_limits(void **state)
{
    (void)state;
    for (size_t metric = 1; metric <= otm_keep_metric_count(); metric++) {
        otm_keep_metric_info info = describe(metric);
        bool has_limit[2] = {false, false};
        for (size_t i = 0; i < info.bucket_bound_count; i++) {
            assert_true(i == 0 || info.bucket_bounds[i] > info.bucket_bounds[i - 1]);
            has_limit[0] = has_limit[0] || info.bucket_bounds[i] == 60;
            has_limit[1] = has_limit[1] || info.bucket_bounds[i] == 300;
        }
        assert_int_equal(info.bucket_bound_count > 0, info.kind == OTM_HISTOGRAM);
        assert_true(info.kind != OTM_HISTOGRAM || (has_limit[0] && has_limit[1]));
    }
}

static void check_bounds(otm_keep_metric metric, const double *bounds, size_t count)
{
    otm_keep_metric_info info = describe(metric);
    assert_int_equal(info.bucket_bound_count, count);
    assert_memory_equal(info.bucket_bounds, bounds, count * sizeof *bounds);
}

#define CHECK_BOUNDS(metric, ...) \
    check_bounds(metric, (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void catalogue_bucket_sets_are_those_of_the_design(void **state)
{
    (void)state;
    CHECK_BOUNDS(OTM_KEEP_DKG_DURATION_SECONDS, 10, 30, 60, 120, 180, 240, 300, 420, 600, 900, 1200, 1800, 2400, 2700,
                 3600, 7200);
    CHECK_BOUNDS(OTM_KEEP_SIGNING_DURATION_SECONDS, 1, 5, 10, 30, 60, 90, 120, 180, 240, 300, 420, 500, 600, 900, 1200,
                 1800, 2500, 3600);
    CHECK_BOUNDS(OTM_KEEP_WALLET_ACTION_DURATION_SECONDS, 10, 30, 60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400,
                 7200, 7800, 10800, 14400, 21600);
    CHECK_BOUNDS(OTM_KEEP_COORDINATION_DURATION_SECONDS, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180, 300, 600, 960,
                 1200);
    CHECK_BOUNDS(OTM_KEEP_RELAY_ENTRY_DURATION_SECONDS, 1, 5, 12, 24, 36, 60, 120, 180, 300, 420, 600, 768, 900, 1800,
                 3600, 15360);
}

static void catalogue_finds_each_name_and_no_other(void **state)
{
    (void)state;
    for (size_t metric = 1; metric <= otm_keep_metric_count(); metric++) {
        assert_int_equal(otm_keep_metric_find(describe(metric).name), metric);
    }
    assert_int_equal(otm_keep_metric_find(NULL), OTM_KEEP_NONE);
    assert_int_equal(otm_keep_metric_find(""), OTM_KEEP_NONE);
    assert_int_equal(otm_keep_metric_find("dkg_joined"), OTM_KEEP_NONE);
    assert_int_equal(otm_keep_metric_find("DKG_JOINED_TOTAL"), OTM_KEEP_NONE);
    assert_int_equal(otm_keep_metric_find("performance_dkg_joined_total"), OTM_KEEP_NONE);
}

static void catalogue_refuses_to_describe_what_it_lacks(void **state)
{
    (void)state;
    otm_keep_metric_info info;
    otm_keep_metric_info_init(&info);
    assert_int_equal(otm_keep_metric_describe(OTM_KEEP_NONE, &info), OTM_ERR_NOT_FOUND);
    assert_int_equal(otm_keep_metric_describe((otm_keep_metric)37, &info), OTM_ERR_NOT_FOUND);
    assert_int_equal(otm_keep_metric_describe(OTM_KEEP_DKG_JOINED_TOTAL, NULL), OTM_ERR_INVALID_ARGUMENT);
    info.struct_size = 0;
    assert_int_equal(otm_keep_metric_describe(OTM_KEEP_DKG_JOINED_TOTAL, &info), OTM_ERR_INVALID_ARGUMENT);
}

/* -- Against the outside catalogue --------------------------------------------------------------------------------- */

/* The fields of a line, in place; there are no quotes in this file. */
static size_t split(char *line, char **fields, size_t capacity)
{
    line[strcspn(line, "\r\n")] = '\0';
    size_t count = 0;
    for (char *field; count < capacity && (field = strsep(&line, ",")) != NULL;) {
        fields[count++] = field;
    }
    return count;
}

static const char *kind_word(uint32_t kind)
{
    return kind == OTM_COUNTER ? "counter" : kind == OTM_GAUGE ? "gauge" : kind == OTM_HISTOGRAM ? "histogram"
                                                                                             : "observable_gauge";
}

static void check_row(char **fields)
{
    otm_keep_metric metric = otm_keep_metric_find(fields[0]);
    if (metric == OTM_KEEP_NONE) {
        fail_msg("%s is missing", fields[0]);
    }
    otm_keep_metric_info info = describe(metric);
    char labels[64] = "";
    for (size_t i = 0; i < info.label_count; i++) {
        (void)snprintf(labels + strlen(labels), sizeof labels - strlen(labels), "%s%s", i == 0 ? "" : ";",
                       info.labels[i]);
    }
    assert_string_equal(info.exported_name, fields[1]);
    assert_string_equal(kind_word(info.kind), fields[2]);
    assert_string_equal(info.unit, fields[3]);
    assert_string_equal(labels, fields[4]);
    assert_string_equal(info.bucket_set, fields[5]);
}

static void catalogue_agrees_with_the_seed_rows_of_the_outside_file(void **state)
{
    (void)state;
    const char *folder = getenv("OTM_SHARED_DIR");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/keep/keep-metrics.csv", folder == NULL ? "." : folder);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        print_message("SKIP catalogue_agrees_with_the_seed_rows_of_the_outside_file: %s is not there\n", path);
        skip();
    }
    size_t rows = 0;
    for (char line[512]; fgets(line, sizeof line, file) != NULL;) {
        char *fields[9];
        if (split(line, fields, 9) == 9 &&
            (strcmp(fields[7], "seed") == 0 || strcmp(fields[0], "coordination_leader_timeout_total") == 0)) {
            check_row(fields);
            rows++;
        }
    }
    (void)fclose(file);
    assert_int_equal(rows, EXPECTED_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(catalogue_holds_exactly_the_expected_metrics),
        cmocka_unit_test(catalogue_shows_all_but_labelled_metrics_at_zero),
        cmocka_unit_test(catalogue_bounds_increase_and_hold_the_alert_limits),
        cmocka_unit_test(catalogue_bucket_sets_are_those_of_the_design),
        cmocka_unit_test(catalogue_finds_each_name_and_no_other),
        cmocka_unit_test(catalogue_refuses_to_describe_what_it_lacks),
        cmocka_unit_test(catalogue_agrees_with_the_seed_rows_of_the_outside_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
