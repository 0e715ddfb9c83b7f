/* The two queue gauges: asked for at each collection, so that a queue's series ends with the queue. */
#include "recorder.h"

struct otm_keep_queue_watch {
    otm_keep_recorder *recorder; /* a reference: its instruments are what the callback reports to */
    otm_keep_queue_callback callback;
    void *user_data;
    otm_callback_handle *handle;
};

struct otm_keep_queue_observer {
    otm_observer *observer;
    otm_observable *incoming;
    otm_observable *handlers;
};

static void report_queues(otm_observer *observer, void *user_data)
{
    const otm_keep_queue_watch *watch = (const otm_keep_queue_watch *)user_data;
    otm_keep_queue_observer queues = {
        .observer = observer,
        .incoming = watch->recorder->observed[OTM_KEEP_INCOMING_MESSAGE_QUEUE_SIZE],
        .handlers = watch->recorder->observed[OTM_KEEP_MESSAGE_HANDLER_QUEUE_SIZE],
    };
    watch->callback(&queues, watch->user_data);
}

otm_status otm_keep_recorder_observe_queues(otm_keep_recorder *recorder, otm_keep_queue_callback callback,
                                            void *user_data, otm_keep_queue_watch **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    if (callback == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    if (recorder == NULL) {
        return OTM_OK;
    }
    const otm_allocator *allocator = recorder->allocator;
    otm_keep_queue_watch *watch = (otm_keep_queue_watch *)allocator->alloc(allocator->context, sizeof *watch);
    if (watch == NULL) {
        return OTM_ERR_NO_MEMORY;
    }
    *watch = (otm_keep_queue_watch){otm_keep_recorder_retain(recorder), callback, user_data, NULL};
    otm_observable *const gauges[] = {recorder->observed[OTM_KEEP_INCOMING_MESSAGE_QUEUE_SIZE],
                                      recorder->observed[OTM_KEEP_MESSAGE_HANDLER_QUEUE_SIZE]};
    otm_status st = otm_meter_register_callback(recorder->meter, report_queues, watch, gauges, 2, &watch->handle);
    if (st != OTM_OK) {
        otm_keep_queue_watch_release(watch);
        return st;
    }
    *out = watch;
    return OTM_OK;
}

void otm_keep_queue_watch_release(otm_keep_queue_watch *watch)
{
    if (watch == NULL) {
        return;
    }
    otm_keep_recorder *recorder = watch->recorder;
    otm_callback_unregister(watch->handle);
    recorder->allocator->release(recorder->allocator->context, watch, sizeof *watch);
    otm_keep_recorder_release(recorder);
}

void otm_keep_report_incoming_queue(otm_keep_queue_observer *observer, const char *channel, uint64_t length)
{
    if (observer == NULL || channel == NULL) {
        return;
    }
    const otm_attr attrs[] = {otm_attr_string("channel", channel)};
    otm_observe_f64(observer->observer, observer->incoming, (double)length, attrs, 1);
}

void otm_keep_report_handler_queue(otm_keep_queue_observer *observer, const char *channel, uint64_t handler,
                                   uint64_t length)
{
    if (observer == NULL || channel == NULL) {
        return;
    }
    const otm_attr attrs[] = {otm_attr_string("channel", channel),
                              otm_attr_i64("handler", (int64_t)(handler & INT64_MAX))};
    otm_observe_f64(observer->observer, observer->handlers, (double)length, attrs, 2);
}
