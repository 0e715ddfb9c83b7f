#include "metrics/exemplar.h"

#include "platform/platform.h"
#include "util/alloc.h"

#define MOST_KEPT 1024u
#define DEFAULT_EXPONENTIAL 20u

/* One kept measurement. Small, since a large reservoir does not fit into the nearest cache. */
typedef struct kept {
    otmi_number value;
    uint64_t time_ns;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    void *block; /* for its filtered attributes, an otmi_attr_set; reused while they fit */
    uint32_t block_size;
    bool set;
    bool has_span;
    bool has_filtered;
} kept;

/* What one reader is to collect. */
typedef struct part {
    uint64_t seen;     /* fixed size: eligible measurements since the last collection */
    uint64_t *in_bucket; /* aligned: the same by bucket */
    kept *kept;
    void *custom;
} part;

struct otmi_reservoir {
    const otm_allocator *allocator;
    otmi_exemplar_rule rule;
    const otmi_shape *shape;
    const otmi_attr_set *series;
    uint64_t readers;
    otmi_reservoir *behind; /* destroyed with this one */
    uint32_t busy;   /* atomic: 1 while a thread is inside */
    uint32_t places; /* of each part */
    uint64_t random;
    size_t part_count;
    part parts[]; /* in the order of the readers' bits */
};

static uint32_t clamp(uint32_t size)
{
    return size == 0 ? 1 : size > MOST_KEPT ? MOST_KEPT : size;
}

otmi_exemplar_rule otmi_exemplar_rule_make(otm_exemplar_filter filter, const otm_reservoir_choice *choice,
                                           const otmi_shape *shape, otm_number number)
{
    otmi_exemplar_rule rule = {.filter = filter, .choice = *choice, .number = number};
    bool has_buckets = shape->kind == OTMI_SHAPE_HISTOGRAM && shape->bound_count > 0;
    if (choice->kind == OTM_RESERVOIR_DEFAULT || (choice->kind == OTM_RESERVOIR_ALIGNED && !has_buckets)) {
        uint32_t most = shape->max_size < DEFAULT_EXPONENTIAL ? shape->max_size : DEFAULT_EXPONENTIAL;
        rule.choice.kind = has_buckets ? OTM_RESERVOIR_ALIGNED : OTM_RESERVOIR_FIXED_SIZE;
        rule.choice.size = shape->kind == OTMI_SHAPE_EXPONENTIAL ? most : 1;
    }
    return rule;
}

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static void part_fini(const otmi_reservoir *r, part *p)
{
    for (uint32_t i = 0; p->kept != NULL && i < r->places; i++) {
        otmi_free(r->allocator, p->kept[i].block, p->kept[i].block_size);
    }
    otmi_free(r->allocator, p->kept, r->places * sizeof *p->kept);
    otmi_free(r->allocator, p->in_bucket, r->places * sizeof *p->in_bucket);
    if (p->custom != NULL) {
        r->rule.choice.ops->destroy(p->custom);
    }
}

static otm_status part_init(const otmi_reservoir *r, part *p)
{
    if (r->rule.choice.kind == OTM_RESERVOIR_CUSTOM) {
        otm_reservoir_config config = {
            .struct_size = sizeof config,
            .attributes = r->series->attrs,
            .attribute_count = r->series->count,
            .bucket_count = r->shape->kind == OTMI_SHAPE_HISTOGRAM ? r->shape->bound_count + 1 : 0,
            .allocator = r->allocator,
        };
        p->custom = r->rule.choice.ops->create(r->rule.choice.factory, &config);
        return p->custom == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    }
    p->kept = otmi_alloc_array(r->allocator, r->places, sizeof *p->kept);
    if (r->rule.choice.kind == OTM_RESERVOIR_ALIGNED) {
        p->in_bucket = otmi_alloc_array(r->allocator, r->places, sizeof *p->in_bucket);
        return p->kept == NULL || p->in_bucket == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    }
    return p->kept == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static uint32_t places_of(const otmi_exemplar_rule *rule, const otmi_shape *shape)
{
    switch (rule->choice.kind) {
    case OTM_RESERVOIR_ALIGNED:
        return (uint32_t)shape->bound_count + 1;
    case OTM_RESERVOIR_CUSTOM:
        return MOST_KEPT;
    default:
        return clamp(rule->choice.size);
    }
}

static size_t reservoir_bytes(size_t part_count)
{
    return sizeof(otmi_reservoir) + part_count * sizeof(part);
}

otmi_reservoir *otmi_reservoir_create(const otm_allocator *allocator, const otmi_exemplar_rule *rule,
                                      const otmi_shape *shape, const otmi_attr_set *series, uint64_t readers)
{
    size_t part_count = (size_t)__builtin_popcountll(readers);
    otmi_reservoir *r = otmi_alloc_zeroed(allocator, reservoir_bytes(part_count));
    if (r == NULL) {
        return NULL;
    }
    r->allocator = allocator;
    r->rule = *rule;
    r->shape = shape;
    r->series = series;
    r->readers = readers;
    r->places = places_of(rule, shape);
    otmi_random_bytes(&r->random, sizeof r->random);
    r->random |= 1;
    for (size_t i = 0; i < part_count; i++) {
        r->part_count = i + 1;
        if (part_init(r, &r->parts[i]) != OTM_OK) {
            otmi_reservoir_destroy(r);
            return NULL;
        }
    }
    return r;
}

void otmi_reservoir_destroy(otmi_reservoir *r)
{
    while (r != NULL) {
        otmi_reservoir *behind = r->behind;
        for (size_t i = 0; i < r->part_count; i++) {
            part_fini(r, &r->parts[i]);
        }
        otmi_free(r->allocator, r, reservoir_bytes((size_t)__builtin_popcountll(r->readers)));
        r = behind;
    }
}

otmi_reservoir *otmi_reservoir_chain(otmi_reservoir *r, otmi_reservoir *behind)
{
    r->behind = behind;
    return r;
}

/* -- Offers ------------------------------------------------------------------------------------------------------ */

static bool try_enter(otmi_reservoir *r)
{
    return __atomic_exchange_n(&r->busy, 1, __ATOMIC_ACQUIRE) == 0;
}

static void leave(otmi_reservoir *r)
{
    __atomic_store_n(&r->busy, 0, __ATOMIC_RELEASE);
}

/* Uniform below n (to one part in 2^64 / n); xorshift64*. */
static uint64_t random_below(otmi_reservoir *r, uint64_t n)
{
    r->random ^= r->random >> 12;
    r->random ^= r->random << 25;
    r->random ^= r->random >> 27;
    __extension__ typedef unsigned __int128 u128;
    return (uint64_t)((u128)(r->random * UINT64_C(0x2545F4914F6CDD1D)) * n >> 64);
}

/* An allocator that gives the kept measurement's block, made larger if need be. */
static void *block_alloc(void *context, size_t size)
{
    struct {
        otmi_reservoir *reservoir;
        kept *kept;
    } const *at = context;
    kept *k = at->kept;
    if (k->block_size < size) {
        void *larger = otmi_alloc(at->reservoir->allocator, size);
        if (larger == NULL) {
            return NULL;
        }
        otmi_free(at->reservoir->allocator, k->block, k->block_size);
        k->block = larger;
        k->block_size = (uint32_t)size; /* sets are no larger */
    }
    return k->block;
}

static void block_release(void *context, void *pointer, size_t size)
{
    (void)context;
    (void)pointer;
    (void)size;
}

static bool on_point(const otmi_attr_set *series, const otm_attr *attr)
{
    for (size_t i = 0; i < series->count; i++) {
        if (otmi_attr_key_equal(&series->attrs[i], attr)) {
            return true;
        }
    }
    return false;
}

#define STACK_FILTERED 64u /* what is longer needs an allocation, the only one of a sample */

/* The attributes that are not on the point: point and filtered ones together are those of the call (SDK-EX-13). */
static void keep_filtered(otmi_reservoir *r, kept *k, const otmi_offer *offer)
{
    otm_attr on_stack[STACK_FILTERED];
    otm_attr *filtered = on_stack;
    size_t count = 0;
    if (offer->attr_count > STACK_FILTERED) {
        filtered = otmi_alloc_array(r->allocator, offer->attr_count, sizeof *filtered);
    }
    for (size_t i = 0; filtered != NULL && i < offer->attr_count; i++) {
        if (offer->attrs[i].key_size > 0 && !on_point(r->series, &offer->attrs[i])) {
            filtered[count++] = offer->attrs[i];
        }
    }
    if (count > 0) {
        struct {
            otmi_reservoir *reservoir;
            kept *kept;
        } at = {r, k};
        otm_allocator block = {&at, block_alloc, NULL, block_release};
        otmi_attr_set *in_block = NULL;
        k->has_filtered = otmi_attr_set_create(&block, filtered, count, &in_block) == OTM_OK;
    }
    if (filtered != on_stack) {
        otmi_free(r->allocator, filtered, offer->attr_count * sizeof *filtered);
    }
}

static void keep(otmi_reservoir *r, kept *k, const otmi_offer *offer)
{
    k->set = true;
    k->value = offer->value;
    k->time_ns = offer->clock->wall_ns(offer->clock->context);
    static const uint8_t no_trace[16] = {0};
    k->has_span = offer->context != NULL && memcmp(offer->context->trace_id, no_trace, sizeof no_trace) != 0;
    if (k->has_span) {
        memcpy(k->trace_id, offer->context->trace_id, sizeof k->trace_id);
        memcpy(k->span_id, offer->context->span_id, sizeof k->span_id);
    }
    k->has_filtered = false;
    if (offer->attr_count > 0) {
        keep_filtered(r, k, offer);
    }
}

static double value_of(const otmi_reservoir *r, otmi_number value)
{
    return r->rule.number == OTM_NUMBER_I64 ? (double)value.i64 : value.f64;
}

static uint32_t bucket_of(const otmi_reservoir *r, otmi_number value)
{
    return r->shape->kind != OTMI_SHAPE_HISTOGRAM
               ? 0
               : (uint32_t)otmi_bucket_of(r->shape, otmi_ordered(value_of(r, value)));
}

/* Algorithm R: the n-th measurement takes a place with probability places / n. */
static void offer_fixed(otmi_reservoir *r, part *p, const otmi_offer *offer)
{
    uint64_t at = p->seen < r->places ? p->seen : random_below(r, p->seen + 1);
    p->seen++;
    if (at < r->places) {
        keep(r, &p->kept[at], offer);
    }
}

static void offer_aligned(otmi_reservoir *r, part *p, const otmi_offer *offer)
{
    uint32_t bucket = bucket_of(r, offer->value);
    p->in_bucket[bucket]++;
    if (random_below(r, p->in_bucket[bucket]) == 0) {
        keep(r, &p->kept[bucket], offer);
    }
}

static void offer_custom(const otmi_reservoir *r, const otmi_offer *offer)
{
    otm_measurement m = {
        .struct_size = sizeof m,
        .i64 = r->rule.number == OTM_NUMBER_I64 ? offer->value.i64 : 0,
        .f64 = value_of(r, offer->value),
        .number = r->rule.number,
        .bucket = bucket_of(r, offer->value),
        .time_unix_nano = offer->clock->wall_ns(offer->clock->context),
        .attributes = offer->attrs,
        .attribute_count = offer->attr_count,
        .context = offer->context,
    };
    for (size_t i = 0; i < r->part_count; i++) {
        r->rule.choice.ops->offer(r->parts[i].custom, &m);
    }
}

void otmi_reservoir_offer(otmi_reservoir *r, const otmi_offer *offer)
{
    if (r->rule.choice.kind == OTM_RESERVOIR_CUSTOM) {
        offer_custom(r, offer);
        return;
    }
    if (!try_enter(r)) {
        return;
    }
    for (size_t i = 0; i < r->part_count; i++) {
        if (r->rule.choice.kind == OTM_RESERVOIR_ALIGNED) {
            offer_aligned(r, &r->parts[i], offer);
        } else {
            offer_fixed(r, &r->parts[i], offer);
        }
    }
    leave(r);
}

/* -- Collection -------------------------------------------------------------------------------------------------- */

static void *arena_alloc(void *context, size_t size)
{
    return otmi_arena_alloc(context, size);
}

static bool copy_kept(const otmi_reservoir *r, const kept *k, otmi_arena *arena, otm_exemplar *e)
{
    memset(e, 0, sizeof *e);
    e->time_unix_nano = k->time_ns;
    e->value.i64 = k->value.i64;
    e->number = r->rule.number;
    e->has_span = k->has_span;
    memcpy(e->trace_id, k->trace_id, sizeof e->trace_id);
    memcpy(e->span_id, k->span_id, sizeof e->span_id);
    if (k->has_filtered) {
        const otmi_attr_set *filtered = k->block;
        otm_allocator memory = {arena, arena_alloc, NULL, block_release};
        otmi_attr_set *copy = NULL;
        if (otmi_attr_set_create(&memory, filtered->attrs, filtered->count, &copy) != OTM_OK) {
            return false;
        }
        e->filtered_attributes = copy->attrs;
        e->filtered_attribute_count = copy->count;
    }
    return true;
}

static otm_status collect_part(otmi_reservoir *r, part *p, otmi_arena *arena, otm_exemplar *out, size_t *count)
{
    for (uint32_t i = 0; i < r->places; i++) {
        if (p->kept[i].set && !copy_kept(r, &p->kept[i], arena, &out[(*count)++])) {
            return OTM_ERR_NO_MEMORY;
        }
    }
    for (uint32_t i = 0; i < r->places; i++) {
        p->kept[i].set = false;
        if (p->in_bucket != NULL) {
            p->in_bucket[i] = 0;
        }
    }
    p->seen = 0;
    return OTM_OK;
}

static size_t kept_count(const otmi_reservoir *r, const part *p)
{
    size_t count = 0;
    for (uint32_t i = 0; i < r->places; i++) {
        count += p->kept[i].set;
    }
    return count;
}

otm_status otmi_reservoir_collect(otmi_reservoir *r, uint32_t reader_bit, otmi_arena *arena, const otm_exemplar **out,
                                  size_t *count)
{
    part *p = &r->parts[__builtin_popcountll(r->readers & ((UINT64_C(1) << reader_bit) - 1))];
    *out = NULL;
    *count = 0;
    if (p->custom != NULL) {
        otm_exemplar *list = otmi_arena_alloc(arena, r->places * sizeof *list);
        if (list == NULL) {
            return OTM_ERR_NO_MEMORY;
        }
        *count = r->rule.choice.ops->collect(p->custom, list, r->places);
        *out = list;
        return OTM_OK;
    }
    while (!try_enter(r)) {
        otmi_thread_yield(); /* an offer is being written down: nanoseconds */
    }
    size_t most = kept_count(r, p);
    otm_exemplar *list = most == 0 ? NULL : otmi_arena_alloc(arena, most * sizeof *list);
    otm_status st = most > 0 && list == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
    if (list != NULL) {
        st = collect_part(r, p, arena, list, count);
    } else if (st == OTM_OK) {
        p->seen = 0;
    }
    leave(r);
    *out = list;
    *count = st == OTM_OK ? *count : 0;
    return st;
}
