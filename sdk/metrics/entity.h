/* Entities as a resource holds them. */
#ifndef OTMI_ENTITY_H
#define OTMI_ENTITY_H

#include <otm/resource.h>
#include <otm/sdk_data.h>

#include "metrics/attr_set.h"

#define OTMI_MAX_ENTITIES ((size_t)256) /* of one resource */

/* Owns what `view` and `ref` point into. */
typedef struct otmi_entity {
    otm_entity view;    /* as otm_resource_entity() gives it */
    otm_entity_ref ref; /* as collected trees hold it */
    char *type;
    char *schema_url;
    otmi_attr_set *id;
    otmi_attr_set *description; /* without the keys of id */
    otm_string *keys;           /* of id, then of description */
} otmi_entity;

/* A deep copy. OTM_ERR_INVALID_ARGUMENT: no type, no identity, or an empty key; OTM_ERR_LIMIT; OTM_ERR_NO_MEMORY.
 * otmi_entity_fini() is due in any case. */
otm_status otmi_entity_init(otmi_entity *entity, const otm_entity *from, const otm_allocator *allocator);
void otmi_entity_fini(otmi_entity *entity, const otm_allocator *allocator);

bool otmi_attrs_hold_key(const otm_attr *attrs, size_t count, const otm_attr *key);
bool otmi_attrs_share_key(const otm_attr *a, size_t a_count, const otm_attr *b, size_t b_count);
bool otmi_entity_holds_key(const otm_entity *entity, const otm_attr *key);

/* Whether any key of `entity` is in `attrs`, or in the other entity. */
bool otmi_entity_meets_attrs(const otm_entity *entity, const otm_attr *attrs, size_t count);
bool otmi_entity_meets(const otm_entity *entity, const otm_entity *other);

/* Of copies made by otmi_entity_init() only, since that makes keys unique and sorts them. */
bool otmi_entity_same_id(const otm_entity *a, const otm_entity *b);

#endif
