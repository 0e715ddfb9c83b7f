/* A branch of a provider: one resource, and the meters whose metrics come under it.
 *
 * The root is the provider itself. Children are made by otm_meter_provider_for_entity() and have nothing else of
 * their own: readers, views, limits, configurator and clocks are the core's. Handles to a child and to whatever it gave
 * out hold the child, and a child that is held holds the root. One that nobody holds is shown to every reader once
 * more, and freed when each has begun another collection: until then trees may point into it. Asked for again before
 * that, it goes on where it was. */
#ifndef OTMI_BRANCH_H
#define OTMI_BRANCH_H

#include <otm/metrics.h>
#include <otm/resource.h>

#define OTMI_MAX_CHILDREN 4096u /* of a provider, those not yet freed included */

struct otmi_core;
struct otmi_meter;

typedef struct otmi_branch {
    otm_meter_provider handle; /* first */
    struct otmi_core *core;    /* from here: constant after creation */
    otm_resource *resource;    /* NULL only while a root is being made */
    struct otmi_branch *home;  /* whose meters it gives out: its own, or the root's if it has the root's resource */

    uint32_t references; /* atomic; 0 only under the core's lock, as is the way back from it */

    struct otmi_meter **meters; /* this and what follows: core lock */
    size_t meter_count;
    size_t meter_capacity;
    struct otmi_branch *next; /* child */
    uint64_t listed;          /* readers, a bit each: a collection has begun since nobody holds it, */
    uint64_t shown;           /* has come to its end, */
    uint64_t passed;          /* and the one after it has begun */
    uint32_t pins;            /* callbacks, and walks that give the lock up: they outlive handles */
    uint32_t reserved;
} otmi_branch;

otmi_branch *otmi_branch_of(otm_meter_provider *provider); /* NULL if it is not of this SDK */
void otmi_branch_init_root(otmi_branch *root, struct otmi_core *core);
void otmi_branch_fini(otmi_branch *branch); /* meters and resource; nobody holds it any more */

static inline bool otmi_branch_is_root(const otmi_branch *branch)
{
    return (const void *)branch == (const void *)branch->core;
}

void otmi_branch_retain(otmi_branch *branch);
void otmi_branch_release(otmi_branch *branch); /* takes the core's lock; the last of the root's ends the core */

/* The child of this resource, which is taken over: one that there is, or a new one. OTM_ERR_LIMIT, OTM_ERR_NO_MEMORY */
otm_status otmi_branch_child(struct otmi_core *core, otm_resource *resource, otmi_branch **out);

/* One after the other, the root first: before the first and after the last comes NULL. */
otmi_branch *otmi_branch_next_locked(struct otmi_core *core, const otmi_branch *before);

/* -- Collections --------------------------------------------------------------------------------------------------- */

/* A reader begins a collection. False: it has nothing to show it any more. */
bool otmi_branch_list_locked(otmi_branch *branch, uint32_t reader);
/* A reader's collection has come to its end. */
void otmi_branches_shown(struct otmi_core *core, uint32_t reader);
/* Takes out the children that no reader's tree can point into; to be freed under no lock. */
otmi_branch *otmi_branches_take_passed_locked(struct otmi_core *core);
void otmi_branches_free(otmi_branch *taken);

#endif
