/* What each answer means for the batch: our own cases, and the table otlp/http_behaviour.csv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "otlp_response.h"
#include "support/suite_csv.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define S UINT64_C(1000000000)
#define NOW_NS (UINT64_C(1700000000) * S) /* Tue, 14 Nov 2023 22:13:20 GMT */
#define PROTOBUF "application/x-protobuf"

static otmi_otlp_answer answer_of(int status)
{
    return (otmi_otlp_answer){
        .status = status, .content_type = "", .retry_after = "", .location = "", .body = "", .error = ""};
}

static otmi_otlp_answer answer_with(int status, const char *type, const char *body, size_t size)
{
    otmi_otlp_answer answer = answer_of(status);
    answer.content_type = type;
    answer.body = body;
    answer.body_size = size;
    return answer;
}

#define ANSWER(status, type, body) answer_with((status), (type), (body), sizeof(body) - 1)

static otmi_otlp_answer failure_of(otmi_otlp_outcome outcome, const char *error)
{
    otmi_otlp_answer answer = answer_of(0);
    answer.outcome = outcome;
    answer.error = error;
    return answer;
}

static otmi_otlp_verdict judge(otmi_otlp_answer answer)
{
    otmi_otlp_verdict verdict;
    otmi_otlp_judge(&answer, NOW_NS, NULL, &verdict);
    return verdict;
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' does not hold '%s'", text, part);
    }
}

/* -- Success ----------------------------------------------------------------------------------------------------- */

/* OTLP-HTTP-05 */
static void response_of_success_in_every_form_is_exported_and_nothing_is_told(void **state)
{
    (void)state;
    const otmi_otlp_answer answers[] = {
        answer_of(200),                   /* as Prometheus answers: no body, no type */
        ANSWER(200, PROTOBUF, ""),        /* nothing in it */
        ANSWER(200, PROTOBUF, "\x0A\0"),  /* an empty partial_success, as the Collector answers */
        ANSWER(200, "", "\x0A\0"),        /* without a type */
        ANSWER(200, "Application/X-Protobuf; charset=x", "\x0A\0"),
        answer_of(202),
    };
    for (size_t i = 0; i < COUNT(answers); i++) {
        otmi_otlp_verdict verdict = judge(answers[i]);
        assert_int_equal(verdict.fate, OTMI_OTLP_EXPORTED);
        assert_int_equal(verdict.rejected, 0);
        assert_string_equal(verdict.text, "");
    }
}

/* OTLP-HTTP-06 */
static void response_of_partial_success_tells_count_and_message(void **state)
{
    (void)state;
    otmi_otlp_verdict verdict = judge(ANSWER(200, PROTOBUF, "\x0A\x07\x08\x03\x12\x03" "bad"));
    assert_int_equal(verdict.fate, OTMI_OTLP_EXPORTED);
    assert_int_equal(verdict.rejected, 3);
    assert_holds(verdict.text, "rejected 3 points: bad");
    verdict = judge(ANSWER(200, PROTOBUF, "\x0A\x05\x12\x03" "eek"));
    assert_int_equal(verdict.fate, OTMI_OTLP_EXPORTED);
    assert_int_equal(verdict.rejected, 0);
    assert_holds(verdict.text, "warning: eek");
}

static void response_that_rejects_fewer_than_no_points_rejects_none(void **state)
{
    (void)state;
    otmi_otlp_verdict verdict = judge(ANSWER(200, PROTOBUF, "\x0A\x0B\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"));
    assert_int_equal(verdict.fate, OTMI_OTLP_EXPORTED);
    assert_int_equal(verdict.rejected, 0);
    assert_true(verdict.text[0] != '\0');
}

static void response_of_success_with_a_broken_body_is_exported_and_told(void **state)
{
    (void)state;
    otmi_otlp_answer answer = ANSWER(200, PROTOBUF, "\x0A");
    answer.body_broken = true;
    answer.error = "transfer closed";
    otmi_otlp_verdict verdict = judge(answer);
    assert_int_equal(verdict.fate, OTMI_OTLP_EXPORTED);
    assert_holds(verdict.text, "transfer closed");
}

static void response_of_a_page_for_people_is_no_success(void **state)
{
    (void)state;
    otmi_otlp_verdict verdict = judge(ANSWER(200, "text/html; charset=utf-8", "<html>Please sign in</html>"));
    assert_int_equal(verdict.fate, OTMI_OTLP_DROPPED);
    assert_int_equal(verdict.reason, OTM_DROP_RESPONSE);
}

/* -- Failure ----------------------------------------------------------------------------------------------------- */

/* OTLP-HTTP-07 */
static void response_is_retried_on_exactly_four_statuses(void **state)
{
    (void)state;
    for (int status = 300; status < 700; status++) {
        bool retryable = status == 429 || status == 502 || status == 503 || status == 504;
        otmi_otlp_verdict verdict = judge(answer_of(status));
        assert_int_equal(verdict.fate, retryable ? OTMI_OTLP_RETRY : OTMI_OTLP_DROPPED);
        assert_int_equal(verdict.reason, retryable ? OTM_DROP_UNREACHED : OTM_DROP_REFUSED);
        assert_true(verdict.text[0] != '\0');
    }
}

/* OTLP-HTTP-11: the message is shown, the code in it decides nothing. */
static void response_of_failure_tells_the_message_of_its_status_body(void **state)
{
    (void)state;
    otmi_otlp_verdict verdict = judge(ANSWER(400, PROTOBUF, "\x08\x0E\x12\x08" "not data"));
    assert_int_equal(verdict.fate, OTMI_OTLP_DROPPED);
    assert_string_equal(verdict.text, "answered 400: not data");
    verdict = judge(ANSWER(503, "text/plain", "later\r\nplease\x1B\xFF\n"));
    assert_string_equal(verdict.text, "answered 503: later  please");
    verdict = judge(ANSWER(500, PROTOBUF, "\xFF\xFF\xFF"));
    assert_string_equal(verdict.text, "answered 500");
}

static void response_of_failure_with_a_long_message_is_cut(void **state)
{
    (void)state;
    char body[4000];
    memset(body, 'x', sizeof body);
    otmi_otlp_verdict verdict = judge(answer_with(500, "text/plain", body, sizeof body));
    assert_true(strlen(verdict.text) < 300);
    assert_holds(verdict.text, "xxx...");
    assert_int_equal(strlen(judge(answer_with(500, "text/plain", body, 252)).text), strlen("answered 500: ") + 252);
    assert_int_equal(strlen(judge(answer_with(500, "text/plain", body, 253)).text), strlen("answered 500: ") + 255);
}

/* OTLP-HTTP-08 */
static void response_with_retry_after_says_how_long(void **state)
{
    (void)state;
    otmi_otlp_answer answer = answer_of(503);
    answer.retry_after = "3";
    assert_int_equal(judge(answer).retry_after_ns, 3 * S);
    answer.status = 429;
    answer.retry_after = "Tue, 14 Nov 2023 22:13:22 GMT";
    assert_int_equal(judge(answer).retry_after_ns, 2 * S);
}

/* OTLP-OPT-13 */
static void response_over_the_limit_is_final_whatever_its_status(void **state)
{
    (void)state;
    otmi_otlp_answer answer = failure_of(OTMI_OTLP_TOO_LARGE, "");
    for (answer.status = 200; answer.status < 600; answer.status += 101) {
        otmi_otlp_verdict verdict = judge(answer);
        assert_int_equal(verdict.fate, OTMI_OTLP_DROPPED);
        assert_int_equal(verdict.reason, OTM_DROP_RESPONSE);
    }
}

static void response_of_success_with_an_endless_message_is_exported_and_told(void **state)
{
    (void)state;
    static uint8_t body[4096];
    body[0] = 0x0A; /* a partial success with an endless message */
    body[1] = 0xFF;
    otmi_otlp_verdict verdict = judge(answer_with(200, PROTOBUF, (const char *)body, sizeof body));
    assert_int_equal(verdict.fate, OTMI_OTLP_EXPORTED);
    assert_true(verdict.text[0] != '\0');
}

/* -- The table --------------------------------------------------------------------------------------------------- */

typedef enum told { SILENT, TOLD } told;

typedef struct behaviour {
    const char *id;
    otmi_otlp_answer answer;
    otmi_otlp_fate fate;
    told told;
    uint64_t retry_after_ns;
} behaviour;

/* These are about the course of an export, not one answer: see otlp_exporter_test.c and otlp_http_test.c. */
static bool is_tested_elsewhere(const char *id)
{
    static const char *const ids[] = {"h039", "h045", "h046", "h042"};
    for (size_t i = 0; i < COUNT(ids); i++) {
        if (strcmp(id, ids[i]) == 0) {
            return true;
        }
    }
    return false;
}

static otmi_otlp_answer later(int status, const char *retry_after)
{
    otmi_otlp_answer answer = answer_of(status);
    answer.retry_after = retry_after;
    return answer;
}

static otmi_otlp_answer moved(int status)
{
    otmi_otlp_answer answer = answer_of(status);
    answer.location = "http://elsewhere/v1/metrics";
    return answer;
}

/* OTLP-HTTP-05, -06, -07, -08, -09, OTLP-OPT-13, OTLP-RETRY-02 */
static void response_table_of_http_behaviour_is_met_in_every_row(void **state)
{
    (void)state;
    const behaviour table[] = {
        {"h000", answer_of(200), OTMI_OTLP_EXPORTED, SILENT, 0},
        {"h001", ANSWER(200, PROTOBUF, ""), OTMI_OTLP_EXPORTED, SILENT, 0},
        {"h003", ANSWER(200, PROTOBUF, "\x0A\x09\x12\x07" "careful"), OTMI_OTLP_EXPORTED, TOLD, 0},
        {"h004", ANSWER(200, PROTOBUF, "\x0A\0"), OTMI_OTLP_EXPORTED, SILENT, 0},
        {"h006", ANSWER(200, PROTOBUF, "\xFF\xFF junk"), OTMI_OTLP_EXPORTED, TOLD, 0},
        {"h007", ANSWER(200, "application/json", "{}"), OTMI_OTLP_EXPORTED, TOLD, 0},
        {"h009", moved(301), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h009", moved(302), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h009", moved(307), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h009", moved(308), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h010", answer_of(400), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h012", answer_of(401), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h013", answer_of(403), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h015", answer_of(405), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h016", answer_of(408), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h018", answer_of(415), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h019", answer_of(429), OTMI_OTLP_RETRY, TOLD, 0},
        {"h021", later(429, "Tue, 14 Nov 2023 22:13:22 GMT"), OTMI_OTLP_RETRY, TOLD, 2 * S},
        {"h022", later(429, "Tue, 14 Nov 2023 22:13:18 GMT"), OTMI_OTLP_RETRY, TOLD, 0},
        {"h024", later(429, "-1"), OTMI_OTLP_RETRY, TOLD, 0},
        {"h025", later(429, "soon"), OTMI_OTLP_RETRY, TOLD, 0},
        {"h027", answer_of(501), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h028", answer_of(502), OTMI_OTLP_RETRY, TOLD, 0},
        {"h030", later(503, "1"), OTMI_OTLP_RETRY, TOLD, 1 * S},
        {"h031", answer_of(504), OTMI_OTLP_RETRY, TOLD, 0},
        {"h033", answer_of(599), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h034", failure_of(OTMI_OTLP_NO_ANSWER, "connection refused"), OTMI_OTLP_RETRY, TOLD, 0},
        {"h036", failure_of(OTMI_OTLP_HOPELESS, "certificate"), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h037", failure_of(OTMI_OTLP_NO_ANSWER, "no such host"), OTMI_OTLP_RETRY, TOLD, 0},
        {"h040", failure_of(OTMI_OTLP_TOO_LARGE, ""), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h043", failure_of(OTMI_OTLP_TOO_LARGE, ""), OTMI_OTLP_DROPPED, TOLD, 0},
        {"h048", failure_of(OTMI_OTLP_NO_ANSWER, "empty reply"), OTMI_OTLP_RETRY, TOLD, 0},
    };
    suite_csv csv;
    if (!suite_csv_open(&csv, "otlp/http_behaviour.csv", __func__)) {
        skip();
    }
    while (suite_csv_next(&csv)) {
        bool known = is_tested_elsewhere(csv.fields[0]);
        for (size_t i = 0; i < COUNT(table); i++) {
            const behaviour *row = &table[i];
            if (strcmp(row->id, csv.fields[0]) != 0) {
                continue;
            }
            otmi_otlp_verdict verdict = judge(row->answer);
            bool met = verdict.fate == row->fate && (verdict.text[0] != '\0') == (row->told == TOLD) &&
                       verdict.retry_after_ns == row->retry_after_ns;
            if (!met) {
                fail_msg("%s (%s): fate %d, '%s'", row->id, csv.fields[1], (int)verdict.fate, verdict.text);
            }
            known = true;
        }
        if (!known) {
            fail_msg("%s (%s) is not in the test's table", csv.fields[0], csv.fields[1]);
        }
    }
    suite_csv_close(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response_of_success_in_every_form_is_exported_and_nothing_is_told),
        cmocka_unit_test(response_of_partial_success_tells_count_and_message),
        cmocka_unit_test(response_that_rejects_fewer_than_no_points_rejects_none),
        cmocka_unit_test(response_of_success_with_a_broken_body_is_exported_and_told),
        cmocka_unit_test(response_of_a_page_for_people_is_no_success),
        cmocka_unit_test(response_is_retried_on_exactly_four_statuses),
        cmocka_unit_test(response_of_failure_tells_the_message_of_its_status_body),
        cmocka_unit_test(response_of_failure_with_a_long_message_is_cut),
        cmocka_unit_test(response_with_retry_after_says_how_long),
        cmocka_unit_test(response_over_the_limit_is_final_whatever_its_status),
        cmocka_unit_test(response_of_success_with_an_endless_message_is_exported_and_told),
        cmocka_unit_test(response_table_of_http_behaviour_is_met_in_every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
