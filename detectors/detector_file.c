#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "detection.h"

/* What is not there was not detected; anything else that keeps us from reading is a failure. */
static bool is_absence(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

static void note(otmi_detection *d, const char *path, int error)
{
    if (!is_absence(error)) {
        otmi_detection_fail(d, OTM_ERR_IO, path, error);
    }
}

static bool below_root(const otmi_detection *d, const char *path, char full[PATH_MAX])
{
    int size = snprintf(full, PATH_MAX, "%s%s", d->options.root, path);
    return size > 0 && size < PATH_MAX;
}

static int open_retrying(const char *path)
{
    int fd;
    do {
        /* Not blocking: were it a FIFO, open() would wait for a writer. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int otmi_detect_open(otmi_detection *d, const char *path, uint64_t *size)
{
    char full[PATH_MAX];
    struct stat status;
    int saved_errno = errno;
    int fd = -1;
    errno = ENAMETOOLONG;
    if (below_root(d, path, full)) {
        fd = open_retrying(full);
    }
    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        fd = -1;
        errno = EINVAL;
    }
    if (fd < 0) {
        note(d, path, errno);
    } else {
        *size = (uint64_t)status.st_size;
    }
    errno = saved_errno;
    return fd;
}

bool otmi_read_at(int fd, void *bytes, size_t size, uint64_t offset, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t step = pread(fd, (char *)bytes + *got, size - *got, (off_t)(offset + *got));
        if (step < 0 && errno == EINTR) {
            continue;
        }
        if (step <= 0) {
            return step == 0;
        }
        *got += (size_t)step;
    }
    return true;
}

bool otmi_detect_read(otmi_detection *d, const char *path, size_t max_bytes, otmi_file *out)
{
    uint64_t size;
    int fd = otmi_detect_open(d, path, &size); /* files of /proc tell no size: the buffer has to be the largest */
    if (fd < 0) {
        return false;
    }
    int saved_errno = errno;
    size_t got = 0;
    char *text = otmi_arena_alloc(&d->arena, max_bytes + 1);
    bool good = text != NULL && otmi_read_at(fd, text, max_bytes + 1, 0, &got);
    if (text == NULL) {
        d->status = OTM_ERR_NO_MEMORY;
    } else if (!good) {
        note(d, path, errno);
    } else {
        out->cut = got > max_bytes;
        out->content = (otmi_span){text, out->cut ? max_bytes : got};
        text[out->content.size] = '\0';
    }
    close(fd);
    errno = saved_errno;
    return good;
}

bool otmi_detect_link(otmi_detection *d, const char *path, otmi_span *out)
{
    char full[PATH_MAX];
    char *text = otmi_arena_alloc(&d->arena, PATH_MAX);
    if (text == NULL) {
        d->status = OTM_ERR_NO_MEMORY;
        return false;
    }
    int saved_errno = errno;
    ssize_t size = PATH_MAX; /* too long, as a target that fills the buffer */
    if (below_root(d, path, full)) {
        size = readlink(full, text, PATH_MAX);
    }
    bool good = size > 0 && size < PATH_MAX;
    if (good) {
        *out = (otmi_span){text, (size_t)size};
    } else {
        note(d, path, size < 0 ? errno : ENAMETOOLONG);
    }
    errno = saved_errno;
    return good;
}

/* -- Text -------------------------------------------------------------------------------------------------------- */

bool otmi_next_piece(otmi_span *rest, char separator, otmi_span *piece)
{
    if (rest->size == 0) {
        return false;
    }
    const char *end = memchr(rest->text, separator, rest->size);
    size_t size = end != NULL ? (size_t)(end - rest->text) : rest->size;
    *piece = (otmi_span){rest->text, size};
    size_t skipped = end != NULL ? size + 1 : size;
    *rest = (otmi_span){rest->text + skipped, rest->size - skipped};
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

otmi_span otmi_span_trim(otmi_span span)
{
    while (span.size > 0 && is_blank(span.text[0])) {
        span.text++;
        span.size--;
    }
    while (span.size > 0 && is_blank(span.text[span.size - 1])) {
        span.size--;
    }
    return span;
}

bool otmi_span_is(otmi_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.text, text, span.size) == 0;
}

bool otmi_span_u64(otmi_span span, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t i = 0; i < span.size; i++) {
        unsigned digit = (unsigned char)span.text[i] - (unsigned)'0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return span.size > 0;
}
