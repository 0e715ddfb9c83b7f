#!/usr/bin/env python3
"""Each exported function is documented, and what the specification wants said in documentation is said.

A function without a comment of its own counts as documented if it stands directly below one that is.
"""
import re

import source_tree

# What the documentation has to tell, by conformance row: header, and a phrase (line breaks count as blanks).
PROMISES = {
    'API-CONC-01': ('include/otm/metrics.h', 'implementations of the API are expected to be safe under concurrent use'),
    'API-INST-06': ('include/otm/instrument.h', 'Names are required and follow the grammar'),
    'API-EN-03': ('include/otm/metrics.h', 'The answer can change at any time: ask before each costly measurement'),
    'API-ASYNC-05': ('include/otm/instrument.h',
                     'be safe to run at the same time for several readers, return in finite time, and do not report '
                     'one attribute set twice'),
    'API-SYNC-06': ('include/otm/metrics.h', 'value is the increment and expected to be non-negative'),
    'API-ASYNC-10': ('include/otm/metrics.h', 'observe absolute totals, ObservableGauge a current value'),
    'SDK-STR-06': ('include/otm/sdk.h', 'Attributes that a view removes may still show up on exemplars (as filtered '
                   'attributes): switch exemplars off with'),
    'SDK-EX-11': ('include/otm/exemplar.h', 'The attributes are all that the measurement was given'),
    'OUT-03': ('include/otm/stream.h', 'for debugging and learning. It is not recommended for production use: its format '
               'is not standardised and can change at any time. Who wants a standardised format on standard output wants '
               'the OTLP File Exporter'),
    'DM-ID-05': ('include/otm/resource.h', 'A program that may run more than once merges what the detector "service" '
                 'finds'),
    'API-ASYNC-11': ('include/otm/instrument.h', 'if it happens, sums add up'),
}


def undocumented(path):
    lines = source_tree.read(path).splitlines()
    for number, line in enumerate(lines):
        if re.match(r'OTM_API\b', line) and (number == 0 or not lines[number - 1].strip()):
            yield f'{path}:{number + 1}: no comment above {line.strip()}'


def main():
    headers = source_tree.files('.h', under='include')
    problems = [problem for header in headers for problem in undocumented(header)]
    for row, (header, phrase) in PROMISES.items():
        text = ' '.join(re.sub(r'\n\s*\*', '\n', source_tree.read(header)).split())
        if phrase not in text:
            problems.append(f'{header}: {row} wants it to say: {phrase}')
    source_tree.finish(problems, f'{len(headers)} headers, {len(PROMISES)} promises')


main()
