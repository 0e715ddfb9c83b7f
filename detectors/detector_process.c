#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "detector_list.h"
#include "sha256.h"

#define MAX_OWN_STAT_BYTES ((size_t)4 << 10)
#define MAX_STAT_BYTES ((size_t)1 << 20) /* a line for each processor comes before the one we want */
#define MAX_CMDLINE_BYTES ((size_t)256 << 10)
#define MAX_CGROUP_BYTES ((size_t)64 << 10)
#define MAX_PASSWD_BYTES ((size_t)256 << 10)
#define HASHED_BYTES 4096 /* from each end of the executable */

/* -- When it was created ----------------------------------------------------------------------------------------- */

/* Ticks after boot. The name before the fields may hold anything but, as the last, a closing bracket: proc_pid_stat(5)
 * counts the start time as field 22, and the bracket ends field 2. */
static bool start_ticks(otmi_detection *d, uint64_t *ticks)
{
    otmi_file file;
    if (!otmi_detect_read(d, "/proc/self/stat", MAX_OWN_STAT_BYTES, &file)) {
        return false;
    }
    const char *bracket = memrchr(file.content.text, ')', file.content.size);
    if (bracket == NULL || bracket + 2 > file.content.text + file.content.size) {
        return false;
    }
    otmi_span rest = {bracket + 2, (size_t)(file.content.text + file.content.size - bracket - 2)};
    otmi_span field = {"", 0};
    for (int number = 3; number <= 22; number++) {
        if (!otmi_next_piece(&rest, ' ', &field)) {
            return false;
        }
    }
    return otmi_span_u64(field, ticks);
}

/* Seconds since 1970. The kernel's one number serves better than wall time minus uptime: as part of an identity the
 * time must come out the same whenever it is asked for. */
static bool boot_time(otmi_detection *d, uint64_t *seconds)
{
    otmi_file file;
    if (!otmi_detect_read(d, "/proc/stat", MAX_STAT_BYTES, &file)) {
        return false;
    }
    otmi_span line;
    while (otmi_next_piece(&file.content, '\n', &line)) {
        if (line.size > 6 && memcmp(line.text, "btime ", 6) == 0) {
            return otmi_span_u64((otmi_span){line.text + 6, line.size - 6}, seconds);
        }
    }
    return false;
}

/* ISO 8601 in UTC, with milliseconds. */
static void find_creation_time(otmi_detection *d)
{
    uint64_t ticks;
    uint64_t boot;
    long ticks_per_second = sysconf(_SC_CLK_TCK);
    if (ticks_per_second <= 0 || !start_ticks(d, &ticks) || !boot_time(d, &boot)) {
        return;
    }
    time_t seconds = (time_t)(boot + ticks / (uint64_t)ticks_per_second);
    unsigned milliseconds = (unsigned)(ticks % (uint64_t)ticks_per_second * 1000 / (uint64_t)ticks_per_second);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL) {
        char text[64];
        int size = snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ", utc.tm_year + 1900,
                            utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, milliseconds);
        otmi_found_id_text(d, "process.creation.time", text, (size_t)size);
    }
}

/* -- What runs in it --------------------------------------------------------------------------------------------- */

static void find_arguments(otmi_detection *d, otmi_span cmdline)
{
    size_t count = 0;
    for (size_t i = 0; i < cmdline.size; i++) {
        count += cmdline.text[i] == '\0' || i + 1 == cmdline.size; /* who renames itself may leave no NUL at the end */
    }
    otm_value *arguments = otmi_arena_alloc(&d->arena, count * sizeof *arguments);
    if (arguments == NULL) {
        d->status = OTM_ERR_NO_MEMORY;
        return;
    }
    otmi_span argument;
    for (size_t i = 0; i < count && otmi_next_piece(&cmdline, '\0', &argument); i++) {
        arguments[i] = otm_value_string_sized(argument.text, argument.size);
    }
    otmi_found_value(d, "process.args_count", otm_value_i64((int64_t)count));
    otmi_found_value(d, "process.command_args", otm_value_array(arguments, count));
}

static void find_command(otmi_detection *d)
{
    otmi_file file;
    otmi_span command;
    if (!otmi_detect_read(d, "/proc/self/cmdline", MAX_CMDLINE_BYTES, &file)) {
        return;
    }
    otmi_span rest = file.content;
    if (otmi_next_piece(&rest, '\0', &command)) {
        otmi_found_text(d, "process.command", command.text, command.size);
    }
    if (d->options.opt_in && !file.cut) {
        find_arguments(d, file.content);
    }
}

/* The account's name in /etc/passwd. getpwuid() may ask a server, and wait for it. */
static void find_owner(otmi_detection *d)
{
    otmi_file file;
    otmi_span line;
    bool found = !otmi_detect_read(d, "/etc/passwd", MAX_PASSWD_BYTES, &file);
    while (!found && otmi_next_piece(&file.content, '\n', &line)) {
        otmi_span name;
        otmi_span field;
        uint64_t uid;
        found = otmi_next_piece(&line, ':', &name) && otmi_next_piece(&line, ':', &field) &&
                otmi_next_piece(&line, ':', &field) && otmi_span_u64(field, &uid) && uid == geteuid();
        if (found) {
            otmi_found_text(d, "process.owner", name.text, name.size);
        }
    }
}

static void find_opt_in(otmi_detection *d)
{
    otmi_file file;
    otmi_span folder;
    otmi_found_value(d, "process.parent_pid", otm_value_i64(getppid()));
    if (otmi_detect_link(d, "/proc/self/cwd", &folder)) {
        otmi_found_text(d, "process.working_directory", folder.text, folder.size);
    }
    if (otmi_detect_read(d, "/proc/self/cgroup", MAX_CGROUP_BYTES, &file) && !file.cut) {
        otmi_span groups = otmi_span_trim(file.content);
        otmi_found_text(d, "process.linux.cgroup", groups.text, groups.size);
    }
}

/* -- The executable ---------------------------------------------------------------------------------------------- */

static void find_path(otmi_detection *d)
{
    static const char deleted[] = " (deleted)"; /* the kernel's mark when the file was replaced meanwhile */
    size_t mark = sizeof deleted - 1;
    otmi_span path;
    if (!otmi_detect_link(d, "/proc/self/exe", &path)) {
        return;
    }
    if (path.size > mark && memcmp(path.text + path.size - mark, deleted, mark) == 0) {
        path.size -= mark;
    }
    const char *slash = memrchr(path.text, '/', path.size);
    const char *name = slash != NULL ? slash + 1 : path.text;
    otmi_found_text(d, "process.executable.name", name, (size_t)(path.text + path.size - name));
    if (d->options.opt_in) {
        otmi_found_text(d, "process.executable.path", path.text, path.size);
    }
}

/* The two ends, overlapping in a small file, and the length as a big-endian number. */
static bool read_ends(int fd, uint64_t size, uint8_t bytes[2 * HASHED_BYTES + 8], size_t *got)
{
    uint64_t tail_at = size > HASHED_BYTES ? size - HASHED_BYTES : 0;
    size_t head = 0;
    size_t tail = 0;
    if (!otmi_read_at(fd, bytes, HASHED_BYTES, 0, &head) ||
        !otmi_read_at(fd, bytes + head, HASHED_BYTES, tail_at, &tail)) {
        return false;
    }
    *got = head + tail;
    for (size_t i = 0; i < 8; i++) {
        bytes[(*got)++] = (uint8_t)(size >> (56 - 8 * i));
    }
    return true;
}

static void find_build_id(otmi_detection *d)
{
    static const char hex[] = "0123456789abcdef";
    uint64_t size;
    int fd = otmi_detect_open(d, "/proc/self/exe", &size);
    if (fd < 0) {
        return;
    }
    uint8_t bytes[2 * HASHED_BYTES + 8];
    size_t got = 0;
    int saved_errno = errno;
    if (read_ends(fd, size, bytes, &got)) {
        uint8_t digest[32];
        char text[32];
        otmi_sha256(bytes, got, digest);
        for (size_t i = 0; i < 16; i++) {
            text[2 * i] = hex[digest[i] >> 4];
            text[2 * i + 1] = hex[digest[i] & 15];
        }
        otmi_found_id_text(d, "process.executable.build_id.htlhash", text, sizeof text);
    } else {
        otmi_detection_fail(d, OTM_ERR_IO, "/proc/self/exe", errno);
    }
    close(fd);
    errno = saved_errno;
}

void otmi_detect_process(otmi_detection *d)
{
    d->entity = "process";
    otmi_found_id_value(d, "process.pid", otm_value_i64(getpid()));
    find_creation_time(d);
    find_command(d);
    find_owner(d);
    if (d->options.opt_in) {
        find_opt_in(d);
    }
    d->entity = "process.executable";
    find_path(d);
    find_build_id(d);
}
