/* A resource as the ProcessContext message of OTEP 4719, in protobuf. */
#ifndef OTMI_PROCESS_CONTEXT_ENCODE_H
#define OTMI_PROCESS_CONTEXT_ENCODE_H

#include <otm/resource.h>

#include "util/buf.h"

/* Look at out->status; out has to be empty. */
void otmi_process_context_encode(const otm_resource *resource, otmi_buf *out);

#endif
