#include <string.h>

#include <otm/base.h>

#include "test_main.h"

#define LAST_STATUS OTM_ERR_CONFIG

static void status_each_code_has_a_name_and_a_text_of_its_own(void **state)
{
    (void)state;
    for (int a = OTM_OK; a <= LAST_STATUS; a++) {
        assert_string_not_equal(otm_status_name((otm_status)a), "UNKNOWN");
        assert_true(strlen(otm_status_text((otm_status)a)) > 10);
        assert_int_equal(a > OTM_PENDING, strncmp(otm_status_name((otm_status)a), "ERR_", 4) == 0);
        for (int b = OTM_OK; b < a; b++) {
            assert_string_not_equal(otm_status_name((otm_status)a), otm_status_name((otm_status)b));
            assert_string_not_equal(otm_status_text((otm_status)a), otm_status_text((otm_status)b));
        }
    }
}

static void status_unknown_code_gives_a_text_and_not_null(void **state)
{
    /* ERR-01 */
    (void)state;
    assert_string_equal(otm_status_name((otm_status)(LAST_STATUS + 1)), "UNKNOWN");
    assert_string_equal(otm_status_name((otm_status)-1), "UNKNOWN");
    assert_non_null(otm_status_text((otm_status)9999));
}

static void status_values_are_the_ones_of_the_first_release(void **state)
{
    (void)state;
    assert_int_equal(OTM_OK, 0);
    assert_int_equal(OTM_PENDING, 1);
    assert_int_equal(OTM_ERR_NO_MEMORY, 3);
    assert_int_equal(OTM_ERR_REENTRANT, 6);
    assert_int_equal(OTM_ERR_CONFIG, 13);
    assert_string_equal(otm_status_name(OTM_ERR_NO_MEMORY), "ERR_NO_MEMORY");
}

static void version_is_the_headers_version(void **state)
{
    (void)state;
    assert_string_equal(otm_version(), OTM_VERSION_STRING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_each_code_has_a_name_and_a_text_of_its_own),
        cmocka_unit_test(status_unknown_code_gives_a_text_and_not_null),
        cmocka_unit_test(status_values_are_the_ones_of_the_first_release),
        cmocka_unit_test(version_is_the_headers_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
