/* A bound handle knows its series: recording on it looks nothing up. Functions that do are wrapped by the linker. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <otm/sdk.h>

#include "metrics/storage.h"

static int lookups;

otmi_series *__real_otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span);
otmi_series *__wrap_otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span);

otmi_series *__wrap_otmi_series_map_find(const otmi_series_map *map, uint64_t hash, const otmi_attr_span *span)
{
    lookups++;
    return __real_otmi_series_map_find(map, hash, span);
}

/* Unbound recordings look up in there, mostly without a call. */
void __real_otmi_storage_record(otmi_storage *storage, otmi_number value, const otm_attr *attrs, size_t attr_count,
                                const otm_context *context);
void __wrap_otmi_storage_record(otmi_storage *storage, otmi_number value, const otm_attr *attrs, size_t attr_count,
                                const otm_context *context);

void __wrap_otmi_storage_record(otmi_storage *storage, otmi_number value, const otm_attr *attrs, size_t attr_count,
                                const otm_context *context)
{
    lookups++;
    __real_otmi_storage_record(storage, value, attrs, attr_count, context);
}

static otm_meter *meter_with_a_reader(otm_reader **reader, otm_meter_provider **provider)
{
    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    assert_int_equal(otm_manual_reader_create(NULL, reader), OTM_OK);
    options.readers = reader;
    options.reader_count = 1;
    assert_int_equal(otm_meter_provider_create(&options, provider), OTM_OK);
    return otm_meter_provider_get_meter(*provider, "lookups", NULL);
}

/* SDK-BIND-05 */
static void bound_recordings_look_nothing_up(void **state)
{
    (void)state;
    otm_reader *reader;
    otm_meter_provider *provider;
    otm_counter_i64 *counter;
    otm_histogram_f64 *histogram;
    otm_bound_counter_i64 *bound;
    otm_bound_histogram_f64 *bound_histogram;
    otm_attr attr = otm_attr_i64("k", 1);
    otm_meter *meter = meter_with_a_reader(&reader, &provider);
    assert_int_equal(otm_meter_create_counter_i64(meter, "c", NULL, &counter), OTM_OK);
    assert_int_equal(otm_meter_create_histogram_f64(meter, "h", NULL, &histogram), OTM_OK);
    assert_int_equal(otm_counter_i64_bind(counter, &attr, 1, NULL, &bound), OTM_OK);
    assert_int_equal(otm_histogram_f64_bind(histogram, &attr, 1, NULL, &bound_histogram), OTM_OK);
    lookups = 0;
    for (int i = 0; i < 100; i++) {
        otm_bound_counter_i64_add(bound, 1);
        otm_bound_histogram_f64_record(bound_histogram, 1.5);
    }
    assert_int_equal(lookups, 0);
    for (int i = 0; i < 100; i++) {
        otm_counter_i64_add(counter, 1, &attr, 1);
    }
    assert_true(lookups >= 100); /* the wrappers see those that there are */
    otm_series_value value;
    otm_series_value_init(&value);
    assert_int_equal(otm_bound_counter_i64_peek(bound, &value), OTM_OK);
    assert_int_equal(value.i64, 200);
    otm_bound_counter_i64_release(bound);
    otm_bound_histogram_f64_release(bound_histogram);
    otm_counter_i64_release(counter);
    otm_histogram_f64_release(histogram);
    otm_meter_release(meter);
    otm_meter_provider_release(provider);
    otm_reader_release(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound_recordings_look_nothing_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
