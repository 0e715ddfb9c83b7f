#include <sys/utsname.h>

#include "detector_list.h"

#define MAX_ID_BYTES ((size_t)256)

const char *otmi_host_arch(const char *machine)
{
    static const char *const names[][2] = {
        {"x86_64", "amd64"},  {"amd64", "amd64"},   {"aarch64", "arm64"}, {"arm64", "arm64"}, {"i386", "x86"},
        {"i486", "x86"},      {"i586", "x86"},      {"i686", "x86"},      {"ia64", "ia64"},   {"ppc", "ppc32"},
        {"ppc64", "ppc64"},   {"ppc64le", "ppc64"}, {"s390x", "s390x"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(machine, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return strncmp(machine, "arm", 3) == 0 ? "arm32" : machine;
}

/* 32 hexadecimal digits (machine-id(5)); the file is empty, or says "uninitialized", in images. */
static bool is_machine_id(otmi_span s)
{
    bool good = s.size == 32;
    for (size_t i = 0; good && i < s.size; i++) {
        char c = s.text[i];
        good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }
    return good;
}

static void find_id(otmi_detection *d)
{
    static const char *const paths[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        otmi_file file;
        if (otmi_detect_read(d, paths[i], MAX_ID_BYTES, &file) && is_machine_id(otmi_span_trim(file.content))) {
            otmi_span id = otmi_span_trim(file.content);
            otmi_found_id_text(d, "host.id", id.text, id.size);
            return;
        }
    }
}

void otmi_detect_host(otmi_detection *d)
{
    struct utsname name;
    bool contained = otmi_container_of_process(d).inside; /* a machine-id in there is the image's */
    d->entity = "host";
    if (!contained) {
        find_id(d);
    }
    if (uname(&name) == 0) {
        const char *arch = otmi_host_arch(name.machine);
        otmi_found_text(d, "host.name", name.nodename, strlen(name.nodename));
        otmi_found_text(d, "host.arch", arch, strlen(arch));
    }
    otmi_detect_os(d); /* resource/sdk.md gives os.* to the detector "host" */
}
