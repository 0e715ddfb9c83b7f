#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "util/alloc.h"
#include "util/arena.h"
#include "util/buf.h"

/* -- alloc ------------------------------------------------------------------------------------------------------- */

static void alloc_of_nothing_gives_a_block(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    void *block = otmi_alloc(&fa.base, 0);
    assert_non_null(block);
    block = otmi_resize(&fa.base, block, 0, 100);
    assert_non_null(block);
    block = otmi_resize(&fa.base, block, 100, 0);
    assert_non_null(block);
    otmi_free(&fa.base, block, 0);
    otmi_free(&fa.base, NULL, 10);
    assert_int_equal(fa.live, 0);
}

static void alloc_array_whose_size_overflows_is_null(void **state)
{
    (void)state;
    assert_null(otmi_alloc_array(NULL, SIZE_MAX / 2, 3));
    unsigned char *array = otmi_alloc_array(NULL, 3, 5);
    for (size_t i = 0; i < 15; i++) {
        assert_int_equal(array[i], 0);
    }
    otmi_free(NULL, array, 15);
}

static void alloc_text_copy_ends_in_nul(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    char *text = otmi_text_copy(&fa.base, "hello world", 5);
    assert_string_equal(text, "hello");
    otmi_free_text(&fa.base, text);
    text = otmi_text_copy(&fa.base, NULL, 0);
    assert_string_equal(text, "");
    otmi_free_text(&fa.base, text);
    otmi_free_text(&fa.base, NULL);
    assert_null(otmi_text_copy(&fa.base, "", SIZE_MAX));
    assert_int_equal(fa.live, 0);
}

static void grow_doubles_up_to_the_maximum_and_then_fails(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    void *array = NULL;
    size_t capacity = 0;
    for (size_t count = 0; count < 10; count++) {
        assert_int_equal(otmi_grow(&fa.base, &array, &capacity, count, sizeof(int), 10), OTM_OK);
        assert_true(capacity > count && capacity <= 10);
        ((int *)array)[count] = (int)count;
    }
    assert_int_equal(otmi_grow(&fa.base, &array, &capacity, 10, sizeof(int), 10), OTM_ERR_LIMIT);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(((int *)array)[i], i);
    }
    otmi_free(&fa.base, array, capacity * sizeof(int));
    assert_int_equal(fa.live, 0);
}

static void grow_without_memory_changes_nothing(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 2);
    void *array = NULL;
    size_t capacity = 0;
    assert_int_equal(otmi_grow(&fa.base, &array, &capacity, 0, 8, 100), OTM_OK);
    void *before = array;
    size_t capacity_before = capacity;
    assert_int_equal(otmi_grow(&fa.base, &array, &capacity, capacity, 8, 100), OTM_ERR_NO_MEMORY);
    assert_ptr_equal(array, before);
    assert_int_equal(capacity, capacity_before);
    otmi_free(&fa.base, array, capacity * 8);
    assert_int_equal(fa.live, 0);
}

/* -- arena ------------------------------------------------------------------------------------------------------- */

static void arena_pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otmi_arena arena;
    otmi_arena_init(&arena, &fa.base, 1 << 20);
    for (size_t round = 0; round < 2; round++) {
        unsigned char *last = NULL;
        for (size_t size = 1; size < 300; size++) {
            unsigned char *piece = otmi_arena_alloc(&arena, size);
            assert_non_null(piece);
            assert_int_equal((uintptr_t)piece % _Alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(piece[i], 0);
            }
            memset(piece, 0xff, size);
            assert_ptr_not_equal(piece, last);
            last = piece;
        }
        otmi_arena_reset(&arena);
    }
    otmi_arena_fini(&arena);
    assert_int_equal(fa.live, 0);
}

static void arena_reset_reuses_its_blocks_without_allocating(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otmi_arena arena;
    otmi_arena_init(&arena, &fa.base, 10 << 20);
    uint64_t requests_before = 0;
    for (int round = 0; round < 5; round++) {
        otmi_arena_reset(&arena);
        for (int i = 0; i < 100; i++) {
            assert_non_null(otmi_arena_alloc(&arena, 1000));
        }
        assert_non_null(otmi_arena_alloc(&arena, 2 << 20)); /* larger than any usual block */
        if (round == 0) {
            requests_before = fa.requests;
        }
    }
    assert_int_equal(fa.requests, requests_before);
    otmi_arena_fini(&arena);
    assert_int_equal(fa.live, 0);
}

/* LIB-03 */
static void arena_at_its_maximum_gives_null_and_goes_on_after_reset(void **state)
{
    (void)state;
    otmi_arena arena;
    otmi_arena_init(&arena, NULL, 10000);
    size_t got = 0;
    while (otmi_arena_alloc(&arena, 100) != NULL) {
        got++;
    }
    assert_in_range(got, 50, 100);
    assert_null(otmi_arena_alloc(&arena, SIZE_MAX));
    assert_null(otmi_arena_alloc(&arena, 10001));
    otmi_arena_reset(&arena);
    assert_non_null(otmi_arena_alloc(&arena, 100));
    otmi_arena_fini(&arena);
}

static void arena_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    bool complete = false;
    for (uint64_t n = 1; !complete; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_arena arena;
        otmi_arena_init(&arena, &fa.base, 10 << 20);
        complete = true;
        for (int i = 0; i < 50; i++) {
            complete = otmi_arena_alloc(&arena, 1000) != NULL && complete;
        }
        otmi_arena_fini(&arena);
        assert_int_equal(fa.live, 0);
    }
}

/* -- buf --------------------------------------------------------------------------------------------------------- */

static void buf_collects_texts_and_numbers(void **state)
{
    (void)state;
    failing_alloc fa;
    failing_alloc_init(&fa, 0);
    otmi_buf buf;
    otmi_buf_init(&buf, &fa.base, 1000);
    otmi_buf_text(&buf, "a=");
    otmi_buf_u64(&buf, UINT64_MAX);
    otmi_buf_byte(&buf, ' ');
    otmi_buf_i64(&buf, INT64_MIN);
    otmi_buf_byte(&buf, ' ');
    otmi_buf_u64(&buf, 0);
    otmi_buf_append(&buf, "", 0);
    assert_string_equal(otmi_buf_terminate(&buf), "a=18446744073709551615 -9223372036854775808 0");
    otmi_buf_fini(&buf);
    assert_int_equal(fa.live, 0);
}

static void buf_past_its_maximum_fails_until_reset(void **state)
{
    (void)state;
    otmi_buf buf;
    otmi_buf_init(&buf, NULL, 10);
    otmi_buf_text(&buf, "0123456789");
    assert_int_equal(buf.status, OTM_OK);
    assert_string_equal(otmi_buf_terminate(&buf), "0123456789");
    otmi_buf_byte(&buf, 'x');
    assert_int_equal(buf.status, OTM_ERR_LIMIT);
    assert_null(otmi_buf_reserve(&buf, 0));
    assert_null(otmi_buf_terminate(&buf));
    assert_int_equal(buf.size, 10);
    otmi_buf_reset(&buf);
    otmi_buf_text(&buf, "again");
    assert_string_equal(otmi_buf_terminate(&buf), "again");
    otmi_buf_fini(&buf);
}

static void buf_survives_failure_of_each_allocation(void **state)
{
    (void)state;
    otm_status st = OTM_ERR_NO_MEMORY;
    for (uint64_t n = 1; st != OTM_OK; n++) {
        failing_alloc fa;
        failing_alloc_init(&fa, n);
        otmi_buf buf;
        otmi_buf_init(&buf, &fa.base, 1 << 20);
        for (int i = 0; i < 2000; i++) {
            otmi_buf_text(&buf, "text");
        }
        otmi_buf_terminate(&buf);
        st = buf.status;
        assert_true(st == OTM_OK || st == OTM_ERR_NO_MEMORY);
        otmi_buf_fini(&buf);
        assert_int_equal(fa.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc_of_nothing_gives_a_block),
        cmocka_unit_test(alloc_array_whose_size_overflows_is_null),
        cmocka_unit_test(alloc_text_copy_ends_in_nul),
        cmocka_unit_test(grow_doubles_up_to_the_maximum_and_then_fails),
        cmocka_unit_test(grow_without_memory_changes_nothing),
        cmocka_unit_test(arena_pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(arena_reset_reuses_its_blocks_without_allocating),
        cmocka_unit_test(arena_at_its_maximum_gives_null_and_goes_on_after_reset),
        cmocka_unit_test(arena_survives_failure_of_each_allocation),
        cmocka_unit_test(buf_collects_texts_and_numbers),
        cmocka_unit_test(buf_past_its_maximum_fails_until_reset),
        cmocka_unit_test(buf_survives_failure_of_each_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
