#include "keep_fake_provider.h"

#include <stdio.h>

typedef struct fake_observer {
    otm_observer base;
} fake_observer;

#define OWNER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* True if this creating call must fail; counts the reference that it hands out if not. */
static bool must_fail_locked(fake_provider *p)
{
    bool fails = ++p->requests == p->fail_at;
    p->live += fails ? 0 : 1;
    return fails;
}

static void add_reference(fake_provider *p, int64_t change)
{
    pthread_mutex_lock(&p->mu);
    p->live += change;
    pthread_mutex_unlock(&p->mu);
}

/* -- Bound --------------------------------------------------------------------------------------------------------- */

static void bound_record_f64(otm_bound *self, double value)
{
    fake_instrument *i = OWNER(self, fake_instrument, bound);
    pthread_mutex_lock(&i->provider->mu);
    i->value = i->kind == OTM_GAUGE ? value : i->value + value;
    i->count++;
    size_t bucket = 0;
    while (bucket < i->bound_count && value > i->bounds[bucket]) {
        bucket++;
    }
    i->buckets[bucket]++;
    pthread_mutex_unlock(&i->provider->mu);
}

static void bound_record_i64(otm_bound *self, int64_t value)
{
    bound_record_f64(self, (double)value);
}

static otm_status bound_peek(otm_bound *self, otm_series_value *out)
{
    fake_instrument *i = OWNER(self, fake_instrument, bound);
    pthread_mutex_lock(&i->provider->mu);
    out->f64 = i->value;
    out->sum = i->value;
    out->count = i->count;
    out->is_histogram = i->kind == OTM_HISTOGRAM;
    out->has_value = true;
    pthread_mutex_unlock(&i->provider->mu);
    return OTM_OK;
}

static void bound_retain(otm_bound *self)
{
    add_reference(OWNER(self, fake_instrument, bound)->provider, 1);
}

static void bound_release(otm_bound *self)
{
    add_reference(OWNER(self, fake_instrument, bound)->provider, -1);
}

static const otm_bound_ops bound_ops = {
    .size = sizeof bound_ops,
    .record_i64 = bound_record_i64,
    .record_f64 = bound_record_f64,
    .peek = bound_peek,
    .retain = bound_retain,
    .release = bound_release,
};

/* -- Instruments --------------------------------------------------------------------------------------------------- */

static otm_status instrument_bind(otm_instrument *self, const otm_attr *attrs, size_t attr_count,
                                  const otm_bind_options *options, otm_bound **out)
{
    (void)attrs, (void)attr_count;
    fake_instrument *i = OWNER(self, fake_instrument, instrument);
    pthread_mutex_lock(&i->provider->mu);
    bool fails = must_fail_locked(i->provider);
    i->visible_from_start = options != NULL && options->visible_from_start;
    pthread_mutex_unlock(&i->provider->mu);
    *out = fails ? otm_noop_bound() : &i->bound;
    return fails ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static void instrument_retain(otm_instrument *self)
{
    add_reference(OWNER(self, fake_instrument, instrument)->provider, 1);
}

static void instrument_release(otm_instrument *self)
{
    add_reference(OWNER(self, fake_instrument, instrument)->provider, -1);
}

static const otm_instrument_ops instrument_ops = {
    .size = sizeof instrument_ops,
    .bind = instrument_bind,
    .retain = instrument_retain,
    .release = instrument_release,
};

static void observable_retain(otm_observable *self)
{
    add_reference(OWNER(self, fake_instrument, observable)->provider, 1);
}

static void observable_release(otm_observable *self)
{
    add_reference(OWNER(self, fake_instrument, observable)->provider, -1);
}

static const otm_observable_ops observable_ops = {
    .size = sizeof observable_ops,
    .retain = observable_retain,
    .release = observable_release,
};

/* -- Meter --------------------------------------------------------------------------------------------------------- */

static fake_instrument *find_locked(fake_provider *p, const char *name)
{
    for (size_t i = 0; i < p->instrument_count; i++) {
        if (strcmp(p->instruments[i].name, name) == 0) {
            return &p->instruments[i];
        }
    }
    return NULL;
}

static fake_instrument *find_or_make_locked(fake_provider *p, const otm_instrument_identity *identity,
                                            const otm_instrument_options *options)
{
    fake_instrument *i = find_locked(p, identity->name);
    if (i != NULL) {
        return i;
    }
    i = &p->instruments[p->instrument_count++];
    *i = (fake_instrument){.instrument = {&instrument_ops, 1},
                           .bound = {&bound_ops, 1},
                           .observable = {&observable_ops, 1},
                           .provider = p,
                           .kind = identity->kind,
                           .number = identity->number};
    (void)snprintf(i->name, sizeof i->name, "%s", identity->name);
    (void)snprintf(i->unit, sizeof i->unit, "%s", options->unit == NULL ? "" : options->unit);
    (void)snprintf(i->description, sizeof i->description, "%s",
                   options->description == NULL ? "" : options->description);
    i->bound_count = options->bucket_boundary_count;
    for (size_t b = 0; b < i->bound_count; b++) {
        i->bounds[b] = options->bucket_boundaries[b];
    }
    return i;
}

static fake_instrument *create(otm_meter *meter, const otm_instrument_identity *identity,
                               const otm_instrument_options *options)
{
    fake_provider *p = OWNER(meter, fake_provider, meter);
    pthread_mutex_lock(&p->mu);
    fake_instrument *i = must_fail_locked(p) ? NULL : find_or_make_locked(p, identity, options);
    pthread_mutex_unlock(&p->mu);
    return i;
}

static otm_status meter_create_instrument(otm_meter *self, const otm_instrument_identity *identity,
                                          const otm_instrument_options *options, otm_instrument **out)
{
    fake_instrument *i = create(self, identity, options);
    *out = i == NULL ? otm_noop_instrument() : &i->instrument;
    return i == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static otm_status meter_create_observable(otm_meter *self, const otm_instrument_identity *identity,
                                          const otm_instrument_options *options, otm_observable **out)
{
    fake_instrument *i = create(self, identity, options);
    *out = i == NULL ? otm_noop_observable() : &i->observable;
    return i == NULL ? OTM_ERR_NO_MEMORY : OTM_OK;
}

static void callback_unregister(otm_callback_handle *self)
{
    fake_callback *c = OWNER(self, fake_callback, handle);
    pthread_mutex_lock(&c->provider->mu);
    c->callback = NULL;
    c->provider->live--;
    pthread_mutex_unlock(&c->provider->mu);
}

static const otm_callback_handle_ops callback_ops = {.size = sizeof callback_ops, .unregister = callback_unregister};

static otm_status meter_register_callback(otm_meter *self, otm_callback callback, void *user_data,
                                          otm_observable *const *instruments, size_t instrument_count,
                                          otm_callback_handle **out)
{
    (void)instruments, (void)instrument_count;
    fake_provider *p = OWNER(self, fake_provider, meter);
    otm_status st = OTM_ERR_LIMIT;
    *out = otm_noop_callback_handle();
    pthread_mutex_lock(&p->mu);
    for (size_t i = 0; i < FAKE_MAX_CALLBACKS && st != OTM_OK; i++) {
        fake_callback *c = &p->callbacks[i];
        if (c->callback == NULL) {
            if (must_fail_locked(p)) {
                break;
            }
            *c = (fake_callback){{&callback_ops, 1}, p, callback, user_data};
            *out = &c->handle;
            st = OTM_OK;
        }
    }
    pthread_mutex_unlock(&p->mu);
    return st;
}

static void meter_retain(otm_meter *self)
{
    add_reference(OWNER(self, fake_provider, meter), 1);
}

static void meter_release(otm_meter *self)
{
    add_reference(OWNER(self, fake_provider, meter), -1);
}

static const otm_meter_ops meter_ops = {
    .size = sizeof meter_ops,
    .create_instrument = meter_create_instrument,
    .create_observable = meter_create_observable,
    .register_callback = meter_register_callback,
    .retain = meter_retain,
    .release = meter_release,
};

/* -- Provider ------------------------------------------------------------------------------------------------------ */

static otm_meter *provider_get_meter(otm_meter_provider *self, const char *name, const otm_meter_options *options)
{
    (void)name, (void)options;
    fake_provider *p = OWNER(self, fake_provider, base);
    add_reference(p, 1);
    return &p->meter;
}

static void provider_ignore(otm_meter_provider *self)
{
    (void)self;
}

static const otm_meter_provider_ops provider_ops = {
    .size = sizeof provider_ops,
    .get_meter = provider_get_meter,
    .retain = provider_ignore,
    .release = provider_ignore,
};

void fake_provider_init(fake_provider *p)
{
    memset(p, 0, sizeof *p);
    p->base = (otm_meter_provider){&provider_ops, 1};
    p->meter = (otm_meter){&meter_ops, 1};
    pthread_mutex_init(&p->mu, NULL);
}

void fake_provider_fini(fake_provider *p)
{
    pthread_mutex_destroy(&p->mu);
}

fake_instrument *fake_provider_find(fake_provider *p, const char *name)
{
    pthread_mutex_lock(&p->mu);
    fake_instrument *i = find_locked(p, name);
    pthread_mutex_unlock(&p->mu);
    return i;
}

/* -- Collection ---------------------------------------------------------------------------------------------------- */

static void observe_f64(otm_observer *self, otm_observable *instrument, double value, const otm_attr *attrs,
                        size_t attr_count)
{
    (void)self;
    fake_instrument *i = OWNER(instrument, fake_instrument, observable);
    pthread_mutex_lock(&i->provider->mu);
    if (i->observed_count < FAKE_MAX_OBSERVED) {
        fake_observed *o = &i->observed[i->observed_count++];
        *o = (fake_observed){.value = value, .handler = -1};
        for (size_t a = 0; a < attr_count; a++) {
            if (attrs[a].value.type == OTM_VALUE_STRING) {
                (void)snprintf(o->channel, sizeof o->channel, "%.*s", (int)attrs[a].value.size,
                               attrs[a].value.as.string);
            } else {
                o->handler = attrs[a].value.as.i64;
            }
        }
    }
    pthread_mutex_unlock(&i->provider->mu);
}

static void observe_i64(otm_observer *self, otm_observable *instrument, int64_t value, const otm_attr *attrs,
                        size_t attr_count)
{
    observe_f64(self, instrument, (double)value, attrs, attr_count);
}

static const otm_observer_ops observer_ops = {
    .size = sizeof observer_ops, .observe_i64 = observe_i64, .observe_f64 = observe_f64};

void fake_provider_collect(fake_provider *p)
{
    fake_observer observer = {{&observer_ops, 1}};
    for (size_t i = 0; i < p->instrument_count; i++) {
        p->instruments[i].observed_count = 0;
    }
    for (size_t i = 0; i < FAKE_MAX_CALLBACKS; i++) {
        if (p->callbacks[i].callback != NULL) {
            p->callbacks[i].callback(&observer.base, p->callbacks[i].user_data);
        }
    }
}

size_t fake_provider_callback_count(fake_provider *p)
{
    size_t count = 0;
    for (size_t i = 0; i < FAKE_MAX_CALLBACKS; i++) {
        count += p->callbacks[i].callback != NULL ? 1 : 0;
    }
    return count;
}
