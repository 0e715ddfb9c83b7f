#!/usr/bin/env python3
"""Measures the libraries of other languages beside ours, on the same work and in the same run.

Usage: beside.py OTM_BENCH_FOLDER [--quick] [--json FILE] [--only SUBSTRING]

Builds the peers into ${OTM_BENCH_CACHE:-~/.cache/otm-bench}, runs otm-bench and then each peer, and prints a table with
a column each. A peer that cannot be built or run is named with the reason. README.md says what the peers are.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get('OTM_BENCH_CACHE') or pathlib.Path.home() / '.cache/otm-bench')
BUILD_SECONDS = 1500
RUN_SECONDS = 900


class Peer:
    """One program: how it is built in its folder of the cache, and what it is asked for."""

    def __init__(self, folder, needs, build, command, asks):
        self.folder = folder
        self.needs = needs
        self.build = build
        self.command = command
        self.asks = asks

    @property
    def place(self):
        return CACHE / self.folder


def cpp_build():
    shown = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', 'prometheus-cpp-dev'], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True, check=False).stdout
    version = shown.split('-')[0] or 'of the system'
    return [['c++', '-std=c++17', '-O2', f'-DPEER_VERSION="{version}"', '-o', 'peer', 'prometheus_peer.cpp',
             '-lprometheus-cpp-core', '-lpthread']]


BYTES = [['bytes', 'counter'], ['bytes', 'histogram'], ['bytes', 'exponential']]
PEERS = [
    Peer('rust', ['cargo'], lambda: [['cargo', 'build', '--release', '--locked']], ['target/release/otm-bench-peer'],
         [['record'], ['export'], *BYTES, ['shutdown']]),
    Peer('go', ['go'], lambda: [['go', 'build', '-mod=readonly', '-buildvcs=false', '-o', 'peer', '.']], ['./peer'],
         [['record'], ['export'], *BYTES, ['bytes', 'prometheus-counter'], ['bytes', 'prometheus-histogram'],
          ['shutdown']]),
    Peer('cpp', ['c++'], cpp_build, ['./peer'], [['record'], ['export'], *BYTES[:2]]),
    Peer('java', ['javac', 'mvn'],
         lambda: [['mvn', '-q', '-B', 'compile', 'dependency:build-classpath', '-Dmdep.outputFile=classpath.txt']],
         ['sh', '-c', 'exec java -cp "target/classes:$(cat classpath.txt)" bench.Main'], [[]]),
]

# What the work cannot take less than: a row of otm-bench, and how often.
LIMITS = {
    'bound counter add, integer': 'baseline: increment',
    'bound counter add, double': 'baseline: increment of a double',
    'bound histogram record, 15 bounds': 'limit: histogram, 15 bounds, plain',
    'bound exponential histogram record': 'limit: exponential histogram, plain',
    'counter add, no attributes': 'baseline: increment',
    'counter add, 3 string attributes': 'limit: hash and compare 60 bytes',
    'counter add, 3 attributes, 100 sets in turn': 'limit: hash and compare 60 bytes',
    'counter add, 10 string attributes': 'limit: hash and compare 170 bytes',
    'histogram record, 3 string attributes': 'limit: hash and compare 60 bytes',
    'exponential record, 3 string attributes': 'limit: hash and compare 60 bytes',
    'no SDK: counter add, 2 attributes': 'baseline: empty loop',
}
# Of what is written a copy is the limit: the row that has the bytes, and how many of the row's unit a nanosecond is.
COPIES = {
    'OTLP collect + encode, 10 000 counters': ('OTLP bytes, 10 000 counters', 1),
    'OTLP collect + encode, 1 000 histograms': ('OTLP bytes, 1 000 histograms', 1),
    'text scrape, 10 000 counters + 1 000 histograms': ('text scrape, size', 1e-6),
}


# -- Building ----------------------------------------------------------------------------------------------------------

def hash_of(folder):
    digest = hashlib.sha256()
    for path in sorted(folder.rglob('*')):
        if path.is_file():
            digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def last_line(text):
    """The line that says most about a failure."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if 'error' in line.lower()]
    return (errors or lines or ['no reason given'])[0][:200]


def build(peer):
    """Builds a peer unless these sources were built already; the reason why not, or None."""
    missing = [tool for tool in peer.needs if shutil.which(tool) is None]
    if missing:
        return f'{", ".join(missing)} not found'
    wanted = hash_of(HERE / peer.folder)
    stamp = CACHE / f'{peer.folder}.stamp'
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    print(f'Building the peer {peer.folder} (the first time takes minutes)', flush=True)
    for old in peer.place.glob('*'):
        if old.name != 'target':  # what was compiled already
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(HERE / peer.folder, peer.place, dirs_exist_ok=True)
    for command in peer.build():
        try:
            done = subprocess.run(command, cwd=peer.place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  stdin=subprocess.DEVNULL, timeout=BUILD_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f'{command[0]} took over {BUILD_SECONDS} s'
        if done.returncode != 0:
            return last_line(done.stdout)
    stamp.write_text(wanted)
    return None


# -- Running -----------------------------------------------------------------------------------------------------------

def ask(peer, arguments, environment, endpoint):
    """The figures of one run of a peer's program, and the reason why there are none."""
    command = peer.command + arguments + ([endpoint] if arguments == ['shutdown'] else [])
    try:
        done = subprocess.run(command, cwd=peer.place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              env={**os.environ, **environment}, timeout=RUN_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return [], f'took over {RUN_SECONDS} s'
    figures = [figure_of(line.split('\t')) for line in done.stdout.splitlines() if line.count('\t') == 8]
    return figures, None if done.returncode == 0 else last_line(done.stderr)


def figure_of(fields):
    peer, name, threads, unit, value, median, ratio, runs, check = fields
    return {'peer': peer, 'name': name, 'threads': int(threads), 'unit': unit, 'value': float(value),
            'median': float(median), 'ratio': float(ratio), 'runs': int(runs), 'check': check}


def run_peers(folder, quick):
    """Figures of all peers, and what could not be built or run."""
    environment = {'OTM_BENCH_BASELINE': f'{folder}/otm-bench-baseline', 'OTM_BENCH_RUNS': '7',
                   'OTM_BENCH_SECONDS': '0.05' if quick else '0.3', 'OTM_BENCH_TURNS': '7' if quick else '15'}
    figures, missing = [], []
    for peer in PEERS:
        reason = build(peer)
        if reason:
            missing.append({'peer': peer.folder, 'reason': f'cannot be built: {reason}'})
            continue
        for arguments in peer.asks:
            print(f'Running the peer {peer.folder} {" ".join(arguments)}', flush=True)
            with socket.create_server(('127.0.0.1', 0)) as silent:  # takes connections and never answers
                found, reason = ask(peer, arguments, environment, f'http://127.0.0.1:{silent.getsockname()[1]}')
            figures += found
            if reason:
                missing.append({'peer': f'{peer.folder} {" ".join(arguments)}', 'reason': reason})
    return figures, missing


def run_ours(folder, options):
    """Prints our own table; its JSON, and whether all checks held."""
    with tempfile.TemporaryDirectory() as scratch:
        path = f'{scratch}/ours.json'
        command = [f'{folder}/otm-bench', '--json', path]
        command += ['--quick'] if options.quick else []
        command += ['--only', options.only] if options.only else []
        done = subprocess.run(command, check=False)
        if not os.path.exists(path):
            sys.exit('otm-bench failed')
        with open(path, encoding='utf-8') as file:
            return json.load(file), done.returncode == 0


# -- The table ---------------------------------------------------------------------------------------------------------

def limit_of(name, ours):
    """The least the machine takes for this work; None: nobody knows."""
    copied = ours.get(('limit: copy 256 bytes', 1))
    if name in LIMITS and (LIMITS[name], 1) in ours:
        return ours[LIMITS[name], 1]['value']
    if name in COPIES and copied and (COPIES[name][0], 1) in ours:
        row, scale = COPIES[name]
        return ours[row, 1]['value'] * copied['value'] / 256 * scale
    return 1.0 if name.startswith('shutdown(1 ms)') else None


def cell(figure):
    if figure is None:
        return '-'
    wrong = '' if figure.get('check', '-') in ('-', 'ok') else '!'
    noisy = '~' if figure['runs'] == 0 else ''
    return wrong + (f'{figure["value"]:.0f}' if figure['value'] >= 1000 else f'{figure["value"]:.2f}') + noisy


def weight(figure):
    """What is compared: ratios to the baseline that took turns with the work, where there is one."""
    return figure.get('ratio') or figure['value']


def counts(figure):
    """Not if it recorded something else, nor if a compiler took the work away."""
    return figure and figure.get('check', '-') in ('-', 'ok') and figure['value'] > 0.05


def factor(ours, others):
    good = [weight(figure) for figure in others if counts(figure)]
    return f'{min(good) / weight(ours):.2f}' if ours and good and weight(ours) > 0 else '-'


def print_table(ours, figures):
    peers = list(dict.fromkeys(figure['peer'] for figure in figures))
    theirs = {(figure['name'], figure['threads'], figure['peer']): figure for figure in figures}
    rows = [key for key in ours if any((*key, peer) in theirs for peer in peers)]
    rows += [key for key in dict.fromkeys((f['name'], f['threads']) for f in figures) if key not in ours]
    print('\nPeers:')
    for number, peer in enumerate(peers, 1):
        print(f'  {number} {peer}')
    heads = ''.join(f'{number:>9}' for number in range(1, len(peers) + 1))
    print(f'\n{"work":<56}{"th":>3} {"unit":<9}{"limit":>9}{"otm":>9}{heads}{"best/otm":>9}')
    for name, threads in rows:
        mine = ours.get((name, threads))
        others = [theirs.get((name, threads, peer)) for peer in peers]
        limit = limit_of(name, ours)
        unit = (mine or next(filter(None, others)))['unit']
        shown = '-' if limit is None else f'{limit:.2f}'
        print(f'{name:<56}{threads:>3} {unit:<9}{shown:>9}{cell(mine):>9}' +
              ''.join(f'{cell(other):>9}' for other in others) + f'{factor(mine, others):>9}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder')
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--json')
    parser.add_argument('--only')
    options = parser.parse_args()
    options.folder = os.path.abspath(options.folder)
    CACHE.mkdir(parents=True, exist_ok=True)
    result, good = run_ours(options.folder, options)
    ours = {(figure['name'], figure['threads']): figure for figure in result['figures']}
    figures, missing = run_peers(options.folder, options.quick)
    figures = [figure for figure in figures if (options.only or '') in figure['name']]
    print_table(ours, figures)
    for figure in figures:
        if figure['check'] not in ('-', 'ok'):
            good = False
            print(f'FAILED {figure["peer"]}: {figure["name"]}, {figure["threads"]} threads: {figure["check"]}')
    for peer in missing:
        print(f'MISSING {peer["peer"]}: {peer["reason"]}')
    if options.json:
        with open(options.json, 'w', encoding='utf-8') as file:
            json.dump({**result, 'peers': figures, 'missing_peers': missing}, file, indent=1)
            file.write('\n')
    return 0 if good else 1


sys.exit(main())
