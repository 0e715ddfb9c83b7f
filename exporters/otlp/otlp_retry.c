#include "otlp_retry.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define MAX_SECONDS (UINT64_MAX / NS_PER_S)

uint64_t otmi_otlp_backoff_ns(uint64_t initial_ns, uint64_t max_ns, unsigned tries, uint64_t random)
{
    uint64_t span = initial_ns;
    for (unsigned i = 1; i < tries && span < max_ns; i++) {
        span = span > UINT64_MAX / 2 ? UINT64_MAX : span * 2;
    }
    span = span < max_ns ? span : max_ns;
    return span == UINT64_MAX ? random : random % (span + 1);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Saturates. False: not just digits. */
static bool parse_seconds(const char *text, uint64_t *out)
{
    uint64_t seconds = 0;
    for (; is_digit(*text); text++) {
        seconds = seconds > MAX_SECONDS / 10 ? MAX_SECONDS : seconds * 10 + (uint64_t)(*text - '0');
    }
    *out = seconds < MAX_SECONDS ? seconds : MAX_SECONDS;
    return *text == '\0';
}

uint64_t otmi_otlp_retry_after_ns(const char *text, uint64_t wall_ns)
{
    uint64_t seconds;
    if (*text == '\0') {
        return 0;
    }
    if (parse_seconds(text, &seconds)) {
        return seconds * NS_PER_S;
    }
    /* curl_getdate() understands more than HTTP dates, which begin with the day's name and end in GMT. */
    size_t size = strlen(text);
    if (is_digit(text[0]) || text[0] == '-' || text[0] == '+' || size < 4 || strcmp(text + size - 4, " GMT") != 0) {
        return 0;
    }
    time_t date = curl_getdate(text, NULL);
    if (date <= 0 || (uint64_t)date > MAX_SECONDS || (uint64_t)date * NS_PER_S <= wall_ns) {
        return 0;
    }
    return (uint64_t)date * NS_PER_S - wall_ns;
}
