#include "util/alloc.h"

#include <stdlib.h>

static void *heap_alloc(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static void *heap_resize(void *context, void *pointer, size_t old_size, size_t new_size)
{
    (void)context;
    (void)old_size;
    return realloc(pointer, new_size);
}

static void heap_release(void *context, void *pointer, size_t size)
{
    (void)context;
    (void)size;
    free(pointer);
}

static const otm_allocator heap = {NULL, heap_alloc, heap_resize, heap_release};

const otm_allocator *otmi_allocator_default(void)
{
    return &heap;
}

const otm_allocator *otmi_allocator_or_default(const otm_allocator *allocator)
{
    return allocator != NULL ? allocator : &heap;
}

/* Allocators may answer a request for nothing with NULL, which would read as "no memory": ask for one byte. */
static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *otmi_alloc(const otm_allocator *allocator, size_t size)
{
    const otm_allocator *a = otmi_allocator_or_default(allocator);
    return a->alloc(a->context, at_least_one(size));
}

void *otmi_alloc_zeroed(const otm_allocator *allocator, size_t size)
{
    void *pointer = otmi_alloc(allocator, size);
    if (pointer != NULL) {
        memset(pointer, 0, at_least_one(size));
    }
    return pointer;
}

void *otmi_alloc_array(const otm_allocator *allocator, size_t count, size_t element_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, element_size, &size)) {
        return NULL;
    }
    return otmi_alloc_zeroed(allocator, size);
}

void *otmi_resize(const otm_allocator *allocator, void *pointer, size_t old_size, size_t new_size)
{
    if (pointer == NULL) {
        return otmi_alloc(allocator, new_size);
    }
    const otm_allocator *a = otmi_allocator_or_default(allocator);
    return a->resize(a->context, pointer, at_least_one(old_size), at_least_one(new_size));
}

void otmi_free(const otm_allocator *allocator, void *pointer, size_t size)
{
    if (pointer == NULL) {
        return;
    }
    const otm_allocator *a = otmi_allocator_or_default(allocator);
    a->release(a->context, pointer, at_least_one(size));
}

char *otmi_text_copy(const otm_allocator *allocator, const char *text, size_t size)
{
    if (size == SIZE_MAX) {
        return NULL;
    }
    char *copy = otmi_alloc(allocator, size + 1);
    if (copy == NULL) {
        return NULL;
    }
    if (size > 0) {
        memcpy(copy, text, size);
    }
    copy[size] = '\0';
    return copy;
}

void otmi_free_text(const otm_allocator *allocator, char *text)
{
    if (text != NULL) {
        otmi_free(allocator, text, strlen(text) + 1);
    }
}

otm_status otmi_grow(const otm_allocator *allocator, void **array, size_t *capacity, size_t count, size_t element_size,
                     size_t maximum)
{
    if (count < *capacity) {
        return OTM_OK;
    }
    if (count >= maximum) {
        return OTM_ERR_LIMIT;
    }
    size_t grown = *capacity < 4 ? 4 : *capacity > maximum / 2 ? maximum : *capacity * 2;
    if (grown > maximum) {
        grown = maximum;
    }
    size_t grown_bytes;
    if (__builtin_mul_overflow(grown, element_size, &grown_bytes)) {
        return OTM_ERR_NO_MEMORY;
    }
    void *moved = otmi_resize(allocator, *array, *capacity * element_size, grown_bytes);
    if (moved == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    *array = moved;
    *capacity = grown;
    return OTM_OK;
}
