/* Text exposition format 0.0.4. */
#ifndef OTMI_PROM_TEXT_H
#define OTMI_PROM_TEXT_H

#include "prom_model.h"

/* Appends the model as text; `allocator` serves a few small buffers meanwhile. Failure is in out->status. */
void otmi_prom_write_text(otmi_buf *out, const otm_allocator *allocator, const otmi_prom_model *model);

#endif
