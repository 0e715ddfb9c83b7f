#!/usr/bin/env python3
"""Adds up test results: names each failed and each skipped test, and ends with "N passed, N failed[, N skipped]".

Usage: test-summary.py PRESET=JUNIT_FILE ...     (no such file: that preset could not be built)

A program written with cmocka counts by its cases, one that ends with "PASSED n/m cases" by those, any other as one
test. What is skipped says why on a line "SKIP name: reason".
"""
import re
import sys
import xml.etree.ElementTree

CASE = re.compile(r'^\[ +(OK|FAILED|SKIPPED) +\] (\w+)$', re.M)
CASES = re.compile(r'^PASSED (\d+)/(\d+) cases', re.M)
SKIP = re.compile(r'^SKIP (.+?)(?:: (.*))?$', re.M)
STATUS = {'run': 'passed', 'fail': 'failed'}
WORDS = {'OK': 'passed', 'FAILED': 'failed', 'SKIPPED': 'skipped'}


class Summary:
    def __init__(self):
        self.counts = {'passed': 0, 'failed': 0, 'skipped': 0}

    def add(self, result, number=1):
        self.counts[result] += number

    def add_program(self, preset, name, status, output):
        """Counts one entry of ctest, and prints what of it did not pass."""
        skips = dict(SKIP.findall(output))
        cases = {case: 'skipped' if case in skips else WORDS[result] for result, case in CASE.findall(output)}
        for case, result in cases.items():
            self.add(result)
            if result != 'passed':
                print(f'{result.upper()} {preset}: {name}/{case}: {skips.get(case, "")}'.rstrip(': '))
        data = CASES.search(output)
        if data:
            passed, all_cases = int(data[1]), int(data[2])
            self.add('passed', passed)
            self.add('failed', all_cases - passed)
            if passed < all_cases:
                print(f'FAILED {preset}: {name}: {all_cases - passed} of {all_cases} cases')
        for skip, reason in skips.items():
            if skip not in cases:
                self.add('skipped')
                print(f'SKIPPED {preset}: {name}: {skip}: {reason}'.rstrip(': '))
        known_to_fail = 'failed' in cases.values() or (data and passed < all_cases)
        if status == 'failed' and not known_to_fail:
            self.add('failed')
            print(f'FAILED {preset}: {name}')
        elif status == 'passed' and not cases and not data:
            self.add('passed')
        elif status == 'skipped' and not skips:
            self.add('skipped')
            print(f'SKIPPED {preset}: {name}: no reason given')

    def add_preset(self, preset, path):
        try:
            entries = list(xml.etree.ElementTree.parse(path).getroot().iter('testcase'))
        except (OSError, xml.etree.ElementTree.ParseError):
            self.add('failed')
            print(f'FAILED {preset}: was not built, or its tests did not run')
            return
        for entry in entries:
            self.add_program(preset, entry.get('name'), STATUS.get(entry.get('status'), 'skipped'),
                             entry.findtext('system-out') or '')


def main():
    summary = Summary()
    for argument in sys.argv[1:]:
        summary.add_preset(*argument.split('=', 1))
    counts = summary.counts
    skipped = f', {counts["skipped"]} skipped' if counts['skipped'] else ''
    print(f'{counts["passed"]} passed, {counts["failed"]} failed{skipped}')
    sys.exit(1 if counts['failed'] or not counts['passed'] else 0)


main()
