/* What may not change once released: layouts that are compiled into callers, and how structs of callers older and newer
 * than the library are read. */
#include <stdlib.h>

#include <otm/sdk.h>

#include "fake_sdk.h"
#include "test_main.h"

#if UINTPTR_MAX == UINT64_MAX

/* Pinned for ever: arrays of them are indexed by callers. */
_Static_assert(sizeof(otm_value) == 16, "otm_value");
_Static_assert(offsetof(otm_value, size) == 4 && offsetof(otm_value, as) == 8, "otm_value");
_Static_assert(sizeof(otm_attr) == 32, "otm_attr");
_Static_assert(offsetof(otm_attr, key_size) == 8 && offsetof(otm_attr, value) == 16, "otm_attr");

/* The two words at the head of every handle, read by inline calls. */
#define HANDLE(type)                                                                          \
    _Static_assert(offsetof(type, ops) == 0 && offsetof(type, state) == 8, #type " prefix"); \
    _Static_assert(sizeof(type) == 16, #type " prefix")
HANDLE(otm_meter_provider);
HANDLE(otm_meter);
HANDLE(otm_instrument);
HANDLE(otm_bound);
HANDLE(otm_observable);
HANDLE(otm_callback_handle);
HANDLE(otm_observer);

/* Tables only grow. Sizes of release 0.1: these may become smaller-or-equal tests of a larger table, never larger. */
#define TABLE(type, entries) _Static_assert(sizeof(type) >= 8 + (entries) * sizeof(void (*)(void)), #type)
TABLE(otm_meter_provider_ops, 3);
TABLE(otm_meter_ops, 5);
TABLE(otm_instrument_ops, 9);
TABLE(otm_bound_ops, 10);
TABLE(otm_observable_ops, 3);
TABLE(otm_callback_handle_ops, 1);
TABLE(otm_observer_ops, 2);
_Static_assert(offsetof(otm_instrument_ops, record_i64) == 8, "inline calls use it");
_Static_assert(offsetof(otm_instrument_ops, record_f64) == 16, "inline calls use it");
_Static_assert(offsetof(otm_instrument_ops, bind) == 40, "inline calls use it");
_Static_assert(offsetof(otm_instrument_ops, release) == 64, "inline calls use it");
_Static_assert(offsetof(otm_bound_ops, record_i64) == 8, "inline calls use it");
_Static_assert(offsetof(otm_bound_ops, add_from_signal_i64) == 40, "inline calls use it");
_Static_assert(offsetof(otm_bound_ops, peek) == 56, "inline calls use it");
_Static_assert(offsetof(otm_bound_ops, release) == 80, "inline calls use it");

/* Options begin with their size and only grow; these are the sizes that callers of 0.1 allocate. */
_Static_assert(sizeof(otm_instrument_options) >= 80, "otm_instrument_options");
_Static_assert(sizeof(otm_bind_options) >= 16, "otm_bind_options");
_Static_assert(sizeof(otm_meter_options) >= 40, "otm_meter_options");
_Static_assert(sizeof(otm_context) >= 56, "otm_context");
_Static_assert(sizeof(otm_series_value) >= 48, "otm_series_value");

#endif

static void has_op_tells_a_table_that_is_too_short(void **state)
{
    /* API-COMPAT-01 */
    (void)state;
    otm_bound_ops ops = {.size = offsetof(otm_bound_ops, peek)};
    otm_bound bound = {.ops = &ops};
    assert_true(OTM_HAS_OP(&bound, otm_bound_ops, add_from_signal_f64));
    assert_false(OTM_HAS_OP(&bound, otm_bound_ops, peek));
    assert_true(OTM_HAS_OP(otm_noop_bound(), otm_bound_ops, release));
}

/* Allocates exactly what an older caller would, so that the address sanitizer sees a read past its end. */
static void options_of_an_older_caller_are_read_up_to_their_size(void **state)
{
    /* API-COMPAT-01 */
    (void)state;
    fake_sdk sdk;
    fake_sdk_init(&sdk);
    const size_t old_size = offsetof(otm_instrument_options, description);
    otm_instrument_options *old = malloc(old_size);
    assert_non_null(old);
    memcpy(old, &old_size, sizeof old_size);
    const char *unit = "By";
    memcpy((char *)old + offsetof(otm_instrument_options, unit), &unit, sizeof unit);
    otm_counter_i64 *counter;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", old, &counter), OTM_OK);
    free(old);
    assert_int_equal(otm_set_default_meter_provider(&sdk.provider), OTM_OK);
    assert_string_equal(sdk.log, "meter m\ninstrument m/c kind 0 number 0 unit By bounds 0 keys 0\n");
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    fake_sdk_fini(&sdk);
}

static void options_of_a_newer_caller_are_taken_unless_they_use_what_is_unknown(void **state)
{
    /* API-COMPAT-01 */
    (void)state;
    struct {
        otm_instrument_options known;
        uint64_t unknown;
    } newer;
    memset(&newer, 0, sizeof newer);
    newer.known.struct_size = sizeof newer;
    otm_counter_i64 *counter;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "m", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", &newer.known, &counter), OTM_OK);
    otm_counter_i64_release(counter);
    newer.unknown = 1;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", &newer.known, &counter), OTM_ERR_INVALID_ARGUMENT);
    otm_meter_release(meter);
}

static void init_functions_set_the_size_and_leave_the_rest_zero(void **state)
{
    (void)state;
    otm_view view;
    otm_reader_options reader;
    otm_meter_provider_options provider;
    otm_view_init(&view);
    otm_reader_options_init(&reader);
    otm_meter_provider_options_init(&provider);
    assert_int_equal(view.struct_size, sizeof view);
    assert_int_equal(reader.struct_size, sizeof reader);
    assert_int_equal(provider.struct_size, sizeof provider);
    assert_int_equal(provider.view_stride, sizeof(otm_view));
    assert_int_equal(provider.diagnostics.struct_size, sizeof(otm_diagnostics_options));
    assert_null(view.selector.instrument_name);
    assert_int_equal(reader.default_cardinality_limit, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_op_tells_a_table_that_is_too_short),
        cmocka_unit_test(options_of_an_older_caller_are_read_up_to_their_size),
        cmocka_unit_test(options_of_a_newer_caller_are_taken_unless_they_use_what_is_unknown),
        cmocka_unit_test(init_functions_set_the_size_and_leave_the_rest_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
