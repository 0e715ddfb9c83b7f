/* Text exposition format 0.0.4. */
#ifndef OTMI_PROM_TEXT_H
#define OTMI_PROM_TEXT_H

#include "prom_model.h"

/* Pieces of lines that serve many lines, all of them escaped. The memory is kept from one text to the next. */
typedef struct otmi_prom_text_parts {
    otmi_buf name;   /* of the family, without quotes */
    otmi_buf shared; /* a group's shared labels: k="v",k="v" */
    otmi_buf own;    /* the same of one series */
    otmi_buf start;  /* of a series' bucket lines, up to the bound */
    otmi_buf ends;   /* of the bucket lines of several series, from the bound on */
} otmi_prom_text_parts;

void otmi_prom_text_parts_init(otmi_prom_text_parts *parts, const otm_allocator *allocator);
void otmi_prom_text_parts_fini(otmi_prom_text_parts *parts);
size_t otmi_prom_text_parts_capacity(const otmi_prom_text_parts *parts); /* bytes held */

/* Appends the model as text. Failure is in out->status. */
void otmi_prom_write_text(otmi_buf *out, otmi_prom_text_parts *parts, const otmi_prom_model *model);

#endif
