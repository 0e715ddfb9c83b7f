#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/hash.h"

static const otmi_hash_key key = {UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210)};

static void hash_depends_on_every_byte_of_every_length(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 80; size++) {
        unsigned char bytes[80] = {0};
        uint64_t hash = otmi_hash_bytes(&key, bytes, size);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = 1;
            assert_true(otmi_hash_bytes(&key, bytes, size) != hash);
            bytes[i] = 0;
        }
        assert_true(otmi_hash_bytes(&key, bytes, size) == hash);
        assert_true(otmi_hash_bytes(&key, bytes, size - 1) != hash);
    }
}

static void hash_depends_on_both_words_of_the_key(void **state)
{
    (void)state;
    const otmi_hash_key first = {key.k0 + 1, key.k1};
    const otmi_hash_key second = {key.k0, key.k1 + 1};
    for (size_t size = 1; size < 40; size++) {
        const char *text = "some text that is longer than 40 characters";
        uint64_t hash = otmi_hash_bytes(&key, text, size);
        assert_true(otmi_hash_bytes(&first, text, size) != hash);
        assert_true(otmi_hash_bytes(&second, text, size) != hash);
    }
}

/* The loads of short strings overlap: sizes that load alike must not hash alike. */
static void hash_tells_repeats_of_one_byte_apart(void **state)
{
    (void)state;
    uint64_t seen[64];
    char text[64];
    memset(text, 'a', sizeof text);
    for (size_t size = 0; size < 64; size++) {
        seen[size] = otmi_hash_bytes(&key, text, size);
        for (size_t i = 0; i < size; i++) {
            assert_true(seen[i] != seen[size]);
        }
    }
}

/* Were the size added to a word before the key came in, these two would meet under every key. */
static void hash_of_sizes_that_differ_by_the_tag_does_not_meet(void **state)
{
    (void)state;
    unsigned char longer[16] = "AAAAAAAAAAAAAAA";
    unsigned char shorter[15] = "AAAAAAAAAAAAAA";
    uint64_t word;
    memcpy(&word, longer + 8, 8);
    word += UINT64_C(0xd6e8feb86659fd93);
    memcpy(shorter + 7, &word, 8);
    longer[7] = shorter[7]; /* the first eight bytes of both are the same */
    assert_true(otmi_hash_bytes(&key, longer, 16) != otmi_hash_bytes(&key, shorter, 15));
}

/* Chi-squared over 256 buckets, of the low and of the high bits; 255 degrees of freedom, far beyond chance at 400. */
static void hash_of_numbered_names_spreads_evenly(void **state)
{
    (void)state;
    unsigned low[256] = {0};
    unsigned high[256] = {0};
    for (unsigned i = 0; i < 25600; i++) {
        char name[16] = "user-";
        for (unsigned at = 5, rest = i; at < 10; at++, rest /= 10) {
            name[at] = (char)('0' + rest % 10);
        }
        uint64_t hash = otmi_hash_bytes(&key, name, 10);
        low[hash & 255]++;
        high[hash >> 56]++;
    }
    double low_error = 0;
    double high_error = 0;
    for (unsigned i = 0; i < 256; i++) {
        low_error += ((double)low[i] - 100) * ((double)low[i] - 100) / 100;
        high_error += ((double)high[i] - 100) * ((double)high[i] - 100) / 100;
    }
    assert_true(low_error < 400);
    assert_true(high_error < 400);
}

/* Its loads overlap: no byte may be left out, and none behind the end looked at. */
static void bytes_equal_compares_every_byte_of_every_length(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 40; size++) {
        unsigned char a[41];
        unsigned char b[41];
        memset(a, 'x', sizeof a);
        memset(b, 'x', sizeof b);
        b[size] = 'y';
        assert_true(otmi_text_differ(a, b, size) == 0);
        for (size_t i = 0; i < size; i++) {
            b[i] ^= 0x80;
            assert_true(otmi_text_differ(a, b, size) != 0);
            b[i] ^= 0x80;
        }
    }
}

static void *take_key(void *argument)
{
    (void)argument;
    return (void *)(uintptr_t)otmi_hash_key_process();
}

static void hash_key_of_the_process_is_made_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_key, NULL), 0);
    }
    const otmi_hash_key *mine = otmi_hash_key_process();
    otmi_hash_key copy = *mine;
    for (size_t i = 0; i < 4; i++) {
        void *theirs;
        pthread_join(threads[i], &theirs);
        assert_ptr_equal(theirs, mine);
    }
    assert_memory_equal(&copy, otmi_hash_key_process(), sizeof copy);
    assert_true(copy.k0 != 0 && copy.k1 != 0 && copy.k0 != copy.k1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_depends_on_every_byte_of_every_length),
        cmocka_unit_test(hash_depends_on_both_words_of_the_key),
        cmocka_unit_test(hash_tells_repeats_of_one_byte_apart),
        cmocka_unit_test(hash_of_sizes_that_differ_by_the_tag_does_not_meet),
        cmocka_unit_test(hash_of_numbered_names_spreads_evenly),
        cmocka_unit_test(bytes_equal_compares_every_byte_of_every_length),
        cmocka_unit_test(hash_key_of_the_process_is_made_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
