/* gzip of a whole body. */
#ifndef OTMI_PROM_GZIP_H
#define OTMI_PROM_GZIP_H

#include "util/buf.h"

/* Appends the gzip form of `size` bytes; `allocator` serves zlib meanwhile.
 * Fails: OTM_ERR_NO_MEMORY, OTM_ERR_LIMIT; out is not to be used then. */
otm_status otmi_prom_gzip(otmi_buf *out, const otm_allocator *allocator, const char *text, size_t size);

#endif
