/* Protobuf from its end to its start: bytes, growth, the maximum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_alloc.h"
#include "util/alloc.h"
#include "util/pb_writer.h"

#define LONG_TEXT 5000

static char long_text[LONG_TEXT];

static void assert_bytes(const otmi_pb_writer *writer, const uint8_t *expected, size_t size)
{
    assert_int_equal(writer->status, OTM_OK);
    assert_int_equal(writer->size, size);
    assert_memory_equal(otmi_pb_data(writer), expected, size);
}

#define ASSERT_BYTES(writer, ...) \
    assert_bytes((writer), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void pb_writer_fields_give_these_bytes(void **state)
{
    (void)state;
    otmi_pb_writer w;
    otmi_pb_init(&w, otmi_allocator_default(), SIZE_MAX);
    otmi_pb_f64(&w, 4, 1);
    size_t start = w.size;
    otmi_pb_varint(&w, 2, 300);
    otmi_pb_sized(&w, 1, "ab", 2);
    otmi_pb_close(&w, 3, start);
    otmi_pb_fixed64(&w, 2, UINT64_C(0x0102030405060708));
    assert_int_equal(otmi_pb_finish(&w), OTM_OK);
    ASSERT_BYTES(&w, 0x11, 8, 7, 6, 5, 4, 3, 2, 1, 0x1A, 7, 0x0A, 2, 'a', 'b', 0x10, 0xAC, 0x02, 0x21, 0, 0, 0, 0, 0, 0,
                 0xF0, 0x3F);
    otmi_pb_fini(&w);
}

static void pb_writer_numbers_at_the_edges_of_their_length_give_these_bytes(void **state)
{
    (void)state;
    otmi_pb_writer w;
    otmi_pb_init(&w, otmi_allocator_default(), SIZE_MAX);
    otmi_pb_varint(&w, 1, 0x7F);
    otmi_pb_varint(&w, 1, 0x80);
    otmi_pb_varint(&w, 1, 0x3FFF);
    otmi_pb_varint(&w, 1, 0x4000);
    otmi_pb_varint(&w, 1, UINT64_MAX);
    ASSERT_BYTES(&w, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 8, 0x80, 0x80, 1, 8, 0xFF, 0x7F, 8,
                 0x80, 1, 8, 0x7F);
    otmi_pb_fini(&w);
    assert_int_equal(otmi_pb_zigzag(0), 0);
    assert_int_equal(otmi_pb_zigzag(-1), 1);
    assert_int_equal(otmi_pb_zigzag(1), 2);
    assert_int_equal(otmi_pb_zigzag(INT32_MAX), UINT32_MAX - 1);
    assert_int_equal(otmi_pb_zigzag(INT32_MIN), UINT32_MAX);
}

static void pb_writer_texts_of_every_length_are_whole(void **state)
{
    (void)state;
    otmi_pb_writer w;
    otmi_pb_init(&w, otmi_allocator_default(), SIZE_MAX);
    for (size_t size = 0; size <= 100; size++) {
        otmi_pb_reset(&w);
        otmi_pb_sized(&w, 1, long_text, size);
        assert_int_equal(w.size, size + 2);
        assert_int_equal(otmi_pb_data(&w)[1], size);
        assert_int_equal(memcmp(otmi_pb_data(&w) + 2, long_text, size), 0);
    }
    otmi_pb_fini(&w);
}

static void pb_writer_fields_without_presence_are_left_out_at_zero(void **state)
{
    (void)state;
    otmi_pb_writer w;
    otmi_pb_init(&w, otmi_allocator_default(), SIZE_MAX);
    otmi_pb_varint_unless_0(&w, 1, 0);
    otmi_pb_fixed64_unless_0(&w, 1, 0);
    otmi_pb_f64_unless_0(&w, 1, 0);
    otmi_pb_sized_unless_empty(&w, 1, "", 0);
    otmi_pb_sized_unless_empty(&w, 1, NULL, 3);
    assert_int_equal(w.size, 0);
    assert_null(otmi_pb_data(&w));
    otmi_pb_sized(&w, 1, NULL, 3); /* with presence: there, and empty */
    ASSERT_BYTES(&w, 0x0A, 0);
    otmi_pb_fini(&w);
}

/* The tag and two bytes of length are what the text has around it. */
static void pb_writer_at_the_maximum_succeeds_and_past_it_is_empty(void **state)
{
    (void)state;
    otmi_pb_writer w;
    for (size_t below = 0; below < LONG_TEXT + 3; below += below < 200 ? 1 : 97) {
        otmi_pb_init(&w, otmi_allocator_default(), LONG_TEXT + 3 - below);
        otmi_pb_sized(&w, 1, long_text, LONG_TEXT);
        assert_int_equal(otmi_pb_finish(&w), below == 0 ? OTM_OK : OTM_ERR_LIMIT);
        assert_int_equal(w.size, below == 0 ? LONG_TEXT + 3 : 0);
        assert_true(w.capacity <= w.maximum + OTMI_PB_SLACK);
        otmi_pb_fini(&w);
    }
}

/* Whatever room is asked for beyond what is written must not be taken for a message too long. */
static void pb_writer_of_short_fields_reaches_the_maximum(void **state)
{
    (void)state;
    otmi_pb_writer w;
    for (size_t maximum = 0; maximum < 700; maximum++) {
        otmi_pb_init(&w, otmi_allocator_default(), maximum);
        for (size_t i = 0; i < maximum / 2; i++) {
            otmi_pb_varint(&w, 1, 1);
        }
        assert_int_equal(otmi_pb_finish(&w), OTM_OK);
        otmi_pb_varint(&w, 1, 1);
        assert_int_equal(otmi_pb_finish(&w), OTM_ERR_LIMIT);
        otmi_pb_fini(&w);
    }
}

static void fill(otmi_pb_writer *w)
{
    for (size_t i = 0; i < 300; i++) {
        otmi_pb_sized(w, 1, long_text, i);
    }
}

static void pb_writer_keeps_its_memory_for_the_next_message(void **state)
{
    (void)state;
    otmi_pb_writer w;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otmi_pb_init(&w, &fa.base, SIZE_MAX);
    fill(&w);
    size_t size = w.size;
    uint64_t calls = fa.requests;
    otmi_pb_reset(&w);
    fill(&w);
    assert_int_equal(w.size, size);
    assert_int_equal(fa.requests, calls);
    otmi_pb_fini(&w);
    assert_int_equal(fa.live, 0);
}

static void pb_writer_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        otmi_pb_writer w;
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_pb_init(&w, &fa.base, SIZE_MAX);
        fill(&w);
        st = otmi_pb_finish(&w);
        assert_int_equal(st, failing_alloc_failed(&fa) ? OTM_ERR_NO_MEMORY : OTM_OK);
        if (st != OTM_OK) {
            assert_int_equal(w.size, 0);
            otmi_pb_reset(&w); /* only that message was lost */
            otmi_pb_varint(&w, 1, 1);
            assert_int_equal(otmi_pb_finish(&w), OTM_OK);
        }
        otmi_pb_fini(&w);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pb_writer_fields_give_these_bytes),
        cmocka_unit_test(pb_writer_numbers_at_the_edges_of_their_length_give_these_bytes),
        cmocka_unit_test(pb_writer_texts_of_every_length_are_whole),
        cmocka_unit_test(pb_writer_fields_without_presence_are_left_out_at_zero),
        cmocka_unit_test(pb_writer_at_the_maximum_succeeds_and_past_it_is_empty),
        cmocka_unit_test(pb_writer_of_short_fields_reaches_the_maximum),
        cmocka_unit_test(pb_writer_keeps_its_memory_for_the_next_message),
        cmocka_unit_test(pb_writer_survives_failure_of_each_allocation),
    };
    for (size_t i = 0; i < LONG_TEXT; i++) {
        long_text[i] = (char)('a' + i % 26);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
