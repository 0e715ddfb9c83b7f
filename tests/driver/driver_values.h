/* Values of the protocol: from JSON to what the API takes. */
#ifndef DRIVER_VALUES_H
#define DRIVER_VALUES_H

#include <jansson.h>
#include <otm/context.h>
#include <otm/instrument.h>

typedef union driver_number {
    int64_t i64;
    double f64;
} driver_number;

/* Attributes with what they point to. `json` is held, since strings stay where they are in it. */
typedef struct driver_attrs {
    otm_attr *items;
    size_t count;
    json_t *json;
} driver_attrs;

/* An array of key values, an object as shorthand, or NULL for none. On failure nothing is held. */
otm_status driver_attrs_init(driver_attrs *attrs, json_t *json);
void driver_attrs_fini(driver_attrs *attrs);

/* An integer, as JSON or as a decimal string. */
bool driver_i64(const json_t *json, int64_t *out);
/* A number, as JSON or as a string; "NaN", "Infinity", "-Infinity". */
bool driver_f64(const json_t *json, double *out);
bool driver_number_of(const json_t *json, otm_number number, driver_number *out);

/* {"trace_id":...,"span_id":...,"sampled":...}. */
bool driver_context(const json_t *json, otm_context *out);

/* Text of `size` bytes as base64; NULL without memory. Freed with free(). */
char *driver_base64(const void *bytes, size_t size);

#endif
