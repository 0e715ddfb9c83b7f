/* The resource of a child provider: its parent's, bound to entities (OTEP 4665, "SDK Details"). */
#ifndef OTMI_RESOURCE_BIND_H
#define OTMI_RESOURCE_BIND_H

#include <otm/resource.h>

#include "util/diag.h"

/* As a caller gives them. */
typedef struct otmi_entity_list {
    const otm_entity *items; /* walked by stride */
    size_t count;
    size_t stride;
} otmi_entity_list;

/* otm_resource_merge() of the resource with one of the entities, except that of the resource's own entities those that
 * conflict with a new one go, instead of the new one. What is refused or left out is reported.
 * OTM_ERR_INVALID_ARGUMENT, OTM_ERR_LIMIT, OTM_ERR_NO_MEMORY. */
otm_status otmi_resource_bind(const otm_resource *resource, const otmi_entity_list *entities,
                              const otm_allocator *allocator, otmi_diag *diag, otm_resource **out);

#endif
