"""docs/conformance.csv, and which tests cite which of its rows."""
import collections
import csv
import os
import re

import source_tree

PATH = 'docs/conformance.csv'
COLUMNS = ['id', 'level', 'state', 'test', 'summary']
STATES = ('open', 'partial', 'done')
ROWS = 450
ID = r'[A-Z][A-Z0-9]*(?:-[A-Z][A-Z0-9]*)*-[A-Z]?[0-9]{2}'
CITATION = re.compile(rf'\b({ID})(?:\.\.([0-9]{{2}}))?\b')


def read():
    with open(os.path.join(source_tree.ROOT, PATH), encoding='utf-8', newline='') as f:
        return list(csv.DictReader(f))


def write(rows):
    with open(os.path.join(source_tree.ROOT, PATH), 'w', encoding='utf-8', newline='') as f:
        writer = csv.DictWriter(f, COLUMNS, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)


def cited_in(text):
    """The IDs named in a text; SDK-SEL-01..08 names eight."""
    ids = set()
    for first, last in CITATION.findall(text):
        stem, number = first[:-2], int(first[-2:])
        ids.update(f'{stem}{n:02}' for n in range(number, int(last or number) + 1))
    return ids


def is_run(path, registrations):
    """Whether a test file is run: named where tests are registered (checks without their ending), or a file of cases.
    A name made of a variable there, as in unit/otlp_${name}_test.c, stands for those with a word of the file in it."""
    name = os.path.basename(path)
    if name.endswith('.jsonl') or name in registrations or f'otm_check({name.removesuffix(".py")}' in registrations:
        return True
    for before, after in re.findall(r'([\w-]+)\$\{\w+\}([\w.-]+)', registrations):
        word = name[len(before):len(name) - len(after)]
        if name == before + word + after and re.search(rf'[(\s]{re.escape(word)}[)\s]', registrations):
            return True
    return False


def citations():
    """{id: [test file, ...]} over the files that are run."""
    registrations = '\n'.join(source_tree.read(p) for p in source_tree.files('.cmake', 'CMakeLists.txt', under='tests'))
    found = collections.defaultdict(list)
    for path in source_tree.files('.c', '.cpp', '.py', '.sh', '.jsonl', under='tests'):
        if is_run(path, registrations):
            for row in cited_in(source_tree.read(path)):
                found[row].append(path)
    return found
