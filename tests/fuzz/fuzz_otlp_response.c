/* What an OTLP peer answers: status, headers and a body of any bytes. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "otlp_response.h"

#define WALL_NS UINT64_C(1700000000000000000)

static const char *const content_types[] = {
    "application/x-protobuf", "application/json", "text/html; charset=utf-8", "", "application/x-protobuf; a=b"};
static const int statuses[] = {200, 400, 429, 503, 502, 504, 301, 404, 500, 204, 202, 100, 0};

/* The rest of the input up to a line's end, NUL-terminated; for free(). */
static char *take_line(fuzz_bytes *in)
{
    const uint8_t *end = in->size > 0 ? memchr(in->data, '\n', in->size) : NULL;
    size_t size = end != NULL ? (size_t)(end - in->data) : 0;
    char *line = calloc(1, size + 1);
    FUZZ_CHECK(line != NULL);
    if (end != NULL) {
        memcpy(line, in->data, size);
        in->data = end + 1;
        in->size -= size + 1;
    }
    return line;
}

static void check(const otmi_otlp_answer *answer)
{
    otmi_otlp_verdict verdict;
    memset(&verdict, 0xa5, sizeof verdict);
    otmi_otlp_judge(answer, WALL_NS, NULL, &verdict);
    FUZZ_CHECK(verdict.fate == OTMI_OTLP_EXPORTED || verdict.fate == OTMI_OTLP_RETRY ||
               verdict.fate == OTMI_OTLP_DROPPED);
    FUZZ_CHECK(verdict.fate == OTMI_OTLP_EXPORTED || (uint32_t)verdict.reason < OTM_DROP_REASON_COUNT);
    FUZZ_CHECK(verdict.fate == OTMI_OTLP_EXPORTED || verdict.rejected == 0);
    FUZZ_CHECK(memchr(verdict.text, '\0', sizeof verdict.text) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes in = {data, size};
    uint32_t flags = fuzz_take(&in);
    otmi_otlp_answer answer = {
        .outcome = (otmi_otlp_outcome)(flags % 16 < 11 ? 0 : flags % 16 - 10),
        .body_broken = (flags & 16) != 0,
        .status = statuses[fuzz_below(&in, sizeof statuses / sizeof *statuses)],
        .content_type = content_types[fuzz_below(&in, sizeof content_types / sizeof *content_types)],
        .error = "reset",
    };
    char *retry_after = take_line(&in);
    char *location = take_line(&in);
    char *type = take_line(&in);
    answer.retry_after = retry_after;
    answer.location = location;
    answer.content_type = type[0] != '\0' ? type : answer.content_type;
    answer.body = (const char *)in.data;
    answer.body_size = in.size;
    check(&answer);
    free(retry_after);
    free(location);
    free(type);
    return 0;
}
