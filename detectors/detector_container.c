/* The container's id, from where the kernel shows it to the process: the path of its control group, or, where a cgroup
 * namespace hides that, the files that runtimes mount into each container. */
#include "detector_list.h"

#define MAX_CGROUP_BYTES ((size_t)64 << 10)
#define MAX_MOUNTINFO_BYTES ((size_t)1 << 20)
#define ID_SIZE 64

/* Docker, containerd, CRI-O and podman name containers by 64 lower-case hexadecimal digits. Shorter ones could be
 * anything. */
static bool is_id(otmi_span s)
{
    bool good = s.size == ID_SIZE;
    for (size_t i = 0; good && i < s.size; i++) {
        char c = s.text[i];
        good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    }
    return good;
}

/* The id in a path segment of the forms ID, docker-ID.scope, cri-containerd-ID.scope or slice:runtime:ID. conmon-ID
 * is the group of the container's monitor. */
static bool id_of_segment(otmi_span segment, otmi_span *id)
{
    static const char scope[] = ".scope";
    size_t suffix = sizeof scope - 1;
    otmi_span s = segment;
    if (s.size > suffix && memcmp(s.text + s.size - suffix, scope, suffix) == 0) {
        s.size -= suffix;
    }
    if (s.size < ID_SIZE) {
        return false;
    }
    otmi_span prefix = {s.text, s.size - ID_SIZE};
    otmi_span tail = {s.text + prefix.size, ID_SIZE};
    bool separated = prefix.size == 0 || prefix.text[prefix.size - 1] == '-' || prefix.text[prefix.size - 1] == ':';
    bool monitor = prefix.size >= 7 && memcmp(prefix.text + prefix.size - 7, "conmon-", 7) == 0;
    if (!separated || monitor || !is_id(tail)) {
        return false;
    }
    *id = tail;
    return true;
}

/* A line is NUMBER:CONTROLLERS:PATH. Of nested containers the innermost stands last in the path. */
static bool id_of_cgroup_line(otmi_span line, otmi_span *id)
{
    otmi_span field;
    bool found = false;
    if (otmi_next_piece(&line, ':', &field) && otmi_next_piece(&line, ':', &field)) {
        otmi_span segment;
        while (otmi_next_piece(&line, '/', &segment)) {
            found = id_of_segment(segment, id) || found;
        }
    }
    return found;
}

static otmi_span id_of_cgroup(otmi_detection *d)
{
    otmi_file file;
    otmi_span id = {"", 0};
    if (otmi_detect_read(d, "/proc/self/cgroup", MAX_CGROUP_BYTES, &file)) {
        otmi_span line;
        while (otmi_next_piece(&file.content, '\n', &line) && !id_of_cgroup_line(line, &id)) {
        }
    }
    return id;
}

static bool is_mounted_by_runtimes(otmi_span mount_point)
{
    return otmi_span_is(mount_point, "/etc/hostname") || otmi_span_is(mount_point, "/etc/hosts") ||
           otmi_span_is(mount_point, "/etc/resolv.conf") || otmi_span_is(mount_point, "/run/.containerenv");
}

/* .../containers/ID/hostname (Docker) or .../overlay-containers/ID/userdata/hostname (podman). Kubernetes keeps these
 * files under the id of the pod's sandbox, which is not the container's. */
static bool id_of_mounted_file(otmi_span root, otmi_span *id)
{
    otmi_span segment;
    otmi_span before = {"", 0};
    while (otmi_next_piece(&root, '/', &segment)) {
        if (is_id(segment) && (otmi_span_is(before, "containers") || otmi_span_is(before, "overlay-containers"))) {
            *id = segment;
            return true;
        }
        before = segment;
    }
    return false;
}

/* A line is ID PARENT MAJOR:MINOR ROOT MOUNT_POINT ... (proc_pid_mountinfo(5)). */
static void look_at_mount(otmi_span line, otmi_container *container)
{
    otmi_span fields[5] = {{"", 0}};
    size_t count = 0;
    while (count < 5 && otmi_next_piece(&line, ' ', &fields[count])) {
        count++;
    }
    if (count == 5 && is_mounted_by_runtimes(fields[4])) {
        /* The others may be ip-netns(8)'s as well. */
        container->inside = container->inside || otmi_span_is(fields[4], "/etc/hostname");
        container->inside = id_of_mounted_file(fields[3], &container->id) || container->inside;
    }
}

static void look_at_mounts(otmi_detection *d, otmi_container *container)
{
    otmi_file file;
    if (otmi_detect_read(d, "/proc/self/mountinfo", MAX_MOUNTINFO_BYTES, &file)) {
        otmi_span line;
        while (container->id.size == 0 && otmi_next_piece(&file.content, '\n', &line)) {
            look_at_mount(line, container);
        }
    }
}

otmi_container otmi_container_of_process(otmi_detection *d)
{
    otmi_container container = {.id = id_of_cgroup(d)};
    container.inside = container.id.size > 0;
    if (!container.inside) {
        look_at_mounts(d, &container);
    }
    return container;
}

void otmi_detect_container(otmi_detection *d)
{
    otmi_span id = otmi_container_of_process(d).id;
    d->entity = "container";
    otmi_found_id_text(d, "container.id", id.text, id.size);
}
