/* The exported twins of the inline calls, as dlsym(), ctypes and cgo find them: through the shared library's file. */
#include <dlfcn.h>

#include "fake_sdk.h"
#include "test_main.h"

static void *library;

static int open_library(void **state)
{
    (void)state;
    library = dlopen(OTM_API_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    return library == NULL;
}

/* ISO C has no conversion from void * to a function pointer; POSIX promises that the bytes are the same. */
#define FIND(pointer, name)                         \
    do {                                            \
        void *symbol = dlsym(library, name);        \
        assert_non_null(symbol);                    \
        memcpy(&(pointer), &symbol, sizeof symbol); \
    } while (0)

static void twins_record_through_a_handle_of_any_implementation(void **state)
{
    (void)state;
    otm_meter *(*get_meter)(otm_meter_provider *, const char *, const otm_meter_options *);
    otm_status (*create)(otm_meter *, const char *, const otm_instrument_options *, otm_counter_i64 **);
    void (*add)(otm_counter_i64 *, int64_t, const otm_attr *, size_t);
    bool (*enabled)(const otm_counter_i64 *);
    otm_status (*bind)(otm_counter_i64 *, const otm_attr *, size_t, const otm_bind_options *, otm_bound_counter_i64 **);
    void (*bound_add)(otm_bound_counter_i64 *, int64_t);
    void (*release_bound)(otm_bound_counter_i64 *);
    void (*release_counter)(otm_counter_i64 *);
    void (*release_meter)(otm_meter *);
    otm_attr (*attr_string)(const char *, const char *);
    FIND(get_meter, "otm_meter_provider_get_meter");
    FIND(create, "otm_meter_create_counter_i64");
    FIND(add, "otm_counter_i64_add");
    FIND(enabled, "otm_counter_i64_enabled");
    FIND(bind, "otm_counter_i64_bind");
    FIND(bound_add, "otm_bound_counter_i64_add");
    FIND(release_bound, "otm_bound_counter_i64_release");
    FIND(release_counter, "otm_counter_i64_release");
    FIND(release_meter, "otm_meter_release");
    FIND(attr_string, "otm_attr_string");
    fake_sdk sdk;
    fake_sdk_init(&sdk);
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_meter *meter = get_meter(&sdk.provider, "m", NULL);
    assert_int_equal(create(meter, "c", NULL, &counter), OTM_OK);
    otm_attr attr = attr_string("k", "v");
    assert_true(enabled(counter));
    add(counter, 2, &attr, 1);
    assert_int_equal(bind(counter, &attr, 1, NULL, &bound), OTM_OK);
    bound_add(bound, 3);
    assert_int_equal(sdk.total, 5);
    release_bound(bound);
    release_counter(counter);
    release_meter(meter);
    assert_int_equal(sdk.live, 0);
    fake_sdk_fini(&sdk);
}

static void twins_of_other_headers_are_exported_too(void **state)
{
    (void)state;
    const char *names[] = {"otm_value_map",           "otm_context_init",  "otm_instrument_options_init",
                           "otm_series_value_init",   "otm_observe_f64",   "otm_bound_gauge_f64_record_ctx",
                           "otm_instrument_enabled",  "otm_meter_retain",  "otm_callback_unregister",
                           "otm_observable_behind",   "otm_version",       "otm_noop_callback_handle",
                           "otm_meter_options_init",  "otm_bind_options_init"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (dlsym(library, names[i]) == NULL) {
            fail_msg("%s is not exported", names[i]);
        }
    }
}

static void internals_are_hidden(void **state)
{
    (void)state;
    assert_null(dlsym(library, "otmi_proxy_release"));
    assert_null(dlsym(library, "otmi_options_read"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twins_record_through_a_handle_of_any_implementation),
        cmocka_unit_test(twins_of_other_headers_are_exported_too),
        cmocka_unit_test(internals_are_hidden),
    };
    return cmocka_run_group_tests(tests, open_library, NULL);
}
