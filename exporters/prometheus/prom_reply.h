/* What each path of the server answers. */
#ifndef OTMI_PROM_REPLY_H
#define OTMI_PROM_REPLY_H

#include <microhttpd.h>

#include "prom_exporter.h"

/* GET or HEAD. MHD_NO, for which the connection is closed, only without memory. */
enum MHD_Result otmi_prom_reply_to(otm_prometheus_exporter *exporter, struct MHD_Connection *connection,
                                   const char *path);

/* Any other method. */
enum MHD_Result otmi_prom_reply_wrong_method(struct MHD_Connection *connection);

#endif
