/* What every otm header stands on: linkage, status codes, version.
 *
 * Valid C11 and C++11. No header of otm defines anything outside the prefixes otm_ and OTM_. */
#ifndef OTM_BASE_H
#define OTM_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
#define OTM_BEGIN_DECLS extern "C" {
#define OTM_END_DECLS }
#else
#define OTM_BEGIN_DECLS
#define OTM_END_DECLS
#endif

#define OTM_VERSION_MAJOR 0
#define OTM_VERSION_MINOR 1
#define OTM_VERSION_PATCH 0
#define OTM_VERSION_STRING "0.1.0"
/* The release of the OpenTelemetry specification that this version implements. */
#define OTM_SPECIFICATION_VERSION "1.60.0"

#if defined(__GNUC__) || defined(__clang__)
#define OTM_API __attribute__((visibility("default")))
#define OTM_MUST_CHECK __attribute__((warn_unused_result))
#else
#define OTM_API
#define OTM_MUST_CHECK
#endif

/* Hot calls are static inline. Each has an exported twin of the same name, made by the one source file of the
 * library that defines OTM_INLINE as OTM_API: for dlsym(), ctypes and cgo. */
#ifndef OTM_INLINE
#define OTM_INLINE static inline
#endif

/* The two words at the head of every handle are read without a lock, so they are read atomically. Public headers are
 * C++ too, hence the compiler's builtin and not _Atomic. */
#define OTM_LOAD_RELAXED(pointer) __atomic_load_n((pointer), __ATOMIC_RELAXED)

OTM_BEGIN_DECLS

/* Values never change; new ones are added at the end. Names and texts: otm_status_name(), otm_status_text(). */
typedef enum otm_status {
    OTM_OK = 0,
    OTM_PENDING = 1,              /* not an error: begun, not finished; step again */
    OTM_ERR_INVALID_ARGUMENT = 2, /* a parameter is missing, out of range, or contradicts another */
    OTM_ERR_NO_MEMORY = 3,        /* the allocator returned NULL; nothing was changed */
    OTM_ERR_SHUTDOWN = 4,         /* the object was shut down before */
    OTM_ERR_TIMEOUT = 5,          /* the caller's time ran out; what was begun was aborted or goes on, as documented */
    OTM_ERR_REENTRANT = 6,        /* called from a callback, exporter or handler that this call would wait for */
    OTM_ERR_NOT_FOUND = 7,        /* no such name, series or object */
    OTM_ERR_UNSUPPORTED = 8,      /* the installed implementation does not offer this */
    OTM_ERR_IN_USE = 9,           /* it already belongs to somebody: a reader to a provider, a port to a process */
    OTM_ERR_LIMIT = 10,           /* a documented maximum is reached */
    OTM_ERR_EXPORT = 11,          /* the exporter could not deliver; the accounts say what became of the points */
    OTM_ERR_IO = 12,              /* the operating system refused (socket, file); see the diagnostic */
    OTM_ERR_CONFIG = 13           /* a configuration text is not valid; the diagnostic says where */
} otm_status;

/* The enumerator's name without OTM_ ("ERR_NO_MEMORY"), or "UNKNOWN".  Threads: any.  Blocks: no. */
OTM_API const char *otm_status_name(otm_status status);

/* One English sentence for people.  Threads: any.  Blocks: no. */
OTM_API const char *otm_status_text(otm_status status);

/* The version of the library at run time, e.g. "0.1.0".  Threads: any.  Blocks: no. */
OTM_API const char *otm_version(void);

OTM_END_DECLS

#endif
