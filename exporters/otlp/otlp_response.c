#include "otlp_response.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "otlp_metrics_service.pb-c.h"
#include "otlp_retry.h"
#include "rpc_status.pb-c.h"
#include "util/arena.h"

/* Decoding may take this much memory; an answer that needs more counts as unreadable. */
#define DECODE_BYTES ((size_t)16 << 20)

#define MESSAGE_BYTES 256 /* of the peer's own words, for a diagnostic */

typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsServiceResponse pb_response;
typedef Opentelemetry__Proto__Collector__Metrics__V1__ExportMetricsPartialSuccess pb_partial_success;

/* -- Decoding ---------------------------------------------------------------------------------------------------- */

static void *decode_alloc(void *arena, size_t size)
{
    return otmi_arena_alloc(arena, size);
}

static void decode_free(void *arena, void *pointer)
{
    (void)arena; /* which goes as a whole */
    (void)pointer;
}

static void *decode(otmi_arena *arena, const ProtobufCMessageDescriptor *descriptor, const otmi_otlp_answer *answer)
{
    ProtobufCAllocator allocator = {.alloc = decode_alloc, .free = decode_free, .allocator_data = arena};
    return protobuf_c_message_unpack(descriptor, &allocator, answer->body_size, (const uint8_t *)answer->body);
}

/* -- The peer's words -------------------------------------------------------------------------------------------- */

/* What may stand in a diagnostic: printable ASCII, everything else as blanks; cut with an ellipsis. */
static void copy_message(char out[MESSAGE_BYTES], const void *data, size_t size)
{
    const unsigned char *bytes = data;
    const size_t room = MESSAGE_BYTES - sizeof "...";
    size_t count = size < room ? size : room;
    for (size_t i = 0; i < count; i++) {
        out[i] = bytes[i] >= ' ' && bytes[i] < 0x7F ? (char)bytes[i] : ' ';
    }
    while (count > 0 && out[count - 1] == ' ') {
        count--;
    }
    memcpy(out + count, "...", sizeof "...");
    if (size <= room) {
        out[count] = '\0';
    }
}

static bool has_type(const otmi_otlp_answer *answer, const char *type)
{
    size_t size = strlen(type);
    if (strncasecmp(answer->content_type, type, size) != 0) {
        return false;
    }
    char end = answer->content_type[size];
    return end == '\0' || end == ';' || end == ' ';
}

/* OTLP-HTTP-11: the body of a failure is a google.rpc.Status, or whatever a proxy in between says. */
static void failure_message(const otmi_otlp_answer *answer, const otm_allocator *allocator, char out[MESSAGE_BYTES])
{
    otmi_arena arena;
    out[0] = '\0';
    otmi_arena_init(&arena, allocator, DECODE_BYTES);
    if (has_type(answer, "application/x-protobuf")) {
        Google__Rpc__Status *status = decode(&arena, &google__rpc__status__descriptor, answer);
        if (status != NULL) {
            copy_message(out, status->message.data, status->message.len);
        }
    } else {
        copy_message(out, answer->body, answer->body_size);
    }
    otmi_arena_fini(&arena);
}

/* -- Verdicts ---------------------------------------------------------------------------------------------------- */

static void settle(otmi_otlp_verdict *out, otmi_otlp_fate fate, otm_drop_reason reason)
{
    *out = (otmi_otlp_verdict){.fate = fate, .reason = reason};
}

static void judge_partial_success(const pb_partial_success *partial, int status, otmi_otlp_verdict *out)
{
    char message[MESSAGE_BYTES];
    copy_message(message, partial->error_message.data, partial->error_message.len);
    if (partial->rejected_data_points > 0) {
        out->rejected = (uint64_t)partial->rejected_data_points;
        snprintf(out->text, sizeof out->text, "answered %d and rejected %" PRIu64 " points: %s", status, out->rejected,
                 message[0] != '\0' ? message : "no reason given");
    } else if (partial->rejected_data_points < 0) {
        snprintf(out->text, sizeof out->text, "answered %d and rejected fewer than no points: %s", status, message);
    } else if (message[0] != '\0') {
        snprintf(out->text, sizeof out->text, "answered %d with a warning: %s", status, message);
    }
}

/* 2xx: whatever the body is, the peer said that it took the data. */
static void judge_success(const otmi_otlp_answer *answer, const otm_allocator *allocator, otmi_otlp_verdict *out)
{
    settle(out, OTMI_OTLP_EXPORTED, OTM_DROP_RESPONSE);
    if (answer->body_broken) {
        snprintf(out->text, sizeof out->text, "answered %d, but the body broke off: %s", answer->status, answer->error);
        return;
    }
    if (answer->body_size == 0) {
        return; /* as Prometheus answers */
    }
    if (has_type(answer, "text/html")) {
        /* A page for people, of a captive portal or a wrong path: nothing of OTLP behind it took the data. */
        settle(out, OTMI_OTLP_DROPPED, OTM_DROP_RESPONSE);
        snprintf(out->text, sizeof out->text, "answered %d with an HTML page, where an OTLP/HTTP receiver was expected",
                 answer->status);
        return;
    }
    if (answer->content_type[0] != '\0' && !has_type(answer, "application/x-protobuf")) {
        snprintf(out->text, sizeof out->text, "answered %d with Content-Type %.100s, not application/x-protobuf",
                 answer->status, answer->content_type);
        return;
    }
    otmi_arena arena;
    otmi_arena_init(&arena, allocator, DECODE_BYTES);
    const pb_response *response = decode(
        &arena, &opentelemetry__proto__collector__metrics__v1__export_metrics_service_response__descriptor, answer);
    if (response == NULL) {
        snprintf(out->text, sizeof out->text, "answered %d, but the body is not an ExportMetricsServiceResponse",
                 answer->status);
    } else if (response->partial_success != NULL) {
        judge_partial_success(response->partial_success, answer->status, out);
    }
    otmi_arena_fini(&arena);
}

/* OTLP-HTTP-07: exactly these. */
static bool is_retryable(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

static void judge_status(const otmi_otlp_answer *answer, uint64_t wall_ns, const otm_allocator *allocator,
                         otmi_otlp_verdict *out)
{
    if (answer->status >= 200 && answer->status < 300) {
        judge_success(answer, allocator, out);
        return;
    }
    char message[MESSAGE_BYTES];
    if (answer->status >= 300 && answer->status < 400) {
        settle(out, OTMI_OTLP_DROPPED, OTM_DROP_REFUSED);
        copy_message(message, answer->location, strlen(answer->location));
        snprintf(out->text, sizeof out->text, "answered %d with Location '%s', which is not followed: set the endpoint",
                 answer->status, message);
        return;
    }
    if (is_retryable(answer->status)) {
        settle(out, OTMI_OTLP_RETRY, OTM_DROP_UNREACHED);
        out->retry_after_ns = otmi_otlp_retry_after_ns(answer->retry_after, wall_ns);
    } else {
        settle(out, OTMI_OTLP_DROPPED, OTM_DROP_REFUSED);
    }
    failure_message(answer, allocator, message);
    snprintf(out->text, sizeof out->text, "answered %d%s%s", answer->status, message[0] != '\0' ? ": " : "", message);
}

void otmi_otlp_judge(const otmi_otlp_answer *answer, uint64_t wall_ns, const otm_allocator *allocator,
                     otmi_otlp_verdict *out)
{
    switch (answer->outcome) {
    case OTMI_OTLP_ANSWERED:
        judge_status(answer, wall_ns, allocator, out);
        return;
    case OTMI_OTLP_NO_ANSWER:
        settle(out, OTMI_OTLP_RETRY, OTM_DROP_UNREACHED);
        snprintf(out->text, sizeof out->text, "did not answer: %s", answer->error);
        return;
    case OTMI_OTLP_NOT_HTTP:
        settle(out, OTMI_OTLP_DROPPED, OTM_DROP_RESPONSE);
        snprintf(out->text, sizeof out->text, "answered something that is not HTTP: %s", answer->error);
        return;
    case OTMI_OTLP_TOO_LARGE:
        settle(out, OTMI_OTLP_DROPPED, OTM_DROP_RESPONSE);
        snprintf(out->text, sizeof out->text, "answered %d with more than the limit for a response", answer->status);
        return;
    case OTMI_OTLP_HOPELESS:
        settle(out, OTMI_OTLP_DROPPED, OTM_DROP_UNREACHED);
        snprintf(out->text, sizeof out->text, "could not be reached securely: %s", answer->error);
        return;
    case OTMI_OTLP_NO_MEMORY:
        settle(out, OTMI_OTLP_DROPPED, OTM_DROP_NO_MEMORY);
        snprintf(out->text, sizeof out->text, "could not be asked: out of memory");
        return;
    }
}
