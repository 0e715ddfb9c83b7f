/* The one model that all writers read: families of samples with their final names and labels.
 *
 * Built from a collected tree for one scrape, in an arena. It points into the tree, so it is valid as long as both.
 * All text in it is valid UTF-8; a writer only adds the escapes of its format. */
#ifndef OTMI_PROM_MODEL_H
#define OTMI_PROM_MODEL_H

#include "prom_name.h"
#include "util/arena.h"

typedef struct otmi_prom_label {
    otm_string name;
    otm_string value;
    bool is_plain; /* neither needs quotes or escapes in any format */
} otmi_prom_label;

typedef struct otmi_prom_labels {
    const otmi_prom_label *items;
    size_t count;
} otmi_prom_labels;

typedef struct otmi_prom_sample {
    const otm_point *point; /* NULL: the constant 1 of an info metric */
    otmi_prom_labels labels; /* of the series itself */
} otmi_prom_sample;

/* The samples of one metric. */
typedef struct otmi_prom_group {
    struct otmi_prom_group *next;
    const otmi_prom_labels *shared; /* of scope and resource: on every sample, behind its own */
    otmi_prom_sample *samples;
    size_t count;
} otmi_prom_group;

/* One name with its type; metrics of several scopes may meet in it. */
typedef struct otmi_prom_family {
    struct otmi_prom_family *next;
    otm_string name; /* of a counter with its _total, if the strategy adds it */
    otm_string help; /* may be empty */
    otm_string unit; /* in words; may be empty */
    otmi_prom_type type;
    bool may_repeat; /* two of its samples might have the same labels */
    otmi_prom_group *groups;
    otmi_prom_group *last_group;
} otmi_prom_family;

/* What a person should be told about the making of a model. */
typedef enum otmi_prom_note_kind {
    OTMI_PROM_NAME_LOST,
    OTMI_PROM_TYPE_CONFLICT,
    OTMI_PROM_HELP_CONFLICT,
    OTMI_PROM_UNIT_CONFLICT,
    OTMI_PROM_DELTA_DROPPED,
    OTMI_PROM_EXPONENTIAL_DROPPED,
    OTMI_PROM_LABEL_LOST,
    OTMI_PROM_LABEL_RENAMED,
    OTMI_PROM_SCOPE_ATTRIBUTE_DROPPED,
    OTMI_PROM_CONSTANT_DROPPED,
    OTMI_PROM_TEXT_REPAIRED,
    OTMI_PROM_SERIES_REPEATED,
    OTMI_PROM_RESOURCE_IGNORED,
    OTMI_PROM_RESOURCE_ALIKE
} otmi_prom_note_kind;

/* All texts are NUL-terminated copies in the arena: notes outlive the tree. */
typedef struct otmi_prom_note {
    struct otmi_prom_note *next;
    otmi_prom_note_kind kind;
    const char *meter;
    const char *instrument;
    const char *detail; /* the name, key or label concerned */
} otmi_prom_note;

typedef struct otmi_prom_model {
    otmi_prom_family *families; /* target_info first, then as the tree has them */
    const otmi_prom_note *notes;
} otmi_prom_model;

/* The options that decide what a model looks like. */
typedef struct otmi_prom_settings {
    uint32_t translation; /* otm_prometheus_translation */
    bool omit_scope_info;
    bool omit_target_info;
    bool has_constant_labels;
    const char *const *included_keys;
    size_t included_key_count;
    const char *const *excluded_keys;
    size_t excluded_key_count;
} otmi_prom_settings;

/* `scratch` is working room for one name or value; its contents are lost.
 * Fails: OTM_ERR_NO_MEMORY (also at the arena's maximum), OTM_ERR_LIMIT (at that of scratch). */
otm_status otmi_prom_model_build(otmi_prom_model *model, otmi_arena *arena, otmi_buf *scratch,
                                 const otmi_prom_settings *settings, otmi_prom_escaping escaping,
                                 const otm_metrics_data *data);

#endif
