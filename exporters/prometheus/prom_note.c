/* Notes of the model as diagnostics. */
#include "prom_exporter.h"

/* Each takes the note's detail. */
static const char *const formats[] = {
    [OTMI_PROM_NAME_LOST] = "left out: no Prometheus name can be made of \"%s\", which needs a letter or a digit",
    [OTMI_PROM_TYPE_CONFLICT] =
        "left out: the name \"%s\" is taken by a metric of another type; rename one of them with a view",
    [OTMI_PROM_HELP_CONFLICT] =
        "its description \"%s\" is not shown: another metric of the same name has a different one",
    [OTMI_PROM_UNIT_CONFLICT] = "its unit \"%s\" is not shown: another metric of the same name has a different one",
    [OTMI_PROM_DELTA_DROPPED] = "left out: \"%s\" has delta temporality, and Prometheus needs totals",
    [OTMI_PROM_EXPONENTIAL_DROPPED] =
        "left out: \"%s\" is an exponential histogram, for which text formats have no form",
    [OTMI_PROM_LABEL_LOST] =
        "attribute left out: no label name can be made of its key \"%s\", which needs a letter or a digit",
    [OTMI_PROM_LABEL_RENAMED] =
        "attribute renamed to exported_%s: its own label name is taken by the format, the scope or the resource",
    [OTMI_PROM_SCOPE_ATTRIBUTE_DROPPED] =
        "attribute of the meter left out: the label \"%s\" is the meter's name, version or schema URL",
    [OTMI_PROM_CONSTANT_DROPPED] =
        "resource attribute not copied to the series: the label \"%s\" is taken by the format or the scope",
    [OTMI_PROM_TEXT_REPAIRED] = "text that is not UTF-8, or holds a NUL, is shown as \"%s\"",
    [OTMI_PROM_SERIES_REPEATED] = "a series of \"%s\" is left out: its labels are those of another",
    [OTMI_PROM_RESOURCE_IGNORED] = "%s tells of the first resource only",
    [OTMI_PROM_RESOURCE_ALIKE] =
        "a child provider (entity \"%s\") is left out: no label tells its series from others; use constant labels",
};

void otmi_prom_report_notes(otmi_diag *diag, const otmi_prom_note *notes)
{
    for (const otmi_prom_note *note = notes; note != NULL; note = note->next) {
        otmi_diag_origin origin = {OTMI_PROM_COMPONENT, note->meter, note->instrument};
        otmi_diag_report(diag, OTM_WARN, OTM_OK, &origin, formats[note->kind], note->detail);
    }
}
