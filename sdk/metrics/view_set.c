/* Copying and checking a provider's views. */
#include "metrics/view_set.h"

#include <stdalign.h>
#include <stdio.h>

#include "util/alloc.h"
#include "util/utf8.h"

/* -- Checking ---------------------------------------------------------------------------------------------------- */

static const char *check_selector(const otm_view_selector *selector)
{
    if (selector->has_kind && selector->kind >= OTM_INSTRUMENT_KIND_COUNT) {
        return "selector.kind: expected an otm_instrument_kind";
    }
    if (selector->instrument_name != NULL && selector->instrument_name[0] == '\0') {
        return "selector.instrument_name: expected a name or pattern, not an empty text (NULL selects every name)";
    }
    return NULL;
}

static const char *check_keys(const char *const *keys, size_t count)
{
    if (count > OTMI_KEY_LIST_MAX) {
        return "expected at most 4096 attribute keys";
    }
    if (count > 0 && keys == NULL) {
        return "expected an array of attribute keys, not NULL";
    }
    for (size_t i = 0; i < count; i++) {
        if (keys[i] == NULL || keys[i][0] == '\0') {
            return "expected attribute keys or patterns that are not empty";
        }
    }
    return NULL;
}

static bool is_utf8(const char *text)
{
    return text == NULL || otmi_utf8_valid(text, strlen(text));
}

static const char *check_stream(const otm_view_stream *stream)
{
    if (stream->name != NULL && stream->name[0] == '\0') {
        return "stream.name: expected a name, not an empty text (NULL keeps the instrument's)";
    }
    if (!is_utf8(stream->name) || !is_utf8(stream->description)) {
        return "stream.name, stream.description: expected valid UTF-8";
    }
    if (!stream->has_included_keys && stream->included_key_count > 0) {
        return "stream.included_keys: expected has_included_keys to be set, since keys are given";
    }
    const char *why = check_keys(stream->included_keys, stream->included_key_count);
    if (why == NULL) {
        why = check_keys(stream->excluded_keys, stream->excluded_key_count);
    }
    if (why == NULL) {
        (void)otmi_aggregation_validate(&stream->aggregation, &why);
    }
    return why;
}

static const char *check_view(const otm_view *view)
{
    const char *why = check_selector(&view->selector);
    return why != NULL ? why : check_stream(&view->stream);
}

/* Reads a caller's view, which may be of a later release: what this one does not know must be zero. */
static const char *read_view(const char *at, size_t stride, otm_view *out)
{
    size_t size;
    memcpy(&size, at, sizeof size); /* struct_size comes first */
    if (size < sizeof *out || size > stride) {
        return "struct_size: expected what otm_view_init() sets, and a stride that it fits in";
    }
    for (size_t i = sizeof *out; i < size; i++) {
        if (at[i] != 0) {
            return "expected no fields that this version of the library lacks";
        }
    }
    memcpy(out, at, sizeof *out);
    return check_view(out);
}

/* -- Copying ----------------------------------------------------------------------------------------------------- */

/* Packs pieces into one block. Without a base it only measures. */
typedef struct packer {
    char *base;
    size_t used;
} packer;

static void *pack(packer *p, const void *data, size_t size, size_t alignment)
{
    p->used = (p->used + alignment - 1) / alignment * alignment;
    void *at = p->base == NULL ? NULL : p->base + p->used;
    if (at != NULL && data != NULL && size > 0) {
        memcpy(at, data, size);
    }
    p->used += size;
    return at;
}

static const char *pack_text(packer *p, const char *text)
{
    return text == NULL ? NULL : pack(p, text, strlen(text) + 1, 1);
}

static const char *const *pack_texts(packer *p, const char *const *texts, size_t count)
{
    const char **copies = pack(p, NULL, count * sizeof *copies, alignof(const char *));
    for (size_t i = 0; i < count; i++) {
        const char *copy = pack_text(p, texts[i]);
        if (copies != NULL) {
            copies[i] = copy;
        }
    }
    return copies;
}

/* The view with all its pointers into the packed block. */
static otm_view pack_view(packer *p, const otm_view *view)
{
    otm_view copy = *view;
    otm_aggregation *aggregation = &copy.stream.aggregation;
    copy.struct_size = sizeof copy;
    copy.selector.instrument_name = pack_text(p, view->selector.instrument_name);
    copy.selector.unit = pack_text(p, view->selector.unit);
    copy.selector.meter_name = pack_text(p, view->selector.meter_name);
    copy.selector.meter_version = pack_text(p, view->selector.meter_version);
    copy.selector.meter_schema_url = pack_text(p, view->selector.meter_schema_url);
    copy.stream.name = pack_text(p, view->stream.name);
    copy.stream.description = pack_text(p, view->stream.description);
    copy.stream.included_keys = pack_texts(p, view->stream.included_keys, view->stream.included_key_count);
    copy.stream.excluded_keys = pack_texts(p, view->stream.excluded_keys, view->stream.excluded_key_count);
    /* Only an explicit histogram's boundaries were checked; nobody reads those of others. */
    if (aggregation->kind != OTM_AGGREGATION_EXPLICIT_BUCKET_HISTOGRAM) {
        aggregation->boundary_count = 0;
    }
    aggregation->boundaries =
        pack(p, aggregation->boundaries, aggregation->boundary_count * sizeof(double), alignof(double));
    return copy;
}

static otmi_view_set *copy_views(const otm_allocator *allocator, const char *views, size_t count, size_t stride)
{
    size_t head = sizeof(otmi_view_set) + count * sizeof(otm_view);
    packer p = {NULL, head};
    otm_view view;
    for (size_t i = 0; i < count; i++) {
        memcpy(&view, views + i * stride, sizeof view);
        (void)pack_view(&p, &view);
    }
    otmi_view_set *set = otmi_alloc_zeroed(allocator, p.used);
    if (set == NULL) {
        return NULL;
    }
    set->block_size = p.used;
    p = (packer){(char *)set, head};
    for (size_t i = 0; i < count; i++) {
        memcpy(&view, views + i * stride, sizeof view);
        set->views[i] = pack_view(&p, &view);
    }
    return set;
}

/* -- The set ----------------------------------------------------------------------------------------------------- */

static otm_status refuse(otmi_diag *diag, const char *where, const char *why)
{
    otmi_diag_origin origin = {.component = "view"};
    otmi_diag_report(diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin, "%s: %s", where, why);
    return OTM_ERR_INVALID_ARGUMENT;
}

static otm_status check_views(const char *views, size_t count, size_t stride, otmi_diag *diag)
{
    if (count > OTMI_VIEW_MAX) {
        return refuse(diag, "view_count", "expected at most 4096 views");
    }
    if (count > 0 && (views == NULL || stride < sizeof(otm_view))) {
        return refuse(diag, "views, view_stride", "expected an array of views and the size of its elements");
    }
    for (size_t i = 0; i < count; i++) {
        otm_view view;
        const char *why = read_view(views + i * stride, stride, &view);
        if (why != NULL) {
            char where[32];
            (void)snprintf(where, sizeof where, "views[%zu]", i);
            return refuse(diag, where, why);
        }
    }
    return OTM_OK;
}

otm_status otmi_view_set_create(const otm_allocator *allocator, const otm_view *views, size_t count, size_t stride,
                                otm_view_matching matching, otmi_diag *diag, otmi_view_set **out)
{
    *out = NULL;
    if (matching != OTM_VIEWS_INDEPENDENT && matching != OTM_VIEWS_COMPOSABLE) {
        return refuse(diag, "view_matching", "expected OTM_VIEWS_INDEPENDENT or OTM_VIEWS_COMPOSABLE");
    }
    otm_status st = check_views((const char *)views, count, stride, diag);
    if (st != OTM_OK) {
        return st;
    }
    otmi_view_set *set = copy_views(allocator, (const char *)views, count, stride);
    if (set == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    set->allocator = allocator;
    set->matching = matching;
    set->count = count;
    *out = set;
    return OTM_OK;
}

void otmi_view_set_destroy(otmi_view_set *set)
{
    if (set != NULL) {
        otmi_free(set->allocator, set, set->block_size);
    }
}
