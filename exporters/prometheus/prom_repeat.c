/* Series that differ in the tree, but not by the labels they have here: two scopes without scope labels, the keys a.b
 * and a_b. Prometheus would take one of them and warn about the other; so do we, but always about the same one. */
#include "prom_builder.h"
#include "util/hash.h"

/* Does not depend on the order; labels without a value do not count, as to Prometheus. */
static uint64_t hash_labels(const otmi_prom_labels *labels)
{
    const otmi_hash_key *key = otmi_hash_key_process();
    uint64_t hash = 0;
    for (size_t i = 0; i < labels->count; i++) {
        const otmi_prom_label *label = &labels->items[i];
        if (label->value.size > 0) {
            hash += otmi_hash_words(key, otmi_hash_bytes(key, label->name.data, label->name.size),
                                    otmi_hash_bytes(key, label->value.data, label->value.size), 0);
        }
    }
    return hash;
}

static otm_string value_of(const otmi_prom_labels *labels, otm_string name)
{
    for (size_t i = 0; i < labels->count; i++) {
        if (otmi_prom_same(labels->items[i].name, name)) {
            return labels->items[i].value;
        }
    }
    return (otm_string){"", 0};
}

static bool covers(const otmi_prom_labels *part, const otmi_prom_identity *whole)
{
    for (size_t i = 0; i < part->count; i++) {
        otm_string value = value_of(whole->own, part->items[i].name);
        if (value.size == 0) {
            value = value_of(whole->shared, part->items[i].name);
        }
        if (!otmi_prom_same(value, part->items[i].value)) {
            return false;
        }
    }
    return true;
}

static bool same_series(const otmi_prom_identity *a, const otmi_prom_identity *b)
{
    return covers(a->own, b) && covers(a->shared, b) && covers(b->own, a) && covers(b->shared, a);
}

bool otmi_prom_identities_init(otmi_prom_builder *builder, otmi_prom_identities *set, size_t most)
{
    size_t capacity = 4;
    while (capacity < most * 2) {
        capacity *= 2;
    }
    *set = (otmi_prom_identities){otmi_prom_alloc(builder, capacity, sizeof *set->slots), capacity - 1};
    return set->slots != NULL;
}

bool otmi_prom_identities_add(otmi_prom_identities *set, const otmi_prom_identity *added)
{
    uint64_t hash = hash_labels(added->own) + hash_labels(added->shared);
    size_t at = (size_t)(hash ^ (hash >> 32)) & set->mask;
    while (set->slots[at].own != NULL) {
        if (same_series(&set->slots[at], added)) {
            return false;
        }
        at = (at + 1) & set->mask;
    }
    set->slots[at] = *added;
    return true;
}

void otmi_prom_drop_repeated(otmi_prom_builder *builder, otmi_prom_family *family)
{
    builder->meter = (otm_string){"", 0}; /* it may have come from several */
    builder->instrument = family->name;
    size_t samples = 0;
    for (const otmi_prom_group *group = family->groups; group != NULL; group = group->next) {
        samples += group->count;
    }
    otmi_prom_identities set;
    if (!otmi_prom_identities_init(builder, &set, samples)) {
        return;
    }
    for (otmi_prom_group *group = family->groups; group != NULL && builder->status == OTM_OK; group = group->next) {
        size_t kept = 0;
        for (size_t i = 0; i < group->count; i++) {
            /* A sample is moved only to before where it was, and its labels stay: the set may point to them once
             * they are in place. */
            group->samples[kept] = group->samples[i];
            if (otmi_prom_identities_add(&set,
                                         &(otmi_prom_identity){&group->samples[kept].labels, group->shared})) {
                kept++;
            } else {
                otmi_prom_note_add(builder, OTMI_PROM_SERIES_REPEATED, family->name);
            }
        }
        group->count = kept;
    }
}
