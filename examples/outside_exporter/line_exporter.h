/* An exporter that prints one line a point to a stream. The caller keeps the stream open while it is used. */
#ifndef LINE_EXPORTER_H
#define LINE_EXPORTER_H

#include <stdio.h>

#include <otm/sdk_reader.h>

otm_status line_exporter_create(FILE *out, otm_exporter **exporter);

#endif
