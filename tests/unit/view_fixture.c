#include "view_fixture.h"

#include <stdlib.h>

otm_view view_for(const char *instrument_name)
{
    otm_view view;
    otm_view_init(&view);
    view.selector.instrument_name = instrument_name;
    return view;
}

int view_fixture_setup(void **state)
{
    view_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    failing_alloc_init(&f->fa, 0);
    diag_recorder_init(&f->recorder);
    f->diag = otmi_diag_create(NULL, &f->recorder.options, NULL);
    assert_non_null(f->diag);
    f->scope = (otmi_scope_id){"m", "1.2", "https://example.com/1"};
    f->instrument = (otmi_instrument_desc){
        .kind = OTM_COUNTER, .number = OTM_NUMBER_I64, .name = "req.count", .unit = "kB", .description = "own"};
    for (size_t k = 0; k < OTM_INSTRUMENT_KIND_COUNT; k++) {
        f->reader.temporality[k] = OTM_CUMULATIVE;
        f->reader.cardinality_limit[k] = 2000;
    }
    *state = f;
    return 0;
}

static void forget(view_fixture *f)
{
    otmi_stream_list_fini(&f->streams);
    otmi_view_set_destroy(f->set);
    f->set = NULL;
}

int view_fixture_teardown(void **state)
{
    view_fixture *f = *state;
    forget(f);
    assert_int_equal(f->fa.live, 0);
    otmi_diag_destroy(f->diag);
    diag_recorder_fini(&f->recorder);
    free(f);
    return 0;
}

void view_fixture_resolve_set(view_fixture *f)
{
    otmi_stream_list_fini(&f->streams);
    assert_int_equal(
        otmi_view_set_resolve(f->set, &f->fa.base, &f->scope, &f->instrument, &f->reader, f->diag, &f->streams),
        OTM_OK);
}

void view_fixture_resolve(view_fixture *f, const otm_view *views, size_t count, otm_view_matching matching)
{
    forget(f);
    assert_int_equal(
        otmi_view_set_create(&f->fa.base, views, count, sizeof *views, matching, f->diag, &f->set), OTM_OK);
    view_fixture_resolve_set(f);
}

const otmi_stream *view_fixture_only_stream(const view_fixture *f)
{
    assert_int_equal(f->streams.count, 1);
    return &f->streams.items[0];
}

void view_fixture_assert_names(const view_fixture *f, const char *const *names, size_t count)
{
    assert_int_equal(f->streams.count, count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < count && !found; k++) {
            found = strcmp(f->streams.items[k].name, names[i]) == 0;
        }
        if (!found) {
            fail_msg("no stream is named %s", names[i]);
        }
    }
}

bool view_fixture_keeps(const otmi_stream *stream, const char *key)
{
    return otmi_key_filter_keeps(stream->filter, key, strlen(key));
}

void view_fixture_assert_resolving_survives_failing_allocations(const view_fixture *f)
{
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_stream_list list;
        st = otmi_view_set_resolve(f->set, &fa.base, &f->scope, &f->instrument, &f->reader, NULL, &list);
        assert_true(st == OTM_OK || (st == OTM_ERR_NO_MEMORY && list.count == 0));
        otmi_stream_list_fini(&list);
        assert_int_equal(fa.live, 0);
    }
}
