#!/usr/bin/env python3
"""Runs the SDK tables of the shared suites through the driver: sdk_suites.py DRIVER SUITES_FOLDER

Each case is one test: FAILED and why, or nothing, and last "PASSED n/m cases". What we decided where the tables leave
it open is in docs/design/suites.md.
"""
import json
import math
import os
import subprocess
import sys

START = 1700000000000000000
STEP = 1000000000


class Driver:
    def __init__(self, program, environment=None):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + '\n')
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer['ok'], (request, answer)
        return answer

    def end(self):
        self.process.stdin.close()
        assert self.process.wait() == 0, 'the driver failed'


def attribute(value):
    (kind, inner), = value.items()
    return {'intValue': int, 'doubleValue': float, 'boolValue': bool, 'stringValue': str}[kind](inner)


def points(driver, reader='r'):
    """The points of the only metric there is."""
    found = []
    for resource in driver.ask(op='collect', reader=reader)['metrics']['resourceMetrics']:
        for scope in resource['scopeMetrics']:
            for metric in scope['metrics']:
                for kind in ('sum', 'gauge', 'histogram', 'exponentialHistogram'):
                    found += metric.get(kind, {}).get('dataPoints', [])
    for p in found:
        p['set'] = {a['key']: attribute(a['value']) for a in p.get('attributes', [])}
        p['value'] = float(p['asDouble']) if 'asDouble' in p else float(p.get('asInt', 0))
    return found


def set_up(program, kind='counter', number='int', temporality='cumulative', limits=None, view=None, advisory=None,
           readers=None, environment=None):
    d = Driver(program, environment)
    nodes = readers or [{'manual': {'id': 'r', 'temporality_preference': temporality,
                                    **({'cardinality_limits': limits} if limits else {})}}]
    provider = {'readers': nodes}
    if view is not None:
        provider['views'] = [{'selector': {'instrument_name': 'x'}, 'stream': view}]
    d.ask(op='provider', id='p', config={'meter_provider': provider})
    d.ask(op='meter', id='m', provider='p', name='suite')
    d.ask(op='instrument', id='x', meter='m', kind=kind, number=number, name='x',
          **({'advisory': advisory} if advisory is not None else {}))
    return d


def spell(value):
    if isinstance(value, float) and not math.isfinite(value):
        return 'NaN' if math.isnan(value) else 'Infinity' if value > 0 else '-Infinity'
    return {'Inf': 'Infinity', '-Inf': '-Infinity'}.get(value, value)


def near(a, b):
    return a == b or abs(a - b) <= 1e-12 * max(abs(a), abs(b))


# -- explicit_buckets.json -------------------------------------------------------------------------------------------

def explicit_buckets(program, case):
    d = set_up(program, 'histogram', 'double', advisory={'explicit_bucket_boundaries': case['boundaries']})
    d.ask(op='records', instrument='x', values=[spell(v) for v in case['values']])
    p, = points(d)
    want = case['want']
    if case['boundaries']:
        assert [int(c) for c in p['bucketCounts']] == want['counts'], p
    assert int(p['count']) == want['count'], p
    for field in ('sum', 'min', 'max'):
        assert field not in want or near(float(p[field]), want[field]), (field, p)
    d.end()


# -- cardinality.json ------------------------------------------------------------------------------------------------

def is_overflow(p):
    return p['set'] == {'otel.metric.overflow': True}


def cardinality_sets(program, case):
    d = set_up(program, case['kind'], temporality=case['temporality'], limits={'default': case['limit']})
    gauge = case['kind'] == 'gauge'
    sets = [{'n': i} for i in range(case['distinct_sets'])]
    if case['kind'].startswith('observable'):
        d.ask(op='observe', instrument='x', observations=[{'value': 1, 'attributes': s} for s in sets])
    else:
        for s in sets:
            d.ask(op='record', instrument='x', value=1, attributes=s, repeat=case['adds_per_set'])
    found, want = points(d), case['want']
    overflow = [p for p in found if is_overflow(p)]
    assert len(found) == want['series'], len(found)
    assert sorted(p['set']['n'] for p in found if not is_overflow(p)) == list(range(want['kept_first']))
    # A gauge's overflow series keeps the last value, as the note says, whatever number the table has.
    assert sum(p['value'] for p in overflow) == (1 if gauge else want['overflow_value']), overflow
    assert gauge or sum(p['value'] for p in found) == want['sum_of_all'], found
    d.end()


def cardinality_intervals(program, case):
    d = set_up(program, case['kind'], temporality=case['temporality'], limits={'default': case['limit']})
    for records, want in zip(case['record_by_interval'], case['want_by_interval']):
        for key, value in records:
            d.ask(op='record', instrument='x', value=value, attributes={'k': key})
        d.ask(op='clock', advance=STEP)
        assert {'overflow' if is_overflow(p) else p['set']['k']: p['value'] for p in points(d)} == want
    d.end()


def cardinality_view(program, case):
    d = set_up(program, case['kind'], limits={'default': case['limit']},
               view={'attribute_keys': {'included': case['view_keeps']}})
    for attrs, value in case['record_attrs']:
        d.ask(op='record', instrument='x', value=value, attributes=attrs)
    p, = points(d)
    assert p['set'] == {'k': 1} and p['value'] == 3, p
    d.end()


def cardinality_precedence(program, case):
    text = case['precedence']
    kind = 'gauge' if 'gauge' in text else 'counter'
    limits = {'counter': 10} if text.startswith('reader') else \
        {'default': 100, 'counter': 7} if 'declarative' in text else None
    d = set_up(program, kind, limits=limits)
    for i in range(case['effective'] + 5):
        d.ask(op='record', instrument='x', value=1, attributes={'n': i})
    found = points(d)
    assert len([p for p in found if not is_overflow(p)]) == case['effective'], len(found)
    d.end()


def cardinality_own_overflow(program, case):
    d = set_up(program, case['kind'], limits={'default': case['limit']})
    d.ask(op='record', instrument='x', value=2, attributes={'otel.metric.overflow': True})
    for i in range(5):
        d.ask(op='record', instrument='x', value=1, attributes={'n': i})
    found = points(d)
    assert sum(p['value'] for p in found) == 7 and [p['value'] for p in found if is_overflow(p)] == [4], found
    d.end()


def cardinality(program, case):
    for key, run in (('distinct_sets', cardinality_sets), ('record_by_interval', cardinality_intervals),
                     ('record_attrs', cardinality_view), ('precedence', cardinality_precedence),
                     ('user_uses_overflow_attribute', cardinality_own_overflow)):
        if key in case:
            return run(program, case)
    raise AssertionError('an unknown form of case')


# -- sequences.json --------------------------------------------------------------------------------------------------

def check_point(found, want):
    match, = [p for p in found if p['set'] == want['attributes']]
    for field in ('count', 'min', 'max', 'sum', 'value'):
        assert field not in want or near(float(match[field]), want[field]), (field, match, want)
    if 'start' in want:
        at = START + STEP * int(want['start'][1:])
        assert int(match['startTimeUnixNano']) == at, (match, want)


def record_interval(d, case, records):
    for attrs, value in records:
        d.ask(op='record', instrument='x', value=spell(value), attributes=attrs)


def sequence_readers(program, case):
    d = set_up(program, readers=[{'manual': {'id': t, 'temporality_preference': t}} for t in case['readers']])
    for i, records in enumerate(case['record']):
        record_interval(d, case, records)
        for reader in case['readers']:
            assert [p['value'] for p in points(d, reader)] == [case['want'][reader][i]], reader
    d.end()


def sequence_ordered(program, case):
    d = set_up(program)
    for pairs, value in case['record_ordered'][0]:
        d.ask(op='record', instrument='x', value=value, attributes=dict(pairs))
    found = points(d)
    assert len(found) == 1
    check_point(found, case['want'][0][0])
    d.end()


def sequences(program, case):
    if 'readers' in case:
        return sequence_readers(program, case)
    if 'record_ordered' in case:
        return sequence_ordered(program, case)
    kind, _, number = case['instrument'].partition(' ')
    advisory = {'explicit_bucket_boundaries': case['boundaries']} if 'boundaries' in case else None
    view = {'attribute_keys': {'excluded': ['*']}} if 'view' in case else None
    d = set_up(program, kind, number or 'int', case['temporality'], view=view, advisory=advisory,
               environment=case.get('env'))
    for i, step in enumerate(case.get('record') or case['observe']):
        if 'observe' in case:
            d.ask(op='observe', instrument='x',
                  observations=[{'value': v, 'attributes': {'pid': pid}} for pid, v in step])
        else:
            record_interval(d, case, step)
        d.ask(op='clock', advance=STEP)
        found = points(d)
        if 'want_series' in case:
            assert len(found) == case['want_series'], found
            continue
        assert len(found) == len(case['want'][i]), (i, found)
        for want in case['want'][i]:
            check_point(found, want)
    d.end()


# -- exphist_record.json ---------------------------------------------------------------------------------------------

def by_index(side):
    return {int(side.get('offset', 0)) + i: int(c) for i, c in enumerate(side.get('bucketCounts', [])) if int(c)}


def wanted_by_index(side):
    return {side['offset'] + i: c for i, c in enumerate(side['counts']) if c} if side else {}


def check_exponential(p, want):
    assert int(p['count']) == want['count'] and int(p.get('zeroCount', 0)) == want['zero_count'], (p, want)
    assert int(p.get('scale', 0)) == want['scale'], (p.get('scale'), want)
    for name in ('positive', 'negative'):
        assert by_index(p.get(name, {})) == wanted_by_index(want.get(name)), (name, p, want)
    for field in ('min', 'max') if want['min'] < 0 else ('min', 'max', 'sum'):
        assert near(float(p[field]), want[field]), (field, p)


def exponential_set_up(program, case):
    """A histogram, or if there are negative values an up-down counter's, which has no sum (SDK-AGG-07)."""
    kind = 'up_down_counter' if case['want']['min'] < 0 else 'histogram'
    view = {'aggregation': {'base2_exponential_bucket_histogram': {k: case[k] for k in ('max_size', 'max_scale')}}}
    return set_up(program, kind, 'double', view=view)


def exphist_record(program, case):
    d = exponential_set_up(program, case)
    d.ask(op='records', instrument='x', values=case['values'])
    p, = points(d)
    check_exponential(p, case['want'])
    d.end()


def exphist_merge(program, case):
    """The parts are measured by two threads; each has a slot of its own, and the collection merges them."""
    d = exponential_set_up(program, case)
    d.ask(op='records', instrument='x', values=case['a'])
    for i, value in enumerate(case['b']):
        d.ask(op='record', instrument='x', value=value, background=f'b{i}')
        d.ask(op='join', background=f'b{i}')
    p, = points(d)
    check_exponential(p, case['want'])
    d.end()


# -- Running ---------------------------------------------------------------------------------------------------------

SUITES = {'explicit_buckets': explicit_buckets, 'cardinality': cardinality, 'sequences': sequences,
          'exphist_record': exphist_record, 'exphist_merge': exphist_merge}


def main():
    program, folder = sys.argv[1], os.path.join(sys.argv[2], 'sdk')
    if not os.path.isdir(folder):
        print(f'SKIP sdk_suites: {folder} is not here')
        return 77
    passed = cases = 0
    for suite, run in SUITES.items():
        with open(os.path.join(folder, suite + '.json')) as file:
            for i, case in enumerate(json.load(file)):
                cases += 1
                try:
                    run(program, case)
                    passed += 1
                except Exception as fault:
                    print(f'FAILED {suite} {case.get("name", i)}: {type(fault).__name__} {fault}'[:600])
    print(f'PASSED {passed}/{cases} cases')
    return 0 if passed == cases else 1


if __name__ == '__main__':
    sys.exit(main())
