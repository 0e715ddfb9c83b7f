/* OTM_RECORD: attributes that are made only if the measurement goes anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <otm/sdk.h>

static int made;
static int asked;

static otm_attr make_attr(const char *key, const char *text)
{
    made++;
    return otm_attr_string(key, text);
}

static int64_t worked_out(int64_t value)
{
    made++;
    return value;
}

static otm_counter_i64 *ask_for(otm_counter_i64 *counter)
{
    asked++;
    return counter;
}

typedef struct fixture {
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_meter *meter;
    otm_counter_i64 *counter;
} fixture;

static void set_up(fixture *f)
{
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    assert_int_equal(otm_manual_reader_create(NULL, &f->reader), OTM_OK);
    options.readers = &f->reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, &f->provider), OTM_OK);
    f->meter = otm_meter_provider_get_meter(f->provider, "record", NULL);
    assert_int_equal(otm_meter_create_counter_i64(f->meter, "counter", NULL, &f->counter), OTM_OK);
}

static void tear_down(fixture *f)
{
    otm_counter_i64_release(f->counter);
    otm_meter_release(f->meter);
    otm_meter_provider_release(f->provider);
    otm_reader_release(f->reader);
}

/* API-EN-03: nothing costly is done for what goes nowhere. */
static void nothing_is_made_where_nobody_listens(void **state)
{
    otm_counter_i64 *counter;
    (void)state;
    made = 0;
    otm_meter *meter = otm_meter_provider_get_meter(otm_default_meter_provider(), "nobody", NULL);
    assert_int_equal(otm_meter_create_counter_i64(meter, "counter", NULL, &counter), OTM_OK);
    OTM_RECORD(otm_counter_i64_add, counter, worked_out(1), make_attr("a", "b"), make_attr("c", "d"));
    OTM_RECORD(otm_counter_i64_add, (otm_counter_i64 *)NULL, worked_out(1), make_attr("a", "b"));
    assert_int_equal(made, 0);
    otm_counter_i64_release(counter);
    otm_meter_release(meter);
}

static void nothing_is_made_after_shutdown(void **state)
{
    fixture f;
    (void)state;
    set_up(&f);
    assert_int_equal(otm_meter_provider_shutdown(f.provider, 1000), OTM_OK);
    made = 0;
    OTM_RECORD(otm_counter_i64_add, f.counter, worked_out(1), make_attr("a", "b"));
    assert_int_equal(made, 0);
    tear_down(&f);
}

static bool is_off(const otm_instrument *self)
{
    (void)self;
    return false;
}

/* As the default provider's instruments can be, whose own state says only that somebody stands behind them. */
static void nothing_is_made_where_the_instrument_says_that_it_is_off(void **state)
{
    const otm_instrument_ops ops = {.size = sizeof ops, .enabled = is_off};
    otm_instrument off = {.ops = &ops, .state = 1};
    (void)state;
    made = 0;
    OTM_RECORD(otm_counter_i64_add, (otm_counter_i64 *)&off, worked_out(1), make_attr("a", "b"));
    assert_int_equal(made, 0);
}

/* In a branch without braces, as any statement. */
static void all_is_made_once_and_counted(void **state)
{
    fixture f;
    otm_histogram_f64 *histogram;
    otm_bound_counter_i64 *bound;
    otm_series_value value;
    (void)state;
    set_up(&f);
    made = 0;
    asked = 0;
    if (f.counter != NULL)
        OTM_RECORD(otm_counter_i64_add, ask_for(f.counter), worked_out(5), make_attr("a", "b"), make_attr("c", "d"));
    else
        fail();
    assert_int_equal(made, 3);
    assert_int_equal(asked, 2);
    otm_attr attrs[] = {otm_attr_string("c", "d"), otm_attr_string("a", "b")};
    assert_int_equal(otm_counter_i64_bind(f.counter, attrs, 2, NULL, &bound), OTM_OK);
    otm_series_value_init(&value);
    assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_OK);
    assert_int_equal(value.i64, 5);
    assert_int_equal(otm_meter_create_histogram_f64(f.meter, "histogram", NULL, &histogram), OTM_OK);
    OTM_RECORD(otm_histogram_f64_record, histogram, 0.5, make_attr("a", "b"));
    assert_int_equal(made, 4);
    otm_histogram_f64_release(histogram);
    otm_bound_counter_i64_release(bound);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_made_where_nobody_listens),
        cmocka_unit_test(nothing_is_made_after_shutdown),
        cmocka_unit_test(nothing_is_made_where_the_instrument_says_that_it_is_off),
        cmocka_unit_test(all_is_made_once_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
