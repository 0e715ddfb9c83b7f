/* One run of one detector: what it reads and what it finds. */
#ifndef OTMI_DETECTION_H
#define OTMI_DETECTION_H

#include <otm/detectors.h>

#include "util/arena.h"
#include "util/diag.h"

#define OTMI_DETECTION_MAX_FOUND ((size_t)32) /* no detector finds more; past it attributes are left out */

typedef struct otmi_found {
    otm_attr attr;
    const char *entity; /* type of the entity that it describes, or identifies */
    bool identifies;
} otmi_found;

/* Made by otmi_detection_run(). `status` is the first failure. */
typedef struct otmi_detection {
    const char *name;
    otm_detect_options options;
    otmi_arena arena;
    otmi_diag *diag;
    otm_status status;
    const char *entity; /* of what is found next */
    otmi_found found[OTMI_DETECTION_MAX_FOUND];
    size_t found_count;
} otmi_detection;

/* Runs `fill`, which adds what it finds, and makes the resource of it. */
otm_status otmi_detection_run(const char *name, const otm_detect_options *options, void (*fill)(otmi_detection *),
                              otm_resource **out);

/* `options` as this library knows them: what an older program's struct lacks is zero. OTM_ERR_INVALID_ARGUMENT: what a
 * newer one has besides is not. */
otm_status otmi_detect_options_read(const otm_detect_options *options, otm_detect_options *out);

/* The variable's value; NULL if it is unset or empty. */
const char *otmi_detect_variable(const otm_detect_options *options, const char *name);

/* Reports, and keeps the status unless there is one already. */
void otmi_detection_fail(otmi_detection *d, otm_status status, const char *what, int error);

/* -- Finding ----------------------------------------------------------------------------------------------------- */

/* Keys are literals; texts are copied, an empty one is nothing. The id functions add to the entity's identity. */
void otmi_found_text(otmi_detection *d, const char *key, const char *text, size_t size);
void otmi_found_id_text(otmi_detection *d, const char *key, const char *text, size_t size);

/* What the value points to has to last as long as the detection. */
void otmi_found_value(otmi_detection *d, const char *key, otm_value value);
void otmi_found_id_value(otmi_detection *d, const char *key, otm_value value);

/* -- Reading ----------------------------------------------------------------------------------------------------- */

typedef struct otmi_span {
    const char *text;
    size_t size;
} otmi_span;

typedef struct otmi_file {
    otmi_span content; /* ends in NUL as well */
    bool cut;          /* the file is longer */
} otmi_file;

/* The first max_bytes of a regular file below the root. False: it is not there, or could not be read, which is a
 * failure of the detection. */
bool otmi_detect_read(otmi_detection *d, const char *path, size_t max_bytes, otmi_file *out);

/* Where a symbolic link below the root leads; false as above. */
bool otmi_detect_link(otmi_detection *d, const char *path, otmi_span *out);

/* A descriptor of a regular file below the root, to be closed, and its size; -1 as above. */
int otmi_detect_open(otmi_detection *d, const char *path, uint64_t *size);

/* Reads up to `size` bytes from `offset` on; less at the end of the file. False: errno says why. */
bool otmi_read_at(int fd, void *bytes, size_t size, uint64_t offset, size_t *got);

/* -- Text -------------------------------------------------------------------------------------------------------- */

/* The piece before the next `separator`, which is skipped; the rest otherwise. False: nothing is left. */
bool otmi_next_piece(otmi_span *rest, char separator, otmi_span *piece);

otmi_span otmi_span_trim(otmi_span span); /* blanks and line ends */
bool otmi_span_is(otmi_span span, const char *text);
bool otmi_span_u64(otmi_span span, uint64_t *out); /* all of it decimal digits, no overflow */

#endif
