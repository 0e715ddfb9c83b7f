#include "metrics/view_set.h"
#include "util/wildcard.h"

static bool equal_if_given(const char *criterion, const char *text)
{
    return criterion == NULL || strcmp(criterion, text == NULL ? "" : text) == 0;
}

/* metrics/sdk.md, "Instrument selection criteria": all that are given must hold. Names of instruments ignore case
 * elsewhere; here a pattern is compared with the first-seen spelling as it is, which is also the one exported. */
bool otmi_view_matches(const otm_view *view, const otmi_scope_id *scope, const otmi_instrument_desc *instrument)
{
    const otm_view_selector *s = &view->selector;
    if (s->has_kind && s->kind != (uint32_t)instrument->kind) {
        return false;
    }
    if (s->instrument_name != NULL &&
        !otmi_wildcard_match(s->instrument_name, instrument->name, strlen(instrument->name))) {
        return false;
    }
    return equal_if_given(s->unit, instrument->unit) && equal_if_given(s->meter_name, scope->name) &&
           equal_if_given(s->meter_version, scope->version) && equal_if_given(s->meter_schema_url, scope->schema_url);
}

bool otmi_view_fits(const otm_view *view, otm_instrument_kind kind)
{
    return otmi_aggregation_fits((otm_aggregation_kind)view->stream.aggregation.kind, kind);
}
