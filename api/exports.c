/* The exported twins of the inline calls, for dlsym(), ctypes and cgo: here the bodies in the headers are compiled as
 * ordinary functions of the library. */
#define OTM_INLINE OTM_API extern inline

#include <otm/host.h>
#include <otm/metrics.h>
