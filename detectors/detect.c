/* Which detectors there are, and what they find together. */
#include "detector_list.h"

static otm_status no_memory_is_all(otm_status st, otm_resource **out)
{
    if (st == OTM_ERR_NO_MEMORY) {
        otm_resource_release(*out);
        *out = NULL;
    }
    return st;
}

/* -- Built-in detectors ------------------------------------------------------------------------------------------ */

otm_status otm_resource_detect_container(const otm_detect_options *options, otm_resource **out)
{
    return otmi_detection_run("container", options, otmi_detect_container, out);
}

otm_status otm_resource_detect_host(const otm_detect_options *options, otm_resource **out)
{
    return otmi_detection_run("host", options, otmi_detect_host, out);
}

otm_status otm_resource_detect_os(const otm_detect_options *options, otm_resource **out)
{
    return otmi_detection_run("os", options, otmi_detect_os, out);
}

otm_status otm_resource_detect_process(const otm_detect_options *options, otm_resource **out)
{
    return otmi_detection_run("process", options, otmi_detect_process, out);
}

otm_status otm_resource_detect_service(const otm_detect_options *options, otm_resource **out)
{
    return otmi_detection_run("service", options, otmi_detect_service, out);
}

otm_status otm_resource_detect_env_entities(const otm_detect_options *options, otm_resource **out)
{
    otm_detect_options o;
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    otm_status st = otmi_detect_options_read(options, &o);
    if (st != OTM_OK) {
        return st;
    }
    return otm_resource_parse_entities(otmi_detect_variable(&o, "OTEL_ENTITIES"), o.allocator, &o.diagnostics, out);
}

static const struct {
    const char *name;
    otm_status (*detect)(const otm_detect_options *options, otm_resource **out);
} built_in[] = {
    {"container", otm_resource_detect_container},
    {"env_entities", otm_resource_detect_env_entities},
    {"host", otm_resource_detect_host},
    {"os", otm_resource_detect_os},
    {"process", otm_resource_detect_process},
    {"service", otm_resource_detect_service},
};

/* -- Names ------------------------------------------------------------------------------------------------------- */

typedef struct detect_run {
    otm_detect_options options;
    otmi_diag *diag;
} detect_run;

static const otmi_diag_origin origin = {.component = "resource_detector"};

static const otm_detector *own_detector(const otm_detect_options *options, size_t index)
{
    return (const otm_detector *)(const void *)((const char *)options->detectors + index * options->detector_stride);
}

static size_t count_of_name(const otm_detect_options *options, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
        count += strcmp(built_in[i].name, name) == 0;
    }
    for (size_t i = 0; i < options->detector_count; i++) {
        count += strcmp(own_detector(options, i)->name, name) == 0;
    }
    return count;
}

/* resource/sdk.md, "Resource detector name". */
static otm_status check_detectors(const detect_run *run)
{
    const otm_detect_options *o = &run->options;
    if (o->detector_count > 0 && (o->detectors == NULL || o->detector_stride < sizeof(otm_detector))) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < o->detector_count; i++) {
        const otm_detector *own = own_detector(o, i);
        if (own->name == NULL || own->name[0] == '\0' || own->detect == NULL) {
            otmi_diag_report(run->diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin,
                             "detector %zu has no name or no function", i);
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    for (size_t i = 0; i < o->detector_count; i++) {
        const char *name = own_detector(o, i)->name;
        if (count_of_name(o, name) > 1) {
            otmi_diag_report(run->diag, OTM_ERROR, OTM_ERR_INVALID_ARGUMENT, &origin,
                             "more than one detector has the name \"%s\": names have to be unique, the built-in ones "
                             "included",
                             name);
            return OTM_ERR_INVALID_ARGUMENT;
        }
    }
    return OTM_OK;
}

static otm_status check_names(const detect_run *run, const char *const *names, size_t count)
{
    if (names == NULL && count > 0) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL) {
            return OTM_ERR_INVALID_ARGUMENT;
        }
        if (count_of_name(&run->options, names[i]) == 0) {
            otmi_diag_report(run->diag, OTM_ERROR, OTM_ERR_NOT_FOUND, &origin,
                             "there is no detector \"%s\": expected container, env_entities, host, os, process, "
                             "service, or one of the program's own",
                             names[i]);
            return OTM_ERR_NOT_FOUND;
        }
    }
    return OTM_OK;
}

/* -- Running ----------------------------------------------------------------------------------------------------- */

static otm_status run_one(const detect_run *run, const char *name, otm_resource **out)
{
    for (size_t i = 0; i < sizeof built_in / sizeof built_in[0]; i++) {
        if (strcmp(built_in[i].name, name) == 0) {
            return built_in[i].detect(&run->options, out);
        }
    }
    for (size_t i = 0; i < run->options.detector_count; i++) {
        const otm_detector *own = own_detector(&run->options, i);
        if (strcmp(own->name, name) == 0) {
            otm_status st = own->detect(&run->options, own->user_data, out);
            if (st != OTM_OK) {
                otmi_diag_report(run->diag, OTM_ERROR, st, &origin, "the detector \"%s\" failed: %s", name,
                                 otm_status_text(st));
            }
            return st;
        }
    }
    return OTM_ERR_NOT_FOUND;
}

/* Merges into *all what one detector finds. The status tells of the first failure, *all stays whole. */
static otm_status add_one(const detect_run *run, const char *name, otm_resource **all)
{
    otm_resource *found = NULL;
    otm_resource *merged;
    otm_status detected = run_one(run, name, &found);
    otm_status st = otm_resource_merge(*all, found, run->options.allocator, &merged);
    if (st == OTM_ERR_CONFIG) {
        otmi_diag_report(run->diag, OTM_ERROR, st, &origin,
                         "the detector \"%s\" uses the schema URL \"%s\", those before it \"%s\": the result has none",
                         name, otm_resource_schema_url(found), otm_resource_schema_url(*all));
    } else if (st != OTM_OK) {
        otmi_diag_report(run->diag, OTM_ERROR, st, &origin, "what the detector \"%s\" found is left out: %s", name,
                         otm_status_text(st));
    }
    otm_resource_release(found);
    if (merged != NULL) {
        otm_resource_release(*all);
        *all = merged;
    }
    return st == OTM_ERR_NO_MEMORY || detected == OTM_OK ? st : detected;
}

static otm_status run_all(const detect_run *run, const char *const *names, size_t count, otm_resource **out)
{
    otm_status st = check_detectors(run);
    if (st == OTM_OK) {
        st = check_names(run, names, count);
    }
    if (st == OTM_OK) {
        st = otm_resource_create(NULL, 0, NULL, run->options.allocator, out);
    }
    if (st != OTM_OK) {
        return st;
    }
    for (size_t i = 0; i < count && st != OTM_ERR_NO_MEMORY; i++) {
        otm_status one = add_one(run, names[i], out);
        st = st == OTM_OK || one == OTM_ERR_NO_MEMORY ? one : st;
    }
    return no_memory_is_all(st, out);
}

otm_status otm_resource_detect(const char *const *names, size_t name_count, const otm_detect_options *options,
                               otm_resource **out)
{
    if (out == NULL) {
        return OTM_ERR_INVALID_ARGUMENT;
    }
    *out = NULL;
    detect_run run;
    otm_status st = otmi_detect_options_read(options, &run.options);
    if (st != OTM_OK) {
        return st;
    }
    run.diag = otmi_diag_create(run.options.allocator, &run.options.diagnostics, NULL);
    st = run_all(&run, names, name_count, out);
    otmi_diag_destroy(run.diag);
    return st;
}
