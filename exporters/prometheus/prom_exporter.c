/* Life of the exporter: options, creation, start and stop. */
#include "prom_exporter.h"

#include <unistd.h>

#include "prom_server.h"
#include "prom_work.h"
#include "util/alloc.h"
#include "util/options.h"

#define DEFAULT_PORT 9464
#define LAST_PORT 65535
#define DEFAULT_CONNECTIONS 64
#define DEFAULT_CONNECTION_TIMEOUT_MS 15000
#define DEFAULT_SCRAPE_TIMEOUT_MS 10000
#define LONGEST_CONNECTION_TIMEOUT_MS (INT64_C(24) * 60 * 60 * 1000)

static const otmi_diag_origin origin = {OTMI_PROM_COMPONENT, NULL, NULL};

/* -- Options ----------------------------------------------------------------------------------------------------- */

static otm_status check_options(otmi_diag *diag, const otm_prometheus_exporter_options *o)
{
    const char *wrong = NULL;
    if (o->port > LAST_PORT && o->port != OTM_PORT_ANY) {
        wrong = "port is above 65535";
    } else if (o->translation > OTM_PROMETHEUS_NO_TRANSLATION) {
        wrong = "translation is none of otm_prometheus_translation";
    } else if (o->connection_timeout_ms < 0 || o->connection_timeout_ms > LONGEST_CONNECTION_TIMEOUT_MS) {
        wrong = "connection_timeout_ms is negative, or above a day";
    } else if (o->scrape_timeout_ms < OTM_NO_TIMEOUT) {
        wrong = "scrape_timeout_ms is negative";
    }
    if (wrong == NULL) {
        return OTM_OK;
    }
    otmi_diag_report(diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin, "exporter not created: %s", wrong);
    return OTM_ERR_INVALID_ARGUMENT;
}

/* -- Patterns ---------------------------------------------------------------------------------------------------- */

static void free_patterns(const otm_allocator *allocator, const char *const *patterns, size_t count)
{
    char **owned = (char **)(uintptr_t)patterns;
    for (size_t i = 0; owned != NULL && i < count; i++) {
        otmi_free_text(allocator, owned[i]);
    }
    otmi_free(allocator, owned, count * sizeof *owned);
}

static otm_status copy_patterns(const otm_allocator *allocator, const char *const *from, size_t count,
                                const char *const **out)
{
    if (count == 0) {
        return OTM_OK;
    }
    char **copy = otmi_alloc_array(allocator, count, sizeof *copy);
    for (size_t i = 0; copy != NULL && i < count; i++) {
        const char *pattern = from[i] != NULL ? from[i] : "";
        copy[i] = otmi_text_copy(allocator, pattern, strlen(pattern));
        if (copy[i] == NULL) {
            free_patterns(allocator, (const char *const *)copy, count);
            return OTM_ERR_NO_MEMORY;
        }
    }
    *out = (const char *const *)copy;
    return copy != NULL ? OTM_OK : OTM_ERR_NO_MEMORY;
}

static otm_status copy_settings(const otm_allocator *allocator, const otm_prometheus_exporter_options *o,
                                otmi_prom_settings *s)
{
    s->translation = o->translation;
    s->omit_scope_info = o->omit_scope_info;
    s->omit_target_info = o->omit_target_info;
    s->has_constant_labels = o->has_resource_constant_labels;
    otm_status st = copy_patterns(allocator, o->included_resource_keys, o->included_resource_key_count,
                                  &s->included_keys);
    if (st != OTM_OK) {
        return st;
    }
    s->included_key_count = o->included_resource_key_count;
    st = copy_patterns(allocator, o->excluded_resource_keys, o->excluded_resource_key_count, &s->excluded_keys);
    if (st == OTM_OK) {
        s->excluded_key_count = o->excluded_resource_key_count;
    }
    return st;
}

/* -- Creation ---------------------------------------------------------------------------------------------------- */

static otm_status create_reader(otm_prometheus_exporter *e, const otm_reader_options *given)
{
    otm_reader_options o;
    otm_status st = otmi_options_read(given, &o, sizeof o);
    if (st != OTM_OK) {
        return st;
    }
    o.struct_size = sizeof o;
    o.temporality_preference = OTM_PREFER_CUMULATIVE;
    memset(o.temporality, 0, sizeof o.temporality);
    if (o.allocator == NULL) {
        o.allocator = e->allocator;
    }
    return otm_manual_reader_create(&o, &e->reader);
}

static void exporter_destroy(otm_prometheus_exporter *e)
{
    const otmi_prom_settings *s = &e->settings;
    otmi_prom_work_destroy(e->allocator, e->idle);
    otm_reader_release(e->reader);
    otmi_prom_bodies_release(e->bodies);
    free_patterns(e->allocator, s->included_keys, s->included_key_count);
    free_patterns(e->allocator, s->excluded_keys, s->excluded_key_count);
    otmi_free_text(e->allocator, e->host);
    otmi_diag_destroy(e->diag);
    otmi_mutex_fini(&e->mu);
    otmi_free(e->allocator, e, sizeof *e);
}

static otm_status fill(otm_prometheus_exporter *e, const otm_prometheus_exporter_options *o)
{
    const char *host = o->host != NULL ? o->host : "localhost";
    int64_t connection_ms = o->connection_timeout_ms != 0 ? o->connection_timeout_ms : DEFAULT_CONNECTION_TIMEOUT_MS;
    e->port = o->port == OTM_PORT_ANY ? 0 : o->port == 0 ? DEFAULT_PORT : o->port;
    e->max_connections = o->max_connections != 0 ? o->max_connections : DEFAULT_CONNECTIONS;
    e->connection_timeout_s = (uint32_t)((connection_ms + 999) / 1000);
    e->scrape_timeout_ms = o->scrape_timeout_ms != 0 ? o->scrape_timeout_ms : DEFAULT_SCRAPE_TIMEOUT_MS;
    e->on_request = o->on_request;
    e->on_request_user_data = o->on_request_user_data;
    e->process = getpid();
    e->host = otmi_text_copy(e->allocator, host, strlen(host));
    e->bodies = otmi_prom_bodies_create(e->allocator);
    otm_status st = e->host != NULL && e->bodies != NULL ? copy_settings(e->allocator, o, &e->settings)
                                                         : OTM_ERR_NO_MEMORY;
    return st == OTM_OK ? create_reader(e, o->reader) : st;
}

otm_status otm_prometheus_exporter_create(const otm_prometheus_exporter_options *options,
                                          otm_prometheus_exporter **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_prometheus_exporter_options o;
    otm_status st = otmi_options_read(options, &o, sizeof o);
    if (st != OTM_OK) {
        return st;
    }
    const otm_allocator *allocator = otmi_allocator_or_default(o.allocator);
    otm_prometheus_exporter *e = otmi_alloc_zeroed(allocator, sizeof *e);
    if (e == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    e->allocator = allocator;
    if (otmi_mutex_init(&e->mu) != OTM_OK) {
        otmi_free(allocator, e, sizeof *e);
        return OTM_ERR_NO_MEMORY;
    }
    e->diag = otmi_diag_create(allocator, &o.diagnostics, o.clock);
    st = e->diag != NULL ? check_options(e->diag, &o) : OTM_ERR_NO_MEMORY;
    if (st == OTM_OK) {
        st = fill(e, &o);
    }
    if (st != OTM_OK) {
        exporter_destroy(e); /* safe on a half-built one */
        return st;
    }
    *out = e;
    return OTM_OK;
}

otm_reader *otm_prometheus_exporter_reader(otm_prometheus_exporter *exporter)
{
    return exporter != NULL ? exporter->reader : NULL;
}

/* -- Server ------------------------------------------------------------------------------------------------------ */

/* In the child of a fork() the lock may be held by a thread that does not exist there, and the server's threads do
 * not exist either. */
static bool is_foreign(const otm_prometheus_exporter *e)
{
    return e->process != getpid();
}

otm_status otm_prometheus_exporter_start(otm_prometheus_exporter *exporter)
{
    if (exporter == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (is_foreign(exporter)) {
        return OTM_ERR_SHUTDOWN;
    }
    otmi_mutex_lock(&exporter->mu);
    bool busy = exporter->starting || exporter->server != NULL;
    exporter->starting = exporter->starting || !busy;
    otmi_mutex_unlock(&exporter->mu);
    if (busy) {
        otmi_diag_report(exporter->diag, OTM_WARN, OTM_ERR_IN_USE, &origin, "not started: it serves already");
        return OTM_ERR_IN_USE;
    }
    otmi_prom_server *server = NULL;
    otm_status st = otmi_prom_server_start(exporter, &server);
    otmi_mutex_lock(&exporter->mu);
    exporter->starting = false;
    exporter->server = server;
    otmi_mutex_unlock(&exporter->mu);
    return st;
}

uint32_t otm_prometheus_exporter_port(otm_prometheus_exporter *exporter)
{
    if (exporter == NULL || is_foreign(exporter)) {
        return 0;
    }
    otmi_mutex_lock(&exporter->mu);
    uint32_t port = exporter->server != NULL ? otmi_prom_server_port(exporter->server) : 0;
    otmi_mutex_unlock(&exporter->mu);
    return port;
}

otm_status otm_prometheus_exporter_stop(otm_prometheus_exporter *exporter)
{
    if (exporter == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (is_foreign(exporter)) {
        return OTM_ERR_SHUTDOWN;
    }
    if (otmi_prom_server_is_inside(exporter)) {
        return OTM_ERR_REENTRANT;
    }
    otmi_mutex_lock(&exporter->mu);
    otmi_prom_server *server = exporter->server;
    exporter->server = NULL;
    otmi_mutex_unlock(&exporter->mu);
    otmi_prom_server_stop(server);
    return OTM_OK;
}

otm_status otm_prometheus_exporter_release(otm_prometheus_exporter *exporter)
{
    if (exporter == NULL) {
        return OTM_OK;
    }
    otm_status st = otm_prometheus_exporter_stop(exporter);
    if (st == OTM_OK) {
        exporter_destroy(exporter);
    }
    return st;
}
