/* Lowering the scale of one side of an exponential histogram, against the table of the outside suites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "metrics/exponential_cell.h"
#include "support/suite_csv.h"

static int64_t integer(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

/* For free(); room for the table's longest side. */
static uint64_t *counts_of(const json_t *object, size_t *size)
{
    const json_t *counts = json_object_get(object, "counts");
    *size = json_array_size(counts);
    uint64_t *out = calloc(*size + 1, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < *size; i++) {
        out[i] = (uint64_t)json_integer_value(json_array_get(counts, i));
    }
    return out;
}

/* By bucket index: what is beside the window counts as empty. */
static uint64_t at(const uint64_t *counts, size_t size, int64_t offset, int64_t index)
{
    return index >= offset && index < offset + (int64_t)size ? counts[index - offset] : 0;
}

static void check_row(const json_t *row)
{
    size_t size;
    size_t wanted_size;
    const json_t *want = json_object_get(row, "want");
    uint64_t *counts = counts_of(row, &size);
    uint64_t *wanted = counts_of(want, &wanted_size);
    int64_t wanted_offset = integer(want, "offset");
    otmi_exponential_side side = {
        .counts = counts, .range = {.low = (int32_t)integer(row, "offset"), .size = (uint32_t)size}};
    otmi_exponential_side_lower(&side, (uint32_t)integer(row, "by"));
    assert_true(side.range.size <= size);
    int64_t first = side.range.low < wanted_offset ? side.range.low : wanted_offset;
    int64_t last = first + (int64_t)(size + wanted_size);
    for (int64_t i = first; i <= last; i++) {
        assert_int_equal(at(side.counts, side.range.size, side.range.low, i),
                         at(wanted, wanted_size, wanted_offset, i));
    }
    free(counts);
    free(wanted);
}

/* SDK-EXPH-09 */
static void side_lowered_agrees_with_the_downscale_suite(void **state)
{
    (void)state;
    char *text = suite_text("sdk/exphist_downscale.json", "side_lowered_agrees_with_the_downscale_suite");
    if (text == NULL) {
        skip();
    }
    json_t *rows = json_loads(text, 0, NULL);
    free(text);
    assert_true(json_array_size(rows) > 0);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        check_row(json_array_get(rows, i));
    }
    (void)printf("%zu rows\n", json_array_size(rows));
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(side_lowered_agrees_with_the_downscale_suite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
