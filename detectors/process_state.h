/* What the library holds once for each process, and how it notices that it has become another one by fork(). */
#ifndef OTMI_PROCESS_STATE_H
#define OTMI_PROCESS_STATE_H

#include <stdint.h>

/* One lock for all such state; held over fork(), so that the child finds it free and the state whole. Nothing outside
 * the library is called under it. */
void otmi_process_lock(void);
void otmi_process_unlock(void);

/* Changes with each fork(), in the child; never 0. */
uint64_t otmi_process_generation_locked(void);

#endif
