/* The exported twins of this library's inline calls; those of the headers below it are other libraries'. */
#define OTM_INLINE extern inline __attribute__((gnu_inline))

#include <otm/resource.h>

#undef OTM_INLINE
#define OTM_INLINE OTM_API extern inline

#include <otm/detectors.h>
