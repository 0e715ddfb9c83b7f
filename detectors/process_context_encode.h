/* A resource as the ProcessContext message of OTEP 4719, in protobuf. */
#ifndef OTMI_PROCESS_CONTEXT_ENCODE_H
#define OTMI_PROCESS_CONTEXT_ENCODE_H

#include <otm/resource.h>

#include "util/pb_writer.h"

/* Makes the message in `out`, over what was there; it is empty on failure.
 * Fails: OTM_ERR_LIMIT      the message has more than out->maximum bytes
 *        OTM_ERR_NO_MEMORY */
otm_status otmi_process_context_encode(const otm_resource *resource, otmi_pb_writer *out);

#endif
