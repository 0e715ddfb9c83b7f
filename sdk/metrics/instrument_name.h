/* The grammar of instrument names (metrics/api.md, "Instrument name syntax"). */
#ifndef OTMI_INSTRUMENT_NAME_H
#define OTMI_INSTRUMENT_NAME_H

#include <stdbool.h>

bool otmi_instrument_name_valid(const char *name);
bool otmi_instrument_name_equal(const char *a, const char *b); /* ASCII case ignored */
bool otmi_instrument_name_same_case(const char *a, const char *b);

#endif
