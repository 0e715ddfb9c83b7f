#!/usr/bin/env python3
"""No source is over 600 lines, no line of C over 120 columns, and file names are unique in the tree.

Public headers are named with their folder (<otm/view.h>), so they are unique among themselves.
"""
import collections
import os

import source_tree

LINES = 600
COLUMNS = 120
GENERATED = {'include/otm/metrics.h'}
EVERYWHERE = {'CMakeLists.txt', 'README.md', 'exports.map'}
SOURCES = ('.c', '.h', '.cpp', '.py', '.sh', '.cmake', '.map', '.txt', '.proto')


def main():
    problems = []
    by_name = collections.defaultdict(list)
    paths = source_tree.files(*SOURCES)
    for path in paths:
        lines = source_tree.read(path).splitlines()
        if len(lines) > LINES and path not in GENERATED:
            problems.append(f'{path}: {len(lines)} lines')
        if path.endswith(('.c', '.h')):
            problems += [f'{path}:{n}: {len(line)} columns' for n, line in enumerate(lines, 1) if len(line) > COLUMNS]
        name = os.path.basename(path)
        if name not in EVERYWHERE:
            by_name['otm/' + name if path.startswith('include/otm/') else name].append(path)
    problems += [f'{name}: {", ".join(where)}' for name, where in sorted(by_name.items()) if len(where) > 1]
    source_tree.finish(problems, f'{len(paths)} files')


main()
