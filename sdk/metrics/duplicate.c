#include "metrics/duplicate.h"

#include <stdarg.h>
#include <stdio.h>

#include "metrics/instrument_name.h"

static const char *text_of(const char *text)
{
    return text == NULL ? "" : text;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(text_of(a), text_of(b)) == 0;
}

static const char *number_name(otm_number number)
{
    return number == OTM_NUMBER_I64 ? "integer" : "double";
}

/* -- Instruments ------------------------------------------------------------------------------------------------- */

otmi_duplicate_verdict otmi_duplicate_compare(const otmi_instrument_desc *existing,
                                              const otmi_instrument_desc *created)
{
    if (!otmi_instrument_name_equal(existing->name, created->name)) {
        return OTMI_DUPLICATE_NONE;
    }
    if (existing->kind != created->kind || existing->number != created->number ||
        !same_text(existing->unit, created->unit)) {
        return OTMI_DUPLICATE_CONFLICT;
    }
    return same_text(existing->description, created->description) ? OTMI_DUPLICATE_IDENTICAL
                                                                  : OTMI_DUPLICATE_DESCRIPTION;
}

static bool same_bounds(const otmi_instrument_desc *a, const otmi_instrument_desc *b)
{
    if (a->has_advice_bounds != b->has_advice_bounds || a->advice_bound_count != b->advice_bound_count) {
        return false;
    }
    for (size_t i = 0; i < a->advice_bound_count; i++) {
        if (a->advice_bounds[i] != b->advice_bounds[i]) {
            return false;
        }
    }
    return true;
}

static bool holds_keys(const otmi_instrument_desc *a, const otmi_instrument_desc *b)
{
    for (size_t i = 0; i < b->advice_key_count; i++) {
        bool found = false;
        for (size_t k = 0; k < a->advice_key_count && !found; k++) {
            found = strcmp(a->advice_keys[k], b->advice_keys[i]) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* Advised keys are a set: neither order nor repetition counts. */
static bool same_advice(const otmi_instrument_desc *a, const otmi_instrument_desc *b)
{
    return same_bounds(a, b) && a->has_advice_keys == b->has_advice_keys && holds_keys(a, b) && holds_keys(b, a);
}

/* -- Texts ------------------------------------------------------------------------------------------------------- */

/* Appends to text[OTMI_DUPLICATE_TEXT_SIZE]; what is too long is cut. Texts of any length are given with a precision,
 * so that they cannot push the recipe out. */
static void say(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(char *text, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + used, OTMI_DUPLICATE_TEXT_SIZE - used, format, args);
    va_end(args);
}

void otmi_duplicate_report_init(otmi_duplicate_report *report)
{
    report->error[0] = '\0';
    report->warning[0] = '\0';
}

void otmi_duplicate_explain_spelling(const otmi_instrument_desc *first, const otmi_instrument_desc *created,
                                     otmi_duplicate_report *report)
{
    if (!otmi_instrument_name_same_case(first->name, created->name)) {
        say(report->error,
            "instrument name \"%s\" differs from \"%s\" only in case: the first-seen spelling is used; "
            "expected one spelling. ",
            created->name, first->name);
    }
}

void otmi_duplicate_explain_same(const otmi_instrument_desc *first, const otmi_instrument_desc *created,
                                 bool views_set_description, otmi_duplicate_report *report)
{
    otmi_duplicate_explain_spelling(first, created, report);
    if (!same_advice(first, created)) {
        say(report->error,
            "instrument \"%s\" was created before with other advisory parameters: the first ones hold; "
            "expected the same ones, or a view that sets what is advised",
            first->name);
    }
    if (!views_set_description && !same_text(first->description, created->description)) {
        say(report->warning,
            "instrument \"%s\" was created before with another description (\"%.100s\", now \"%.100s\"): both are one "
            "metric, with the longest; expected one description, or a view that selects instrument_name \"%s\" and "
            "sets the description",
            first->name, text_of(first->description), text_of(created->description), first->name);
    }
}

static void say_stream(char *text, const char *instrument, const otmi_stream *stream)
{
    say(text, "%s \"%.255s\" (%s, unit \"%.63s\")", otmi_kind_name(stream->kind), instrument,
        number_name(stream->number), stream->unit);
}

/* What tells the two instruments apart decides what may help; metrics/sdk.md, "Duplicate instrument registration". */
static void say_recipe(char *text, const char *first, const otmi_stream *first_stream, const char *created,
                       const otmi_stream *created_stream)
{
    if (!otmi_instrument_name_equal(first, created)) {
        say(text,
            "expected a view for each, selecting instrument_name \"%.255s\" and \"%.255s\", with a stream name of its "
            "own",
            first, created);
    } else if (first_stream->kind != created_stream->kind) {
        const char *kind = otmi_kind_name(created_stream->kind);
        say(text,
            "to tell them apart, rename one with a view that selects instrument_name \"%.255s\" and instrument_type %s "
            "and sets another stream name, such as \"%.255s.%s\"",
            created, kind, created, kind);
    } else {
        say(text, "expected one unit and one number type under one name: correct one of the instruments, or its name");
    }
}

bool otmi_duplicate_explain_streams(const otmi_instrument_streams *existing, const otmi_instrument_streams *created,
                                    otmi_duplicate_report *report)
{
    for (size_t i = 0; i < created->count; i++) {
        const otmi_stream *stream = &created->items[i];
        size_t others = existing == created ? i : existing->count;
        for (size_t k = 0; k < others; k++) {
            const otmi_stream *other = &existing->items[k];
            if (!otmi_instrument_name_equal(stream->name, other->name)) {
                continue;
            }
            say(report->warning, "metric name \"%.255s\" is used twice, by ", stream->name);
            say_stream(report->warning, existing->instrument, other);
            say(report->warning, " and ");
            say_stream(report->warning, created->instrument, stream);
            say(report->warning, ": both are exported under that name; ");
            if (existing == created) {
                say(report->warning, "expected another stream name in one of the views that select the instrument");
            } else {
                say_recipe(report->warning, existing->instrument, other, created->instrument, stream);
            }
            return true;
        }
    }
    return false;
}
