/* otm-driver: one request a line on standard input, one answer a line on standard output. */
#include <stdio.h>
#include <stdlib.h>

#include "driver.h"

static json_t *answer_to(driver *d, const char *line, size_t size)
{
    json_error_t error;
    json_t *request = json_loadb(line, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(request)) {
        json_decref(request);
        return json_pack("{s:b,s:s,s:s}", "ok", 0, "status", otm_status_name(OTM_ERR_INVALID_ARGUMENT), "message",
                         request == NULL ? error.text : "expected a JSON object");
    }
    json_t *answer = driver_obey(d, request);
    json_decref(request);
    return answer;
}

static void print(const json_t *answer)
{
    char *text = json_dumps(answer, JSON_COMPACT);
    (void)puts(text == NULL ? "{\"ok\":false,\"status\":\"ERR_NO_MEMORY\"}" : text);
    (void)fflush(stdout);
    free(text);
}

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t\r\n")] == '\0';
}

int main(void)
{
    driver d;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    driver_init(&d);
    while ((size = getline(&line, &capacity, stdin)) >= 0) {
        if (is_blank(line)) {
            continue;
        }
        json_t *answer = answer_to(&d, line, (size_t)size);
        print(answer);
        json_decref(answer);
    }
    free(line);
    driver_fini(&d);
    json_t *rest = json_object();
    driver_diag_take(rest); /* what was said at the end has no line to go to */
    json_decref(rest);
    return 0;
}
