#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "detector_fixture.h"

static const char *look_up(const char *name, void *user_data)
{
    const detector_fixture *f = user_data;
    if (strcmp(name, "OTEL_SERVICE_NAME") == 0) {
        return f->service_name;
    }
    return strcmp(name, "OTEL_ENTITIES") == 0 ? f->entities : NULL;
}

static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

int detector_set_up(void **state)
{
    detector_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    snprintf(f->root, sizeof f->root, "/tmp/otm-detector-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    diag_recorder_init(&f->heard);
    otm_detect_options_init(&f->options);
    f->options.root = f->root;
    f->options.environment = look_up;
    f->options.environment_user_data = f;
    f->options.diagnostics = f->heard.options;
    f->next_descriptor = next_descriptor();
    *state = f;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int detector_tear_down(void **state)
{
    detector_fixture *f = *state;
    diag_recorder_fini(&f->heard);
    int result = nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    bool all_closed = next_descriptor() == f->next_descriptor;
    free(f);
    return all_closed ? result : -1;
}

/* The full path, its folders made. */
static void make_way(const detector_fixture *f, const char *path, char full[PATH_MAX])
{
    snprintf(full, PATH_MAX, "%s%s", f->root, path);
    for (char *slash = strchr(full + strlen(f->root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
}

void put_file(detector_fixture *f, const char *path, const void *content, size_t size)
{
    char full[PATH_MAX];
    make_way(f, path, full);
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void put_text(detector_fixture *f, const char *path, const char *text)
{
    put_file(f, path, text, strlen(text));
}

void put_link(detector_fixture *f, const char *path, const char *target)
{
    char full[PATH_MAX];
    make_way(f, path, full);
    assert_int_equal(symlink(target, full), 0);
}

void put_folder(detector_fixture *f, const char *path)
{
    char full[PATH_MAX];
    make_way(f, path, full);
    assert_int_equal(mkdir(full, 0700), 0);
}
