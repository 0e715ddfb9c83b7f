/* What must hold between the metrics once all work is done, read through the recorder's getters. */
#ifndef KEEP_NODE_INVARIANTS_H
#define KEEP_NODE_INVARIANTS_H

#include <stdio.h>

#include "workload.h"

/* Prints a table; true if all of it holds. is_long_run: every metric should have been above zero by now. */
bool invariants_check(FILE *to, keep_node *node, otm_keep_recorder *recorder, const workload *load, bool is_long_run);

#endif
