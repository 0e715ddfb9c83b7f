/* Memory of response bodies: the last one that was freed serves the next response. */
#ifndef OTMI_PROM_BODIES_H
#define OTMI_PROM_BODIES_H

#include "util/buf.h"

typedef struct otmi_prom_bodies otmi_prom_bodies;

otmi_prom_bodies *otmi_prom_bodies_create(const otm_allocator *allocator); /* NULL without memory */

/* By the exporter, once; NULL is ignored. Bodies may be freed later. */
void otmi_prom_bodies_release(otmi_prom_bodies *bodies);

/* An empty buffer whose memory is given back here, whoever frees it. It starts with that of an earlier body, unless
 * that is far too large for the `expected` size.  Threads: any. */
void otmi_prom_body_init(otmi_buf *body, otmi_prom_bodies *bodies, size_t maximum, size_t expected);

#endif
