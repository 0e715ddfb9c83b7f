#!/usr/bin/env python3
"""Builds the harnesses with libFuzzer (clang) and lets each run for a while, from its corpus.

    run_fuzzers.py --build FOLDER [--seconds N] [--only NAME]

--seconds is what two processors need for all: scripts for the driver are slow and get one of them the whole time. What
a harness finds stays in FOLDER/found/ and is named. Each harness counts as one test.
"""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NAMES = sorted(os.listdir(os.path.join(HERE, 'corpus')))
SLOW = 'driver'


def build(folder):
    log = os.path.join(folder, 'build.log')
    os.makedirs(folder, exist_ok=True)
    with open(log, 'w') as out:
        for command in (['cmake', '--preset', 'fuzz', '-S', ROOT, '-B', folder],
                        ['cmake', '--build', folder, '--target', 'fuzzers']):
            if subprocess.run(command, cwd=ROOT, stdout=out, stderr=out).returncode != 0:
                print(open(log).read()[-4000:])
                sys.exit('the harnesses do not build')


def run(folder, name, seconds):
    work = os.path.join(folder, 'corpus', name)
    found = os.path.join(folder, 'found', name)
    for path in (work, found):
        os.makedirs(path, exist_ok=True)
    command = [os.path.join(folder, 'bin', 'tests', f'fuzz_{name}'), work, os.path.join(HERE, 'corpus', name),
               f'-max_total_time={seconds}', '-max_len=4096', '-timeout=20', '-rss_limit_mb=2048',
               f'-artifact_prefix={found}/', '-print_final_stats=1', '-verbosity=1']
    words = os.path.join(HERE, f'{name}.dict')
    if os.path.exists(words):
        command.append(f'-dict={words}')
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', default=os.path.join(ROOT, 'build-fuzz'))
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--only')
    options = parser.parse_args()
    if shutil.which('clang') is None:
        print('SKIP fuzz: clang is not installed')
        sys.exit(77)
    build(options.build)
    names = [options.only] if options.only else NAMES
    share = {name: max(1, options.seconds // (1 if name == SLOW else len(NAMES) - 1)) for name in names}
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, result in zip(names, pool.map(lambda n: run(options.build, n, share[n]), names)):
            runs = [line.split()[-1] for line in result.stdout.splitlines() if 'number_of_executed_units' in line]
            print(f'{name}: {runs[0] if runs else "no"} inputs')
            if result.returncode != 0:
                failed += 1
                print(result.stdout[-6000:])
            print(f'[{"FAILED" if result.returncode else "      OK":>9} ] fuzz_{name}')
    sys.exit(1 if failed else 0)


main()
