/* Resource detectors: what can be found out about process, host, operating system, container and service
 * (resource/sdk.md, "Detecting resource information from the environment"); and the process context.
 *
 *     static const char *const names[] = {"host", "process", "service"};
 *     otm_resource *detected, *standard, *resource;
 *     otm_status st = otm_resource_detect(names, 3, NULL, &detected);
 *     st = otm_resource_default(NULL, NULL, &standard);
 *     st = otm_resource_merge(detected, standard, NULL, &resource); // the environment's word before what was found
 *
 * In libotm_detectors, apart from the SDK: who does not detect does not link it. */
#ifndef OTM_DETECTORS_H
#define OTM_DETECTORS_H

#include <otm/resource.h>

OTM_BEGIN_DECLS

/* The release of the semantic conventions whose keys the detectors fill. */
#define OTM_DETECTORS_SCHEMA_URL "https://opentelemetry.io/schemas/1.44.0"

struct otm_detect_options;

/* A detector of the host program. detect() is called on the calling thread, under no lock; finding nothing is
 * OTM_OK with an empty resource, or none. */
typedef struct otm_detector {
    const char *name; /* lower_snake_case, after the root of the keys that it fills */
    otm_status (*detect)(const struct otm_detect_options *options, void *user_data, otm_resource **out);
    void *user_data;
} otm_detector;

typedef struct otm_detect_options {
    size_t struct_size;             /* set by init; do not change */
    const otm_allocator *allocator; /* must outlive the resource; NULL: malloc */
    otm_diagnostics_options diagnostics;
    const char *root; /* folder in which /proc and /etc are looked up; NULL: "". Links in it may lead out of it */
    const char *(*environment)(const char *name, void *user_data); /* NULL: getenv() */
    void *environment_user_data;
    const otm_detector *detectors; /* the host's own, besides the built-in ones; walked by detector_stride */
    size_t detector_count;
    size_t detector_stride; /* set by init to sizeof(otm_detector) */
    uint32_t opt_in;        /* 1: also what the conventions mark as opt-in; may hold secrets (process.command_args) */
    uint32_t as_entities;   /* 1: attributes come as entities; merge the result as the updating resource then */
} otm_detect_options;

OTM_INLINE void otm_detect_options_init(otm_detect_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size = sizeof *options;
    options->detector_stride = sizeof(otm_detector);
    otm_diagnostics_options_init(&options->diagnostics);
}

/* Runs the detectors of these names, one after the other, and merges what they find: of a repeated key the later
 * detector wins, of a repeated entity type the earlier one. Built-in names:
 *
 *     container     container.id
 *     host          host.id (not inside a container, where it would be the image's), host.name, host.arch; os.*
 *     os            os.type, os.name, os.version, os.description, os.build_id
 *     process       process.pid, .creation.time, .command, .owner, .executable.name, .executable.build_id.htlhash;
 *                   opt-in: .executable.path, .parent_pid, .args_count, .command_args, .working_directory,
 *                   .linux.cgroup
 *     service       service.name (from OTEL_SERVICE_NAME), service.instance.id (a random UUID, one for each process)
 *     env_entities  the entities of OTEL_ENTITIES; otm_resource_default() has them, too
 *
 * Finding nothing is no error. What a failing detector found before it failed is in the result.
 * Fails: OTM_ERR_IO                what is there could not be read; *out is what was found in spite of it
 *        OTM_ERR_CONFIG            detectors disagree on the schema URL; *out is the merge without one
 *        OTM_ERR_LIMIT             more than 256 entities; *out lacks what one detector found
 *        or what a detector of the host answered; *out is what the others found
 *        OTM_ERR_NOT_FOUND         no detector has one of the names; nothing was run, *out is NULL
 *        OTM_ERR_INVALID_ARGUMENT  two detectors have one name, or one has none, or an argument is NULL or an option
 *                                  unknown; nothing was run, *out is NULL
 *        OTM_ERR_NO_MEMORY         *out is NULL
 * Those that a person can mend are reported to the diagnostics as well. *out is the caller's to release.
 * Threads: any, while none changes the environment.  Blocks: for reading a few small files. */
OTM_API OTM_MUST_CHECK otm_status otm_resource_detect(const char *const *names, size_t name_count,
                                                      const otm_detect_options *options, otm_resource **out);

/* One built-in detector; fails, blocks and is called as above. */
OTM_API OTM_MUST_CHECK otm_status otm_resource_detect_container(const otm_detect_options *options, otm_resource **out);
OTM_API OTM_MUST_CHECK otm_status otm_resource_detect_env_entities(const otm_detect_options *options,
                                                                   otm_resource **out);
OTM_API OTM_MUST_CHECK otm_status otm_resource_detect_host(const otm_detect_options *options, otm_resource **out);
OTM_API OTM_MUST_CHECK otm_status otm_resource_detect_os(const otm_detect_options *options, otm_resource **out);
OTM_API OTM_MUST_CHECK otm_status otm_resource_detect_process(const otm_detect_options *options, otm_resource **out);
OTM_API OTM_MUST_CHECK otm_status otm_resource_detect_service(const otm_detect_options *options, otm_resource **out);

/* -- Process context --------------------------------------------------------------------------------------------- */

/* Lets tools outside the process, such as the eBPF profiler, read the resource: a copy of it is put into memory that
 * is mapped under the name OTEL_CTX (oteps/profiles/4719-process-ctx.md, version 2). A process has one context; the
 * next call replaces it, so that a reader sees the old one or the new one. A child made by fork() has none until it
 * publishes its own.
 * Fails: OTM_ERR_INVALID_ARGUMENT  resource is NULL
 *        OTM_ERR_LIMIT             it takes more than 1 MiB; as with all failures, what was published before stays
 *        OTM_ERR_NO_MEMORY
 *        OTM_ERR_UNSUPPORTED       the system offers no named mappings
 * Threads: any.  Blocks: briefly. */
OTM_API otm_status otm_process_context_publish(const otm_resource *resource);

/* Takes it back. OTM_ERR_NOT_FOUND: none is published.  Threads: any.  Blocks: briefly. */
OTM_API otm_status otm_process_context_withdraw(void);

OTM_END_DECLS

#endif
