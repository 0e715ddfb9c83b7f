#include "prom_server.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prom_listen.h"
#include "prom_reply.h"
#include "util/alloc.h"

/* Headers of one request; scrapers send less than one KiB. */
#define REQUEST_BYTES ((size_t)16 << 10)

#define DAEMON_FLAGS (MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG)

static const otmi_diag_origin origin = {OTMI_PROM_COMPONENT, NULL, NULL};

/* One libmicrohttpd daemon for each address: it listens on one socket only. Immutable once started. */
struct otmi_prom_server {
    otm_prometheus_exporter *exporter;
    struct MHD_Daemon *daemons[OTMI_PROM_MAX_LISTENERS];
    int fds[OTMI_PROM_MAX_LISTENERS]; /* the daemons' */
    size_t count;
    uint32_t port;
};

/* Whose request the thread answers, or whose message it passes on. */
static _Thread_local const otm_prometheus_exporter *inside;

bool otmi_prom_server_is_inside(const otm_prometheus_exporter *exporter)
{
    return inside == exporter;
}

/* -- Requests ---------------------------------------------------------------------------------------------------- */

static enum MHD_Result answer(void *user_data, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload, size_t *upload_size,
                              void **request_data)
{
    static char seen; /* its address marks a request whose headers were seen */
    otm_prometheus_exporter *exporter = user_data;
    (void)version;
    (void)upload;
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (reads && *request_data == NULL) {
        *request_data = &seen; /* a reply to the headers alone would end the connection */
        return MHD_YES;
    }
    if (reads && *upload_size > 0) {
        *upload_size = 0; /* a body means nothing here */
        return MHD_YES;
    }
    const otm_prometheus_exporter *before = inside;
    inside = exporter;
    enum MHD_Result result = reads ? otmi_prom_reply_to(exporter, connection, path)
                                   : otmi_prom_reply_wrong_method(connection);
    inside = before;
    return result;
}

/* libmicrohttpd's own messages, mostly about what clients did. */
static void pass_message(void *user_data, const char *format, va_list arguments)
{
    otm_prometheus_exporter *exporter = user_data;
    const otm_prometheus_exporter *before = inside;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = '\0';
    inside = exporter;
    otmi_diag_report(exporter->diag, OTM_DEBUG, OTM_OK, &origin, "libmicrohttpd: %s", text);
    inside = before;
}

/* -- Start and stop ---------------------------------------------------------------------------------------------- */

/* libmicrohttpd closes the socket it is given on some failures and not on others. It gets a duplicate, so that the
 * original tells for certain that the port is given up. */
static struct MHD_Daemon *start_daemon(otm_prometheus_exporter *exporter, int fd, int *daemon_fd)
{
    *daemon_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (*daemon_fd < 0) {
        return NULL;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        DAEMON_FLAGS, 0, NULL, NULL, answer, exporter,
        MHD_OPTION_EXTERNAL_LOGGER, pass_message, exporter, /* first: it hears of all other options */
        MHD_OPTION_LISTEN_SOCKET, *daemon_fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned int)exporter->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)exporter->connection_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, REQUEST_BYTES,
        MHD_OPTION_END);
    if (daemon == NULL) {
        shutdown(fd, SHUT_RDWR);
    }
    return daemon;
}

/* Takes the sockets over, also on failure. */
static otm_status start_daemons(otmi_prom_server *server, const otmi_prom_listeners *listeners)
{
    sigset_t all;
    sigset_t before;
    otm_status st = OTM_OK;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* inherited by the daemons' threads */
    for (size_t i = 0; i < listeners->count; i++) {
        struct MHD_Daemon *daemon = NULL;
        if (st == OTM_OK) {
            daemon = start_daemon(server->exporter, listeners->fds[i], &server->fds[server->count]);
            st = daemon != NULL ? OTM_OK : OTM_ERR_IO;
        }
        close(listeners->fds[i]);
        if (daemon != NULL) {
            otmi_prom_watch(server->fds[server->count]);
            server->daemons[server->count++] = daemon;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return st;
}

static void report_refusal(otm_prometheus_exporter *e, otm_status st, const otmi_prom_listeners *listeners)
{
    otmi_diag_report(e->diag, OTM_ERROR, st, &origin, "cannot serve metrics on host \"%s\" (%s), port %u: %s", e->host,
                     listeners->address, (unsigned int)e->port, listeners->reason);
}

otm_status otmi_prom_server_start(otm_prometheus_exporter *exporter, otmi_prom_server **out)
{
    *out = NULL;
    otmi_prom_server *server = otmi_alloc_zeroed(exporter->allocator, sizeof *server);
    if (server == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    server->exporter = exporter;
    otmi_prom_listeners listeners;
    otm_status st = otmi_prom_listen(exporter->host, exporter->port, &listeners);
    if (st != OTM_OK) {
        otmi_free(exporter->allocator, server, sizeof *server);
        report_refusal(exporter, st, &listeners);
        return st;
    }
    server->port = listeners.port;
    st = start_daemons(server, &listeners);
    if (st != OTM_OK) {
        listeners.reason = "the server's thread could not be started";
        otmi_prom_server_stop(server);
        report_refusal(exporter, st, &listeners);
        return st;
    }
    *out = server;
    return OTM_OK;
}

void otmi_prom_server_stop(otmi_prom_server *server)
{
    if (server == NULL) {
        return;
    }
    for (size_t i = 0; i < server->count; i++) {
        otmi_prom_forget(server->fds[i]);
        MHD_stop_daemon(server->daemons[i]);
    }
    otmi_free(server->exporter->allocator, server, sizeof *server);
}

uint32_t otmi_prom_server_port(const otmi_prom_server *server)
{
    return server->port;
}
