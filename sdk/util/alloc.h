/* Memory through an otm_allocator, sizes and all. */
#ifndef OTMI_ALLOC_H
#define OTMI_ALLOC_H

#include <otm/host.h>

/* malloc, realloc and free; used wherever a NULL allocator was given. */
const otm_allocator *otmi_allocator_default(void);

/* `allocator`, or the default if it is NULL. */
const otm_allocator *otmi_allocator_or_default(const otm_allocator *allocator);

/* NULL when there is no memory, or the size computation would overflow. Zeroed where the name says so. */
void *otmi_alloc(const otm_allocator *allocator, size_t size);
void *otmi_alloc_zeroed(const otm_allocator *allocator, size_t size);
void *otmi_alloc_array(const otm_allocator *allocator, size_t count, size_t element_size); /* zeroed */
void *otmi_resize(const otm_allocator *allocator, void *pointer, size_t old_size, size_t new_size);

/* NULL is ignored. */
void otmi_free(const otm_allocator *allocator, void *pointer, size_t size);

/* A NUL-terminated copy of size bytes; freed with otmi_free_text(). */
char *otmi_text_copy(const otm_allocator *allocator, const char *text, size_t size);
void otmi_free_text(const otm_allocator *allocator, char *text); /* frees strlen + 1 bytes */

/* Makes room for one more element in a growing array: doubles the capacity up to maximum.
 * OTM_ERR_LIMIT at the maximum, OTM_ERR_NO_MEMORY; the array is unchanged then. */
otm_status otmi_grow(const otm_allocator *allocator, void **array, size_t *capacity, size_t count, size_t element_size,
                     size_t maximum);

#endif
