/* Attributes as labels (compatibility/prometheus_and_openmetrics.md, "Metric Attributes", "Instrumentation Scope",
 * "Resource Attributes"). */
#include <stdlib.h>

#include "prom_builder.h"
#include "prom_escape.h"
#include "util/attr_text.h"
#include "util/wildcard.h"

#define SCOPE_PREFIX "otel_scope_"
#define RENAMED_PREFIX "exported_"

/* -- One label --------------------------------------------------------------------------------------------------- */

static bool has_double_underscore(const char *text, size_t size)
{
    for (size_t i = 1; i < size; i++) {
        if (text[i] == '_' && text[i - 1] == '_') {
            return true;
        }
    }
    return false;
}

/* True if strategy and escaping would give the key back: then it is its own label name, without a copy. */
static bool keeps_key(const otmi_prom_builder *builder, const char *key, size_t size)
{
    return otmi_prom_is_legal(OTMI_PROM_LABEL_NAME, key, size) &&
           !(otmi_prom_has_underscores(builder->settings->translation) && has_double_underscore(key, size));
}

/* Strategy, then escaping; empty if no name can be made. */
static otm_string translate_key(otmi_prom_builder *builder, const char *key, size_t size)
{
    if (!otmi_prom_label_name(builder->scratch, builder->settings->translation, key, size)) {
        otmi_buf_reset(builder->scratch);
        return (otm_string){"", 0};
    }
    otm_string translated = otmi_prom_clean(builder, otmi_prom_take_scratch(builder));
    if (otmi_prom_is_legal(OTMI_PROM_LABEL_NAME, translated.data, translated.size)) {
        return translated;
    }
    otmi_prom_escape_name(builder->scratch, builder->escaping, OTMI_PROM_LABEL_NAME, translated.data, translated.size);
    return otmi_prom_take_scratch(builder);
}

static otm_string label_name(otmi_prom_builder *builder, const char *prefix, const otm_attr *attr, bool *may_repeat)
{
    if (prefix[0] == '\0' && keeps_key(builder, attr->key, attr->key_size)) {
        return (otm_string){attr->key, attr->key_size};
    }
    *may_repeat = true;
    if (prefix[0] == '\0') {
        return translate_key(builder, attr->key, attr->key_size);
    }
    otmi_buf_text(builder->scratch, prefix);
    otmi_buf_append(builder->scratch, attr->key, attr->key_size);
    otm_string key = otmi_prom_take_scratch(builder);
    return translate_key(builder, key.data, key.size);
}

static otm_string value_text(otmi_prom_builder *builder, const otm_value *value, bool *may_repeat)
{
    otm_string text = {value->as.string, value->size};
    if (value->type != OTM_VALUE_STRING) {
        otmi_value_text(builder->scratch, value);
        text = otmi_prom_take_scratch(builder);
        *may_repeat = true; /* the number 1 and the string "1" are different series, but not here */
    }
    if (text.size == 0) {
        *may_repeat = true; /* to Prometheus an empty label is no label */
    }
    return text;
}

static otmi_prom_label make_label(otmi_prom_builder *builder, otm_string name, bool name_is_plain, otm_string value)
{
    if (otmi_prom_is_plain(value.data, value.size)) {
        return (otmi_prom_label){name, value, name_is_plain};
    }
    return (otmi_prom_label){name, otmi_prom_clean(builder, value), false};
}

static bool is_plain_name(otm_string name)
{
    return otmi_prom_is_legal(OTMI_PROM_LABEL_NAME, name.data, name.size);
}

/* -- Lists of labels --------------------------------------------------------------------------------------------- */

typedef struct label_list {
    otmi_prom_label *items; /* room for every attribute */
    size_t count;
} label_list;

static otmi_prom_label *find_label(otmi_prom_label *items, size_t count, otm_string name)
{
    for (size_t i = 0; i < count; i++) {
        if (otmi_prom_same(items[i].name, name)) {
            return &items[i];
        }
    }
    return NULL;
}

static bool holds_label(const otmi_prom_labels *labels, otm_string name)
{
    for (size_t i = 0; labels != NULL && i < labels->count; i++) {
        if (otmi_prom_same(labels->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Two keys that became one label: their values in the order of the original keys, which is the order they come in. */
static void merge_value(otmi_prom_builder *builder, otmi_prom_label *label, const otmi_prom_label *other)
{
    otmi_buf_append(builder->scratch, label->value.data, label->value.size);
    otmi_buf_byte(builder->scratch, ';');
    otmi_buf_append(builder->scratch, other->value.data, other->value.size);
    label->value = otmi_prom_take_scratch(builder);
    label->is_plain = label->is_plain && other->is_plain;
}

static void add_label(otmi_prom_builder *builder, label_list *list, const otmi_prom_label *label)
{
    otmi_prom_label *same = find_label(list->items, list->count, label->name);
    if (same != NULL) {
        merge_value(builder, same, label);
    } else {
        list->items[list->count++] = *label;
    }
}

static int compare_keys(const void *left, const void *right)
{
    const otm_attr *a = *(const otm_attr *const *)left;
    const otm_attr *b = *(const otm_attr *const *)right;
    size_t shorter = a->key_size < b->key_size ? a->key_size : b->key_size;
    int order = shorter > 0 ? memcmp(a->key, b->key, shorter) : 0;
    return order != 0 ? order : (a->key_size > b->key_size) - (a->key_size < b->key_size);
}

/* Pointers to the attributes in the order of their keys. The SDK keeps them so; foreign producers may not. */
static const otm_attr **sorted_attrs(otmi_prom_builder *builder, const otm_attr *attrs, size_t count)
{
    const otm_attr **sorted = otmi_prom_alloc(builder, count, sizeof *sorted);
    if (sorted == NULL) {
        return NULL;
    }
    bool in_order = true;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &attrs[i];
        in_order = in_order && (i == 0 || compare_keys(&sorted[i - 1], &sorted[i]) <= 0);
    }
    if (!in_order) {
        qsort(sorted, count, sizeof *sorted, compare_keys);
    }
    return sorted;
}

/* -- Labels of a series ------------------------------------------------------------------------------------------ */

static bool is_taken(const otmi_prom_labels *shared, const char *reserved, otm_string name)
{
    return (reserved != NULL && otmi_prom_same(name, otmi_prom_text(reserved))) ||
           otmi_prom_same(name, otmi_prom_text("__name__")) || holds_label(shared, name);
}

/* Renamed and not left out: without the label two series might become one. Prometheus does the same to labels that
 * its own collide with. */
static otm_string free_name(otmi_prom_builder *builder, otm_string name, const otmi_prom_labels *shared,
                            const char *reserved, bool *changed)
{
    while (builder->status == OTM_OK && is_taken(shared, reserved, name)) {
        *changed = true;
        otmi_prom_note_add(builder, OTMI_PROM_LABEL_RENAMED, name);
        otmi_buf_text(builder->scratch, RENAMED_PREFIX);
        otmi_buf_append(builder->scratch, name.data, name.size);
        name = otmi_prom_take_scratch(builder);
    }
    return name;
}

/* An attribute and the label that its value goes to. */
struct otmi_prom_key {
    otm_string name;
    bool name_is_plain;
    size_t attr;  /* its place in the attribute list */
    size_t label; /* its place among the labels; one that another key has taken gets both values */
};

static bool has_keys(const otmi_prom_key_list *list, const otm_attr *attrs, size_t count)
{
    if (list->attr_count != count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!otmi_prom_same((otm_string){list->attrs[i].key, list->attrs[i].key_size},
                            (otm_string){attrs[i].key, attrs[i].key_size})) {
            return false;
        }
    }
    return true;
}

/* The place of the label of that name; the next free one if no key has it yet. */
static size_t place_of(const struct otmi_prom_key *keys, size_t count, otm_string name, size_t next)
{
    for (size_t i = 0; i < count; i++) {
        if (otmi_prom_same(keys[i].name, name)) {
            return keys[i].label;
        }
    }
    return next;
}

static void make_key_list(otmi_prom_builder *builder, otmi_prom_series *series, const otm_attr *attrs, size_t count)
{
    const otm_attr **sorted = sorted_attrs(builder, attrs, count);
    struct otmi_prom_key *keys = otmi_prom_alloc(builder, count, sizeof *keys);
    otmi_prom_key_list list = {.attrs = attrs, .attr_count = count, .keys = keys};
    for (size_t i = 0; i < count && builder->status == OTM_OK; i++) {
        otm_string name = label_name(builder, "", sorted[i], &series->has_changed_names);
        if (name.size == 0) {
            otmi_prom_note_add(builder, OTMI_PROM_LABEL_LOST, (otm_string){sorted[i]->key, sorted[i]->key_size});
            continue;
        }
        name = free_name(builder, name, series->shared, series->reserved, &series->has_changed_names);
        /* As long as every key is its own label name they are as unique as keys are. */
        size_t place = series->has_changed_names ? place_of(keys, list.key_count, name, list.label_count)
                                                 : list.label_count;
        keys[list.key_count++] = (struct otmi_prom_key){name, is_plain_name(name), (size_t)(sorted[i] - attrs), place};
        list.label_count += place == list.label_count;
    }
    series->list = list;
    series->list_count++;
    /* With one key list that keeps its keys apart, different attributes are different labels. */
    series->may_repeat = series->may_repeat || list.label_count < count ||
                         (series->has_changed_names && series->list_count > 1);
}

otmi_prom_labels otmi_prom_series_labels(otmi_prom_builder *builder, otmi_prom_series *series, const otm_attr *attrs,
                                         size_t count)
{
    const otmi_prom_key_list *list = &series->list;
    if (series->list_count == 0 || !has_keys(list, attrs, count)) {
        make_key_list(builder, series, attrs, count);
    }
    if (list->label_count == 0) {
        return (otmi_prom_labels){NULL, 0};
    }
    otmi_prom_label *labels = otmi_prom_alloc(builder, list->label_count, sizeof *labels);
    size_t made = 0;
    for (size_t i = 0; i < list->key_count && builder->status == OTM_OK; i++) {
        const struct otmi_prom_key *key = &list->keys[i];
        otm_string value = value_text(builder, &attrs[key->attr].value, &series->may_repeat);
        otmi_prom_label label = make_label(builder, key->name, key->name_is_plain, value);
        if (key->label == made) {
            labels[made++] = label;
        } else {
            merge_value(builder, &labels[key->label], &label);
        }
    }
    return (otmi_prom_labels){labels, made};
}

/* -- Labels of resource and scope -------------------------------------------------------------------------------- */

static bool matches_any(const char *const *patterns, size_t count, const otm_attr *attr)
{
    for (size_t i = 0; i < count; i++) {
        if (otmi_wildcard_match(patterns[i], attr->key, attr->key_size)) {
            return true;
        }
    }
    return false;
}

static bool is_constant(const otmi_prom_settings *s, const otm_attr *attr)
{
    return (s->included_key_count == 0 || matches_any(s->included_keys, s->included_key_count, attr)) &&
           !matches_any(s->excluded_keys, s->excluded_key_count, attr);
}

/* Labels of the attributes for which the settings say so, or of all. */
static void add_attributes(otmi_prom_builder *builder, label_list *list, const char *prefix, const otm_attr *attrs,
                           size_t count, const otmi_prom_settings *only)
{
    const otm_attr **sorted = sorted_attrs(builder, attrs, count);
    bool ignored = false;
    for (size_t i = 0; i < count && builder->status == OTM_OK; i++) {
        if (only != NULL && !is_constant(only, sorted[i])) {
            continue;
        }
        otm_string name = label_name(builder, prefix, sorted[i], &ignored);
        if (name.size == 0 || otmi_prom_same(name, otmi_prom_text("__name__"))) {
            otmi_prom_note_add(builder, OTMI_PROM_LABEL_LOST, (otm_string){sorted[i]->key, sorted[i]->key_size});
            continue;
        }
        otm_string value = value_text(builder, &sorted[i]->value, &ignored);
        otmi_prom_label label = make_label(builder, name, is_plain_name(name), value);
        add_label(builder, list, &label);
    }
}

static otmi_prom_labels resource_labels(otmi_prom_builder *builder, const otm_resource_metrics *resource,
                                        const otmi_prom_settings *only)
{
    label_list list = {otmi_prom_alloc(builder, resource->attribute_count, sizeof *list.items), 0};
    add_attributes(builder, &list, "", resource->attributes, resource->attribute_count, only);
    return (otmi_prom_labels){list.items, list.count};
}

otmi_prom_labels otmi_prom_resource_labels(otmi_prom_builder *builder, const otm_resource_metrics *resource)
{
    return resource_labels(builder, resource, NULL);
}

otmi_prom_labels otmi_prom_constant_labels(otmi_prom_builder *builder, const otm_resource_metrics *resource)
{
    if (!builder->settings->has_constant_labels) {
        return (otmi_prom_labels){NULL, 0};
    }
    return resource_labels(builder, resource, builder->settings);
}

static bool is_own_scope_label(otm_string name)
{
    return otmi_prom_same(name, otmi_prom_text(SCOPE_PREFIX "name")) ||
           otmi_prom_same(name, otmi_prom_text(SCOPE_PREFIX "version")) ||
           otmi_prom_same(name, otmi_prom_text(SCOPE_PREFIX "schema_url"));
}

static void add_scope(otmi_prom_builder *builder, label_list *list, const otm_scope_metrics *scope)
{
    label_list from_attributes = {otmi_prom_alloc(builder, scope->attribute_count, sizeof *list->items), 0};
    add_attributes(builder, &from_attributes, SCOPE_PREFIX, scope->attributes, scope->attribute_count, NULL);
    const otm_string own[][2] = {{otmi_prom_text(SCOPE_PREFIX "name"), scope->name},
                                 {otmi_prom_text(SCOPE_PREFIX "version"), scope->version},
                                 {otmi_prom_text(SCOPE_PREFIX "schema_url"), scope->schema_url}};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        list->items[list->count++] = make_label(builder, own[i][0], true, own[i][1]);
    }
    for (size_t i = 0; i < from_attributes.count; i++) {
        if (is_own_scope_label(from_attributes.items[i].name)) {
            otmi_prom_note_add(builder, OTMI_PROM_SCOPE_ATTRIBUTE_DROPPED, from_attributes.items[i].name);
        } else {
            list->items[list->count++] = from_attributes.items[i];
        }
    }
}

otmi_prom_labels otmi_prom_shared_labels(otmi_prom_builder *builder, const otm_scope_metrics *scope,
                                         otmi_prom_labels constant)
{
    label_list list = {otmi_prom_alloc(builder, 3 + scope->attribute_count + constant.count, sizeof *list.items), 0};
    if (list.items == NULL) {
        return (otmi_prom_labels){NULL, 0};
    }
    if (!builder->settings->omit_scope_info) {
        add_scope(builder, &list, scope);
    }
    otmi_prom_labels of_scope = {list.items, list.count};
    for (size_t i = 0; i < constant.count; i++) {
        otm_string name = constant.items[i].name;
        if (is_taken(&of_scope, "le", name) || is_taken(NULL, "quantile", name)) {
            otmi_prom_note_add(builder, OTMI_PROM_CONSTANT_DROPPED, name);
        } else {
            list.items[list.count++] = constant.items[i];
        }
    }
    return (otmi_prom_labels){list.items, list.count};
}
