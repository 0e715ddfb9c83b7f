#include "model/model_meters.h"

#include "util/alloc.h"
#include "util/wildcard.h"

typedef struct meter_rule {
    char *pattern;
    bool enabled;
} meter_rule;

struct otmi_meter_rules {
    const otm_allocator *allocator;
    bool enabled_by_default;
    size_t count;
    meter_rule *rules;
};

/* -- Reading ----------------------------------------------------------------------------------------------------- */

static otm_status read_config(const otmi_node *node, bool *enabled)
{
    static const char *const keys[] = {"enabled", NULL};
    otm_status st = otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node member = otmi_node_member(node, "enabled");
    return otmi_node_bool(&member, enabled);
}

static otm_status read_rule(const otmi_node *node, const otm_allocator *allocator, meter_rule *out)
{
    static const char *const keys[] = {"name", "config", NULL};
    otm_status st = otmi_node_missing(node) ? otmi_node_fail(node, "a map") : otmi_node_object(node, keys);
    if (st != OTM_OK) {
        return st;
    }
    otmi_node name = otmi_node_member(node, "name");
    otmi_node config = otmi_node_member(node, "config");
    const char *pattern = NULL;
    st = otmi_node_missing(&name) ? otmi_node_fail(&name, "a meter name or pattern") : otmi_node_text(&name, &pattern);
    if (st == OTM_OK && otmi_node_missing(&config)) {
        st = otmi_node_fail(&config, "a map");
    }
    out->enabled = true;
    if (st == OTM_OK) {
        st = read_config(&config, &out->enabled);
    }
    if (st != OTM_OK) {
        return st;
    }
    out->pattern = otmi_text_copy(allocator, pattern, strlen(pattern));
    return out->pattern == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static otm_status read_rules(const otmi_node *node, otmi_meter_rules *rules)
{
    static const char *const keys[] = {"default_config", "meters", NULL};
    otm_status st = otmi_node_object(node, keys);
    otmi_node defaults = otmi_node_member(node, "default_config");
    otmi_node meters = otmi_node_member(node, "meters");
    if (st == OTM_OK) {
        st = read_config(&defaults, &rules->enabled_by_default);
    }
    size_t count = 0;
    if (st == OTM_OK) {
        st = otmi_node_list(&meters, 1, &count);
    }
    if (st != OTM_OK || count == 0) {
        return st;
    }
    rules->rules = otmi_alloc_array(rules->allocator, count, sizeof *rules->rules);
    if (rules->rules == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    rules->count = count;
    for (size_t i = 0; st == OTM_OK && i < count; i++) {
        otmi_node rule = otmi_node_element(&meters, i);
        st = read_rule(&rule, rules->allocator, &rules->rules[i]);
    }
    return st;
}

otm_status otmi_meter_rules_read(const otmi_node *node, otmi_meter_rules **out)
{
    *out = NULL;
    if (otmi_node_missing(node)) {
        return OTM_OK;
    }
    const otm_allocator *allocator = node->model->allocator;
    otmi_meter_rules *rules = otmi_alloc_zeroed(allocator, sizeof *rules);
    if (rules == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    rules->allocator = allocator;
    rules->enabled_by_default = true;
    otm_status st = read_rules(node, rules);
    if (st != OTM_OK) {
        otmi_meter_rules_destroy(rules);
        return st;
    }
    *out = rules;
    return OTM_OK;
}

void otmi_meter_rules_destroy(otmi_meter_rules *rules)
{
    if (rules == NULL) {
        return;
    }
    for (size_t i = 0; i < rules->count; i++) {
        otmi_free_text(rules->allocator, rules->rules[i].pattern);
    }
    otmi_free(rules->allocator, rules->rules, rules->count * sizeof *rules->rules);
    otmi_free(rules->allocator, rules, sizeof *rules);
}

/* -- Judging ----------------------------------------------------------------------------------------------------- */

otm_status otmi_meter_judge_init(otmi_meter_judge *judge)
{
    judge->rules = NULL;
    return otmi_mutex_init(&judge->mutex);
}

void otmi_meter_judge_fini(otmi_meter_judge *judge)
{
    otmi_meter_rules_destroy(judge->rules);
    otmi_mutex_fini(&judge->mutex);
}

otmi_meter_rules *otmi_meter_judge_replace(otmi_meter_judge *judge, otmi_meter_rules *rules)
{
    otmi_mutex_lock(&judge->mutex);
    otmi_meter_rules *before = judge->rules;
    judge->rules = rules;
    otmi_mutex_unlock(&judge->mutex);
    return before;
}

static bool is_enabled(const otmi_meter_rules *rules, const char *name)
{
    size_t size = strlen(name);
    for (size_t i = 0; i < rules->count; i++) {
        if (otmi_wildcard_match(rules->rules[i].pattern, name, size)) {
            return rules->rules[i].enabled;
        }
    }
    return rules->enabled_by_default;
}

int otmi_meter_judge_decide(const otm_scope *scope, void *user_data)
{
    otmi_meter_judge *judge = user_data;
    otmi_mutex_lock(&judge->mutex);
    int decision = judge->rules == NULL ? -1 : is_enabled(judge->rules, scope->name == NULL ? "" : scope->name);
    otmi_mutex_unlock(&judge->mutex);
    return decision;
}
