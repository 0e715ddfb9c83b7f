#include "prom_written.h"

#include "prom_text.h"
#include "util/alloc.h"

void prom_write(prom_written *written, const otm_allocator *allocator, const otm_metrics_data *data,
                const otmi_prom_settings *settings, otmi_prom_escaping escaping)
{
    static const otmi_prom_settings defaults;
    allocator = otmi_allocator_or_default(allocator);
    memset(written, 0, sizeof *written);
    otmi_arena_init(&written->arena, allocator, (size_t)64 << 20);
    otmi_buf_init(&written->scratch, allocator, (size_t)1 << 20);
    otmi_buf_init(&written->text, allocator, (size_t)16 << 20);
    written->status = otmi_prom_model_build(&written->model, &written->arena, &written->scratch,
                                            settings != NULL ? settings : &defaults, escaping, data);
    if (written->status == OTM_OK) {
        otmi_prom_text_parts parts;
        otmi_prom_text_parts_init(&parts, allocator);
        otmi_prom_write_text(&written->text, &parts, &written->model);
        otmi_prom_text_parts_fini(&parts);
        (void)otmi_buf_terminate(&written->text);
        written->status = written->text.status;
    }
}

void prom_written_fini(prom_written *written)
{
    otmi_arena_fini(&written->arena);
    otmi_buf_fini(&written->scratch);
    otmi_buf_fini(&written->text);
}

const char *prom_written_note(const prom_written *written, otmi_prom_note_kind kind)
{
    for (const otmi_prom_note *note = written->model.notes; note != NULL; note = note->next) {
        if (note->kind == kind) {
            return note->detail;
        }
    }
    return NULL;
}
