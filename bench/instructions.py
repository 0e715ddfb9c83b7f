#!/usr/bin/env python3
"""Instructions of one operation, counted by callgrind, beside those of bench/baseline.json.

Usage: instructions.py OTM_BENCH BASELINE [--update | CHANGES]

Prints a line a row. Fails when a hot row needs over 10 % more than the baseline has for this compiler; another compiler
has nothing to compare with, and says so. --update writes the counts of this compiler into the baseline instead. The
file CHANGES gets the rows that changed by 1 % or more, for scripts/test to show.
Without valgrind it is skipped by name (exit status 77).
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

MOST = 1.10
SHORT = 1.0  # of so few instructions one is more than 10 %


def strip(bench, folder):
    """Copies the program and our libraries without their debug information, which valgrind cannot always read."""
    listed = subprocess.run(['ldd', bench], stdout=subprocess.PIPE, text=True, check=True).stdout
    for path in [bench] + re.findall(r'=> (\S*/libotm_\S+)', listed):
        subprocess.run(['strip', '--strip-debug', '-o', f'{folder}/{os.path.basename(path)}', path], check=True)
    return f'{folder}/{os.path.basename(bench)}'


def count(bench):
    """Runs the rows once; the compiler, and for each row whether it is hot and its instructions an operation."""
    with tempfile.TemporaryDirectory() as folder:
        command = ['valgrind', '--tool=callgrind', f'--callgrind-out-file={folder}/counts',
                   '--collect-atstart=no', '--toggle-collect=bench_counted_run', '--dump-after=bench_counted_run',
                   strip(bench, folder), '--instructions']
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                              env={**os.environ, 'LD_LIBRARY_PATH': folder})
        if done.returncode != 0:
            sys.exit(f'callgrind failed:\n{done.stderr[-2000:]}')
        dumps = sorted(glob.glob(f'{folder}/counts.*'), key=lambda name: int(name.rsplit('.', 1)[1]))
        totals = [total_of(open(name, encoding='utf-8').read()) for name in dumps]
    lines = [line.split('\t') for line in done.stdout.splitlines()]
    rows = [line for line in lines if len(line) == 4]
    if len(totals) < 2 * len(rows):
        sys.exit(f'callgrind wrote {len(totals)} counts for {len(rows)} rows')
    counts = {}
    for i, (name, hot, operations, check) in enumerate(rows):
        if check != 'ok':
            sys.exit(f'FAILED {name}: {check}')
        counts[name] = (hot == '1', round((totals[2 * i + 1] - totals[2 * i]) / int(operations), 2))
    return lines[0][1], counts


def least_of(counts, others):
    return {name: (hot, min(now, others[name][1])) for name, (hot, now) in counts.items()}


def is_dearer(now, before):
    return before is not None and now > before * MOST and now > before + SHORT


def total_of(dump):
    return int(re.search(r'^(?:summary|totals): (\d+)', dump, re.M)[1])


def line_of(name, hot, now, before):
    change = f'{100 * (now / before - 1):+.1f} %' if before else ''
    verdict = ('hot' if hot else '') + (' FAILED' if hot and is_dearer(now, before) else '')
    return f'{name:<54} {now:>9.2f} {before if before is not None else "-":>9} {change:>9} {verdict}'.rstrip()


def write_changes(path, head, counts, known):
    changed = [line_of(name, hot, now, known.get(name)) for name, (hot, now) in counts.items()
               if known.get(name) and abs(now / known[name] - 1) >= 0.01]
    with open(path, 'w', encoding='utf-8') as out:
        out.write('\n'.join([head, *(changed or ['no row changed by 1 % or more'])]) + '\n')


def main():
    bench, path = sys.argv[1:3]
    changes = sys.argv[3] if len(sys.argv) > 3 else None
    update = changes == '--update'
    if shutil.which('valgrind') is None:
        print('SKIP instructions: valgrind is missing')
        return 77
    baseline = json.load(open(path, encoding='utf-8')) if os.path.exists(path) else {}
    compiler, counts = count(bench)
    known = {} if update else baseline.get(compiler, {})
    for _ in range(2):  # look-ups are hashed with a random key: how long one takes differs a little each time
        if update or any(hot and is_dearer(now, known.get(name)) for name, (hot, now) in counts.items()):
            counts = least_of(counts, count(bench)[1])
    head = f'{"instructions an operation, " + compiler:<54} {"now":>9} {"baseline":>9} {"change":>9}'
    print(head)
    for name, (hot, now) in counts.items():
        print(line_of(name, hot, now, known.get(name)))
    if update:
        baseline[compiler] = {name: now for name, (_, now) in counts.items()}
        with open(path, 'w', encoding='utf-8') as out:
            out.write(json.dumps(baseline, indent=1, sort_keys=True) + '\n')
    elif not known:
        print(f'no baseline for {compiler}: nothing is judged')
    elif changes:
        write_changes(changes, head, counts, known)
    dearer = [name for name, (hot, now) in counts.items() if hot and is_dearer(now, known.get(name))]
    for name in dearer:
        print(f'FAILED {name}: over 10 % more instructions than the baseline')
    return 1 if dearer else 0


sys.exit(main())
