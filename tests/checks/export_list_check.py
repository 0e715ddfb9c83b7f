#!/usr/bin/env python3
"""Each shared library exports what its map lists, no more and no less, and only names that are ours. Each function of
a public header, inline ones included (they have exported twins), is exported by exactly one library.

Usage: export_list_check.py NM LIBRARY=MAP ...
"""
import collections
import re
import subprocess
import sys

import source_tree

TAKEN = ('otel_', 'otelc_', 'otlp_')  # prefixes of other C libraries


def exported(nm, library):
    lines = subprocess.run([nm, '-D', '--defined-only', library], check=True, capture_output=True, text=True).stdout
    names = set()
    for line in lines.splitlines():
        kind, name = line.split()[-2:]
        if kind != 'A':  # the version nodes themselves
            names.add(name.split('@')[0])
    return names


def listed(map_file):
    with open(map_file, encoding='utf-8') as f:
        text = re.sub(r'/\*.*?\*/', '', f.read(), flags=re.S)
    globals_ = re.findall(r'global:(.*?)(?:local:|\})', text, flags=re.S)
    return set(re.findall(r'([\w*?]+)\s*;', ' '.join(globals_)))


def declared():
    """{function: header} of all public headers."""
    found = {}
    for header in source_tree.files('.h', under='include'):
        for name in re.findall(r'^OTM_(?:API|INLINE)\b[^;{]*?\b(otm_\w+)\(', source_tree.read(header), flags=re.M):
            found[name] = header
    return found


def main():
    problems, count = [], 0
    homes = collections.defaultdict(list)
    for pair in sys.argv[2:]:
        library, map_file = pair.split('=')
        names, wanted = exported(sys.argv[1], library), listed(map_file)
        count += len(names)
        for name in names:
            homes[name].append(library)
        problems += [f'{library}: exports {n}, which its map does not list' for n in sorted(names - wanted)]
        problems += [f'{library}: {n} is in its map and not exported' for n in sorted(wanted - names)]
        problems += [f'{library}: {n} does not begin with otm_' for n in sorted(names) if not n.startswith('otm_')]
        problems += [f'{library}: {n} is a name of another library' for n in sorted(names) if n.startswith(TAKEN)]
    for name, header in declared().items():
        if len(homes[name]) != 1:
            problems.append(f'{header}: {name} is exported by {len(homes[name])} libraries {" ".join(homes[name])}')
    problems += [f'{homes[name][0]}: exports {name}, which no header declares'
                 for name in sorted(set(homes) - set(declared()))]
    source_tree.finish(problems, f'{len(sys.argv) - 2} libraries, {count} symbols')


main()
