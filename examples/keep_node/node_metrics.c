#include "node_metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <otm/otlp.h>
#include <otm/prometheus.h>
#include <otm/sdk.h>

#define FLUSH_TIMEOUT_MS 5000
#define SHUTDOWN_TIMEOUT_MS 5000

struct node_metrics {
    keep_node *node;
    otm_prometheus_exporter *prometheus;
    otm_exporter *otlp;
    otm_reader *push;
    otm_meter_provider *provider;
};

static void print_diagnostic(const otm_diagnostic *d, void *user_data)
{
    (void)user_data;
    fprintf(stderr, "keep-node: %s: %s%s%s\n", d->component, d->instrument, d->instrument[0] == '\0' ? "" : ": ",
            d->text);
}

static const otm_diagnostics_options diagnostics = {.struct_size = sizeof diagnostics, .handler = print_diagnostic};

/* -- Endpoint ------------------------------------------------------------------------------------------------------ */

static void answer(const char *path, otm_prometheus_reply *reply, void *user_data)
{
    if (strcmp(path, "/diagnostics") == 0) {
        char text[1024];
        size_t size = node_write_diagnostics(user_data, text, sizeof text);
        (void)otm_prometheus_reply_send(reply, 200, "application/json", text, size);
    }
}

/* Names as they are, without scope labels: so operators' scripts find them. */
static otm_status create_prometheus(node_metrics *m, uint32_t port)
{
    otm_prometheus_exporter_options o;
    otm_prometheus_exporter_options_init(&o);
    o.port = port == 0 ? OTM_PORT_ANY : port;
    o.omit_scope_info = true;
    o.translation = OTM_PROMETHEUS_NO_TRANSLATION;
    o.diagnostics = diagnostics;
    o.on_request = answer;
    o.on_request_user_data = m->node;
    return otm_prometheus_exporter_create(&o, &m->prometheus);
}

/* -- Push ---------------------------------------------------------------------------------------------------------- */

static otm_status create_push(node_metrics *m)
{
    otm_otlp_http_exporter_options o;
    otm_otlp_http_exporter_options_init(&o);
    o.use_environment = true;
    otm_status st = otm_otlp_http_exporter_create(&o, &diagnostics, &m->otlp);
    if (st != OTM_OK) {
        return st;
    }
    otm_periodic_reader_options r;
    otm_periodic_reader_options_init(&r);
    otm_periodic_reader_options_from_env(&r, &diagnostics);
    return otm_periodic_reader_create(m->otlp, &r, &m->push);
}

/* -- Provider ------------------------------------------------------------------------------------------------------ */

static bool is_named(const otm_resource *resource)
{
    size_t count = 0;
    const otm_attr *attrs = otm_resource_attributes(resource, &count);
    for (size_t i = 0; i < count; i++) {
        const otm_value *name = &attrs[i].value;
        if (attrs[i].key_size == 12 && memcmp(attrs[i].key, "service.name", 12) == 0) {
            return name->size < 15 || memcmp(name->as.string, "unknown_service", 15) != 0;
        }
    }
    return false;
}

/* resource = old with updating's attributes; old is given back. */
static otm_status merge_into(otm_resource **resource, const otm_resource *updating)
{
    otm_resource *merged = NULL;
    otm_status st = otm_resource_merge(*resource, updating, NULL, &merged);
    if (st == OTM_OK) {
        otm_resource_release(*resource);
        *resource = merged;
    }
    return st;
}

/* What the environment says of the service wins over what the node says of itself. */
static otm_status create_resource(otm_resource **out)
{
    const otm_attr version = otm_attr_string("service.version", "v2.5.1-simulated");
    const otm_attr name = otm_attr_string("service.name", "keep-client");
    otm_resource *detected = NULL;
    otm_resource *own_name = NULL;
    otm_status st = otm_resource_create(&version, 1, NULL, NULL, out);
    if (st == OTM_OK) {
        st = otm_resource_default(NULL, &diagnostics, &detected);
    }
    if (st == OTM_OK) {
        st = merge_into(out, detected);
    }
    if (st == OTM_OK && !is_named(detected)) {
        st = otm_resource_create(&name, 1, NULL, NULL, &own_name);
        if (st == OTM_OK) {
            st = merge_into(out, own_name);
        }
    }
    otm_resource_release(detected);
    otm_resource_release(own_name);
    return st;
}

static otm_status create_provider(node_metrics *m)
{
    otm_resource *resource = NULL;
    otm_status st = create_resource(&resource);
    if (st != OTM_OK) {
        otm_resource_release(resource);
        return st;
    }
    otm_reader *readers[] = {otm_prometheus_exporter_reader(m->prometheus), m->push};
    otm_meter_provider_options o;
    otm_meter_provider_options_init(&o);
    o.resource = resource;
    o.readers = readers;
    o.reader_count = 2;
    o.diagnostics = diagnostics;
    st = otm_meter_provider_create(&o, &m->provider);
    otm_resource_release(resource);
    return st;
}

static void release_all(node_metrics *m)
{
    (void)otm_prometheus_exporter_release(m->prometheus);
    otm_meter_provider_release(m->provider);
    otm_reader_release(m->push);
    otm_exporter_release(m->otlp);
    free(m);
}

node_metrics *node_metrics_create(keep_node *node, uint32_t *port)
{
    node_metrics *m = node_alloc(sizeof *m);
    m->node = node;
    otm_status st = create_prometheus(m, *port);
    *port = 0;
    if (st == OTM_OK) {
        st = create_push(m);
    }
    if (st == OTM_OK) {
        st = create_provider(m);
    }
    if (st != OTM_OK) {
        fprintf(stderr, "keep-node: metrics cannot be set up: %s\n", otm_status_text(st));
        release_all(m);
        return NULL;
    }
    if (otm_prometheus_exporter_start(m->prometheus) == OTM_OK) {
        *port = otm_prometheus_exporter_port(m->prometheus);
    }
    return m;
}

otm_meter_provider *node_metrics_provider(node_metrics *metrics)
{
    return metrics->provider;
}

bool node_metrics_flush(node_metrics *metrics)
{
    otm_status st = otm_meter_provider_flush(metrics->provider, FLUSH_TIMEOUT_MS);
    if (st != OTM_OK) {
        fprintf(stderr, "keep-node: the push failed: %s\n", otm_status_text(st));
    }
    return st == OTM_OK;
}

static void print_accounts(node_metrics *m)
{
    otm_accounts a;
    otm_accounts_init(&a);
    otm_reader_accounts(m->push, &a);
    printf("points pushed: %" PRIu64 " exported, %" PRIu64 " rejected, %" PRIu64 " pending", a.exported, a.rejected,
           a.pending);
    for (unsigned reason = 0; reason < OTM_DROP_REASON_COUNT; reason++) {
        if (a.dropped[reason] != 0) {
            printf(", %" PRIu64 " dropped (%s)", a.dropped[reason], otm_drop_reason_name((otm_drop_reason)reason));
        }
    }
    printf("\n");
}

void node_metrics_destroy(node_metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    otm_status st = otm_meter_provider_shutdown(metrics->provider, SHUTDOWN_TIMEOUT_MS);
    if (st != OTM_OK) {
        fprintf(stderr, "keep-node: shutdown: %s\n", otm_status_text(st));
    }
    print_accounts(metrics);
    release_all(metrics);
}
