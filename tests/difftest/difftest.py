#!/usr/bin/env python3
"""Runs random scripts on our driver and on the official Go SDK's, and compares what they export.

    difftest.py DRIVER GODRIVER [--seed S ...] [--count N] [--length L] [--only SEED.NUMBER] [--keep FOLDER]

N scripts a seed. A script that differs is shrunk to the fewest lines that still differ, and printed (and written to
FOLDER). Ends with "PASSED n/m scripts"; exit status 1 if any differs.
"""
import argparse
import json
import os
import sys

import export_diff
import random_script
from run_cases import Driver  # export_diff knows the way

SECONDS = 10.0  # for an answer
MOST = 3  # differing scripts, then it ends


def play(program, lines):
    """All answers; raises RuntimeError if the driver does not give them."""
    driver = Driver(program, SECONDS)
    try:
        return [driver.ask(json.dumps(line)) for line in lines]
    finally:
        driver.kill()


def diff_answers(ours, gos):
    if bool(ours['ok']) != bool(gos['ok']):
        return 'ours %s, Go %s' % (ours.get('message', 'ok'), gos.get('message', 'ok'))
    if ours.get('enabled') != gos.get('enabled'):
        return 'enabled: ours %s, Go %s' % (ours.get('enabled'), gos.get('enabled'))
    return export_diff.diff(ours['metrics'], gos['metrics']) if 'metrics' in ours else None


def compare(programs, lines):
    """The first difference in words, or None."""
    try:
        ours, gos = (play(program, lines) for program in programs)
    except RuntimeError as e:
        return 'a driver failed: %s' % e
    for number, (line, a, b) in enumerate(zip(lines, ours, gos), 1):
        found = diff_answers(a, b)
        if found:
            return 'line %d, %s: %s' % (number, line['op'], found)
    return None


# -- Shrinking -------------------------------------------------------------------------------------------------------

def shrink_list(items, fails):
    """Takes ever smaller pieces out while what is left still fails."""
    size = len(items)
    while size > 0:
        at = 0
        while at < len(items):
            cut = items[:at] + items[at + size:]
            if fails(cut):
                items = cut
            else:
                at += size
        size //= 2
    return items


def shrink(lines, fails):
    lines = shrink_list(lines, fails)
    for i in range(len(lines)):
        def with_line(line):
            return lines[:i] + [line] + lines[i + 1:]
        for field in ('values', 'observations', 'attributes'):
            if lines[i].get(field):
                kept = shrink_list(lines[i][field], lambda part: fails(with_line({**lines[i], field: part})))
                lines[i] = {**lines[i], field: kept}
        for field in ('context', 'unit', 'description', 'advisory'):
            without = {k: v for k, v in lines[i].items() if k != field}
            if field in lines[i] and fails(with_line(without)):
                lines[i] = without
    return lines


def show(name, lines, why, keep):
    print('DIFFERS %s: %s' % (name, why))
    text = ''.join(json.dumps(line, separators=(',', ':')) + '\n' for line in lines)
    print(text, end='')
    if keep:
        os.makedirs(keep, exist_ok=True)
        with open(os.path.join(keep, name + '.jsonl'), 'w') as file:
            file.write(text)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('driver')
    parser.add_argument('godriver')
    parser.add_argument('--seed', type=int, nargs='+', default=[1])
    parser.add_argument('--count', type=int, default=100)
    parser.add_argument('--length', type=int, default=60)
    parser.add_argument('--only')
    parser.add_argument('--keep')
    options = parser.parse_args()
    programs = (options.driver, options.godriver)
    names = [options.only] if options.only else \
        ['%d.%d' % (seed, i) for seed in options.seed for i in range(options.count)]
    passed = differ = 0
    for name in names:
        lines = random_script.script(name, options.length)
        if compare(programs, lines) is None:
            passed += 1
            continue
        differ += 1
        lines = shrink(lines, lambda part: compare(programs, part) is not None)
        show(name, lines, compare(programs, lines), options.keep)
        if differ == MOST:
            break
    print('PASSED %d/%d scripts' % (passed, passed + differ))
    return 1 if differ else 0


if __name__ == '__main__':
    sys.exit(main())
