/* Signs messages with one wallet's key, one at a time. */
#ifndef KEEP_NODE_SIGNING_EXECUTOR_H
#define KEEP_NODE_SIGNING_EXECUTOR_H

#include "channel.h"
#include "dice.h"
#include "faults.h"

typedef struct signing_executor signing_executor;

/* The channel is retained. */
signing_executor *signing_executor_create(block_clock *clock, net_channel *channel, const fault_switches *faults,
                                          uint64_t seed);
void signing_executor_destroy(signing_executor *executor);

void signing_executor_set_metrics_recorder(signing_executor *executor, otm_keep_recorder *recorder);

typedef void (*signing_done)(void *subject, bool is_signed, int64_t now_ns);

/* Calls done later, or at once if the executor is busy or the message cannot be encoded. done may be NULL. */
void signing_executor_sign(signing_executor *executor, int64_t now_ns, signing_done done, void *subject);

/* Operations that are measured and not over. */
uint64_t signing_executor_running(const signing_executor *executor);

#endif
