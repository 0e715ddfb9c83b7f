#!/usr/bin/env python3
"""#include lines follow the arrows config -> exporters -> sdk -> include <- api, keep; none runs back.

Each folder has a line that says what it may include: private folders, public headers, and outside libraries.
"""
import os
import re

import source_tree

API = {'base.h', 'attribute.h', 'context.h', 'host.h', 'instrument.h', 'metrics.h'}
HOST = {'base.h', 'attribute.h', 'host.h'}
ALL = None
UTIL = ('util/', 'platform/')

# folder: (private folders, public headers, outside libraries); the longest name that fits counts.
RULES = {
    'include/otm': ((), ALL, ()),
    'api': ((), API, ()),
    'sdk/util': (UTIL, HOST, ()),
    'sdk/platform': (UTIL, HOST, ()),
    'sdk/metrics': (UTIL + ('metrics/',), ALL, ()),
    'exporters/otlp': (UTIL, ALL, ('curl/', 'protobuf-c/', 'zlib.h', 'jansson.h')),
    'exporters/prometheus': (UTIL, ALL, ('microhttpd.h', 'zlib.h')),
    'exporters/stream': (UTIL, ALL, ('jansson.h',)),
    'detectors': (UTIL, HOST | {'resource.h', 'detectors.h'}, ()),
    'config': (UTIL, ALL, ('jansson.h', 'yaml.h')),
    'keep': ((), API | {'keep.h'}, ()),
    'examples': ((), ALL, ('curl/', 'protobuf-c/', 'zlib.h', 'jansson.h', 'microhttpd.h')),
}
# Public headers of a library that nothing else of ours may need (RES-11): who may include them.
APART = {'detectors.h': {'detectors', 'config', 'examples'}}
OUTSIDE = ('curl/', 'protobuf-c/', 'zlib.h', 'jansson.h', 'microhttpd.h', 'yaml.h')
IN_HEADERS = {'stdbool.h', 'stddef.h', 'stdint.h', 'string.h'}  # all that a public header needs from elsewhere
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def rule_of(path):
    folders = [f for f in RULES if path.startswith(f + '/')]
    return max(folders, key=len, default=None)


def verdict(path, folder, quote, name):
    """Why this include is wrong, or None."""
    private, public, outside = RULES[folder]
    if quote == '"':
        if name.endswith('.pb-c.h'):
            return None if 'protobuf-c/' in outside else 'generated from proto/'
        if name.startswith(private):
            return None
        home = os.path.join(source_tree.ROOT, folder) + '/'
        beside = os.path.join(source_tree.ROOT, os.path.dirname(path))
        own = [os.path.normpath(os.path.join(start, name)) for start in (beside, home)]
        return None if any(o.startswith(home) and os.path.exists(o) for o in own) \
            else 'a private header of another folder'
    if name.startswith('otm/'):
        header = name[len('otm/'):]
        if folder not in APART.get(header, {folder}):
            return 'a library that only some may need'
        return None if public is ALL or header in public else 'a public header of another layer'
    if folder == 'include/otm':
        return None if name in IN_HEADERS else 'more than public headers need'
    if name.startswith(OUTSIDE) and not name.startswith(outside):
        return 'an outside library of another component'
    return None


def main():
    problems, count = [], 0
    for path in source_tree.files('.c', '.h', '.cpp'):
        folder = rule_of(path)
        if folder is None:
            continue
        text = source_tree.read(path)
        for match in INCLUDE.finditer(text):
            count += 1
            wrong = verdict(path, folder, *match.groups())
            if wrong:
                line = text.count('\n', 0, match.start(1)) + 1
                problems.append(f'{path}:{line}: {folder} includes {match.group(2)}: {wrong}')
    source_tree.finish(problems, f'{count} #include lines')


main()
