/* Duplicate instruments and clashing streams of one meter (metrics/sdk.md, "Duplicate instrument registration").
 *
 * Pure: the meter holds its lists and its lock, asks here under the lock, and reports the texts after it. For a new
 * instrument it takes the greatest verdict over the instruments that it has, in order of creation:
 *
 *     IDENTICAL, DESCRIPTION   return that instrument; otmi_duplicate_explain_same() tells what was ignored
 *     CONFLICT                 create one under the first-seen spelling: otmi_duplicate_explain_spelling()
 *     both of CONFLICT, NONE   before its streams join the others: otmi_duplicate_explain_streams() */
#ifndef OTMI_DUPLICATE_H
#define OTMI_DUPLICATE_H

#include "metrics/view.h"

typedef enum otmi_duplicate_verdict {
    OTMI_DUPLICATE_NONE,        /* another name */
    OTMI_DUPLICATE_CONFLICT,    /* the name, ignoring case, is taken by an instrument of another kind, number or unit */
    OTMI_DUPLICATE_DESCRIPTION, /* only the description differs: the same metric in the data model */
    OTMI_DUPLICATE_IDENTICAL
} otmi_duplicate_verdict;

otmi_duplicate_verdict otmi_duplicate_compare(const otmi_instrument_desc *existing,
                                              const otmi_instrument_desc *created);

#define OTMI_DUPLICATE_TEXT_SIZE 1024

/* At most one error and one warning an instrument; "" where there is nothing to say. The status to report is
 * OTM_ERR_INVALID_ARGUMENT, the component "instrument". */
typedef struct otmi_duplicate_report {
    char error[OTMI_DUPLICATE_TEXT_SIZE];
    char warning[OTMI_DUPLICATE_TEXT_SIZE];
} otmi_duplicate_report;

void otmi_duplicate_report_init(otmi_duplicate_report *report);

/* `created` gets the existing instrument `first`. Errors: another spelling, other advice. Warning: another description,
 * unless views set it (otmi_view_set_sets_description()). */
void otmi_duplicate_explain_same(const otmi_instrument_desc *first, const otmi_instrument_desc *created,
                                 bool views_set_description, otmi_duplicate_report *report);

/* `created` conflicts with `first`, and takes its spelling. Error: another spelling. */
void otmi_duplicate_explain_spelling(const otmi_instrument_desc *first, const otmi_instrument_desc *created,
                                     otmi_duplicate_report *report);

/* The streams of one instrument for one reader. */
typedef struct otmi_instrument_streams {
    const char *instrument; /* its name */
    const otmi_stream *items;
    size_t count;
} otmi_instrument_streams;

/* Looks for a name that streams of two instruments share, or, if both are the same object, two streams of one: they
 * are exported as metrics of one name. True: report->warning says so, with a recipe, and there is no need to look at
 * further instruments. */
bool otmi_duplicate_explain_streams(const otmi_instrument_streams *existing, const otmi_instrument_streams *created,
                                    otmi_duplicate_report *report);

#endif
