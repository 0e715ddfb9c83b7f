/* A request, for people to read. */
#ifndef OTLP_RECEIVER_TABLE_H
#define OTLP_RECEIVER_TABLE_H

#include <stdio.h>

#include "receiver_state.h"

/* One line a metric: name, type, unit, points, and the value; of several points the largest. */
void receiver_table_print(FILE *to, const receiver_request *request);

size_t receiver_count_points(const receiver_request *request);

#endif
