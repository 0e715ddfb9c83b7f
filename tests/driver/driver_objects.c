#include "driver_objects.h"

#include <stdlib.h>
#include <string.h>

void driver_table_init(driver_table *table, const char *kind, void (*destroy)(void *object))
{
    *table = (driver_table){.kind = kind, .destroy = destroy};
}

void driver_table_fini(driver_table *table)
{
    while (table->count > 0) {
        driver_entry *last = &table->entries[--table->count];
        table->destroy(last->object);
        free(last->id);
    }
    free(table->entries);
    driver_table_init(table, table->kind, table->destroy);
}

static driver_entry *find(const driver_table *table, const char *id)
{
    for (size_t i = table->count; i > 0; i--) { /* what was made last is asked for most */
        if (strcmp(table->entries[i - 1].id, id) == 0) {
            return &table->entries[i - 1];
        }
    }
    return NULL;
}

void *driver_table_find(const driver_table *table, const char *id)
{
    const driver_entry *entry = find(table, id);
    return entry == NULL ? NULL : entry->object;
}

static bool make_room(driver_table *table)
{
    if (table->count < table->capacity) {
        return true;
    }
    size_t capacity = table->capacity == 0 ? 16 : table->capacity * 2;
    driver_entry *entries = realloc(table->entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    table->entries = entries;
    table->capacity = capacity;
    return true;
}

bool driver_table_add(driver_table *table, const char *id, void *object)
{
    char *copy = strdup(id);
    if (copy == NULL || !make_room(table)) {
        free(copy);
        return false;
    }
    table->entries[table->count++] = (driver_entry){.id = copy, .object = object};
    return true;
}

void driver_table_remove(driver_table *table, const char *id)
{
    driver_entry *entry = find(table, id);
    if (entry == NULL) {
        return;
    }
    driver_entry gone = *entry;
    size_t after = table->count - (size_t)(entry - table->entries) - 1;
    memmove(entry, entry + 1, after * sizeof *entry);
    table->count--;
    table->destroy(gone.object);
    free(gone.id);
}
