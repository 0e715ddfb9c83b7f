/* What the parts share that build a model: memory, notes, and a failure that sticks. */
#ifndef OTMI_PROM_BUILDER_H
#define OTMI_PROM_BUILDER_H

#include "prom_model.h"

typedef struct otmi_prom_builder {
    otmi_arena *arena;
    otmi_buf *scratch;
    const otmi_prom_settings *settings;
    otmi_prom_escaping escaping;
    otm_status status; /* the first failure; what is built after it is empty */
    otm_string meter;  /* whose metrics are being added, for notes */
    otm_string instrument;
    otmi_prom_note *notes;
    otmi_prom_note *last_note;
    size_t note_count;
} otmi_prom_builder;

/* Zeroed; NULL fails the builder. */
void *otmi_prom_alloc(otmi_prom_builder *builder, size_t count, size_t element_size);

/* A NUL-terminated copy; empty when the builder fails. */
otm_string otmi_prom_copy(otmi_prom_builder *builder, const char *text, size_t size);

/* A copy of what scratch holds; scratch is empty afterwards. */
otm_string otmi_prom_take_scratch(otmi_prom_builder *builder);

/* The text itself if it can be shown, else a copy with U+FFFD for what cannot, and a note. */
otm_string otmi_prom_clean(otmi_prom_builder *builder, otm_string text);

/* About the current meter and instrument. One alike in a row, and what exceeds a maximum, is not kept. */
void otmi_prom_note_add(otmi_prom_builder *builder, otmi_prom_note_kind kind, otm_string detail);

static inline bool otmi_prom_same(otm_string a, otm_string b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline otm_string otmi_prom_text(const char *text)
{
    return (otm_string){text, strlen(text)};
}

/* -- Labels ------------------------------------------------------------------------------------------------------ */

/* The label names for a list of attribute keys. The series of a metric mostly have the same keys, so names are made
 * once for many. */
typedef struct otmi_prom_key_list {
    const otm_attr *attrs; /* of the series that it was made for */
    size_t attr_count;
    const struct otmi_prom_key *keys;
    size_t key_count;
    size_t label_count;
} otmi_prom_key_list;

/* What the series of one metric have in common; zero but for the first two. */
typedef struct otmi_prom_series {
    const otmi_prom_labels *shared; /* a label that this holds, ... */
    const char *reserved;           /* ... or that is called so (may be NULL), is renamed */
    otmi_prom_key_list list;        /* of the last series */
    size_t list_count;              /* key lists so far */
    bool has_changed_names;         /* some label is not called like its key */
    bool may_repeat;                /* another attribute list might have given the same labels */
} otmi_prom_series;

/* The labels of one series. */
otmi_prom_labels otmi_prom_series_labels(otmi_prom_builder *builder, otmi_prom_series *series, const otm_attr *attrs,
                                         size_t count);

/* The labels of target_info. */
otmi_prom_labels otmi_prom_resource_labels(otmi_prom_builder *builder, const otm_resource_metrics *resource);

/* The resource attributes that are copied to every series. */
otmi_prom_labels otmi_prom_constant_labels(otmi_prom_builder *builder, const otm_resource_metrics *resource);

/* Scope labels and constant labels together. */
otmi_prom_labels otmi_prom_shared_labels(otmi_prom_builder *builder, const otm_scope_metrics *scope,
                                         otmi_prom_labels constant);

/* -- Repeated series --------------------------------------------------------------------------------------------- */

/* What a series is known by: its labels, own and shared ones. No name is in both. */
typedef struct otmi_prom_identity {
    const otmi_prom_labels *own;
    const otmi_prom_labels *shared;
} otmi_prom_identity;

/* Open addressing; never more than half full. */
typedef struct otmi_prom_identities {
    otmi_prom_identity *slots;
    size_t mask;
} otmi_prom_identities;

/* Room for so many; false: the builder fails. */
bool otmi_prom_identities_init(otmi_prom_builder *builder, otmi_prom_identities *set, size_t most);
/* False: one with the same labels, in whatever order, is there already. */
bool otmi_prom_identities_add(otmi_prom_identities *set, const otmi_prom_identity *added);

/* Leaves each label set of the family in it once: the first stays. */
void otmi_prom_drop_repeated(otmi_prom_builder *builder, otmi_prom_family *family);

#endif
