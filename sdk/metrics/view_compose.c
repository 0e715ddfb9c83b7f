/* Composable views (metrics/sdk.md, "View matching mode"): those of one stream name are merged in order. */
#include "metrics/view_set.h"

static bool view_matches(const otmi_view_walk *walk, size_t index)
{
    return otmi_view_matches(&walk->set->views[index], walk->scope, walk->instrument);
}

static bool same_group(const char *group, const char *name)
{
    return name == NULL || (group != NULL && strcmp(group, name) == 0);
}

/* One stream: all matching views of this name, and those without one. group NULL: no view has a name. */
static otm_status visit_group(const otmi_view_walk *walk, const char *group)
{
    otmi_stream_plan plan = {.key_lists = walk->key_lists};
    for (size_t i = 0; i < walk->set->count; i++) {
        const otm_view *view = &walk->set->views[i];
        if (view_matches(walk, i) && same_group(group, view->stream.name)) {
            otmi_stream_plan_apply(&plan, view, walk->instrument->kind);
        }
    }
    return walk->visit(&plan, walk->context);
}

/* True if views[index] names a stream that no matching view before it does. */
static bool begins_group(const otmi_view_walk *walk, size_t index)
{
    const char *name = walk->set->views[index].stream.name;
    if (name == NULL || !view_matches(walk, index)) {
        return false;
    }
    for (size_t i = 0; i < index; i++) {
        const char *earlier = walk->set->views[i].stream.name;
        if (earlier != NULL && strcmp(earlier, name) == 0 && view_matches(walk, i)) {
            return false;
        }
    }
    return true;
}

static void warn_senseless(const otmi_view_walk *walk)
{
    for (size_t i = 0; walk->diag != NULL && i < walk->set->count; i++) {
        if (view_matches(walk, i) && !otmi_view_fits(&walk->set->views[i], walk->instrument->kind)) {
            otmi_view_warn_senseless(walk, i, "an earlier view's aggregation or the default is used instead");
        }
    }
}

otm_status otmi_view_walk_composed(const otmi_view_walk *walk)
{
    warn_senseless(walk);
    bool any_group = false;
    for (size_t i = 0; i < walk->set->count; i++) {
        if (!begins_group(walk, i)) {
            continue;
        }
        any_group = true;
        otm_status st = visit_group(walk, walk->set->views[i].stream.name);
        if (st != OTM_OK) {
            return st;
        }
    }
    return any_group ? OTM_OK : visit_group(walk, NULL);
}
