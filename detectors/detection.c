#include "detection.h"

#include <stdlib.h>

#include "util/options.h"

/* A detector reads a handful of small files. */
#define MAX_ARENA_BYTES ((size_t)16 << 20)

otm_status otmi_detect_options_read(const otm_detect_options *options, otm_detect_options *out)
{
    otm_status st = otmi_options_read(options, out, sizeof *out);
    out->struct_size = sizeof *out; /* detectors of the host get it */
    if (out->root == NULL) {
        out->root = "";
    }
    return st;
}

const char *otmi_detect_variable(const otm_detect_options *options, const char *name)
{
    const char *value =
        options->environment != NULL ? options->environment(name, options->environment_user_data) : getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void otmi_detection_fail(otmi_detection *d, otm_status status, const char *what, int error)
{
    d->status = d->status == OTM_OK ? status : d->status;
    otmi_diag_report(d->diag, OTM_ERROR, status, &(otmi_diag_origin){.component = "resource_detector"},
                     "the detector \"%s\" cannot read %.200s%s: %s (error %d)", d->name, d->options.root, what,
                     otm_status_text(status), error);
}

/* -- Finding ----------------------------------------------------------------------------------------------------- */

static void add(otmi_detection *d, const char *key, otm_value value, bool identifies)
{
    if (d->found_count < OTMI_DETECTION_MAX_FOUND) {
        d->found[d->found_count++] = (otmi_found){otm_attr_value(key, value), d->entity, identifies};
    }
}

static void add_text(otmi_detection *d, const char *key, const char *text, size_t size, bool identifies)
{
    if (size == 0) {
        return;
    }
    char *copy = otmi_arena_alloc(&d->arena, size);
    if (copy == NULL) {
        d->status = OTM_ERR_NO_MEMORY;
        return;
    }
    memcpy(copy, text, size);
    add(d, key, otm_value_string_sized(copy, size), identifies);
}

void otmi_found_text(otmi_detection *d, const char *key, const char *text, size_t size)
{
    add_text(d, key, text, size, false);
}

void otmi_found_id_text(otmi_detection *d, const char *key, const char *text, size_t size)
{
    add_text(d, key, text, size, true);
}

void otmi_found_value(otmi_detection *d, const char *key, otm_value value)
{
    add(d, key, value, false);
}

void otmi_found_id_value(otmi_detection *d, const char *key, otm_value value)
{
    add(d, key, value, true);
}

/* -- The resource ------------------------------------------------------------------------------------------------ */

/* The attributes, sorted by what they are for: loose ones, then entity by entity. */
typedef struct sorted {
    otm_attr attrs[OTMI_DETECTION_MAX_FOUND];
    size_t count;
    size_t loose_count;
    otm_entity entities[OTMI_DETECTION_MAX_FOUND];
    size_t entity_count;
} sorted;

static bool is_of(const otmi_found *found, const char *entity)
{
    return strcmp(found->entity, entity) == 0;
}

static bool has_identity(const otmi_detection *d, const char *entity)
{
    for (size_t i = 0; i < d->found_count; i++) {
        if (is_of(&d->found[i], entity) && d->found[i].identifies) {
            return true;
        }
    }
    return false;
}

static bool is_listed(const sorted *s, const char *entity)
{
    for (size_t i = 0; i < s->entity_count; i++) {
        if (strcmp(s->entities[i].type, entity) == 0) {
            return true;
        }
    }
    return false;
}

static size_t take(const otmi_detection *d, sorted *s, const char *entity, bool identifying)
{
    size_t before = s->count;
    for (size_t i = 0; i < d->found_count; i++) {
        if (is_of(&d->found[i], entity) && d->found[i].identifies == identifying) {
            s->attrs[s->count++] = d->found[i].attr;
        }
    }
    return s->count - before;
}

static void add_entity(const otmi_detection *d, sorted *s, const char *type)
{
    otm_entity *entity = &s->entities[s->entity_count++];
    *entity = (otm_entity){.type = type, .schema_url = OTM_DETECTORS_SCHEMA_URL};
    entity->id_attributes = &s->attrs[s->count];
    entity->id_attribute_count = take(d, s, type, true);
    entity->description_attributes = &s->attrs[s->count];
    entity->description_attribute_count = take(d, s, type, false);
}

/* What describes an entity whose identity was not found is left loose. */
static void sort(const otmi_detection *d, sorted *s)
{
    *s = (sorted){.count = 0};
    for (size_t i = 0; i < d->found_count; i++) {
        if (!d->options.as_entities || !has_identity(d, d->found[i].entity)) {
            s->attrs[s->count++] = d->found[i].attr;
        }
    }
    s->loose_count = s->count;
    for (size_t i = 0; d->options.as_entities && i < d->found_count; i++) {
        const char *type = d->found[i].entity;
        if (has_identity(d, type) && !is_listed(s, type)) {
            add_entity(d, s, type);
        }
    }
}

static otm_status make_resource(const otmi_detection *d, otm_resource **out)
{
    sorted s;
    sort(d, &s);
    otm_resource_options options;
    otm_resource_options_init(&options);
    options.allocator = d->options.allocator;
    options.attributes = s.attrs;
    options.attribute_count = s.loose_count;
    options.schema_url = d->found_count > 0 ? OTM_DETECTORS_SCHEMA_URL : NULL;
    options.entities = s.entities;
    options.entity_count = s.entity_count;
    return otm_resource_create_with_options(&options, out);
}

otm_status otmi_detection_run(const char *name, const otm_detect_options *options, void (*fill)(otmi_detection *),
                              otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otmi_detection d = {.name = name, .status = OTM_OK};
    otm_status st = otmi_detect_options_read(options, &d.options);
    if (st != OTM_OK) {
        return st;
    }
    otmi_arena_init(&d.arena, d.options.allocator, MAX_ARENA_BYTES);
    d.diag = otmi_diag_create(d.options.allocator, &d.options.diagnostics, NULL);
    fill(&d);
    st = d.status == OTM_ERR_NO_MEMORY ? OTM_ERR_NO_MEMORY : make_resource(&d, out);
    otmi_diag_destroy(d.diag);
    otmi_arena_fini(&d.arena);
    return st != OTM_OK ? st : d.status;
}
