#include "prom_builder.h"

#include "prom_escape.h"

/* A host with a thousand faulty instruments hears of the first hundred at each scrape. */
#define MOST_NOTES 100

void *otmi_prom_alloc(otmi_prom_builder *builder, size_t count, size_t element_size)
{
    void *memory = NULL;
    if (builder->status == OTM_OK && count <= SIZE_MAX / element_size) {
        memory = otmi_arena_alloc(builder->arena, count * element_size);
    }
    if (memory == NULL) {
        builder->status = OTM_ERR_NO_MEMORY;
    }
    return memory;
}

otm_string otmi_prom_copy(otmi_prom_builder *builder, const char *text, size_t size)
{
    char *copy = size < SIZE_MAX ? otmi_prom_alloc(builder, size + 1, 1) : NULL;
    if (copy == NULL) {
        return (otm_string){"", 0};
    }
    if (size > 0) {
        memcpy(copy, text, size);
    }
    return (otm_string){copy, size};
}

otm_string otmi_prom_take_scratch(otmi_prom_builder *builder)
{
    otmi_buf *scratch = builder->scratch;
    if (scratch->status != OTM_OK) {
        builder->status = scratch->status;
    }
    otm_string taken = otmi_prom_copy(builder, scratch->data, scratch->size);
    otmi_buf_reset(scratch);
    return taken;
}

otm_string otmi_prom_clean(otmi_prom_builder *builder, otm_string text)
{
    if (otmi_prom_is_clean(text.data, text.size)) {
        return text;
    }
    otmi_prom_append_clean(builder->scratch, text.data, text.size);
    otm_string clean = otmi_prom_take_scratch(builder);
    otmi_prom_note_add(builder, OTMI_PROM_TEXT_REPAIRED, clean);
    return clean;
}

/* A whole note in one row is enough for all series of an instrument. */
static bool is_like_last(const otmi_prom_builder *builder, otmi_prom_note_kind kind)
{
    const otmi_prom_note *last = builder->last_note;
    return last != NULL && last->kind == kind &&
           otmi_prom_same(otmi_prom_text(last->instrument), builder->instrument) &&
           otmi_prom_same(otmi_prom_text(last->meter), builder->meter);
}

void otmi_prom_note_add(otmi_prom_builder *builder, otmi_prom_note_kind kind, otm_string detail)
{
    if (builder->note_count >= MOST_NOTES || is_like_last(builder, kind)) {
        return;
    }
    otmi_prom_note *note = otmi_prom_alloc(builder, 1, sizeof *note);
    if (note == NULL) {
        return;
    }
    note->kind = kind;
    note->meter = otmi_prom_copy(builder, builder->meter.data, builder->meter.size).data;
    note->instrument = otmi_prom_copy(builder, builder->instrument.data, builder->instrument.size).data;
    note->detail = otmi_prom_copy(builder, detail.data, detail.size).data;
    if (builder->last_note != NULL) {
        builder->last_note->next = note;
    } else {
        builder->notes = note;
    }
    builder->last_note = note;
    builder->note_count++;
}
