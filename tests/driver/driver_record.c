/* record, records, join */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "driver_instrument.h"

#define MAX_THREADS 1024

/* A measurement that can be made again and again. What it points to outlives it, or is held by it. */
typedef struct recording {
    const driver_calls *calls;
    otm_number number;
    void *instrument; /* or */
    void *bound;
    driver_number value;
    driver_attrs attrs;
    bool has_context;
    otm_context context;
} recording;

/* Threads at work. `stop` ends them before their time, when input is over. */
typedef struct background {
    recording what;
    otm_bound *held; /* a reference, since unbind may come before join */
    int64_t repeat;
    atomic_bool stop;
    pthread_t *threads;
    size_t thread_count;
} background;

static void make(const recording *what)
{
    const otm_context *context = what->has_context ? &what->context : NULL;
    if (what->bound != NULL) {
        what->calls->record_bound(what->bound, what->value, context);
    } else {
        what->calls->record(what->instrument, what->value, &what->attrs, context);
    }
}

/* -- Reading ----------------------------------------------------------------------------------------------------- */

static otm_status read_target(driver *d, const json_t *request, json_t *answer, recording *out)
{
    if (json_object_get(request, "bound") != NULL) {
        driver_bound *bound;
        otm_status st = driver_find(&d->bounds, request, "bound", answer, &bound);
        if (st == OTM_OK && json_object_get(request, "attributes") != NULL) {
            st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "attributes: a bound instrument has its own");
        }
        if (st == OTM_OK) {
            *out = (recording){.calls = bound->calls, .number = bound->number, .bound = bound->handle};
        }
        return st;
    }
    driver_instrument *instrument;
    otm_status st = driver_find(&d->instruments, request, "instrument", answer, &instrument);
    if (st == OTM_OK && instrument->calls == NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "instrument: expected a synchronous one");
    }
    if (st == OTM_OK) {
        *out = (recording){
            .calls = instrument->calls, .number = instrument->number, .instrument = instrument->handle};
    }
    return st;
}

/* All but the value. On success the caller finishes it with driver_attrs_fini(&out->attrs). */
static otm_status read_recording(driver *d, const json_t *request, json_t *answer, recording *out)
{
    otm_status st = read_target(d, request, answer, out);
    if (st != OTM_OK) {
        return st;
    }
    json_t *context = json_object_get(request, "context");
    out->has_context = context != NULL && !json_is_null(context);
    if (out->has_context && !driver_context(context, &out->context)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "context: expected trace_id and span_id in hex");
    }
    st = driver_attrs_init(&out->attrs, json_object_get(request, "attributes"));
    return st == OTM_OK ? st : driver_refuse(answer, st, "attributes: not of the form the protocol has");
}

static otm_status read_value(const json_t *json, json_t *answer, recording *out)
{
    return driver_number_of(json, out->number, &out->value)
               ? OTM_OK
               : driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "value: expected %s",
                               out->number == OTM_NUMBER_I64 ? "an int64" : "a number");
}

static otm_status read_count(const json_t *request, const char *key, int64_t maximum, json_t *answer, int64_t *out)
{
    const json_t *json = json_object_get(request, key);
    *out = 1;
    if (json != NULL && (!driver_i64(json, out) || *out < 1 || *out > maximum)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "%s: expected 1 to %lld", key, (long long)maximum);
    }
    return OTM_OK;
}

/* -- Threads ----------------------------------------------------------------------------------------------------- */

static void *work(void *argument)
{
    background *b = argument;
    for (int64_t i = 0; i < b->repeat && !atomic_load_explicit(&b->stop, memory_order_relaxed); i++) {
        make(&b->what);
    }
    return NULL;
}

static void join_all(background *b)
{
    for (size_t i = 0; i < b->thread_count; i++) {
        (void)pthread_join(b->threads[i], NULL);
    }
    b->thread_count = 0;
}

static void finish(background *b)
{
    join_all(b);
    if (b->held != NULL) {
        b->held->ops->release(b->held);
    }
    driver_attrs_fini(&b->what.attrs);
    free(b->threads);
    free(b);
}

void driver_background_destroy(void *object)
{
    background *b = object;
    atomic_store_explicit(&b->stop, true, memory_order_relaxed);
    finish(b);
}

void driver_forget_threads(driver_table *backgrounds)
{
    for (size_t i = 0; i < backgrounds->count; i++) {
        background *b = backgrounds->entries[i].object;
        b->thread_count = 0;
    }
}

/* Takes over what->attrs. */
static otm_status start(const recording *what, int64_t repeat, int64_t threads, background **out)
{
    background *b = calloc(1, sizeof *b);
    pthread_t *ids = calloc((size_t)threads, sizeof *ids);
    if (b == NULL || ids == NULL) {
        free(b);
        free(ids);
        return OTM_ERR_NO_MEMORY;
    }
    b->what = *what;
    b->held = what->bound;
    b->repeat = repeat;
    b->threads = ids;
    if (b->held != NULL) {
        b->held->ops->retain(b->held);
    }
    for (int64_t i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, work, b) != 0) {
            driver_background_destroy(b);
            return OTM_ERR_IO;
        }
        b->thread_count++;
    }
    *out = b;
    return OTM_OK;
}

/* -- Operations -------------------------------------------------------------------------------------------------- */

static otm_status record_on_threads(driver *d, const json_t *request, json_t *answer, recording *what, int64_t repeat,
                                    int64_t threads)
{
    const char *name;
    background *b;
    otm_status st = driver_text(request, "background", answer, &name);
    if (st == OTM_OK && name != NULL && driver_table_find(&d->backgrounds, name) != NULL) {
        st = driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "the background id %s is taken", name);
    }
    if (st != OTM_OK) {
        return st;
    }
    st = start(what, repeat, threads, &b);
    what->attrs = (driver_attrs){.count = 0}; /* the threads' now, or gone */
    if (st != OTM_OK) {
        return driver_refuse(answer, st, "threads could not be started");
    }
    if (name == NULL) {
        finish(b);
        return OTM_OK;
    }
    if (!driver_table_add(&d->backgrounds, name, b)) {
        driver_background_destroy(b);
        return OTM_ERR_NO_MEMORY;
    }
    return OTM_OK;
}

otm_status driver_op_record(driver *d, const json_t *request, json_t *answer)
{
    int64_t repeat;
    int64_t threads;
    recording what;
    otm_status st = read_count(request, "repeat", INT64_MAX, answer, &repeat);
    if (st == OTM_OK) {
        st = read_count(request, "threads", MAX_THREADS, answer, &threads);
    }
    if (st == OTM_OK) {
        st = read_recording(d, request, answer, &what);
    }
    if (st != OTM_OK) {
        return st;
    }
    st = read_value(json_object_get(request, "value"), answer, &what);
    if (st == OTM_OK && (threads > 1 || json_object_get(request, "background") != NULL)) {
        st = record_on_threads(d, request, answer, &what, repeat, threads);
    } else {
        for (int64_t i = 0; st == OTM_OK && i < repeat; i++) {
            make(&what);
        }
    }
    driver_attrs_fini(&what.attrs);
    return st;
}

otm_status driver_op_records(driver *d, const json_t *request, json_t *answer)
{
    const json_t *values = json_object_get(request, "values");
    recording what;
    if (!json_is_array(values)) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT, "values: expected an array");
    }
    otm_status st = read_recording(d, request, answer, &what);
    if (st != OTM_OK) {
        return st;
    }
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value) {
        st = read_value(value, answer, &what);
        if (st != OTM_OK) {
            break;
        }
        make(&what);
    }
    driver_attrs_fini(&what.attrs);
    return st;
}

otm_status driver_op_join(driver *d, const json_t *request, json_t *answer)
{
    background *b;
    otm_status st = driver_find(&d->backgrounds, request, "background", answer, &b);
    if (st == OTM_OK) {
        join_all(b);
        driver_table_remove(&d->backgrounds, json_string_value(json_object_get(request, "background")));
    }
    return st;
}
