#include "metrics/async_storage.h"

#include "util/alloc.h"

typedef struct async_entry {
    otmi_attr_set *attrs; /* owned */
    uint64_t hash;
    uint64_t round;       /* the last one that observed it */
    uint64_t start_ns;
    uint64_t generation;
    otmi_number value;    /* of this round */
    otmi_number before;   /* as of the last committed round that observed it */
    bool has_before;
    uint32_t number;
} async_entry;

/* Entry 0 is the overflow series. `index` finds the others by hash. */
struct otmi_async_storage {
    const otmi_env *env;
    const otmi_stream *stream;
    uint64_t created_ns;
    uint64_t last_ns; /* of the last committed round; 0 before the first */
    uint64_t round;
    uint64_t generation;
    uint32_t observed; /* sets of this round, the overflow series aside */
    async_entry *entries;
    size_t count;
    size_t capacity;
    uint32_t *index; /* entry + 0, or 0: empty */
    size_t index_size;
};

#define INDEX_FIRST 32u

static size_t most_entries(const otmi_async_storage *storage)
{
    return 2 * (size_t)storage->stream->cardinality_limit + 2;
}

static otm_status add_overflow(otmi_async_storage *storage)
{
    otm_attr attr = otm_attr_bool("otel.metric.overflow", true);
    otm_status st = otmi_grow(storage->env->allocator, (void **)&storage->entries, &storage->capacity, 0,
                              sizeof(async_entry), most_entries(storage));
    if (st != OTM_OK) {
        return st;
    }
    storage->entries[0] = (async_entry){.generation = ++storage->generation};
    st = otmi_attr_set_create(storage->env->allocator, &attr, 1, &storage->entries[0].attrs);
    storage->count = st == OTM_OK;
    return st;
}

otm_status otmi_async_storage_create(const otmi_env *env, const otmi_stream *stream, uint64_t created_ns,
                                     otmi_async_storage **out)
{
    otmi_async_storage *storage = otmi_alloc_zeroed(env->allocator, sizeof *storage);
    *out = NULL;
    if (storage == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    storage->env = env;
    storage->stream = stream;
    storage->created_ns = created_ns;
    storage->index_size = INDEX_FIRST;
    storage->index = otmi_alloc_array(env->allocator, INDEX_FIRST, sizeof *storage->index);
    otm_status st = storage->index == NULL ? OTM_ERR_NO_MEMORY : add_overflow(storage);
    if (st != OTM_OK) {
        otmi_async_storage_destroy(storage);
        return st;
    }
    *out = storage;
    return OTM_OK;
}

void otmi_async_storage_destroy(otmi_async_storage *storage)
{
    if (storage == NULL) {
        return;
    }
    const otm_allocator *allocator = storage->env->allocator;
    for (size_t i = 0; i < storage->count; i++) {
        otmi_attr_set_destroy(allocator, storage->entries[i].attrs);
    }
    otmi_free(allocator, storage->entries, storage->capacity * sizeof *storage->entries);
    otmi_free(allocator, storage->index, storage->index_size * sizeof *storage->index);
    otmi_free(allocator, storage, sizeof *storage);
}

void otmi_async_begin(otmi_async_storage *storage)
{
    storage->round++;
    storage->observed = 0;
}

/* -- Finding and making entries ---------------------------------------------------------------------------------- */

static void index_put(otmi_async_storage *storage, uint32_t entry)
{
    size_t mask = storage->index_size - 1;
    size_t i = storage->entries[entry].hash & mask;
    while (storage->index[i] != 0) {
        i = (i + 1) & mask;
    }
    storage->index[i] = entry;
}

static void index_rebuild(otmi_async_storage *storage)
{
    memset(storage->index, 0, storage->index_size * sizeof *storage->index);
    for (uint32_t i = 1; i < storage->count; i++) {
        index_put(storage, i);
    }
}

static otm_status index_reserve(otmi_async_storage *storage)
{
    if (2 * (storage->count + 1) <= storage->index_size) {
        return OTM_OK;
    }
    uint32_t *wider = otmi_alloc_array(storage->env->allocator, 2 * storage->index_size, sizeof *wider);
    if (wider == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    otmi_free(storage->env->allocator, storage->index, storage->index_size * sizeof *storage->index);
    storage->index = wider;
    storage->index_size *= 2;
    index_rebuild(storage);
    return OTM_OK;
}

/* Forgets the sets that this round has not observed. */
static void forget_absent(otmi_async_storage *storage)
{
    size_t kept = 1;
    for (size_t i = 1; i < storage->count; i++) {
        if (storage->entries[i].round == storage->round) {
            storage->entries[kept++] = storage->entries[i];
        } else {
            otmi_attr_set_destroy(storage->env->allocator, storage->entries[i].attrs);
        }
    }
    storage->count = kept;
    index_rebuild(storage);
}

static async_entry *find(otmi_async_storage *storage, uint64_t hash, const otmi_attr_span *span)
{
    size_t mask = storage->index_size - 1;
    for (size_t i = hash & mask; storage->index[i] != 0; i = (i + 1) & mask) {
        async_entry *entry = &storage->entries[storage->index[i]];
        if (entry->hash == hash && otmi_attr_span_equals(span, entry->attrs)) {
            return entry;
        }
    }
    return NULL;
}

/* metrics/sdk.md, "Start timestamps": creation if first seen in the first interval, else the collection before. */
static uint64_t start_of_new(const otmi_async_storage *storage)
{
    return storage->last_ns == 0 ? storage->created_ns : storage->last_ns;
}

static async_entry *add(otmi_async_storage *storage, uint64_t hash, otmi_attr_set *attrs)
{
    if (storage->count == most_entries(storage)) {
        forget_absent(storage);
    }
    if (index_reserve(storage) != OTM_OK ||
        otmi_grow(storage->env->allocator, (void **)&storage->entries, &storage->capacity, storage->count,
                  sizeof(async_entry), most_entries(storage)) != OTM_OK) {
        return NULL;
    }
    uint32_t number = (uint32_t)storage->count++;
    storage->entries[number] = (async_entry){.attrs = attrs,
                                             .hash = hash,
                                             .start_ns = start_of_new(storage),
                                             .generation = ++storage->generation,
                                             .number = number};
    index_put(storage, number);
    return &storage->entries[number];
}

/* The attributes that the stream keeps, in memory of our own. */
static otm_status keep(const otmi_async_storage *storage, const otmi_attr_set *attrs, otmi_attr_set **out)
{
    const otm_allocator *allocator = storage->env->allocator;
    otm_attr *kept = otmi_alloc_array(allocator, attrs->count + 1, sizeof *kept);
    if (kept == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < attrs->count; i++) {
        if (otmi_key_filter_keeps(storage->stream->filter, attrs->attrs[i].key, attrs->attrs[i].key_size)) {
            kept[count++] = attrs->attrs[i];
        }
    }
    otm_status st = otmi_attr_set_create(allocator, kept, count, out);
    otmi_free(allocator, kept, (attrs->count + 1) * sizeof *kept);
    return st;
}

static async_entry *entry_for(otmi_async_storage *storage, const otmi_attr_set *attrs, otm_status *status)
{
    otmi_attr_set *kept = NULL;
    *status = keep(storage, attrs, &kept);
    if (*status != OTM_OK) {
        return &storage->entries[0];
    }
    otmi_attr_span span = {.attrs = kept->attrs, .count = kept->count};
    uint64_t hash = otmi_attr_span_hash(storage->env->hash_key, &span);
    async_entry *entry = find(storage, hash, &span);
    bool has_place = storage->observed < storage->stream->cardinality_limit;
    if (entry == NULL && has_place) {
        entry = add(storage, hash, kept);
        *status = entry == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
        kept = entry == NULL ? kept : NULL;
    } else if (entry != NULL && entry->round != storage->round && !has_place) {
        entry = NULL;
    }
    otmi_attr_set_destroy(storage->env->allocator, kept);
    return entry != NULL ? entry : &storage->entries[0];
}

static void first_of_round(otmi_async_storage *storage, async_entry *entry)
{
    if (entry == &storage->entries[0]) {
        entry->start_ns = entry->start_ns == 0 ? start_of_new(storage) : entry->start_ns;
    } else {
        storage->observed++;
    }
    entry->round = storage->round;
    entry->value.bits = 0;
}

otm_status otmi_async_observe(otmi_async_storage *storage, const otmi_attr_set *attrs, otmi_number value)
{
    otm_status st = OTM_OK;
    async_entry *entry = entry_for(storage, attrs, &st);
    if (entry->round != storage->round) {
        first_of_round(storage, entry);
    }
    /* What falls together in one round is summed, or for gauges the last: sets that the filter makes equal, the
     * overflow series, and a set that was reported twice, which metrics/api.md leaves to us. */
    if (storage->stream->aggregation.kind == OTM_AGGREGATION_LAST_VALUE) {
        entry->value = value;
    } else if (storage->stream->number == OTM_NUMBER_I64) {
        entry->value.bits += value.bits;
    } else {
        entry->value.f64 += value.f64;
    }
    return st;
}

/* -- Reading ----------------------------------------------------------------------------------------------------- */

static bool fell(const otmi_async_storage *storage, const async_entry *entry)
{
    return storage->stream->number == OTM_NUMBER_I64 ? entry->value.i64 < entry->before.i64
                                                     : entry->value.f64 < entry->before.f64;
}

/* A total that only grows and yet fell began again from zero: all of it is new. */
static otmi_number difference(const otmi_async_storage *storage, const async_entry *entry)
{
    otmi_number n = entry->value;
    if (!entry->has_before || (storage->stream->aggregation.monotonic && fell(storage, entry))) {
        return n;
    }
    if (storage->stream->number == OTM_NUMBER_I64) {
        n.bits -= entry->before.bits;
    } else {
        n.f64 -= entry->before.f64;
    }
    return n;
}

otm_status otmi_async_read(otmi_async_storage *storage, otmi_arena *arena, uint64_t now_ns, otmi_points *out)
{
    bool delta = storage->stream->temporality == OTM_DELTA;
    *out = (otmi_points){.points = otmi_arena_alloc(arena, (storage->count + 1) * sizeof(otm_point))};
    if (out->points == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < storage->count; i++) {
        const async_entry *entry = &storage->entries[i];
        if (entry->round != storage->round) {
            continue;
        }
        otm_point *point = &out->points[out->count++];
        bool whole = !delta || storage->stream->aggregation.kind == OTM_AGGREGATION_LAST_VALUE;
        point->attributes = entry->attrs->attrs;
        point->attribute_count = entry->attrs->count;
        point->start_time_unix_nano = delta ? start_of_new(storage) : entry->start_ns;
        point->time_unix_nano = otmi_not_before(now_ns, point->start_time_unix_nano);
        point->series_number = i;
        point->series_generation = entry->generation;
        point->data.number.number = storage->stream->number;
        point->data.number.as.i64 = whole ? entry->value.i64 : difference(storage, entry).i64;
    }
    return OTM_OK;
}

void otmi_async_commit(otmi_async_storage *storage, uint64_t now_ns)
{
    for (size_t i = 0; i < storage->count; i++) {
        async_entry *entry = &storage->entries[i];
        if (entry->round == storage->round) {
            entry->before = entry->value;
            entry->has_before = true;
        }
    }
    storage->last_ns = otmi_not_before(now_ns, storage->last_ns);
}
