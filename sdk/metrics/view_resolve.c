/* From views to streams: the plan of each stream, then the stream itself. Independent views are walked here,
 * composable ones in view_compose.c. */
#include "metrics/view_set.h"

#include "util/alloc.h"

/* -- Plans ------------------------------------------------------------------------------------------------------- */

static void add_key_list(otmi_stream_plan *plan, const char *const *keys, size_t count, bool excluded)
{
    if (plan->key_lists != NULL) {
        plan->key_lists[plan->key_list_count++] = (otmi_key_list){.keys = keys, .count = count, .excluded = excluded};
    }
}

void otmi_stream_plan_apply(otmi_stream_plan *plan, const otm_view *view, otm_instrument_kind kind)
{
    const otm_view_stream *s = &view->stream;
    if (s->name != NULL) {
        plan->name = s->name;
    }
    if (s->description != NULL) {
        plan->description = s->description;
    }
    bool has_aggregation = s->has_aggregation || s->aggregation.kind != OTM_AGGREGATION_DEFAULT;
    if (has_aggregation && otmi_view_fits(view, kind)) {
        plan->aggregation = &s->aggregation;
    }
    if (s->cardinality_limit != 0) {
        plan->cardinality_limit = s->cardinality_limit;
    }
    if (s->idle_ttl_ms != 0) {
        plan->idle_ttl_ms = s->idle_ttl_ms;
    }
    if (s->exemplar_reservoir.kind != OTM_RESERVOIR_DEFAULT) {
        plan->reservoir = s->exemplar_reservoir;
    }
    if (s->has_included_keys) {
        add_key_list(plan, s->included_keys, s->included_key_count, false);
    }
    if (s->excluded_key_count > 0) {
        add_key_list(plan, s->excluded_keys, s->excluded_key_count, true);
    }
}

void otmi_view_warn_senseless(const otmi_view_walk *walk, size_t index, const char *consequence)
{
    const otm_view *view = &walk->set->views[index];
    const otmi_instrument_desc *instrument = walk->instrument;
    otmi_diag_origin origin = {"view", walk->scope->name, instrument->name};
    otmi_diag_report(walk->diag, OTM_WARN, OTM_ERR_INVALID_ARGUMENT, &origin,
                     "views[%zu] (instrument_name \"%s\") gives aggregation %s to %s \"%s\" of meter \"%s\", where it "
                     "makes no sense; expected %s; %s",
                     index, view->selector.instrument_name != NULL ? view->selector.instrument_name : "*",
                     otmi_aggregation_name((otm_aggregation_kind)view->stream.aggregation.kind),
                     otmi_kind_name(instrument->kind), instrument->name,
                     walk->scope->name != NULL ? walk->scope->name : "", otmi_aggregation_choices(instrument->kind),
                     consequence);
}

/* metrics/sdk.md, "Measurement processing": each view makes its own stream, a senseless one is as if not there. */
otm_status otmi_view_walk_independent(const otmi_view_walk *walk)
{
    bool any = false;
    for (size_t i = 0; walk->set != NULL && i < walk->set->count; i++) {
        const otm_view *view = &walk->set->views[i];
        if (!otmi_view_matches(view, walk->scope, walk->instrument)) {
            continue;
        }
        if (!otmi_view_fits(view, walk->instrument->kind)) {
            otmi_view_warn_senseless(walk, i, "the view is ignored for this instrument");
            continue;
        }
        any = true;
        otmi_stream_plan plan = {.key_lists = walk->key_lists};
        otmi_stream_plan_apply(&plan, view, walk->instrument->kind);
        otm_status st = walk->visit(&plan, walk->context);
        if (st != OTM_OK) {
            return st;
        }
    }
    if (any) {
        return OTM_OK;
    }
    otmi_stream_plan unchanged = {.key_lists = walk->key_lists};
    return walk->visit(&unchanged, walk->context);
}

static otm_status walk_views(const otmi_view_walk *walk)
{
    bool composable = walk->set != NULL && walk->set->matching == OTM_VIEWS_COMPOSABLE;
    return composable ? otmi_view_walk_composed(walk) : otmi_view_walk_independent(walk);
}

/* -- Streams ----------------------------------------------------------------------------------------------------- */

typedef struct stream_builder {
    const otmi_instrument_desc *instrument;
    const otmi_reader_config *reader;
    otmi_stream_list *list;
} stream_builder;

/* The view's choice, else the reader's for the kind, else the kind's default. */
static otm_aggregation choose_aggregation(const otmi_stream_plan *plan, const otmi_instrument_desc *instrument,
                                          const otmi_reader_config *reader)
{
    if (plan->aggregation != NULL && plan->aggregation->kind != OTM_AGGREGATION_DEFAULT) {
        return *plan->aggregation;
    }
    otm_aggregation choice = reader->aggregation[instrument->kind];
    bool fits = otmi_aggregation_fits((otm_aggregation_kind)choice.kind, instrument->kind);
    /* Advice beats whatever bounds the reader has for all instruments of the kind, since no view named bounds. */
    bool advised = instrument->has_advice_bounds && choice.kind == (uint32_t)otmi_aggregation_default(instrument->kind);
    if (!fits || advised) {
        choice.kind = OTM_AGGREGATION_DEFAULT;
    }
    return choice;
}

static otm_status create_filter(const otm_allocator *allocator, const otmi_stream_plan *plan,
                                const otmi_instrument_desc *instrument, otmi_key_filter **out)
{
    if (plan->key_list_count > 0 || !instrument->has_advice_keys) {
        return otmi_key_filter_create(allocator, plan->key_lists, plan->key_list_count, out);
    }
    otmi_key_list advice = {
        .keys = instrument->advice_keys, .count = instrument->advice_key_count, .literal = true};
    return otmi_key_filter_create(allocator, &advice, 1, out);
}

static char *copy_text(const otm_allocator *allocator, const char *given, const char *otherwise)
{
    const char *text = given != NULL ? given : otherwise != NULL ? otherwise : "";
    return otmi_text_copy(allocator, text, strlen(text));
}

/* On failure *out needs fini as well. */
static otm_status build_stream(const stream_builder *builder, const otmi_stream_plan *plan,
                               const otm_aggregation *choice, otmi_stream *out)
{
    const otm_allocator *allocator = builder->list->allocator;
    const otmi_instrument_desc *instrument = builder->instrument;
    const otmi_reader_config *reader = builder->reader;
    out->kind = instrument->kind;
    out->number = instrument->number;
    out->reservoir = plan->reservoir;
    out->idle_ttl_ms = plan->idle_ttl_ms != 0 ? plan->idle_ttl_ms : reader->idle_ttl_ms;
    out->temporality = reader->temporality[instrument->kind];
    out->cardinality_limit =
        plan->cardinality_limit != 0 ? plan->cardinality_limit : reader->cardinality_limit[instrument->kind];
    out->name = copy_text(allocator, plan->name, instrument->name);
    out->description = copy_text(allocator, plan->description, instrument->description);
    out->described = plan->description != NULL;
    out->unit = copy_text(allocator, NULL, instrument->unit);
    if (out->name == NULL || out->description == NULL || out->unit == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otm_status st = otmi_aggregation_resolve(allocator, choice, instrument->kind, instrument->advice_bounds,
                                             instrument->advice_bound_count, instrument->has_advice_bounds,
                                             &out->aggregation);
    return st != OTM_OK ? st : create_filter(allocator, plan, instrument, &out->filter);
}

/* Builds in place: what is half built is still the list's to free. */
static otm_status visit_build(const otmi_stream_plan *plan, void *context)
{
    const stream_builder *builder = context;
    otmi_stream_list *list = builder->list;
    otm_aggregation choice = choose_aggregation(plan, builder->instrument, builder->reader);
    if (choice.kind == OTM_AGGREGATION_DROP) {
        return OTM_OK;
    }
    void *items = list->items;
    otm_status st =
        otmi_grow(list->allocator, &items, &list->capacity, list->count, sizeof *list->items, OTMI_VIEW_MAX);
    list->items = items;
    if (st != OTM_OK) {
        return st;
    }
    otmi_stream *stream = &list->items[list->count++];
    memset(stream, 0, sizeof *stream);
    return build_stream(builder, plan, &choice, stream);
}

void otmi_stream_list_fini(otmi_stream_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        otmi_stream_fini(list->allocator, &list->items[i]);
    }
    otmi_free(list->allocator, list->items, list->capacity * sizeof *list->items);
    list->items = NULL;
    list->count = 0;
    list->capacity = 0;
}

otm_status otmi_view_set_resolve(const otmi_view_set *set, const otm_allocator *allocator, const otmi_scope_id *scope,
                                 const otmi_instrument_desc *instrument, const otmi_reader_config *reader,
                                 otmi_diag *diag, otmi_stream_list *out)
{
    *out = (otmi_stream_list){.allocator = allocator};
    size_t key_list_room = set == NULL ? 0 : 2 * set->count;
    otmi_key_list *key_lists = otmi_alloc_array(allocator, key_list_room, sizeof *key_lists);
    if (key_lists == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    stream_builder builder = {instrument, reader, out};
    otmi_view_walk walk = {set, scope, instrument, diag, key_lists, visit_build, &builder};
    otm_status st = walk_views(&walk);
    otmi_free(allocator, key_lists, key_list_room * sizeof *key_lists);
    if (st != OTM_OK) {
        otmi_stream_list_fini(out);
    }
    return st;
}

/* -- Descriptions ------------------------------------------------------------------------------------------------ */

typedef struct description_check {
    size_t streams;
    size_t described; /* of these, by a view */
} description_check;

static otm_status visit_description(const otmi_stream_plan *plan, void *context)
{
    description_check *check = context;
    if (plan->aggregation == NULL || plan->aggregation->kind != OTM_AGGREGATION_DROP) {
        check->streams++;
        check->described += plan->description != NULL;
    }
    return OTM_OK;
}

bool otmi_view_set_sets_description(const otmi_view_set *set, const otmi_scope_id *scope,
                                    const otmi_instrument_desc *instrument)
{
    description_check check = {0, 0};
    otmi_view_walk walk = {.set = set, .scope = scope, .instrument = instrument, .visit = visit_description,
                           .context = &check};
    (void)walk_views(&walk);
    return check.streams > 0 && check.described == check.streams;
}
