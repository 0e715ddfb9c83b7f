#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "metrics/instrument_name.h"

/* API-INST-04, SDK-INST-01 */
static void instrument_name_of_the_grammar_is_valid(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "Z", "http.server.duration", "n4me", "a-b_c.d/e", "a..b"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(otmi_instrument_name_valid(names[i]));
    }
}

/* API-INST-04, SDK-INST-01 */
static void instrument_name_outside_the_grammar_is_invalid(void **state)
{
    (void)state;
    static const char *const names[] = {NULL, "", "1", "_a", ".a", "a b", "a\n", "a\xc3\xa9", "a:b", "a*", "a%"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(otmi_instrument_name_valid(names[i]));
    }
}

/* API-INST-04 */
static void instrument_name_of_255_characters_is_valid_and_of_256_is_not(void **state)
{
    (void)state;
    char name[257];
    memset(name, 'x', 256);
    name[256] = '\0';
    assert_false(otmi_instrument_name_valid(name));
    name[255] = '\0';
    assert_true(otmi_instrument_name_valid(name));
}

/* API-INST-04, SDK-DUP-08 */
static void instrument_names_are_equal_whatever_the_case(void **state)
{
    (void)state;
    assert_true(otmi_instrument_name_equal("requestCount", "REQUESTcOUNT"));
    assert_false(otmi_instrument_name_equal("request", "requests"));
    assert_false(otmi_instrument_name_equal("requests", "request"));
    assert_false(otmi_instrument_name_equal("a_b", "a.b"));
    assert_false(otmi_instrument_name_equal("@", "`")); /* neighbours of A and a */
    assert_true(otmi_instrument_name_same_case("a", "a"));
    assert_false(otmi_instrument_name_same_case("a", "A"));
}

static size_t from_hex(const char *hex, char *out)
{
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (char)strtoul(digits, NULL, 16);
    }
    out[size] = '\0';
    return size;
}

/* Fields from the end, since a name might hold a comma. */
static char *cut_last_field(char *line)
{
    char *comma = strrchr(line, ',');
    assert_non_null(comma);
    *comma = '\0';
    return comma + 1;
}

/* API-INST-04, SDK-INST-01 */
static void instrument_name_agrees_with_the_names_suite(void **state)
{
    (void)state;
    const char *shared = getenv("OTM_SHARED_DIR");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/suites/sdk/names.csv", shared != NULL ? shared : "");
    FILE *file = shared != NULL ? fopen(path, "r") : NULL;
    if (file == NULL) {
        (void)printf("SKIP instrument_name_agrees_with_the_names_suite: no suites/sdk/names.csv\n");
        skip();
    }
    char line[4096];
    size_t rows = 0;
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        const char *expect = cut_last_field(line);
        (void)cut_last_field(line);
        const char *form = cut_last_field(line);
        char *name = strchr(line, ',') + 1;
        char decoded[4096];
        size_t size = strlen(name);
        if (strcmp(form, "hex") == 0) {
            size = from_hex(name, decoded);
            name = decoded;
        }
        /* A NUL inside ends a C string: such a name cannot be given. */
        bool valid = strlen(name) == size && otmi_instrument_name_valid(name);
        if (valid != (strcmp(expect, "valid") == 0)) {
            fail_msg("%s", line);
        }
        rows++;
    }
    (void)fclose(file);
    assert_true(rows > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instrument_name_of_the_grammar_is_valid),
        cmocka_unit_test(instrument_name_outside_the_grammar_is_invalid),
        cmocka_unit_test(instrument_name_of_255_characters_is_valid_and_of_256_is_not),
        cmocka_unit_test(instrument_names_are_equal_whatever_the_case),
        cmocka_unit_test(instrument_name_agrees_with_the_names_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
