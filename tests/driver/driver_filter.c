/* filter */
#include <stdlib.h>

#include "driver_provider.h"
#include "driver_values.h"

typedef struct rule {
    const char *name; /* in the request, which is held */
    otm_filter_result result;
    driver_attrs *dropped; /* whole sets */
    size_t dropped_count;
} rule;

typedef struct filter {
    rule *rules;
    size_t count;
    json_t *json;
} filter;

/* -- Asked by the SDK -------------------------------------------------------------------------------------------- */

static const rule *find(const filter *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->rules[i].name, name) == 0) {
            return &f->rules[i];
        }
    }
    return NULL;
}

static otm_filter_result test_metric(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                     const char *unit)
{
    (void)scope;
    (void)type;
    (void)unit;
    const rule *r = find(self, name);
    return r != NULL ? r->result : OTM_FILTER_ACCEPT;
}

static bool equal_values(const otm_value *a, const otm_value *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case OTM_VALUE_STRING:
        return a->size == b->size && memcmp(a->as.string, b->as.string, a->size) == 0;
    case OTM_VALUE_BOOL:
        return a->as.boolean == b->as.boolean;
    case OTM_VALUE_I64:
        return a->as.i64 == b->as.i64;
    case OTM_VALUE_F64:
        return memcmp(&a->as.f64, &b->as.f64, sizeof a->as.f64) == 0;
    default:
        return false; /* rules of the protocol are about scalars */
    }
}

static bool has(const otm_attr *attributes, size_t count, const otm_attr *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (attributes[i].key_size == wanted->key_size &&
            memcmp(attributes[i].key, wanted->key, wanted->key_size) == 0) {
            return equal_values(&attributes[i].value, &wanted->value);
        }
    }
    return false;
}

static bool equal_sets(const driver_attrs *set, const otm_attr *attributes, size_t count)
{
    bool equal = set->count == count;
    for (size_t i = 0; equal && i < count; i++) {
        equal = has(attributes, count, &set->items[i]);
    }
    return equal;
}

static otm_filter_result test_attributes(void *self, const otm_scope *scope, const char *name, otm_metric_type type,
                                         const char *unit, const otm_attr *attributes, size_t attribute_count)
{
    (void)scope;
    (void)type;
    (void)unit;
    const rule *r = find(self, name);
    bool drop = false;
    for (size_t i = 0; r != NULL && !drop && i < r->dropped_count; i++) {
        drop = equal_sets(&r->dropped[i], attributes, attribute_count);
    }
    return drop ? OTM_FILTER_DROP : OTM_FILTER_ACCEPT;
}

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static void destroy(void *self)
{
    filter *f = self;
    for (size_t i = 0; i < f->count; i++) {
        for (size_t a = 0; a < f->rules[i].dropped_count; a++) {
            driver_attrs_fini(&f->rules[i].dropped[a]);
        }
        free(f->rules[i].dropped);
    }
    free(f->rules);
    json_decref(f->json);
    free(f);
}

static const otm_metric_filter_ops ops = {
    .size = sizeof ops, .test_metric = test_metric, .test_attributes = test_attributes, .destroy = destroy};

static bool read_result(const json_t *json, otm_filter_result *out)
{
    static const char *const words[] = {
        [OTM_FILTER_ACCEPT] = "accept", [OTM_FILTER_DROP] = "drop", [OTM_FILTER_ACCEPT_PARTIAL] = "accept_partial"};
    const char *text = json_string_value(json);
    for (int i = 0; text != NULL && i < 3; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = (otm_filter_result)i;
            return true;
        }
    }
    return false;
}

static bool read_rule(const json_t *json, rule *out)
{
    const json_t *sets = json_object_get(json, "attributes");
    size_t count = json_array_size(sets);
    out->name = json_string_value(json_object_get(json, "name"));
    out->dropped = calloc(count + 1, sizeof *out->dropped);
    bool good = out->name != NULL && out->dropped != NULL && (sets == NULL || json_is_array(sets)) &&
                read_result(json_object_get(json, "result"), &out->result);
    for (size_t i = 0; good && i < count; i++) {
        good = driver_attrs_init(&out->dropped[i], json_array_get(sets, i)) == OTM_OK;
        out->dropped_count += good;
    }
    return good;
}

/* NULL if they are no rules. */
static filter *filter_new(json_t *json)
{
    size_t count = json_array_size(json);
    filter *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    f->json = json_incref(json);
    f->rules = calloc(count + 1, sizeof *f->rules);
    bool good = json_is_array(json) && f->rules != NULL;
    for (size_t i = 0; good && i < count; i++) {
        f->count = i + 1;
        good = read_rule(json_array_get(json, i), &f->rules[i]);
    }
    if (!good) {
        destroy(f);
        return NULL;
    }
    return f;
}

otm_status driver_op_filter(driver *d, const json_t *request, json_t *answer)
{
    driver_reader *reader;
    otm_status st = driver_find(&d->readers, request, "reader", answer, &reader);
    if (st != OTM_OK) {
        return st;
    }
    filter *f = filter_new(json_object_get(request, "rules"));
    if (f == NULL) {
        return driver_refuse(answer, OTM_ERR_INVALID_ARGUMENT,
                             "rules: expected an array of name, result (accept, drop, accept_partial), attributes");
    }
    otm_metric_filter *created;
    st = otm_metric_filter_create(&ops, f, NULL, &created);
    if (st == OTM_OK) {
        st = otm_reader_set_filter(reader->reader, created);
        otm_metric_filter_release(created);
    }
    return st;
}
