/* A value of the model and the place where it stands.
 *
 * Readers of the model walk down from the root with these, on the stack. Each accessor checks the type and the range,
 * reports a mistake with its key path and what was expected there, and returns OTM_ERR_CONFIG. A value that is absent
 * or null leaves *out as it was: the caller sets the default first. */
#ifndef OTMI_MODEL_NODE_H
#define OTMI_MODEL_NODE_H

#include <jansson.h>

#include "util/arena.h"
#include "util/diag.h"

/* What reading one model, and creating what it describes, needs. */
typedef struct otmi_model {
    const otm_allocator *allocator;
    const otm_clock *clock;
    otm_diagnostics_options diagnostics;
    otmi_arena arena; /* lists made while reading; gone when the SDK is created */
    otmi_diag *diag;
    bool allow_manual_readers;
    /* The first thing that a valid model asks for and this library lacks; NULL: nothing. It is remembered until all
     * has been read, so that a mistake elsewhere is reported first. */
    const char *missing;
} otmi_model;

typedef struct otmi_node {
    otmi_model *model;
    const json_t *json; /* NULL: absent, or null */
    const struct otmi_node *parent;
    const char *key; /* NULL: an element of a list, or the root */
    size_t index;
} otmi_node;

otmi_node otmi_node_root(otmi_model *model, const json_t *json, const char *key);
otmi_node otmi_node_member(const otmi_node *object, const char *key);
otmi_node otmi_node_element(const otmi_node *list, size_t index);

/* Absent or null. */
bool otmi_node_missing(const otmi_node *node);

/* Reports "<path>: expected <expected>, found <what is there>". Returns OTM_ERR_CONFIG. */
otm_status otmi_node_fail(const otmi_node *node, const char *expected);

/* Remembers in model->missing that this node cannot be had, by its path. */
otm_status otmi_node_lacking(const otmi_node *node);

/* An object with these keys at most (NULL-terminated). */
otm_status otmi_node_object(const otmi_node *node, const char *const *keys);

/* An object with exactly one key, which becomes *out; `expected` names the choices. */
otm_status otmi_node_choice(const otmi_node *node, const char *expected, otmi_node *out);

/* A list of at least `minimum` elements. */
otm_status otmi_node_list(const otmi_node *node, size_t minimum, size_t *count);

otm_status otmi_node_text(const otmi_node *node, const char **out);
otm_status otmi_node_bool(const otmi_node *node, bool *out);
otm_status otmi_node_i64(const otmi_node *node, int64_t minimum, int64_t maximum, int64_t *out);
otm_status otmi_node_u32(const otmi_node *node, uint32_t minimum, uint32_t maximum, uint32_t *out);
otm_status otmi_node_f64(const otmi_node *node, double *out); /* any number */

/* A list of at least one string, kept in the arena. */
otm_status otmi_node_texts(const otmi_node *node, const char *const **out, size_t *count);

typedef struct otmi_word {
    const char *text;
    uint32_t value;
} otmi_word;

/* One of a list of words that ends with a NULL text. */
otm_status otmi_node_word(const otmi_node *node, const otmi_word *words, uint32_t *out);

/* Memory of the walk, zeroed; NULL without memory. */
void *otmi_model_array(otmi_model *model, size_t count, size_t element_size);

#endif
