#include <sys/utsname.h>

#include "detector_list.h"

#define MAX_RELEASE_BYTES ((size_t)64 << 10)

const char *otmi_os_type(const char *system)
{
    static const char *const names[][2] = {
        {"Linux", "linux"},     {"Darwin", "darwin"},          {"FreeBSD", "freebsd"}, {"NetBSD", "netbsd"},
        {"OpenBSD", "openbsd"}, {"DragonFly", "dragonflybsd"}, {"HP-UX", "hpux"},      {"AIX", "aix"},
        {"SunOS", "solaris"},   {"OS/390", "zos"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(system, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return NULL;
}

/* -- os-release(5): lines of NAME=value, the value quoted as for a shell ------------------------------------------- */

/* Double quotes end the meaning of all but backslash, single quotes of that as well. NULL: no memory. */
static char *unquote(otmi_detection *d, otmi_span value, size_t *size)
{
    char *text = otmi_arena_alloc(&d->arena, value.size + 1);
    char quote = '\0';
    *size = 0;
    for (size_t i = 0; text != NULL && i < value.size; i++) {
        char c = value.text[i];
        if (c == quote && quote != '\0') {
            quote = '\0';
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else {
            bool escape = c == '\\' && quote != '\'' && i + 1 < value.size;
            i += escape;
            text[(*size)++] = value.text[i];
        }
    }
    return text;
}

static void find_in_release(otmi_detection *d, otmi_span release, const char *name, const char *key)
{
    otmi_span line;
    size_t name_size = strlen(name);
    otmi_span value = {"", 0};
    while (otmi_next_piece(&release, '\n', &line)) {
        if (line.size > name_size && memcmp(line.text, name, name_size) == 0 && line.text[name_size] == '=') {
            value = otmi_span_trim((otmi_span){line.text + name_size + 1, line.size - name_size - 1}); /* the last */
        }
    }
    size_t size;
    const char *text = unquote(d, value, &size);
    if (text == NULL) {
        d->status = OTM_ERR_NO_MEMORY;
        return;
    }
    otmi_found_text(d, key, text, size);
}

/* The first that is there; an empty span if none is. */
static otmi_span read_release(otmi_detection *d)
{
    otmi_file file;
    bool there = otmi_detect_read(d, "/etc/os-release", MAX_RELEASE_BYTES, &file) ||
                 otmi_detect_read(d, "/usr/lib/os-release", MAX_RELEASE_BYTES, &file);
    return there ? file.content : (otmi_span){"", 0};
}

/* BUILD_ID of either file, whatever the other says about the rest; else the kernel's release. */
static void find_build_id(otmi_detection *d)
{
    static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};
    size_t before = d->found_count;
    otmi_file file;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && d->found_count == before; i++) {
        if (otmi_detect_read(d, paths[i], MAX_RELEASE_BYTES, &file)) {
            find_in_release(d, file.content, "BUILD_ID", "os.build_id");
        }
    }
    if (d->found_count == before && otmi_detect_read(d, "/proc/sys/kernel/osrelease", MAX_RELEASE_BYTES, &file)) {
        otmi_span release = otmi_span_trim(file.content);
        otmi_found_text(d, "os.build_id", release.text, release.size);
    }
}

void otmi_detect_os(otmi_detection *d)
{
    struct utsname name;
    const char *type = uname(&name) == 0 ? otmi_os_type(name.sysname) : NULL;
    d->entity = "os";
    if (type != NULL) {
        otmi_found_id_text(d, "os.type", type, strlen(type));
    }
    otmi_span release = read_release(d);
    find_in_release(d, release, "NAME", "os.name");
    find_in_release(d, release, "VERSION_ID", "os.version");
    find_in_release(d, release, "PRETTY_NAME", "os.description");
    find_build_id(d);
}
