/* What the series of one metric share, and what they must not: label names, labels, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "prom_escape.h"
#include "prom_tree.h"
#include "prom_written.h"

static const otmi_prom_settings no_scope = {.omit_scope_info = true};

static prom_tree tree;
static prom_written written;

static int set_up(void **state)
{
    (void)state;
    prom_tree_init(&tree);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    prom_written_fini(&written);
    return 0;
}

static void assert_text(const otmi_prom_settings *settings, const char *want)
{
    prom_write(&written, NULL, &tree.data, settings, OTMI_PROM_UNDERSCORES);
    assert_int_equal(written.status, OTM_OK);
    assert_string_equal(written.text.data, want);
}

/* A producer's metric; a second line of the same labels would cost the whole scrape. */
static void series_given_twice_are_shown_once(void **state)
{
    const otm_attr attrs[] = {otm_attr_string("c", "x")};
    (void)state;
    prom_tree_counter(&tree, "n");
    prom_tree_i64(&tree, 1, attrs, 1);
    prom_tree_i64(&tree, 2, attrs, 1);
    assert_text(&no_scope, "# TYPE n_total counter\nn_total{c=\"x\"} 1\n");
}

/* -- Label names ------------------------------------------------------------------------------------------------- */

static void labels_of_series_with_other_keys_are_their_own(void **state)
{
    const otm_attr first[] = {otm_attr_string("a.b", "1"), otm_attr_string("c", "x")};
    const otm_attr second[] = {otm_attr_string("a.b", "2"), otm_attr_string("d", "x")};
    const otm_attr third[] = {otm_attr_string("a.b", "3"), otm_attr_string("d", "y\"z")};
    const otm_attr shorter[] = {otm_attr_string("a.b", "4")};
    (void)state;
    prom_tree_counter(&tree, "n");
    prom_tree_i64(&tree, 1, first, 2);
    prom_tree_i64(&tree, 2, second, 2);
    prom_tree_i64(&tree, 3, third, 2);
    prom_tree_i64(&tree, 4, shorter, 1);
    prom_tree_i64(&tree, 5, NULL, 0);
    assert_text(&no_scope, "# TYPE n_total counter\n"
                           "n_total{a_b=\"1\",c=\"x\"} 1\n"
                           "n_total{a_b=\"2\",d=\"x\"} 2\n"
                           "n_total{a_b=\"3\",d=\"y\\\"z\"} 3\n"
                           "n_total{a_b=\"4\"} 4\n"
                           "n_total 5\n");
}

static void labels_of_series_in_no_order_follow_their_keys(void **state)
{
    const otm_attr first[] = {otm_attr_string("z", "1"), otm_attr_string("a", "2"), otm_attr_string("m", "3")};
    const otm_attr second[] = {otm_attr_string("z", "4"), otm_attr_string("a", "5"), otm_attr_string("m", "6")};
    (void)state;
    prom_tree_counter(&tree, "n");
    prom_tree_i64(&tree, 1, first, 3);
    prom_tree_i64(&tree, 2, second, 3);
    assert_text(&no_scope, "# TYPE n_total counter\n"
                           "n_total{a=\"2\",m=\"3\",z=\"1\"} 1\n"
                           "n_total{a=\"5\",m=\"6\",z=\"4\"} 2\n");
}

static void labels_of_colliding_keys_join_values_in_every_series(void **state)
{
    const otm_attr first[] = {otm_attr_string("a.b", "1"), otm_attr_string("a_b", "2"), otm_attr_string("c", "3")};
    const otm_attr second[] = {otm_attr_string("a.b", "4\n"), otm_attr_string("a_b", "5"), otm_attr_string("c", "6")};
    (void)state;
    prom_tree_counter(&tree, "n");
    prom_tree_i64(&tree, 1, first, 3);
    prom_tree_i64(&tree, 2, second, 3);
    assert_text(&no_scope, "# TYPE n_total counter\n"
                           "n_total{a_b=\"1;2\",c=\"3\"} 1\n"
                           "n_total{a_b=\"4\\n;5\",c=\"6\"} 2\n");
}

/* The first key list was changed, the second is what it was changed to. */
static void series_of_one_metric_that_become_equal_are_there_once(void **state)
{
    const otm_attr dot = otm_attr_string("a.b", "1");
    const otm_attr underscore = otm_attr_string("a_b", "1");
    (void)state;
    prom_tree_counter(&tree, "n");
    prom_tree_i64(&tree, 1, &dot, 1);
    prom_tree_i64(&tree, 2, &underscore, 1);
    assert_text(&no_scope, "# TYPE n_total counter\nn_total{a_b=\"1\"} 1\n");
    assert_non_null(prom_written_note(&written, OTMI_PROM_SERIES_REPEATED));
}

static void series_that_differ_in_what_is_lost_are_there_once(void **state)
{
    const otm_attr first[] = {otm_attr_string("**", "x"), otm_attr_string("a", "1")};
    const otm_attr second[] = {otm_attr_string("**", "y"), otm_attr_string("a", "1")};
    (void)state;
    prom_tree_counter(&tree, "n");
    prom_tree_i64(&tree, 1, first, 2);
    prom_tree_i64(&tree, 2, second, 2);
    assert_text(&no_scope, "# TYPE n_total counter\nn_total{a=\"1\"} 1\n");
}

/* -- Bounds ------------------------------------------------------------------------------------------------------ */

/* PROM-PT-05 */
static void buckets_of_series_with_other_bounds_are_their_own(void **state)
{
    static const double low[] = {1, 2};
    static const double same_as_low[] = {1, 2};
    static const double high[] = {1, 3};
    static const uint64_t counts[] = {1, 1, 1};
    const otm_attr attrs[] = {otm_attr_string("k", "a"), otm_attr_string("k", "b"), otm_attr_string("k", "c")};
    const double *const bounds[] = {low, same_as_low, high};
    (void)state;
    prom_tree_scope(&tree, "shop", "");
    prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "", "");
    for (size_t i = 0; i < 3; i++) {
        prom_tree_histogram(&tree, bounds[i], counts, 2, 4, &attrs[i], 1);
    }
    prom_write(&written, NULL, &tree.data, NULL, OTMI_PROM_UNDERSCORES);
    assert_int_equal(written.status, OTM_OK);
    const char *text = written.text.data;
#define SCOPE "otel_scope_name=\"shop\",otel_scope_version=\"\",otel_scope_schema_url=\"\"} "
    assert_non_null(strstr(text, "h_bucket{k=\"a\",le=\"2\"," SCOPE "2\nh_bucket{k=\"a\",le=\"+Inf\"," SCOPE "3\n"));
    assert_non_null(strstr(text, "h_bucket{k=\"b\",le=\"2\"," SCOPE "2\nh_bucket{k=\"b\",le=\"+Inf\"," SCOPE "3\n"));
    assert_non_null(strstr(text, "h_bucket{k=\"c\",le=\"3\"," SCOPE "2\nh_bucket{k=\"c\",le=\"+Inf\"," SCOPE "3\n"));
    assert_null(strstr(text, "h_bucket{k=\"c\",le=\"2\""));
}

static void buckets_of_scopes_with_the_same_bounds_have_their_own_scope(void **state)
{
    static const double bounds[] = {1};
    static const uint64_t counts[] = {1, 1};
    (void)state;
    for (const char *scope = "ab"; *scope != '\0'; scope++) {
        prom_tree_scope(&tree, *scope == 'a' ? "a" : "b", "");
        prom_tree_metric(&tree, OTM_METRIC_HISTOGRAM, "h", "", "");
        prom_tree_histogram(&tree, bounds, counts, 1, 4, NULL, 0);
    }
    prom_write(&written, NULL, &tree.data, NULL, OTMI_PROM_UNDERSCORES);
    assert_int_equal(written.status, OTM_OK);
    assert_non_null(strstr(written.text.data, "h_bucket{le=\"1\",otel_scope_name=\"a\","));
    assert_non_null(strstr(written.text.data, "h_bucket{le=\"1\",otel_scope_name=\"b\","));
}

/* -- Values ------------------------------------------------------------------------------------------------------ */

/* The scan looks at eight bytes at a time. */
static void plain_text_has_nothing_to_escape_or_repair_wherever_it_stands(void **state)
{
    static const char faults[] = {'"', '\\', '\n', '\0', '\t', '\x1F', '\x80', '\xC3', '\xFF'};
    char text[40];
    (void)state;
    for (size_t size = 0; size <= sizeof text; size++) {
        for (int c = ' '; c <= '~'; c++) {
            memset(text, c, size);
            assert_int_equal(otmi_prom_is_plain(text, size), size == 0 || (c != '"' && c != '\\'));
        }
        for (size_t at = 0; at < size; at++) {
            for (size_t i = 0; i < sizeof faults; i++) {
                memset(text, "~ !#[]"[at % 6], size);
                text[at] = faults[i];
                assert_false(otmi_prom_is_plain(text, size));
            }
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(series_given_twice_are_shown_once),
        TEST(labels_of_series_with_other_keys_are_their_own),
        TEST(labels_of_series_in_no_order_follow_their_keys),
        TEST(labels_of_colliding_keys_join_values_in_every_series),
        TEST(series_of_one_metric_that_become_equal_are_there_once),
        TEST(series_that_differ_in_what_is_lost_are_there_once),
        TEST(buckets_of_series_with_other_bounds_are_their_own),
        TEST(buckets_of_scopes_with_the_same_bounds_have_their_own_scope),
        cmocka_unit_test(plain_text_has_nothing_to_escape_or_repair_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
