/* The exported twins of this library's inline calls; those of the headers below it are other libraries'. */
#include <otm/host.h>
#include <otm/metrics.h>

#undef OTM_INLINE
#define OTM_INLINE OTM_API extern inline

#include <otm/keep.h>
