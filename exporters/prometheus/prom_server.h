/* The HTTP server: /metrics, what the host answers, and a page for people. */
#ifndef OTMI_PROM_SERVER_H
#define OTMI_PROM_SERVER_H

#include "prom_exporter.h"

/* Opens the port and starts a thread for each address. Reports its failures. */
otm_status otmi_prom_server_start(otm_prometheus_exporter *exporter, otmi_prom_server **out);

/* Closes the port and all connections, waits for requests in progress, frees. */
void otmi_prom_server_stop(otmi_prom_server *server);

uint32_t otmi_prom_server_port(const otmi_prom_server *server);

/* True on a server thread of this exporter: it cannot wait for itself. */
bool otmi_prom_server_is_inside(const otm_prometheus_exporter *exporter);

#endif
