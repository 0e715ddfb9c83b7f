/* Memory that other processes find by its name and that no child inherits: what the process context is made of. */
#ifndef OTMI_MAPPING_H
#define OTMI_MAPPING_H

#include <otm/host.h>

/* Whether the functions below can do anything here. */
bool otmi_mapping_available(void);

/* Zeroed, readable and writable, private, gone in children. NULL: the system refuses. *named: /proc/self/maps shows
 * the name already, by way of a memory file; `name` may be NULL for none. Preserves errno. */
void *otmi_mapping_create(const char *name, size_t size, bool *named);
void otmi_mapping_destroy(void *memory, size_t size);

/* Names the mapping by way of prctl(), which also tells watchers of it. False: not supported. Preserves errno. */
bool otmi_mapping_name(void *memory, size_t size, const char *name);

/* Nanoseconds since boot, suspension included; never 0. */
uint64_t otmi_boot_ns(void);

#endif
