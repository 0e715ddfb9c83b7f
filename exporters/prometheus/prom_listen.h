/* Listening sockets for a host and a port. */
#ifndef OTMI_PROM_LISTEN_H
#define OTMI_PROM_LISTEN_H

#include <otm/base.h>

#define OTMI_PROM_MAX_LISTENERS 4 /* addresses that one name may stand for */

typedef struct otmi_prom_listeners {
    int fds[OTMI_PROM_MAX_LISTENERS]; /* non-blocking, close-on-exec, listening */
    size_t count;
    uint32_t port;
    char address[64];   /* on failure: which address was refused */
    const char *reason; /* on failure: what the system said; never freed */
} otmi_prom_listeners;

/* Opens a socket for each address of the host ("localhost": 127.0.0.1 and ::1), all on one port; 0 takes a free one.
 * An address that this machine does not have is passed over if another works. On failure nothing is open.
 * Blocks: while the resolver looks up a host that is neither an address nor "localhost".
 * Fails:  OTM_ERR_INVALID_ARGUMENT, OTM_ERR_IN_USE, OTM_ERR_IO, OTM_ERR_NO_MEMORY */
otm_status otmi_prom_listen(const char *host, uint32_t port, otmi_prom_listeners *out);

/* A watched socket is closed in the child of every fork(), where nobody would accept on it but the port would stay
 * taken. Forget it before it is closed. A watch that finds no room is not kept. */
void otmi_prom_watch(int fd);
void otmi_prom_forget(int fd);

#endif
