/* From the collected tree to families (compatibility/prometheus_and_openmetrics.md, "OTLP Metric points to
 * Prometheus"). */
#include "prom_model.h"

#include "prom_builder.h"
#include "prom_escape.h"
#include "util/hash.h"

/* -- Which name belongs to which family -------------------------------------------------------------------------- */

typedef struct claim {
    otm_string name;
    otmi_prom_family *family;
} claim;

/* Open addressing; never more than half full. */
typedef struct claims {
    claim *slots;
    size_t mask;
} claims;

/* The most names that one metric claims: a histogram's own, _bucket, _sum and _count. */
#define CLAIMS_PER_METRIC 4

static bool claims_init(otmi_prom_builder *builder, claims *c, size_t metric_count)
{
    size_t capacity = 16;
    while (capacity / 2 < (metric_count + 1) * CLAIMS_PER_METRIC) {
        capacity *= 2;
    }
    *c = (claims){otmi_prom_alloc(builder, capacity, sizeof *c->slots), capacity - 1};
    return c->slots != NULL;
}

/* The slot that holds the name, or the empty one where it would go. */
static claim *find_claim(const claims *c, otm_string name)
{
    uint64_t hash = otmi_hash_bytes(otmi_hash_key_process(), name.data, name.size);
    size_t at = (size_t)(hash ^ (hash >> 32)) & c->mask;
    while (c->slots[at].family != NULL && !otmi_prom_same(c->slots[at].name, name)) {
        at = (at + 1) & c->mask;
    }
    return &c->slots[at];
}

/* -- Metrics ----------------------------------------------------------------------------------------------------- */

typedef struct model_builder {
    otmi_prom_builder base;
    claims claims;
    otmi_prom_family *first;
    otmi_prom_family *last;
    otmi_prom_labels constant; /* of the resource being added */
    otmi_prom_identities told; /* constant labels of the resources so far */
    bool has_target;
} model_builder;

/* Sample names of a type besides the family's own, to keep other families from them. */
static const char *const *sample_suffixes(otmi_prom_type type)
{
    static const char *const none[] = {NULL};
    static const char *const histogram[] = {"_bucket", "_sum", "_count", NULL};
    static const char *const summary[] = {"_sum", "_count", NULL};
    return type == OTMI_PROM_HISTOGRAM ? histogram : type == OTMI_PROM_SUMMARY ? summary : none;
}

/* The type that a bridge noted when it made a gauge of something that OpenTelemetry has no type for. */
static otmi_prom_type gauge_type(const otm_metric *metric)
{
    static const char key[] = "prometheus.type";
    for (size_t i = 0; i < metric->metadata_count; i++) {
        const otm_attr *attr = &metric->metadata[i];
        if (attr->value.type != OTM_VALUE_STRING || !otmi_prom_same((otm_string){attr->key, attr->key_size},
                                                                   (otm_string){key, sizeof key - 1})) {
            continue;
        }
        otm_string type = {attr->value.as.string, attr->value.size};
        /* The specification spells it "unkown" in one place. */
        if (otmi_prom_same(type, otmi_prom_text("unknown")) || otmi_prom_same(type, otmi_prom_text("unkown"))) {
            return OTMI_PROM_UNKNOWN;
        }
        if (otmi_prom_same(type, otmi_prom_text("info"))) {
            return OTMI_PROM_INFO;
        }
    }
    return OTMI_PROM_GAUGE; /* also a stateset: no text format for it */
}

/* False, and a note, if no Prometheus type can carry the metric. */
static bool type_of(otmi_prom_builder *builder, const otm_metric *metric, otmi_prom_type *type)
{
    bool adds_up = metric->type == OTM_METRIC_SUM || metric->type == OTM_METRIC_HISTOGRAM;
    if (adds_up && metric->temporality != OTM_CUMULATIVE) {
        otmi_prom_note_add(builder, OTMI_PROM_DELTA_DROPPED, metric->name);
        return false;
    }
    switch (metric->type) {
    case OTM_METRIC_GAUGE:
        *type = gauge_type(metric);
        return true;
    case OTM_METRIC_SUM:
        *type = metric->monotonic ? OTMI_PROM_COUNTER : gauge_type(metric);
        return true;
    case OTM_METRIC_HISTOGRAM:
        *type = OTMI_PROM_HISTOGRAM;
        return true;
    case OTM_METRIC_SUMMARY:
        *type = OTMI_PROM_SUMMARY;
        return true;
    default: /* exponential histograms have no text form */
        otmi_prom_note_add(builder, OTMI_PROM_EXPONENTIAL_DROPPED, metric->name);
        return false;
    }
}

/* Strategy, then escaping; empty, and a note, if no name can be made. */
static otm_string family_name(otmi_prom_builder *builder, const otm_metric *metric, otmi_prom_type type)
{
    uint32_t translation = builder->settings->translation;
    /* Up-down counters of unit 1 are no ratios. */
    otmi_prom_type suffix_type = metric->type == OTM_METRIC_SUM && type == OTMI_PROM_GAUGE ? OTMI_PROM_UNKNOWN : type;
    if (!otmi_prom_metric_name(builder->scratch, translation, metric->name, metric->unit, suffix_type)) {
        otmi_buf_reset(builder->scratch);
        otmi_prom_note_add(builder, OTMI_PROM_NAME_LOST, metric->name);
        return (otm_string){"", 0};
    }
    otm_string translated = otmi_prom_clean(builder, otmi_prom_take_scratch(builder));
    if (otmi_prom_is_legal(OTMI_PROM_METRIC_NAME, translated.data, translated.size)) {
        return translated;
    }
    otmi_prom_escape_name(builder->scratch, builder->escaping, OTMI_PROM_METRIC_NAME, translated.data,
                          translated.size);
    return otmi_prom_take_scratch(builder);
}

/* Of several descriptions or units the first stays; one that is missing takes nobody's place. */
static void settle_comment(otmi_prom_builder *builder, otmi_prom_note_kind conflict, otm_string *comment,
                           otm_string other)
{
    if (comment->size == 0) {
        *comment = other;
    } else if (other.size > 0 && !otmi_prom_same(*comment, other)) {
        otmi_prom_note_add(builder, conflict, other);
    }
}

/* A family of that name and type, new or joined; NULL, and a note, if another type has the name. */
static otmi_prom_family *claim_family(model_builder *m, otm_string name, otmi_prom_type type)
{
    otmi_prom_builder *builder = &m->base;
    claim *own = find_claim(&m->claims, name);
    if (own->family != NULL) {
        if (own->family->type == type && otmi_prom_same(own->family->name, name)) {
            own->family->may_repeat = true;
            return own->family;
        }
        otmi_prom_note_add(builder, OTMI_PROM_TYPE_CONFLICT, name);
        return NULL;
    }
    otm_string sample_names[CLAIMS_PER_METRIC];
    const char *const *suffixes = sample_suffixes(type);
    size_t count = 0;
    for (; suffixes[count] != NULL; count++) {
        otmi_buf_append(builder->scratch, name.data, name.size);
        otmi_buf_text(builder->scratch, suffixes[count]);
        sample_names[count] = otmi_prom_take_scratch(builder);
        if (find_claim(&m->claims, sample_names[count])->family != NULL) {
            otmi_prom_note_add(builder, OTMI_PROM_TYPE_CONFLICT, sample_names[count]);
            return NULL;
        }
    }
    otmi_prom_family *family = otmi_prom_alloc(builder, 1, sizeof *family);
    if (family == NULL) {
        return NULL;
    }
    family->name = name;
    family->type = type;
    *own = (claim){name, family};
    for (size_t i = 0; i < count; i++) {
        *find_claim(&m->claims, sample_names[i]) = (claim){sample_names[i], family};
    }
    if (m->last != NULL) {
        m->last->next = family;
    } else {
        m->first = family;
    }
    m->last = family;
    return family;
}

static otmi_prom_group *add_group(otmi_prom_builder *builder, otmi_prom_family *family,
                                  const otmi_prom_labels *shared, size_t capacity)
{
    otmi_prom_group *group = otmi_prom_alloc(builder, 1, sizeof *group);
    otmi_prom_sample *samples = otmi_prom_alloc(builder, capacity, sizeof *samples);
    if (group == NULL || samples == NULL) {
        return NULL;
    }
    group->shared = shared;
    group->samples = samples;
    if (family->last_group != NULL) {
        family->last_group->next = group;
    } else {
        family->groups = group;
    }
    family->last_group = group;
    return group;
}

static void add_points(otmi_prom_builder *builder, otmi_prom_family *family, const otm_metric *metric,
                       const otmi_prom_labels *shared)
{
    otmi_prom_group *group = add_group(builder, family, shared, metric->point_count);
    const char *reserved = family->type == OTMI_PROM_HISTOGRAM ? "le"
                           : family->type == OTMI_PROM_SUMMARY ? "quantile"
                                                               : NULL;
    otmi_prom_series series = {.shared = shared, .reserved = reserved};
    for (size_t i = 0; i < metric->point_count && builder->status == OTM_OK; i++) {
        const otm_point *point = otm_metric_point(metric, i);
        if (point->flags & OTM_POINT_NO_RECORDED_VALUE) {
            continue; /* to Prometheus a series that is not in a scrape has ended */
        }
        otmi_prom_sample *sample = &group->samples[group->count++];
        sample->point = point;
        sample->labels = otmi_prom_series_labels(builder, &series, point->attributes, point->attribute_count);
    }
    bool foreign = metric->stream_id == 0; /* a producer's: nobody has seen to it that its attributes differ */
    family->may_repeat = family->may_repeat || series.may_repeat || foreign;
}

static otm_string unit_words(otmi_prom_builder *builder, otm_string unit)
{
    char words[OTMI_PROM_UNIT_SIZE];
    size_t size = otmi_prom_unit_words(words, unit, otmi_prom_has_underscores(builder->settings->translation));
    return size > 0 ? otmi_prom_copy(builder, words, size) : (otm_string){"", 0};
}

static void add_metric(model_builder *m, const otm_metric *metric, const otmi_prom_labels *shared)
{
    otmi_prom_builder *builder = &m->base;
    otmi_prom_type type;
    builder->instrument = metric->name;
    if (!type_of(builder, metric, &type)) {
        return;
    }
    otm_string name = family_name(builder, metric, type);
    otmi_prom_family *family = name.size > 0 ? claim_family(m, name, type) : NULL;
    if (family == NULL) {
        return;
    }
    settle_comment(builder, OTMI_PROM_HELP_CONFLICT, &family->help, otmi_prom_clean(builder, metric->description));
    settle_comment(builder, OTMI_PROM_UNIT_CONFLICT, &family->unit, unit_words(builder, metric->unit));
    add_points(builder, family, metric, shared);
}

/* -- Scopes and resources ---------------------------------------------------------------------------------------- */

static void add_scope(model_builder *m, const otm_scope_metrics *scope)
{
    m->base.meter = scope->name;
    m->base.instrument = (otm_string){"", 0};
    otmi_prom_labels *shared = otmi_prom_alloc(&m->base, 1, sizeof *shared);
    if (shared == NULL) {
        return;
    }
    *shared = otmi_prom_shared_labels(&m->base, scope, m->constant);
    for (size_t i = 0; i < scope->metric_count && m->base.status == OTM_OK; i++) {
        add_metric(m, otm_scope_metric(scope, i), shared);
    }
}

/* An exposition has at most one target_info (metrics/sdk_exporters/prometheus.md, "Target"): the provider's own, not a
 * child's. A resource without attributes has none. */
static void add_target_info(model_builder *m, const otm_resource_metrics *resource)
{
    static const otmi_prom_labels no_labels = {NULL, 0};
    otmi_prom_builder *builder = &m->base;
    if (builder->settings->omit_target_info || resource->attribute_count == 0) {
        return;
    }
    if (m->has_target) {
        otmi_prom_note_add(builder, OTMI_PROM_RESOURCE_IGNORED, otmi_prom_text("target_info"));
        return;
    }
    m->has_target = true;
    otmi_prom_family *family = claim_family(m, otmi_prom_text("target_info"), OTMI_PROM_INFO);
    otmi_prom_group *group = family != NULL ? add_group(builder, family, &no_labels, 1) : NULL;
    if (group != NULL) {
        family->help = otmi_prom_text("Target metadata");
        group->samples[group->count++].labels = otmi_prom_resource_labels(builder, resource);
    }
}

static size_t metric_count(const otm_metrics_data *data)
{
    size_t count = 0;
    for (size_t r = 0; r < data->resource_count; r++) {
        const otm_resource_metrics *resource = otm_data_resource(data, r);
        for (size_t s = 0; s < resource->scope_count; s++) {
            count += otm_resource_scope(resource, s)->metric_count;
        }
    }
    return count;
}

/* False, and a note, if the series of the resource would pass for another's: those of a child for its parent's if they
 * have no label of their own. */
static bool is_told_apart(model_builder *m, const otm_resource_metrics *resource)
{
    static const otmi_prom_labels none = {NULL, 0};
    otmi_prom_labels *constant = otmi_prom_alloc(&m->base, 1, sizeof *constant);
    if (constant == NULL) {
        return false;
    }
    *constant = m->constant;
    bool alone = otmi_prom_identities_add(&m->told, &(otmi_prom_identity){constant, &none});
    if (!resource->child || (alone && constant->count > 0)) {
        return true;
    }
    size_t count = resource->entity_count;
    otm_string type = count > 0 ? otm_resource_entity_ref(resource, count - 1)->type : otmi_prom_text("");
    otmi_prom_note_add(&m->base, OTMI_PROM_RESOURCE_ALIKE, type);
    return false;
}

static void add_resource(model_builder *m, const otm_resource_metrics *resource)
{
    m->base.meter = m->base.instrument = (otm_string){"", 0};
    if (!resource->child) {
        add_target_info(m, resource);
    }
    m->constant = otmi_prom_constant_labels(&m->base, resource);
    if (!is_told_apart(m, resource)) {
        return;
    }
    for (size_t i = 0; i < resource->scope_count && m->base.status == OTM_OK; i++) {
        add_scope(m, otm_resource_scope(resource, i));
    }
}

otm_status otmi_prom_model_build(otmi_prom_model *model, otmi_arena *arena, otmi_buf *scratch,
                                 const otmi_prom_settings *settings, otmi_prom_escaping escaping,
                                 const otm_metrics_data *data)
{
    model_builder m = {.base = {.arena = arena, .scratch = scratch, .settings = settings, .escaping = escaping}};
    otmi_buf_reset(scratch);
    if (claims_init(&m.base, &m.claims, metric_count(data)) &&
        otmi_prom_identities_init(&m.base, &m.told, data->resource_count)) {
        for (size_t i = 0; i < data->resource_count && m.base.status == OTM_OK; i++) {
            add_resource(&m, otm_data_resource(data, i));
        }
    }
    for (otmi_prom_family *family = m.first; family != NULL && m.base.status == OTM_OK; family = family->next) {
        if (family->may_repeat) {
            otmi_prom_drop_repeated(&m.base, family);
        }
    }
    *model = (otmi_prom_model){m.first, m.base.notes};
    return m.base.status;
}
