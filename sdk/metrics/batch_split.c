#include "metrics/batch_split.h"

/* A run of points of one metric. */
typedef struct piece {
    const otm_resource_metrics *resource;
    const otm_scope_metrics *scope;
    const otm_metric *metric;
    size_t first;
    size_t count;
} piece;

/* A batch in the making. */
typedef struct batch {
    otm_metrics_data *data;
    otm_resource_metrics *resources;
    otm_scope_metrics *scopes;
    otm_metric *metrics;
    size_t resource_count; /* this and the next ones: counted first, then filled */
    size_t scope_count;
    size_t metric_count;
    size_t point_count;
    piece last;
} batch;

/* The next run of at most `room` points; false at the end. */
static bool next_piece(const otm_metrics_data *data, size_t room, otmi_batch_cursor *at, piece *out)
{
    while (at->resource < data->resource_count) {
        const otm_resource_metrics *resource = otm_data_resource(data, at->resource);
        if (at->scope == resource->scope_count) {
            *at = (otmi_batch_cursor){.resource = at->resource + 1};
            continue;
        }
        const otm_scope_metrics *scope = otm_resource_scope(resource, at->scope);
        if (at->metric == scope->metric_count) {
            *at = (otmi_batch_cursor){.resource = at->resource, .scope = at->scope + 1};
            continue;
        }
        const otm_metric *metric = otm_scope_metric(scope, at->metric);
        size_t left = metric->point_count - at->point;
        if (left == 0) {
            at->metric++;
            at->point = 0;
            continue;
        }
        *out = (piece){resource, scope, metric, at->point, left < room ? left : room};
        at->point += out->count;
        return true;
    }
    return false;
}

static void count_piece(batch *b, const piece *p)
{
    b->resource_count += p->resource != b->last.resource;
    b->scope_count += p->scope != b->last.scope;
    b->metric_count++; /* a batch has one piece a metric: a full one ends it */
    b->point_count += p->count;
    b->last = *p;
}

static void add_piece(batch *b, const piece *p)
{
    if (p->resource != b->last.resource) {
        otm_resource_metrics *resource = &b->resources[b->resource_count];
        *resource = *p->resource;
        resource->scopes = &b->scopes[b->scope_count];
        resource->scope_count = 0;
        resource->scope_stride = sizeof *b->scopes;
    }
    if (p->scope != b->last.scope) {
        otm_scope_metrics *scope = &b->scopes[b->scope_count];
        *scope = *p->scope;
        scope->metrics = &b->metrics[b->metric_count];
        scope->metric_count = 0;
        scope->metric_stride = sizeof *b->metrics;
    }
    otm_metric *metric = &b->metrics[b->metric_count];
    *metric = *p->metric;
    metric->points = otm_metric_point(p->metric, p->first);
    metric->point_count = p->count;
    count_piece(b, p);
    b->scopes[b->scope_count - 1].metric_count++;
    b->resources[b->resource_count - 1].scope_count =
        (size_t)(&b->scopes[b->scope_count] - b->resources[b->resource_count - 1].scopes);
}

static otm_status make_room(batch *b, otmi_arena *arena)
{
    b->data = otmi_arena_alloc(arena, sizeof *b->data);
    b->resources = otmi_arena_alloc(arena, b->resource_count * sizeof *b->resources);
    b->scopes = otmi_arena_alloc(arena, b->scope_count * sizeof *b->scopes);
    b->metrics = otmi_arena_alloc(arena, b->metric_count * sizeof *b->metrics);
    bool all = b->data != NULL && b->resources != NULL && b->scopes != NULL && b->metrics != NULL;
    return all ? OTM_OK : OTM_ERR_NO_MEMORY;
}

/* Walks over one batch from `at`, which is moved behind it. */
static void walk(const otm_metrics_data *data, size_t maximum, otmi_batch_cursor *at, batch *b,
                 void (*take)(batch *, const piece *))
{
    piece p;
    b->resource_count = b->scope_count = b->metric_count = b->point_count = 0;
    b->last = (piece){.resource = NULL};
    while (b->point_count < maximum && next_piece(data, maximum - b->point_count, at, &p)) {
        take(b, &p);
    }
}

otm_status otmi_batch_next(const otm_metrics_data *data, size_t maximum, otmi_batch_cursor *cursor, otmi_arena *arena,
                           const otm_metrics_data **out)
{
    batch b = {.data = NULL};
    otmi_batch_cursor counting = *cursor;
    *out = NULL;
    walk(data, maximum, &counting, &b, count_piece);
    if (b.point_count == 0) {
        return OTM_OK;
    }
    otm_status st = make_room(&b, arena);
    if (st != OTM_OK) {
        return st;
    }
    walk(data, maximum, cursor, &b, add_piece);
    *b.data = (otm_metrics_data){.struct_size = sizeof *b.data,
                                 .resources = b.resources,
                                 .resource_count = b.resource_count,
                                 .resource_stride = sizeof *b.resources,
                                 .point_count = b.point_count};
    *out = b.data;
    return OTM_OK;
}
