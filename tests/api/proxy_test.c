#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxy_fixture.h"

static void never(otm_observer *observer, void *user_data)
{
    (void)observer, (void)user_data;
    fail_msg("a callback ran that should not");
}

static void proxy_instrument_does_nothing_before_an_sdk_is_installed_and_counts_afterwards(void **state)
{
    /* API-PROV-01, API-EN-01 */
    (void)state;
    otm_meter *meter = get_meter("shop");
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "orders", NULL, &counter), OTM_OK);
    assert_false(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 5, NULL, 0);
    install();
    assert_true(otm_counter_i64_enabled(counter));
    otm_attr attr = otm_attr_string("country", "nz");
    otm_counter_i64_add(counter, 2, &attr, 1);
    otm_counter_i64_add_ctx(counter, 1, NULL, 0, NULL);
    assert_int_equal(sdk.total, 3);
    assert_int_equal(otm_counter_i64_remove(counter, &attr, 1), OTM_OK);
    assert_string_equal(sdk.log, "meter shop\ninstrument shop/orders kind 0 number 0 unit - bounds 0 keys 0\n"
                                 "record orders 2 with 1\nrecord orders 1 with 0\nremove orders with 1\n");
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void proxies_are_created_in_the_sdk_in_the_order_they_were_made(void **state)
{
    (void)state;
    otm_meter *a = get_meter("a");
    otm_histogram_f64 *histogram;
    otm_gauge_i64 *gauge;
    otm_up_down_counter_f64 *up_down;
    otm_bound_gauge_i64 *bound;
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    const double bounds[] = {1, 2, 3};
    const char *keys[] = {"k"};
    options.unit = "s";
    options.bucket_boundaries = bounds;
    options.bucket_boundary_count = 3;
    options.has_bucket_boundaries = true;
    options.attribute_keys = keys;
    options.attribute_key_count = 1;
    assert_int_equal(otm_meter_create_histogram_f64(a, "h", &options, &histogram), OTM_OK);
    otm_meter *b = get_meter("b");
    assert_int_equal(otm_meter_create_gauge_i64(b, "g", NULL, &gauge), OTM_OK);
    otm_attr attr = otm_attr_string("queue", "q1");
    otm_bind_options bind;
    otm_bind_options_init(&bind);
    bind.visible_from_start = true;
    assert_int_equal(otm_gauge_i64_bind(gauge, &attr, 1, &bind, &bound), OTM_OK);
    assert_int_equal(otm_meter_create_up_down_counter_f64(a, "u", NULL, &up_down), OTM_OK);
    install();
    assert_string_equal(sdk.log, "meter a\ninstrument a/h kind 2 number 1 unit s bounds 3 keys 1\n"
                                 "meter b\ninstrument b/g kind 3 number 0 unit - bounds 0 keys 0\n"
                                 "bind g queue=q1 visible\n"
                                 "instrument a/u kind 1 number 1 unit - bounds 0 keys 0\n");
    fake_sdk_forget(&sdk);
    otm_histogram_f64_record(histogram, 4, NULL, 0);
    otm_up_down_counter_f64_add(up_down, -3, NULL, 0);
    otm_bound_gauge_i64_record(bound, 7);
    assert_string_equal(sdk.log, "record h 4 with 0\nrecord u -3 with 0\nbound g 7\n");
    otm_bound_gauge_i64_release(bound);
    otm_histogram_f64_release(histogram);
    otm_gauge_i64_release(gauge);
    otm_up_down_counter_f64_release(up_down);
    otm_meter_release(a);
    otm_meter_release(b);
}

static void proxy_bound_handle_comes_alive_and_passes_everything_on(void **state)
{
    /* API-BIND-01, API-BIND-02 */
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_series_value value;
    otm_series_value_init(&value);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &bound), OTM_OK);
    otm_bound_counter_i64_add(bound, 100);
    assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_ERR_NOT_FOUND);
    assert_int_equal(otm_bound_counter_i64_rebind(bound), OTM_OK);
    install();
    otm_bound_counter_i64_add(bound, 1);
    otm_bound_counter_i64_add_ctx(bound, 1, NULL);
    otm_bound_counter_i64_add_from_signal(bound, 1);
    assert_int_equal(sdk.total, 3);
    assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_OK);
    assert_int_equal(value.i64, 42);
    assert_int_equal(otm_bound_counter_i64_rebind(bound), OTM_ERR_LIMIT);
    otm_counter_i64_release(counter); /* the handle holds what it needs */
    otm_meter_release(meter);
    otm_bound_counter_i64_add(bound, 1);
    assert_int_equal(sdk.total, 4);
    otm_bound_counter_i64_release(bound);
}

static void proxy_answers_enabled_by_what_the_real_instrument_says_now(void **state)
{
    /* API-EN-01, API-EN-03 */
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_histogram_i64 *histogram;
    assert_int_equal(otm_meter_create_histogram_i64(meter, "h", NULL, &histogram), OTM_OK);
    sdk.instrument_state = 0; /* as a disabled meter, or a view that drops it */
    install();
    assert_false(otm_histogram_i64_enabled(histogram));
    otm_histogram_i64_record(histogram, 1, NULL, 0);
    assert_int_equal(sdk.total, 0);
    otm_histogram_i64_release(histogram);
    otm_meter_release(meter);
}

static void proxy_meters_of_equal_scopes_are_one_and_of_different_scopes_are_not(void **state)
{
    /* API-PROV-06 */
    (void)state;
    otm_meter_options options, other;
    otm_meter_options_init(&options);
    otm_meter_options_init(&other);
    otm_attr some[] = {otm_attr_string("a", "1"), otm_attr_f64("b", 2)};
    otm_attr same[] = {otm_attr_f64("b", 2), otm_attr_bool("a", true), otm_attr_string("a", "1")};
    options.version = other.version = "1";
    options.attributes = some;
    options.attribute_count = 2;
    other.attributes = same; /* in another order, and with a value that a later one replaces */
    other.attribute_count = 3;
    otm_meter_provider *provider = otm_default_meter_provider();
    otm_meter *a = otm_meter_provider_get_meter(provider, "m", &options);
    otm_meter *b = otm_meter_provider_get_meter(provider, "m", &other);
    assert_ptr_equal(a, b);
    otm_meter *meters[5];
    meters[0] = otm_meter_provider_get_meter(provider, "M", &options);
    other.version = "2";
    meters[1] = otm_meter_provider_get_meter(provider, "m", &other);
    other.version = "1";
    other.schema_url = "s";
    meters[2] = otm_meter_provider_get_meter(provider, "m", &other);
    other.schema_url = "";
    other.attribute_count = 2; /* "a" is true now */
    meters[3] = otm_meter_provider_get_meter(provider, "m", &other);
    other.attribute_count = 1;
    meters[4] = otm_meter_provider_get_meter(provider, "m", &other);
    for (size_t i = 0; i < 5; i++) {
        assert_ptr_not_equal(meters[i], a);
        for (size_t j = 0; j < i; j++) {
            assert_ptr_not_equal(meters[i], meters[j]);
        }
    }
    for (size_t i = 0; i < 5; i++) {
        otm_meter_release(meters[i]);
    }
    otm_meter_release(a);
    otm_meter_release(b);
}

/* Strings and arrays may be gone before the SDK comes; the sanitizers see a read of the old ones. */
static void proxy_copies_everything_it_was_given(void **state)
{
    /* API-INST-01, API-INST-07, API-INST-08 */
    (void)state;
    char *name = strdup("name"), *unit = strdup("unit"), *key = strdup("key"), *text = strdup("text");
    otm_value *inner = calloc(2, sizeof *inner);
    otm_attr *member = calloc(1, sizeof *member);
    otm_attr *attrs = calloc(3, sizeof *attrs);
    assert_true(name && unit && key && text && inner && member && attrs);
    inner[0] = otm_value_string(text);
    inner[1] = otm_value_bytes((const uint8_t *)text, 2);
    member[0] = otm_attr_value(key, otm_value_array(inner, 2));
    attrs[0] = otm_attr_string(key, text);
    attrs[1] = otm_attr_value("map", otm_value_map(member, 1));
    attrs[2] = otm_attr_value("null", otm_value_string_sized(NULL, 9));
    otm_meter_options options;
    otm_meter_options_init(&options);
    options.version = unit;
    options.attributes = attrs;
    options.attribute_count = 3;
    otm_instrument_options creation;
    otm_instrument_options_init(&creation);
    creation.unit = unit;
    creation.description = text;
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), name, &options);
    assert_int_equal(otm_meter_create_counter_i64(meter, name, &creation, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, attrs, 2, NULL, &bound), OTM_OK);
    free(name);
    free(unit);
    free(key);
    free(text);
    free(inner);
    free(member);
    free(attrs);
    install();
    assert_string_equal(sdk.log, "meter name version unit key=text map:7 null=\n"
                                 "instrument name/name kind 0 number 0 unit unit bounds 0 keys 0\n"
                                 "bind name key=text map:7\n");
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void proxy_passes_a_null_name_on_for_the_sdk_to_report(void **state)
{
    /* API-INST-05 */
    (void)state;
    otm_meter *meter = get_meter(NULL);
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, NULL, NULL, &counter), OTM_OK);
    install();
    assert_string_equal(sdk.log, "meter (null)\n"
                                 "instrument (null)/(null) kind 0 number 0 unit - bounds 0 keys 0\n");
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void proxy_given_back_before_an_sdk_comes_is_forgotten(void **state)
{
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_callback_handle *handle;
    otm_observable *observable;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &bound), OTM_OK);
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "o", NULL, &observable), OTM_OK);
    assert_int_equal(otm_meter_register_callback(meter, never, NULL, &observable, 1, &handle), OTM_OK);
    otm_meter_release(meter);
    otm_counter_i64_release(counter);
    otm_bound_counter_i64_release(bound);
    otm_callback_unregister(handle);
    otm_observable_release(observable);
    install();
    assert_string_equal(sdk.log, "");
}

static void visible_series_of_a_proxy_shows_up_even_if_its_handle_was_given_back(void **state)
{
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_bind_options options;
    otm_bind_options_init(&options);
    options.visible_from_start = true;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, &options, &bound), OTM_OK);
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    install();
    assert_string_equal(sdk.log, "meter m\ninstrument m/c kind 0 number 0 unit - bounds 0 keys 0\nbind c visible\n");
    assert_int_equal(sdk.live, 0);
}

static void proxy_stays_with_the_provider_it_came_alive_with(void **state)
{
    (void)state;
    fake_sdk other;
    fake_sdk_init(&other);
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    install();
    assert_int_equal(otm_set_default_meter_provider(&other.provider), OTM_OK);
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(otm_set_default_meter_provider(NULL), OTM_OK);
    otm_counter_i64_add(counter, 1, NULL, 0);
    assert_int_equal(sdk.total, 2);
    assert_string_equal(other.log, "");
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    fake_sdk_fini(&other);
}

static void proxies_past_the_limit_are_noops_and_say_so(void **state)
{
    /* ERR-04 */
    (void)state;
    enum { LIMIT = 4096 };
    static otm_counter_i64 *counters[LIMIT];
    otm_meter *meter = get_meter("m");
    otm_instrument_options options;
    otm_instrument_options_init(&options);
    for (size_t i = 0; i + 1 < LIMIT; i++) { /* the meter is one of them */
        assert_int_equal(otm_meter_create_counter_i64(meter, "c", &options, &counters[i]), OTM_OK);
        assert_ptr_not_equal(counters[i], otm_noop_instrument());
    }
    otm_counter_i64 *more;
    otm_observable *observable;
    otm_bound_counter_i64 *bound;
    otm_callback_handle *handle;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &more), OTM_ERR_LIMIT);
    assert_ptr_equal(more, otm_noop_instrument());
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "o", NULL, &observable), OTM_ERR_LIMIT);
    assert_ptr_equal(observable, otm_noop_observable());
    assert_int_equal(otm_counter_i64_bind(counters[0], NULL, 0, NULL, &bound), OTM_ERR_LIMIT);
    assert_ptr_equal(bound, otm_noop_bound());
    assert_int_equal(otm_meter_register_callback(meter, never, NULL, &observable, 1, &handle), OTM_ERR_LIMIT);
    assert_ptr_equal(handle, otm_noop_callback_handle());
    assert_int_equal(otm_meter_register_callback(meter, never, NULL, &observable, 1, NULL), OTM_ERR_LIMIT);
    assert_ptr_equal(get_meter("another"), otm_noop_meter());
    otm_counter_i64_release(counters[0]); /* makes room for one */
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counters[0]), OTM_OK);
    sdk.quiet = true;
    install();
    assert_int_equal(sdk.live, LIMIT);
    for (size_t i = 0; i + 1 < LIMIT; i++) {
        otm_counter_i64_add(counters[i], 1, NULL, 0);
        otm_counter_i64_release(counters[i]);
    }
    assert_int_equal(sdk.total, LIMIT - 1);
    otm_meter_release(meter);
}

static void proxy_that_cannot_be_connected_stays_a_noop_and_setting_says_so(void **state)
{
    /* ERR-04 */
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, &bound), OTM_OK);
    sdk.creation_result = OTM_ERR_NO_MEMORY;
    assert_int_equal(otm_set_default_meter_provider(&sdk.provider), OTM_ERR_NO_MEMORY);
    assert_false(otm_counter_i64_enabled(counter));
    otm_counter_i64_add(counter, 1, NULL, 0);
    otm_bound_counter_i64_add(bound, 1);
    assert_int_equal(sdk.total, 0);
    otm_bound_counter_i64_release(bound);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void proxy_refuses_malformed_arguments_with_a_noop(void **state)
{
    /* ERR-01, ERR-04 */
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    otm_bound_counter_i64 *bound;
    otm_callback_handle *handle;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_meter_create_observable_gauge_i64(meter, "c", NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    otm_instrument_options options;
    memset(&options, 0, sizeof options); /* init was forgotten */
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", &options, &counter), OTM_ERR_INVALID_ARGUMENT);
    assert_ptr_equal(counter, otm_noop_instrument());
    otm_instrument_options_init(&options);
    double bound_value = 1;
    options.bucket_boundaries = &bound_value;
    options.bucket_boundary_count = SIZE_MAX;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", &options, &counter), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 0, NULL, NULL), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_counter_i64_bind(counter, NULL, 3, NULL, &bound), OTM_ERR_INVALID_ARGUMENT);
    assert_ptr_equal(bound, otm_noop_bound());
    otm_value nested[300];
    for (size_t i = 0; i < 300; i++) {
        nested[i] = i == 0 ? otm_value_empty() : otm_value_array(&nested[i - 1], 1);
    }
    otm_attr deep = otm_attr_value("deep", nested[299]);
    assert_int_equal(otm_counter_i64_bind(counter, &deep, 1, NULL, &bound), OTM_ERR_INVALID_ARGUMENT);
    assert_int_equal(otm_meter_register_callback(meter, NULL, NULL, NULL, 0, &handle), OTM_ERR_INVALID_ARGUMENT);
    assert_ptr_equal(handle, otm_noop_callback_handle());
    assert_int_equal(otm_counter_i64_remove(counter, NULL, 0), OTM_ERR_NOT_FOUND);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static otm_meter *created_from_inside;

static void create_from_inside(void *user_data)
{
    (void)user_data;
    otm_counter_i64 *counter;
    if (created_from_inside == NULL) {
        created_from_inside = get_meter("inside");
        (void)otm_meter_create_counter_i64(created_from_inside, "inside", NULL, &counter);
        otm_counter_i64_release(counter);
        (void)otm_set_default_meter_provider(&sdk.provider);
    }
}

/* An SDK may call its diagnostic handler while an instrument is created, and that may use the API. */
static void connecting_holds_no_lock_that_the_implementation_could_want(void **state)
{
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    created_from_inside = NULL;
    sdk.on_create = create_from_inside;
    install();
    assert_non_null(created_from_inside);
    otm_meter_release(created_from_inside);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void proxy_calls_preserve_errno(void **state)
{
    (void)state;
    errno = 77;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    install();
    otm_counter_i64_add(counter, 1, NULL, 0);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
    assert_int_equal(errno, 77);
}

static void child_of_a_fork_can_use_and_install_a_default_provider(void **state)
{
    (void)state;
    otm_meter *meter = get_meter("m");
    otm_counter_i64 *counter;
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    pid_t child = fork();
    if (child == 0) {
        (void)otm_set_default_meter_provider(&sdk.provider);
        otm_counter_i64_add(counter, 1, NULL, 0);
        _exit(sdk.total == 1 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(proxy_instrument_does_nothing_before_an_sdk_is_installed_and_counts_afterwards),
        TEST(proxies_are_created_in_the_sdk_in_the_order_they_were_made),
        TEST(proxy_bound_handle_comes_alive_and_passes_everything_on),
        TEST(proxy_answers_enabled_by_what_the_real_instrument_says_now),
        TEST(proxy_meters_of_equal_scopes_are_one_and_of_different_scopes_are_not),
        TEST(proxy_copies_everything_it_was_given),
        TEST(proxy_passes_a_null_name_on_for_the_sdk_to_report),
        TEST(proxy_given_back_before_an_sdk_comes_is_forgotten),
        TEST(visible_series_of_a_proxy_shows_up_even_if_its_handle_was_given_back),
        TEST(proxy_stays_with_the_provider_it_came_alive_with),
        TEST(proxies_past_the_limit_are_noops_and_say_so),
        TEST(proxy_that_cannot_be_connected_stays_a_noop_and_setting_says_so),
        TEST(proxy_refuses_malformed_arguments_with_a_noop),
        TEST(connecting_holds_no_lock_that_the_implementation_could_want),
        TEST(proxy_calls_preserve_errno),
        TEST(child_of_a_fork_can_use_and_install_a_default_provider),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
