#!/usr/bin/env python3
"""Interop tests against real software that is not ours: run.py BIN [WORD...]

BIN is the folder with keep-node and push-once. Prints a line a check: PASS name, FAIL name: why, or SKIP name: reason,
and last "N passed, N failed[, N skipped]". WORDs choose the checks whose name holds one of them. The outside programs
are built once into a cache (README.md). Where the system allows it everything runs in a network of its own.
"""
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'keep'))
from keep_program import Program  # noqa: E402

PORT = 9601
SCRAPE = f'http://127.0.0.1:{PORT}/metrics'
PROMETHEUS = 'http://127.0.0.1:9090'


class Skip(Exception):
    pass


def kit(*command, **options):
    return subprocess.run([os.path.join(HERE, command[0]), *command[1:]], text=True, capture_output=True, **options)


def build(part):
    """Builds an outside program, once; skips with the reason if it cannot be had."""
    if part == 'collector' and not shutil.which('go'):
        raise Skip('the Collector is built with Go, which is not here')
    done = kit('build', part if part != 'prometheus' or shutil.which('go') else 'debian')
    if done.returncode != 0:
        raise Skip((done.stderr.strip().splitlines() or ['it could not be built'])[-1])


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


# -- What a scrape says ----------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def samples_of(text):
    """{(name, frozenset of labels): value} of a text exposition."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith('#'):
            name, labels, value = SAMPLE.match(line).groups()
            pairs = frozenset((k, v.replace('\\"', '"').replace('\\\\', '\\')) for k, v in LABEL.findall(labels or ''))
            found[name, pairs] = float(value)
    return found


def catalogue(samples):
    return {key: value for key, value in samples.items() if key[0].startswith('performance_')}


def families(samples):
    return {re.sub(r'_(bucket|sum|count)$', '', name) if ('_duration_' in name) else name for name, _ in samples}


# -- What a Collector wrote ------------------------------------------------------------------------------------------

def text_of(value):
    (kind, inner), = value.items()
    return {'boolValue': lambda v: 'true' if v else 'false'}.get(kind, str)(inner)


def label_set(attributes, **more):
    return frozenset([(a['key'], text_of(a['value'])) for a in attributes] + list(more.items()))


def number(point):
    return float(point['asDouble']) if 'asDouble' in point else float(point['asInt'])


def bound_text(bound):
    return repr(int(bound)) if bound == int(bound) else repr(bound)


def histogram_samples(name, point):
    labels = point.get('attributes', [])
    total = 0
    for bound, count in zip(point.get('explicitBounds', []) + [math.inf], point['bucketCounts']):
        total += int(count)
        le = '+Inf' if bound == math.inf else bound_text(bound)
        yield (name + '_bucket', label_set(labels, le=le)), float(total)
    yield (name + '_count', label_set(labels)), float(point['count'])
    yield (name + '_sum', label_set(labels)), float(point.get('sum', 0))


def pushed_samples(lines):
    """The last state of every series that was pushed: the last export counts, since all of ours are cumulative."""
    found = {}
    for resource in json.loads(lines[-1])['resourceMetrics']:
        for scope in resource['scopeMetrics']:
            for metric in scope['metrics']:
                for kind in ('sum', 'gauge'):
                    for point in metric.get(kind, {}).get('dataPoints', []):
                        found[metric['name'], label_set(point.get('attributes', []))] = number(point)
                for point in metric.get('histogram', {}).get('dataPoints', []):
                    found.update(histogram_samples(metric['name'], point))
    return found


def differences(a, b):
    for key in sorted(set(a) | set(b), key=str):
        if a.get(key) != b.get(key):
            yield f'{key[0]} {dict(key[1])}: {a.get(key)} and {b.get(key)}'


def must_equal(a, b, what):
    found = list(differences(a, b))
    assert not found, f'{what}: {len(found)} differ, the first: {found[0]}'


# -- The world that the node's checks share --------------------------------------------------------------------------

class World:
    """A node that pushes to the Collector and is scraped by Prometheus; its work is over, its last push is out."""

    def __init__(self, folder, programs):
        self.folder = folder
        self.missing = {}
        self.processes = []
        for name in ('collector', 'prometheus'):
            try:
                build(name)
            except Skip as reason:
                self.missing[name] = str(reason)
        if 'collector' not in self.missing:
            self.start('run-collector', folder)
            self.wait('127.0.0.1:4318')
        self.node = Program(programs, 'keep-node', '--seconds', '6', '--hold', '--port', str(PORT),
                            OTEL_EXPORTER_OTLP_ENDPOINT='http://127.0.0.1:4318', OTEL_METRIC_EXPORT_INTERVAL='1000')
        self.wait(SCRAPE)
        if 'prometheus' not in self.missing:
            self.start('run-prometheus', folder, f'127.0.0.1:{PORT}')
            self.wait(PROMETHEUS + '/-/ready')
        self.node.wait_for('drained')  # flushed, too, if there is a Collector
        self.text = fetch(SCRAPE)
        self.scraped = catalogue(samples_of(self.text))

    def start(self, *command):
        log = open(os.path.join(self.folder, command[0] + '.log'), 'w')
        self.processes.append(subprocess.Popen([os.path.join(HERE, command[0]), *command[1:]], stdout=log, stderr=log))

    def wait(self, *places):
        waited = kit('wait-for', *places)
        assert waited.returncode == 0, waited.stderr

    def need(self, name):
        if name in self.missing:
            raise Skip(self.missing[name])

    def end(self):
        self.node.end()
        for process in self.processes:
            process.terminate()
            process.wait()


def until(question, seconds=20):
    """The first true answer; the kit has no other way to say that an outside program has caught up."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.1)


# -- Checks of the node ----------------------------------------------------------------------------------------------

def node_pushes_every_catalogue_metric_to_the_collector(world):
    world.need('collector')
    path = os.path.join(world.folder, 'collector.jsonl')

    def caught_up():
        with open(path) as file:
            lines = [line for line in file.read().split('\n')[:-1] if line]
        return lines if lines and not list(differences(world.scraped, pushed_samples(lines))) else None

    lines = until(caught_up)
    if lines is None:
        with open(path) as file:
            must_equal(world.scraped, pushed_samples(file.read().split('\n')[:-1]), 'scrape and Collector')
    assert len(families(world.scraped)) == 36, f'{len(families(world.scraped))} metrics, 36 expected'


def query(text):
    url = PROMETHEUS + '/api/v1/query?' + urllib.parse.urlencode({'query': text})
    return json.loads(fetch(url))['data']['result']


def prometheus_scrapes_us_and_up_is_1(world):
    world.need('prometheus')
    ups = until(lambda: [r for r in query('up{job="text"}') if r['value'][1] == '1'])
    assert ups, f'up: {query("up")}'


def queried_values_agree_with_the_scrape(world):
    world.need('prometheus')

    def queried():
        found = {}
        for result in query('{__name__=~"performance_.*",job="text"}'):
            labels = {k: v for k, v in result['metric'].items() if k not in ('__name__', 'job', 'instance')}
            if 'le' in labels and labels['le'] != '+Inf':
                labels['le'] = bound_text(float(labels['le']))
            found[result['metric']['__name__'], frozenset(labels.items())] = float(result['value'][1])
        return found

    until(lambda: not list(differences(world.scraped, queried())))
    must_equal(world.scraped, queried(), 'scrape and query')


def promtool_finds_nothing_to_complain_of(world):
    world.need('prometheus')
    checked = kit('promtool', 'check', 'metrics', input=world.text)
    assert checked.returncode == 0, (checked.stderr + checked.stdout).strip()


def the_seeds_own_check_finds_its_four_names(world):
    found = subprocess.run(f"curl -s {SCRAPE} | grep performance_", shell=True, text=True, capture_output=True).stdout
    for name in ('wallet_actions_total', 'signing_operations_total', 'coordination_windows_detected_total',
                 'peer_connections_total'):
        assert re.search(rf'^performance_{name} \d', found, re.M), f'performance_{name} is not there'


# -- Checks of the exporter ------------------------------------------------------------------------------------------

POINTS = 7
ACCOUNTS = ('exported', 'rejected', 'pending', 'refused', 'unreached', 'shutdown', 'too_large', 'no_memory',
            'unsupported', 'response')
# Mode of the fault peer, and the account in which all points must end.
MODES = [
    ('ok', {'exported': POINTS}),
    ('partial,rejected=3,message=no', {'exported': POINTS - 3, 'rejected': 3}),
    ('partial,rejected=0,message=careful', {'exported': POINTS}),
    ('status,code=503;ok', {'exported': POINTS}),
    ('status,code=429,after=1;ok', {'exported': POINTS}),
    ('status,code=502;status,code=504;ok', {'exported': POINTS}),
    ('status,code=400', {'refused': POINTS}),
    ('status,code=401,body=none', {'refused': POINTS}),
    ('status,code=500', {'refused': POINTS}),
    ('status,code=503', {'unreached': POINTS}),
    ('status,code=429,after=60', {'unreached': POINTS}),
    ('redirect,to=http%3A%2F%2F127.0.0.1%3A9%2F', {'refused': POINTS}),
    ('html', {'response': POINTS}),
    ('garbage', {'response': POINTS}),
    ('big', {'response': POINTS}),
    ('bomb', {'response': POINTS}),
    ('bigheader', {'response': POINTS}),
    ('badproto', {'exported': POINTS}),  # they did arrive: the status says so
    ('truncate', {'exported': POINTS}),
    ('reset,at=body', {'exported': POINTS}),
    ('reset,at=request;ok', {'exported': POINTS}),
    ('reset,at=head;ok', {'exported': POINTS}),
    ('close;ok', {'exported': POINTS}),
    ('blackhole', {'unreached': POINTS}),
    ('noread', {'unreached': POINTS}),
    ('drip', {'unreached': POINTS}),
    ('slow,ms=200', {'exported': POINTS}),
]
# Listeners of the fault peer that never get as far as a request.
SILENT = ('stall', 'unaccepted')


class Peer:
    def __init__(self, folder):
        self.record = os.path.join(folder, 'recorded')
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, 'fault-peer'), '--record', self.record,
                                         '--stall', '--unaccepted'], stdout=subprocess.PIPE, text=True)
        self.places = {}
        for line in self.process.stdout:
            if line.strip() == 'ready':
                break
            kind, place = line.split()
            self.places[kind] = place

    def end(self):
        self.process.terminate()
        self.process.wait()


# More than two waits before a repetition may take: up to one second, and up to two.
ALLOWED_S = 4


def push(programs, place, mode, *more):
    began = time.monotonic()
    done = subprocess.run([os.path.join(programs, 'push-once'), f'http://{place}/{mode}/v1/metrics', str(POINTS),
                           str(1000 * ALLOWED_S), *more], text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    taken = time.monotonic() - began
    assert taken < 3 * ALLOWED_S, f'it took {taken:.1f} s with {ALLOWED_S} s allowed'
    return json.loads(done.stdout), done.stderr


def every_fault_ends_in_the_right_account(programs, folder):
    peer = Peer(folder)
    wrong = []
    try:
        for mode, expected in MODES + [(name, {'unreached': POINTS}) for name in SILENT]:
            accounts, said = push(programs, peer.places[mode if mode in SILENT else 'http'], mode)
            total = sum(accounts[name] for name in ACCOUNTS)
            if total != POINTS or accounts['pending'] != 0:
                wrong.append(f'{mode}: {total} of {POINTS} points in all accounts, {accounts["pending"]} pending')
            elif {k: accounts[k] for k in ACCOUNTS if accounts[k]} != expected:
                wrong.append(f'{mode}: {accounts}, expected {expected}; {said.strip()}')
    finally:
        peer.end()
    assert not wrong, f'{len(wrong)} modes: ' + '; '.join(wrong)


def outside_decoders_read_our_bytes_strictly(programs, folder):
    build('venv')
    peer = Peer(os.path.join(folder, 'bytes'))
    try:
        push(programs, peer.places['http'], 'ok')
        push(programs, peer.places['http'], 'ok', 'gzip')
    finally:
        peer.end()
    names = sorted(os.listdir(peer.record))
    bodies = [n.replace('.json', '.payload') if n.replace('.json', '.payload') in names else n.replace('.json', '.body')
              for n in names if n.endswith('.json')]
    assert len(bodies) >= 2 and any(n.endswith('.payload') for n in bodies), names
    for name in bodies:
        decoded = kit('otlp-dump', '--strict', os.path.join(peer.record, name))
        assert decoded.returncode == 0, decoded.stderr
        assert decoded.stdout.count('asInt') == POINTS, decoded.stdout[:300]


# -- Running ---------------------------------------------------------------------------------------------------------

NODE = [node_pushes_every_catalogue_metric_to_the_collector, prometheus_scrapes_us_and_up_is_1,
        queried_values_agree_with_the_scrape, promtool_finds_nothing_to_complain_of,
        the_seeds_own_check_finds_its_four_names]
EXPORTER = [every_fault_ends_in_the_right_account, outside_decoders_read_our_bytes_strictly]


class Results:
    def __init__(self):
        self.counts = {'PASS': 0, 'FAIL': 0, 'SKIP': 0}

    def run(self, check, *arguments):
        name = check.__name__
        try:
            check(*arguments)
            self.tell('PASS', name)
        except Skip as reason:
            self.tell('SKIP', f'{name}: {reason}')
        except Exception as fault:  # one check's fault is not the others'
            self.tell('FAIL', f'{name}: {type(fault).__name__}: {fault}')

    def tell(self, verdict, text):
        self.counts[verdict] += 1
        print(verdict, text, flush=True)


def run(programs, words):
    results = Results()
    folder = tempfile.mkdtemp(prefix='otm-interop-')
    wanted = lambda check: not words or any(word in check.__name__ for word in words)
    try:
        for check in filter(wanted, EXPORTER):
            results.run(check, programs, os.path.join(folder, check.__name__))
        if any(map(wanted, NODE)):
            world = World(folder, programs)
            try:
                for check in filter(wanted, NODE):
                    results.run(check, world)
            finally:
                world.end()
    except AssertionError as fault:
        results.tell('FAIL', f'setting up: {fault}')
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print('{PASS} passed, {FAIL} failed, {SKIP} skipped'.format(**results.counts))
    return 1 if results.counts['FAIL'] else 0


def in_own_network(arguments):
    """Runs again in a network of its own, so that no port of the machine's is in the way; the cache is filled first."""
    if os.environ.get('OTM_INTEROP_INSIDE') or not shutil.which('unshare'):
        return None
    if subprocess.run(['unshare', '-n', 'ip', 'link', 'set', 'lo', 'up'], capture_output=True).returncode != 0:
        return None
    kit('build')
    command = 'ip link set lo up; exec "$0" "$@"'
    return subprocess.run(['unshare', '-n', 'sh', '-c', command, sys.executable, *arguments],
                          env={**os.environ, 'OTM_INTEROP_INSIDE': '1'}).returncode


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    code = in_own_network(sys.argv)
    sys.exit(run(sys.argv[1], sys.argv[2:]) if code is None else code)
