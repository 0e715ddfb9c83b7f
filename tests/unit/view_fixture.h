/* What the view tests share: an instrument, a meter, a reader with its defaults, and what views make of them. */
#ifndef OTM_TEST_VIEW_FIXTURE_H
#define OTM_TEST_VIEW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/view.h"
#include "support/diag_recorder.h"
#include "support/failing_alloc.h"

typedef struct view_fixture {
    failing_alloc fa;
    diag_recorder recorder;
    otmi_diag *diag;
    otmi_scope_id scope;             /* m 1.2 https://example.com/1 */
    otmi_instrument_desc instrument; /* counter of integers req.count, unit kB, description own */
    otmi_reader_config reader;       /* cumulative, limit 2000, default aggregations */
    otmi_view_set *set;
    otmi_stream_list streams;
} view_fixture;

/* For cmocka_unit_test_setup_teardown(); teardown asserts that all memory came back. */
int view_fixture_setup(void **state);
int view_fixture_teardown(void **state);

/* Makes the set of these views and resolves the instrument into f->streams. */
void view_fixture_resolve(view_fixture *f, const otm_view *views, size_t count, otm_view_matching matching);

/* The second half of it: f->set may be NULL. */
void view_fixture_resolve_set(view_fixture *f);

/* Resolves f->set again, once for each of its allocations that may fail. */
void view_fixture_assert_resolving_survives_failing_allocations(const view_fixture *f);

/* The only stream; fails if there is not exactly one. */
const otmi_stream *view_fixture_only_stream(const view_fixture *f);

/* Asserts the streams' names, in any order. */
void view_fixture_assert_names(const view_fixture *f, const char *const *names, size_t count);
#define ASSERT_STREAMS(f, ...)                               \
    view_fixture_assert_names(f, (const char *const[]){__VA_ARGS__}, \
                              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

bool view_fixture_keeps(const otmi_stream *stream, const char *key);

/* A view with everything unset. */
otm_view view_for(const char *instrument_name);

#endif
