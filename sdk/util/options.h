/* Options that a caller gives in a struct which begins with its size. */
#ifndef OTMI_OPTIONS_H
#define OTMI_OPTIONS_H

#include <otm/base.h>

/* Reads the caller's struct, which may be an older, shorter one (the rest is 0) or a newer, longer one (its unknown
 * bytes must be 0); NULL gives all zeros. `given` and `out` begin with their size. */
otm_status otmi_options_read(const void *given, void *out, size_t out_size);

/* The same for structs of which what is unknown may be passed over, such as tables of operations: takes what both sides
 * know, and sets the size to that of *out. */
void otmi_options_take_known(const void *given, void *out, size_t out_size);

#endif
