#include "model/model_node.h"

#include <stdio.h>

#include "util/alloc.h"
#include "util/buf.h"
#include "util/number_text.h"

#define PATH_LIMIT 1024u
#define FOUND_LIMIT 128u

otmi_node otmi_node_root(otmi_model *model, const json_t *json, const char *key)
{
    return (otmi_node){.model = model, .json = json_is_null(json) ? NULL : json, .key = key};
}

otmi_node otmi_node_member(const otmi_node *object, const char *key)
{
    const json_t *json = json_object_get(object->json, key);
    return (otmi_node){
        .model = object->model, .json = json_is_null(json) ? NULL : json, .parent = object, .key = key};
}

otmi_node otmi_node_element(const otmi_node *list, size_t index)
{
    const json_t *json = json_array_get(list->json, index);
    return (otmi_node){
        .model = list->model, .json = json_is_null(json) ? NULL : json, .parent = list, .index = index};
}

bool otmi_node_missing(const otmi_node *node)
{
    return node->json == NULL;
}

/* -- Messages ---------------------------------------------------------------------------------------------------- */

static void append_path(otmi_buf *out, const otmi_node *node)
{
    if (node->parent != NULL) {
        append_path(out, node->parent);
    }
    if (node->key != NULL) {
        if (out->size != 0) {
            otmi_buf_byte(out, '.');
        }
        otmi_buf_text(out, node->key);
    } else if (node->parent != NULL) {
        otmi_buf_byte(out, '[');
        otmi_buf_u64(out, node->index);
        otmi_buf_byte(out, ']');
    }
}

static void append_found(otmi_buf *out, const json_t *json)
{
    char number[OTMI_F64_TEXT_SIZE];
    switch (json == NULL ? JSON_NULL : json_typeof(json)) {
    case JSON_NULL:
        otmi_buf_text(out, "nothing");
        break;
    case JSON_OBJECT:
        otmi_buf_text(out, json_object_size(json) == 0 ? "an empty map" : "a map");
        break;
    case JSON_ARRAY:
        otmi_buf_text(out, json_array_size(json) == 0 ? "an empty list" : "a list");
        break;
    case JSON_STRING:
        otmi_buf_byte(out, '"');
        otmi_buf_text(out, json_string_value(json));
        otmi_buf_byte(out, '"');
        break;
    case JSON_INTEGER:
        otmi_buf_i64(out, json_integer_value(json));
        break;
    case JSON_REAL:
        otmi_f64_text(json_real_value(json), number);
        otmi_buf_text(out, number);
        break;
    case JSON_TRUE:
        otmi_buf_text(out, "true");
        break;
    case JSON_FALSE:
        otmi_buf_text(out, "false");
        break;
    }
}

/* The text of a buffer, or what stands in when it did not fit or there was no memory. */
static const char *text_or(otmi_buf *buf, const char *otherwise)
{
    const char *text = otmi_buf_terminate(buf);
    return text == NULL ? otherwise : text;
}

static const otmi_diag_origin origin = {.component = "config"};

otm_status otmi_node_fail(const otmi_node *node, const char *expected)
{
    otmi_buf path;
    otmi_buf found;
    otmi_buf_init(&path, node->model->allocator, PATH_LIMIT);
    otmi_buf_init(&found, node->model->allocator, FOUND_LIMIT);
    append_path(&path, node);
    append_found(&found, node->json);
    otmi_diag_report(node->model->diag, OTM_ERROR, OTM_ERR_CONFIG, &origin, "%s: expected %s, found %s",
                     text_or(&path, "(a deep place)"), expected, text_or(&found, "a long string"));
    otmi_buf_fini(&path);
    otmi_buf_fini(&found);
    return OTM_ERR_CONFIG;
}

otm_status otmi_node_lacking(const otmi_node *node)
{
    otmi_model *model = node->model;
    if (model->missing != NULL) {
        return OTM_OK;
    }
    otmi_buf path;
    otmi_buf_init(&path, model->allocator, PATH_LIMIT);
    append_path(&path, node);
    const char *text = text_or(&path, "(a deep place)");
    char *copy = otmi_arena_alloc(&model->arena, strlen(text) + 1);
    if (copy != NULL) {
        memcpy(copy, text, strlen(text) + 1);
        model->missing = copy;
    }
    otmi_buf_fini(&path);
    return copy == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

/* -- Maps and lists ---------------------------------------------------------------------------------------------- */

static bool is_one_of(const char *key, const char *const *keys)
{
    for (; *keys != NULL; keys++) {
        if (strcmp(key, *keys) == 0) {
            return true;
        }
    }
    return false;
}

/* "one of the keys a, b, c", for a key that is none of them. */
static otm_status fail_unknown_key(const otmi_node *object, const char *key, const char *const *keys)
{
    otmi_buf expected;
    otmi_buf_init(&expected, object->model->allocator, PATH_LIMIT);
    otmi_buf_text(&expected, *keys == NULL ? "no key here" : "one of the keys");
    for (size_t i = 0; keys[i] != NULL; i++) {
        otmi_buf_text(&expected, i == 0 ? " " : ", ");
        otmi_buf_text(&expected, keys[i]);
    }
    otmi_node member = otmi_node_member(object, key);
    otm_status st = otmi_node_fail(&member, text_or(&expected, "another key"));
    otmi_buf_fini(&expected);
    return st;
}

otm_status otmi_node_object(const otmi_node *node, const char *const *keys)
{
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    if (!json_is_object(node->json)) {
        return otmi_node_fail(node, "a map");
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)node->json, key, value) {
        if (!is_one_of(key, keys)) {
            return fail_unknown_key(node, key, keys);
        }
    }
    return OTM_OK;
}

otm_status otmi_node_choice(const otmi_node *node, const char *expected, otmi_node *out)
{
    if (json_object_size(node->json) != 1) { /* 0 for everything that is no object */
        return otmi_node_fail(node, expected);
    }
    *out = otmi_node_member(node, json_object_iter_key(json_object_iter((json_t *)node->json)));
    return OTM_OK;
}

otm_status otmi_node_list(const otmi_node *node, size_t minimum, size_t *count)
{
    *count = 0;
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    if (!json_is_array(node->json) || json_array_size(node->json) < minimum) {
        return otmi_node_fail(node, minimum == 0 ? "a list" : "a list of one or more");
    }
    *count = json_array_size(node->json);
    return OTM_OK;
}

otm_status otmi_node_texts(const otmi_node *node, const char *const **out, size_t *count)
{
    otm_status st = otmi_node_list(node, 1, count);
    if (st != OTM_OK || *count == 0) {
        return st;
    }
    const char **texts = otmi_model_array(node->model, *count, sizeof *texts);
    if (texts == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < *count; i++) {
        otmi_node element = otmi_node_element(node, i);
        st = otmi_node_missing(&element) ? otmi_node_fail(&element, "a string") : otmi_node_text(&element, &texts[i]);
        if (st != OTM_OK) {
            return st;
        }
    }
    *out = texts;
    return OTM_OK;
}

/* -- Scalars ----------------------------------------------------------------------------------------------------- */

otm_status otmi_node_text(const otmi_node *node, const char **out)
{
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    if (!json_is_string(node->json)) {
        return otmi_node_fail(node, "a string");
    }
    *out = json_string_value(node->json);
    return OTM_OK;
}

otm_status otmi_node_bool(const otmi_node *node, bool *out)
{
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    if (!json_is_boolean(node->json)) {
        return otmi_node_fail(node, "true or false");
    }
    *out = json_is_true(node->json);
    return OTM_OK;
}

/* JSON has one kind of number: 10.0 is an integer as well. */
static bool integer_of(const json_t *json, int64_t *out)
{
    if (json_is_integer(json)) {
        *out = json_integer_value(json);
        return true;
    }
    double number = json_real_value(json); /* 0.0 for everything that is no real */
    if (!json_is_real(json) || !(number >= -0x1p53 && number <= 0x1p53) || (double)(int64_t)number != number) {
        return false;
    }
    *out = (int64_t)number;
    return true;
}

otm_status otmi_node_i64(const otmi_node *node, int64_t minimum, int64_t maximum, int64_t *out)
{
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    int64_t number;
    if (integer_of(node->json, &number) && number >= minimum && number <= maximum) {
        *out = number;
        return OTM_OK;
    }
    char expected[80];
    if (minimum == INT64_MIN && maximum == INT64_MAX) {
        (void)snprintf(expected, sizeof expected, "an integer");
    } else if (maximum == INT64_MAX) {
        (void)snprintf(expected, sizeof expected, "an integer of at least %lld", (long long)minimum);
    } else {
        (void)snprintf(expected, sizeof expected, "an integer from %lld to %lld", (long long)minimum,
                       (long long)maximum);
    }
    return otmi_node_fail(node, expected);
}

otm_status otmi_node_u32(const otmi_node *node, uint32_t minimum, uint32_t maximum, uint32_t *out)
{
    int64_t number = *out;
    otm_status st = otmi_node_i64(node, minimum, maximum, &number);
    *out = (uint32_t)number;
    return st;
}

otm_status otmi_node_f64(const otmi_node *node, double *out)
{
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    if (!json_is_number(node->json)) {
        return otmi_node_fail(node, "a number");
    }
    *out = json_number_value(node->json);
    return OTM_OK;
}

otm_status otmi_node_word(const otmi_node *node, const otmi_word *words, uint32_t *out)
{
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    for (const otmi_word *word = words; json_is_string(node->json) && word->text != NULL; word++) {
        if (strcmp(json_string_value(node->json), word->text) == 0) {
            *out = word->value;
            return OTM_OK;
        }
    }
    otmi_buf expected;
    otmi_buf_init(&expected, node->model->allocator, PATH_LIMIT);
    for (const otmi_word *word = words; word->text != NULL; word++) {
        otmi_buf_text(&expected, word == words ? "one of " : ", ");
        otmi_buf_text(&expected, word->text);
    }
    otm_status st = otmi_node_fail(node, text_or(&expected, "another word"));
    otmi_buf_fini(&expected);
    return st;
}

void *otmi_model_array(otmi_model *model, size_t count, size_t element_size)
{
    if (element_size != 0 && count > SIZE_MAX / element_size) {
        return NULL;
    }
    return otmi_arena_alloc(&model->arena, count * element_size);
}
