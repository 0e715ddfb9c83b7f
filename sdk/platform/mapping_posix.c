#include "platform/mapping.h"

#ifdef __linux__

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* Newer than some C libraries. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_SET_VMA_ANON_NAME
#define PR_SET_VMA_ANON_NAME 0
#endif

bool otmi_mapping_available(void)
{
    return true;
}

/* -1: no memory files here, or not this large. */
static int memory_file(const char *name, size_t size)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0) {
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); /* before Linux 6.3 */
    }
    if (fd >= 0 && ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

void *otmi_mapping_create(const char *name, size_t size, bool *named)
{
    int saved_errno = errno;
    int fd = name != NULL ? memory_file(name, size) : -1;
    int flags = MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (fd >= 0) {
        close(fd);
    }
    if (memory != MAP_FAILED && madvise(memory, size, MADV_DONTFORK) != 0) {
        munmap(memory, size);
        memory = MAP_FAILED;
    }
    *named = fd >= 0;
    errno = saved_errno;
    return memory != MAP_FAILED ? memory : NULL;
}

void otmi_mapping_destroy(void *memory, size_t size)
{
    if (memory != NULL) {
        int saved_errno = errno;
        munmap(memory, size);
        errno = saved_errno;
    }
}

bool otmi_mapping_name(void *memory, size_t size, const char *name)
{
    int saved_errno = errno;
    int result = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, memory, size, name);
    errno = saved_errno;
    return result == 0;
}

uint64_t otmi_boot_ns(void)
{
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t ns = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    return ns > 0 ? ns : 1;
}

#else

bool otmi_mapping_available(void)
{
    return false;
}

void *otmi_mapping_create(const char *name, size_t size, bool *named)
{
    (void)name;
    (void)size;
    *named = false;
    return NULL;
}

void otmi_mapping_destroy(void *memory, size_t size)
{
    (void)memory;
    (void)size;
}

bool otmi_mapping_name(void *memory, size_t size, const char *name)
{
    (void)memory;
    (void)size;
    (void)name;
    return false;
}

uint64_t otmi_boot_ns(void)
{
    return 1;
}

#endif
