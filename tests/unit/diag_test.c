#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diag_recorder.h"
#include "failing_alloc.h"
#include "fake_clock.h"
#include "util/diag.h"

typedef struct fixture {
    fake_clock clock;
    diag_recorder heard;
    otmi_diag *diag;
} fixture;

static const otmi_diag_origin origin = {.component = "view", .meter = "m", .instrument = "i"};

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    fake_clock_init(&f->clock);
    diag_recorder_init(&f->heard);
    f->heard.options.unthrottled = 0;
    f->heard.options.minimum_level = 0;
    f->diag = otmi_diag_create(NULL, &f->heard.options, &f->clock.base);
    *state = f;
    return f->diag != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    otmi_diag_destroy(f->diag);
    diag_recorder_fini(&f->heard);
    free(f);
    return 0;
}

/* ERR-05, ERR-06 */
static void diag_tells_where_what_and_why(void **state)
{
    fixture *f = *state;
    otmi_diag_report(f->diag, OTM_ERROR, OTM_ERR_LIMIT, &origin, "%d of %s", 3, "four");
    diag_record heard = diag_recorder_at(&f->heard, 0);
    assert_int_equal(heard.level, OTM_ERROR);
    assert_int_equal(heard.status, OTM_ERR_LIMIT);
    assert_string_equal(heard.component, "view");
    assert_string_equal(heard.meter, "m");
    assert_string_equal(heard.instrument, "i");
    assert_string_equal(heard.text, "3 of four");
}

static void diag_without_origin_has_empty_names(void **state)
{
    fixture *f = *state;
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, NULL, "text");
    assert_string_equal(diag_recorder_at(&f->heard, 0).component, "");
    assert_int_equal(diag_recorder_count(&f->heard), 1);
}

/* ERR-06 */
static void diag_below_the_default_level_is_silent(void **state)
{
    fixture *f = *state;
    otmi_diag_report(f->diag, OTM_INFO, OTM_OK, &origin, "text");
    assert_int_equal(diag_recorder_count(&f->heard), 0);
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "text");
    assert_int_equal(diag_recorder_count(&f->heard), 1);
}

static void diag_repeats_come_once_a_minute_and_are_counted(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 5; i++) {
        otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "number %d", i);
    }
    assert_int_equal(diag_recorder_count(&f->heard), 1);
    fake_clock_advance_ms(&f->clock, 59999);
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "number %d", 5);
    assert_int_equal(diag_recorder_count(&f->heard), 1);
    fake_clock_advance_ms(&f->clock, 1);
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "number %d", 6);
    assert_int_equal(diag_recorder_count(&f->heard), 2);
    assert_string_equal(diag_recorder_at(&f->heard, 1).text, "number 6");
    assert_int_equal(diag_recorder_at(&f->heard, 1).suppressed, 5);
}

static void diag_that_differs_in_instrument_level_or_format_is_no_repeat(void **state)
{
    fixture *f = *state;
    otmi_diag_origin other = origin;
    other.instrument = "j";
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "text");
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &other, "text");
    otmi_diag_report(f->diag, OTM_ERROR, OTM_OK, &origin, "text");
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "text2");
    assert_int_equal(diag_recorder_count(&f->heard), 4);
}

static void diag_throttle_forgets_the_oldest_of_more_than_it_can_hold(void **state)
{
    fixture *f = *state;
    for (int i = 0; i < 200; i++) {
        char name[2] = {(char)(i % 250 + 1), '\0'};
        otmi_diag_origin from = {.instrument = name};
        otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &from, "text");
        fake_clock_advance_ms(&f->clock, 1);
    }
    assert_int_equal(diag_recorder_count(&f->heard), 200);
    otmi_diag_origin last = {.instrument = (const char[]){(char)200, '\0'}};
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &last, "text"); /* still known */
    assert_int_equal(diag_recorder_count(&f->heard), 200);
}

static void diag_unthrottled_reports_every_repeat(void **state)
{
    fixture *f = *state;
    f->heard.options.unthrottled = 1;
    otmi_diag *diag = otmi_diag_create(NULL, &f->heard.options, &f->clock.base);
    for (int i = 0; i < 3; i++) {
        otmi_diag_report(diag, OTM_WARN, OTM_OK, &origin, "text");
    }
    assert_int_equal(diag_recorder_count(&f->heard), 3);
    otmi_diag_destroy(diag);
}

static void diag_longer_than_the_buffer_is_cut(void **state)
{
    fixture *f = *state;
    char text[5000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "%s", text);
    assert_int_equal(strlen(diag_recorder_at(&f->heard, 0).text), 1023);
}

static void diag_preserves_errno(void **state)
{
    fixture *f = *state;
    errno = EAGAIN;
    otmi_diag_report(f->diag, OTM_WARN, OTM_OK, &origin, "text");
    assert_int_equal(errno, EAGAIN);
}

typedef struct nested {
    otmi_diag *diag;
    int depth;
    int calls;
    bool was_inside;
} nested;

static void report_again(const otm_diagnostic *diagnostic, void *user_data)
{
    nested *n = user_data;
    (void)diagnostic;
    n->calls++;
    n->was_inside = otmi_diag_inside_handler();
    if (n->depth++ < 3) {
        otmi_diag_report(n->diag, OTM_WARN, OTM_OK, &origin, "from inside");
    }
    errno = ENOENT;
}

static void diag_from_inside_the_handler_is_dropped_and_counted(void **state)
{
    (void)state;
    nested n = {0};
    otm_diagnostics_options options;
    otm_diagnostics_options_init(&options);
    options.handler = report_again;
    options.user_data = &n;
    options.unthrottled = 1;
    n.diag = otmi_diag_create(NULL, &options, NULL);
    assert_false(otmi_diag_inside_handler());
    errno = 0;
    otmi_diag_report(n.diag, OTM_WARN, OTM_OK, &origin, "outside");
    assert_int_equal(errno, 0);
    assert_int_equal(n.calls, 1);
    assert_true(n.was_inside);
    assert_false(otmi_diag_inside_handler());
    otmi_diag_destroy(n.diag);
}

/* ERR-06 */
static void diag_of_nobody_is_silent(void **state)
{
    (void)state;
    otmi_diag *diag = otmi_diag_create(NULL, NULL, NULL);
    assert_non_null(diag);
    otmi_diag_report(diag, OTM_ERROR, OTM_OK, &origin, "text");
    otmi_diag_report(NULL, OTM_ERROR, OTM_OK, &origin, "text");
    otmi_diag_destroy(diag);
    otmi_diag_destroy(NULL);
}

/* A program compiled against an earlier header: the sanitizer sees a read past its struct. */
static void diag_reads_no_more_options_than_the_caller_has(void **state)
{
    fixture *f = *state;
    size_t size = offsetof(otm_diagnostics_options, minimum_level);
    void *old = malloc(size);
    f->heard.options.struct_size = size;
    memcpy(old, &f->heard.options, size);
    otmi_diag *diag = otmi_diag_create(NULL, old, NULL);
    otmi_diag_report(diag, OTM_WARN, OTM_OK, &origin, "text");
    assert_int_equal(diag_recorder_count(&f->heard), 1);
    otmi_diag_destroy(diag);
    free(old);
}

static void diag_create_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otmi_diag *diag = NULL;
    for (uint64_t n = 1; diag == NULL; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        diag = otmi_diag_create(&fa.base, NULL, NULL);
        otmi_diag_destroy(diag);
        assert_int_equal(fa.live, 0);
    }
}

#define diag_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        diag_test(diag_tells_where_what_and_why),
        diag_test(diag_without_origin_has_empty_names),
        diag_test(diag_below_the_default_level_is_silent),
        diag_test(diag_repeats_come_once_a_minute_and_are_counted),
        diag_test(diag_that_differs_in_instrument_level_or_format_is_no_repeat),
        diag_test(diag_throttle_forgets_the_oldest_of_more_than_it_can_hold),
        diag_test(diag_unthrottled_reports_every_repeat),
        diag_test(diag_longer_than_the_buffer_is_cut),
        diag_test(diag_preserves_errno),
        cmocka_unit_test(diag_from_inside_the_handler_is_dropped_and_counted),
        cmocka_unit_test(diag_of_nobody_is_silent),
        diag_test(diag_reads_no_more_options_than_the_caller_has),
        cmocka_unit_test(diag_create_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
