/* Tables of the objects that requests name by id. */
#ifndef DRIVER_OBJECTS_H
#define DRIVER_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct driver_entry {
    char *id;
    void *object;
} driver_entry;

typedef struct driver_table {
    const char *kind; /* for messages: "meter" */
    void (*destroy)(void *object);
    driver_entry *entries; /* in the order of creation */
    size_t count;
    size_t capacity;
} driver_table;

void driver_table_init(driver_table *table, const char *kind, void (*destroy)(void *object));
void driver_table_fini(driver_table *table); /* destroys the objects, the newest first */

/* NULL if there is none. */
void *driver_table_find(const driver_table *table, const char *id);
bool driver_table_add(driver_table *table, const char *id, void *object); /* false: no memory */
void driver_table_remove(driver_table *table, const char *id);             /* destroys the object */

#endif
