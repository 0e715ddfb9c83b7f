/* The format of OTEL_ENTITIES (entities/entity-propagation.md): text to entities, with a warning for each fault. */
#ifndef OTMI_ENTITY_ENV_H
#define OTMI_ENTITY_ENV_H

#include <otm/resource.h>

#include "util/arena.h"
#include "util/diag.h"

/* The entities in the order of the text; no two of one type, and no key in two of them. They live in the arena and in
 * the text. OTM_ERR_NO_MEMORY. */
otm_status otmi_entity_env_parse(const char *text, otmi_arena *arena, otmi_diag *diag, otm_entity **out, size_t *count);

#endif
