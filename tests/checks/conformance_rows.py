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
CITATION = re.compile(rf'\b({ID})(?:\.\.([0-9]{{2}}))?\b((?:, -[0-9]{{2}}\b)*)')


def read():
    with open(os.path.join(source_tree.ROOT, PATH), encoding='utf-8', newline='') as f:
        return list(csv.DictReader(f))


def write(rows):
    with open(os.path.join(source_tree.ROOT, PATH), 'w', encoding='utf-8', newline='') as f:
        writer = csv.DictWriter(f, COLUMNS, lineterminator='\n')
        writer.writeheader()
        writer.writerows(rows)


def cited_in(text):
    """The IDs named in a text; SDK-SEL-01..08 names eight, OTLP-OPT-01, -02 names two."""
    ids = set()
    for first, last, more in CITATION.findall(text):
        stem, number = first[:-2], int(first[-2:])
        ids.update(f'{stem}{n:02}' for n in range(number, int(last or number) + 1))
        ids.update(stem + n for n in re.findall('-([0-9]{2})', more))
    return ids


def is_listed(name, registrations):
    """Whether a source is registered in a loop: as unit/${name}_test.c, by a list that holds its part of the name."""
    for pattern in re.findall(r'/(\w*\$\{name\}\w*\.c)', registrations):
        found = re.fullmatch(re.escape(pattern).replace(re.escape('${name}'), r'(\w+)'), name)
        if found and re.search(rf'(?<![\w/]){found[1]}\b(?!\.c)', registrations):
            return True
    return False


def is_run(path, registrations):
    """Whether a test file is run: named where tests are registered (checks without their ending), or a file of cases."""
    name = os.path.basename(path)
    return (name.endswith('.jsonl') or name in registrations or is_listed(name, registrations)
            or f'otm_check({name.removesuffix(".py")}' in registrations)


def citations():
    """{id: [test file, ...]} over the files that are run."""
    registrations = '\n'.join(source_tree.read(p) for p in source_tree.files('.cmake', 'CMakeLists.txt', under='tests'))
    found = collections.defaultdict(list)
    for path in source_tree.files('.c', '.cpp', '.py', '.sh', '.jsonl', under='tests'):
        if is_run(path, registrations):
            for row in cited_in(source_tree.read(path)):
                found[row].append(path)
    return found
