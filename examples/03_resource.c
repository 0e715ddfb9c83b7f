/* What the metrics come from: what can be found out about host and process, under what the environment says
 * (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_ENTITIES), under what the program says itself. "service" finds a
 * service.instance.id, by which the metrics of several runs are told apart. It prints the result; a program with
 * metrics gives it to otm_meter_provider_create(). */
#include <stdio.h>

#include <otm/detectors.h>
#include <otm/sdk.h>

/* A resource may be there all the same: of what was found, or of what agrees. */
static void tell(const char *what, otm_status st)
{
    if (st != OTM_OK) {
        fprintf(stderr, "%s: %s\n", what, otm_status_text(st));
    }
}

/* The caller releases it. NULL: there is no memory; a provider takes the default resource then. */
static otm_resource *make_resource(void)
{
    static const char *const names[] = {"container", "host", "process", "service"};
    const otm_attr attrs[] = {otm_attr_string("service.version", "1.4.2"), otm_attr_string("shop.region", "south")};
    otm_resource *detected, *standard, *own, *lower, *resource;
    tell("detecting", otm_resource_detect(names, 4, NULL, &detected));
    tell("environment", otm_resource_default(NULL, NULL, &standard));
    tell("own attributes", otm_resource_create(attrs, 2, NULL, NULL, &own));
    tell("merging", otm_resource_merge(detected, standard, NULL, &lower));
    tell("merging", otm_resource_merge(lower, own, NULL, &resource));
    otm_resource_release(detected);
    otm_resource_release(standard);
    otm_resource_release(own);
    otm_resource_release(lower);
    return resource;
}

int main(void)
{
    otm_resource *resource = make_resource();
    size_t count;
    const otm_attr *attrs = otm_resource_attributes(resource, &count);
    for (size_t i = 0; i < count; i++) {
        if (attrs[i].value.type == OTM_VALUE_STRING) {
            printf("%s=%s\n", attrs[i].key, attrs[i].value.as.string);
        }
    }

    otm_meter_provider_options options;
    otm_meter_provider_options_init(&options);
    options.resource = resource; /* and readers, as in 01_counter.c */
    otm_meter_provider *provider;
    otm_status st = otm_meter_provider_create(&options, &provider);
    otm_resource_release(resource); /* the provider holds it now */
    otm_meter_provider_release(provider);
    return st == OTM_OK ? 0 : 1;
}
