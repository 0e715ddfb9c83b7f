/* Random scripts of operations, through the driver: nothing crashes or leaks, no point contradicts itself, and the
 * total of one counter is exact for a cumulative and for a delta reader, whatever happens around it. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "fuzz_script.h"

#define MAX_REQUESTS 120
#define MAX_EXACT (UINT64_C(1) << 53)

typedef struct expectation {
    uint64_t recorded; /* by the counter "total" */
    uint64_t deltas;   /* what the delta reader gave of it */
    bool counts;       /* false once the provider is shut down, or the total is too large to be told apart */
    bool bound[10];    /* b0 to b9: bound to the counter */
} expectation;

static uint64_t number_of(const json_t *value)
{
    return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10) : (uint64_t)json_integer_value(value);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* -- Points ------------------------------------------------------------------------------------------------------ */

static uint64_t sum_of(const json_t *numbers)
{
    uint64_t sum = 0;
    size_t i;
    json_t *number;
    json_array_foreach(numbers, i, number) {
        sum += number_of(number);
    }
    return sum;
}

static void check_point(const json_t *point)
{
    const json_t *start = json_object_get(point, "startTimeUnixNano");
    const json_t *buckets = json_object_get(point, "bucketCounts");
    const json_t *scale = json_object_get(point, "scale");
    FUZZ_CHECK(number_of(json_object_get(point, "timeUnixNano")) != 0);
    FUZZ_CHECK(start == NULL || number_of(start) != 0);
    if (json_array_size(buckets) > 0) {
        FUZZ_CHECK(sum_of(buckets) == number_of(json_object_get(point, "count")));
        FUZZ_CHECK(json_array_size(buckets) == json_array_size(json_object_get(point, "explicitBounds")) + 1);
    }
    if (scale != NULL) {
        uint64_t sides = sum_of(json_object_get(json_object_get(point, "positive"), "bucketCounts")) +
                         sum_of(json_object_get(json_object_get(point, "negative"), "bucketCounts"));
        FUZZ_CHECK(number_of(json_object_get(point, "count")) ==
                   sides + number_of(json_object_get(point, "zeroCount")));
    }
}

/* Checks every point; the sum of those of the counter "total" is returned. */
static uint64_t check_metric(const json_t *metric)
{
    uint64_t total = 0;
    const char *kind;
    json_t *body;
    json_object_foreach((json_t *)metric, kind, body) {
        size_t i;
        json_t *point;
        json_array_foreach(json_object_get(body, "dataPoints"), i, point) {
            check_point(point);
            total += number_of(json_object_get(point, "asInt"));
        }
    }
    return strcmp(text_of(metric, "name"), "total") == 0 ? total : 0;
}

static uint64_t check_metrics(const json_t *metrics)
{
    uint64_t total = 0;
    size_t r;
    size_t s;
    size_t m;
    json_t *resource;
    json_t *scope;
    json_t *metric;
    json_array_foreach(json_object_get(metrics, "resourceMetrics"), r, resource) {
        json_array_foreach(json_object_get(resource, "scopeMetrics"), s, scope) {
            json_array_foreach(json_object_get(scope, "metrics"), m, metric) {
                total += check_metric(metric);
            }
        }
    }
    return total;
}

/* -- What is to be expected -------------------------------------------------------------------------------------- */

static bool *bound_of(expectation *e, const json_t *request, const char *key)
{
    const char *id = text_of(request, key);
    return id[0] == 'b' && id[1] >= '0' && id[1] <= '9' ? &e->bound[id[1] - '0'] : NULL;
}

static void expect_recording(expectation *e, const json_t *request)
{
    const json_t *value = json_object_get(request, "value");
    const json_t *repeat = json_object_get(request, "repeat");
    const json_t *threads = json_object_get(request, "threads");
    const bool *bound = bound_of(e, request, "bound");
    bool counted = bound != NULL ? *bound : strcmp(text_of(request, "instrument"), "total") == 0;
    if (!counted || !json_is_integer(value) || json_integer_value(value) < 0) {
        return; /* a negative increment is refused */
    }
    uint64_t times = (repeat != NULL ? number_of(repeat) : 1) * (threads != NULL ? number_of(threads) : 1);
    e->counts = e->counts && number_of(value) < MAX_EXACT / 1000;
    e->recorded += number_of(value) * times;
}

static void expect(expectation *e, const json_t *request, const json_t *answer)
{
    const char *op = text_of(request, "op");
    if (strcmp(op, "shutdown") == 0) {
        e->counts = false;
    } else if (!json_is_true(json_object_get(answer, "ok"))) {
        return;
    } else if (strcmp(op, "bind") == 0) {
        *bound_of(e, request, "id") = strcmp(text_of(request, "instrument"), "total") == 0;
    } else if (strcmp(op, "record") == 0) {
        expect_recording(e, request);
    } else if (strcmp(op, "collect") == 0) {
        const char *reader = text_of(request, "reader");
        uint64_t total = check_metrics(json_object_get(answer, "metrics"));
        e->deltas += strcmp(reader, "delta") == 0 ? total : 0;
        if (e->counts && strcmp(reader, "other") != 0) {
            FUZZ_CHECK((strcmp(reader, "delta") == 0 ? e->deltas : total) == e->recorded);
        }
    }
}

/* -- One script -------------------------------------------------------------------------------------------------- */

/* Takes the request over. A recording in the background ends here, so that its total is known. */
static void obey(driver *d, expectation *e, json_t *request)
{
    json_t *answer = request != NULL ? driver_obey(d, request) : NULL;
    const char *background = text_of(request, "background");
    if (answer != NULL && background[0] != '\0' && strcmp(text_of(request, "op"), "record") == 0) {
        json_t *join = json_pack("{s:s,s:s}", "op", "join", "background", background);
        json_decref(driver_obey(d, join));
        json_decref(join);
    }
    if (answer != NULL) {
        expect(e, request, answer);
    }
    json_decref(answer);
    json_decref(request);
}

static void prepare(driver *d, expectation *e, fuzz_bytes *bytes)
{
    obey(d, e, json_pack("{s:s,s:s}", "op", "clock", "set", "1700000000000000000"));
    obey(d, e, fuzz_script_request(bytes, 'P'));
    obey(d, e, fuzz_script_request(bytes, 'D'));
    obey(d, e,
         json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "op", "instrument", "id", "total", "meter", "m", "kind", "counter",
                   "number", "int", "name", "total"));
    for (int i = 0; i < 4; i++) {
        obey(d, e, fuzz_script_request(bytes, 'I'));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    driver d;
    expectation e = {.counts = true};
    fuzz_bytes bytes = {data, size};
    driver_init(&d);
    prepare(&d, &e, &bytes);
    for (int i = 0; i < MAX_REQUESTS && bytes.size > 0; i++) {
        obey(&d, &e, fuzz_script_request(&bytes, 'O'));
    }
    e.counts = e.counts && driver_table_find(&d.instruments, "total") != NULL;
    obey(&d, &e, json_pack("{s:s,s:s}", "op", "collect", "reader", "cumulative"));
    obey(&d, &e, json_pack("{s:s,s:s}", "op", "collect", "reader", "delta"));
    driver_fini(&d);
    json_t *rest = json_object();
    driver_diag_take(rest); /* forgets what was said at the end */
    json_decref(rest);
    return 0;
}
