/* A tree, modelled and written as text, with what the making of it noted. */
#ifndef OTM_TEST_PROM_WRITTEN_H
#define OTM_TEST_PROM_WRITTEN_H

#include "prom_model.h"

typedef struct prom_written {
    otmi_arena arena;
    otmi_buf scratch;
    otmi_buf text;
    otmi_prom_model model;
    otm_status status;
} prom_written;

/* NULL settings: all defaults. NULL allocator: malloc. The text is NUL-terminated if the status is OTM_OK. */
void prom_write(prom_written *written, const otm_allocator *allocator, const otm_metrics_data *data,
                const otmi_prom_settings *settings, otmi_prom_escaping escaping);
void prom_written_fini(prom_written *written);

/* The detail of the first note of that kind, or NULL. */
const char *prom_written_note(const prom_written *written, otmi_prom_note_kind kind);

#endif
