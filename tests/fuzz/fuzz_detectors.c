/* Files of /proc and /etc that say anything: the detectors read them all as the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <otm/detectors.h>

#include "fuzz.h"

static const char *const folders[] = {"/proc", "/proc/self", "/etc", "/proc/sys", "/proc/sys/kernel"};
static const char *const files[] = {
    "/proc/self/cgroup", "/proc/self/mountinfo", "/proc/self/stat", "/proc/self/cmdline",         "/proc/self/exe",
    "/proc/stat",        "/etc/passwd",          "/etc/os-release", "/proc/sys/kernel/osrelease", "/etc/machine-id",
};

#define FOLDERS (sizeof folders / sizeof *folders)
#define FILES (sizeof files / sizeof *files)

static char root[] = "/tmp/otm-fuzz-XXXXXX";
static char path[64];
static int input; /* a memory file, to which all files of the tree lead */

static const char *below(const char *name)
{
    (void)snprintf(path, sizeof path, "%s%s", root, name);
    return path;
}

static void remove_tree(void)
{
    for (size_t i = 0; i < FILES; i++) {
        (void)unlink(below(files[i]));
    }
    for (size_t i = FOLDERS; i > 0; i--) {
        (void)rmdir(below(folders[i - 1]));
    }
    (void)rmdir(root);
}

static void make_tree(void)
{
    char target[32];
    input = memfd_create("input", MFD_CLOEXEC);
    FUZZ_CHECK(input >= 0 && mkdtemp(root) != NULL);
    (void)atexit(remove_tree);
    (void)snprintf(target, sizeof target, "/proc/self/fd/%d", input);
    for (size_t i = 0; i < FOLDERS; i++) {
        FUZZ_CHECK(mkdir(below(folders[i]), 0700) == 0);
    }
    for (size_t i = 0; i < FILES; i++) {
        FUZZ_CHECK(symlink(target, below(files[i])) == 0);
    }
}

static void check_id(const otm_attr *attr, const char *key, size_t size)
{
    if (strcmp(attr->key, key) == 0) {
        FUZZ_CHECK(attr->value.type == OTM_VALUE_STRING && attr->value.size == size);
        FUZZ_CHECK(strspn(attr->value.as.string, "0123456789abcdefABCDEF") == size);
    }
}

static const char *no_environment(const char *name, void *user_data)
{
    (void)name;
    (void)user_data;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"container", "host", "process"};
    static bool made;
    if (!made) {
        make_tree();
        made = true;
    }
    FUZZ_CHECK(ftruncate(input, 0) == 0 && pwrite(input, data, size, 0) == (ssize_t)size);
    otm_detect_options options;
    otm_detect_options_init(&options);
    options.root = root;
    options.environment = no_environment;
    options.opt_in = 1;
    options.as_entities = size % 2;
    otm_resource *resource;
    FUZZ_CHECK(otm_resource_detect(names, 3, &options, &resource) == OTM_OK);
    size_t count;
    const otm_attr *attrs = otm_resource_attributes(resource, &count);
    for (size_t i = 0; i < count; i++) {
        check_id(&attrs[i], "container.id", 64);
        check_id(&attrs[i], "host.id", 32);
        check_id(&attrs[i], "process.executable.build_id.htlhash", 32);
    }
    otm_resource_release(resource);
    return 0;
}
