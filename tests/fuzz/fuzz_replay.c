/* Runs a harness without libFuzzer: each file of the folder given, all of its beginnings (of long files some), and with
 * single bits turned. Deterministic and quick. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define MAX_INPUT_BYTES 65536
#define VARIANTS 32

/* A copy as long as the input, so that sanitizers see an overread. */
static void run(const uint8_t *data, size_t size, size_t turned_bit)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL) {
        return;
    }
    memcpy(copy, data, size);
    if (turned_bit / 8 < size) {
        copy[turned_bit / 8] ^= (uint8_t)(1u << turned_bit % 8);
    }
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(const uint8_t *data, size_t size)
{
    run(data, size, SIZE_MAX);
    size_t step = size / VARIANTS + 1;
    for (size_t shorter = 0; shorter < size; shorter += step) {
        run(data, shorter, SIZE_MAX);
    }
    size_t bits = size * 8;
    for (size_t bit = 0; bit < bits; bit += bits / VARIANTS + 1) {
        run(data, size, bit);
    }
}

static size_t read_file(const char *folder, const char *name, uint8_t *data)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 0;
    }
    size_t size = fread(data, 1, MAX_INPUT_BYTES, file);
    (void)fclose(file);
    return size;
}

int main(int argc, char **argv)
{
    static uint8_t data[MAX_INPUT_BYTES];
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (folder == NULL) {
        (void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    size_t count = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        size_t size = entry->d_name[0] == '.' ? 0 : read_file(argv[1], entry->d_name, data);
        if (size > 0) {
            run_variants(data, size);
            count++;
        }
    }
    (void)closedir(folder);
    (void)printf("%zu files\n", count);
    return count > 0 ? 0 : 1;
}
