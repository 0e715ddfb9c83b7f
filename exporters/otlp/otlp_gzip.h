/* Request bodies as gzip. Pure. */
#ifndef OTMI_OTLP_GZIP_H
#define OTMI_OTLP_GZIP_H

#include "util/arena.h"
#include "util/buf.h"

/* Appends one gzip member. zlib's own memory comes from `scratch`, whose pieces are void afterwards.
 * Fails: OTM_ERR_LIMIT (`out` may not hold it, or more than 4 GiB), OTM_ERR_NO_MEMORY. */
otm_status otmi_otlp_gzip(const char *data, size_t size, otmi_arena *scratch, otmi_buf *out);

#endif
