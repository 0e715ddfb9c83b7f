/* What is broken at the moment. Switched by the workload, read by everybody. */
#ifndef KEEP_NODE_FAULTS_H
#define KEEP_NODE_FAULTS_H

#include <stdatomic.h>
#include <stdbool.h>

typedef struct fault_switches {
    _Atomic bool rpc_down;           /* transactions cannot be broadcast, nothing can be proposed */
    _Atomic unsigned silent_members; /* of each group of 100, of which 51 must answer */
} fault_switches;

#endif
