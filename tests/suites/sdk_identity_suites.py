#!/usr/bin/env python3
"""Runs identity.csv, units_syntax.csv, temporality.csv and exemplars.json of the shared suites through the driver:
sdk_identity_suites.py DRIVER SUITES_FOLDER

These tables speak in sentences; here each becomes what the driver is asked and must answer. A sentence that is not
known fails, so that new rows are noticed.
"""
import csv
import json
import os
import re
import sys

from sdk_suites import Driver, attribute

EXPOSITION = ('openmetrics', 'prometheus')  # rows of exemplars.json about these formats are not the SDK's


def metrics(driver, reader='r'):
    return [(scope.get('scope', {}), metric)
            for resource in driver.ask(op='collect', reader=reader)['metrics']['resourceMetrics']
            for scope in resource['scopeMetrics'] for metric in scope['metrics']]


def body(metric):
    (kind, data), = ((k, v) for k, v in metric.items() if isinstance(v, dict))
    return kind, data


def provider(program, manual=None, **config):
    d = Driver(program)
    d.ask(op='provider', id='p',
          config={'meter_provider': {'readers': [{'manual': {'id': 'r', **(manual or {})}}], **config}})
    return d


# -- identity.csv ----------------------------------------------------------------------------------------------------

KINDS = ('counter', 'histogram', 'observable counter')


def create(d, which, text):
    """"counter int requests unit=1 desc=A", "meter(a,attrs={k:1}) counter x"; answers what was reported."""
    meter = re.match(r'meter\((\w+)(?:,attrs=\{k:(\d)\})?\) ', text)
    name = meter[1] if meter else 'm'
    d.ask(op='meter', id=f'm{which}', provider='p', name=name,
          attributes={'k': int(meter[2])} if meter and meter[2] else {})
    rest = text[meter.end():] if meter else text
    kind = next(k for k in KINDS if rest.startswith(k + ' '))
    words = rest[len(kind) + 1:].split()
    number = words.pop(0) if words[0] in ('int', 'double') else 'int'
    request = {'op': 'instrument', 'id': f'i{which}', 'meter': f'm{which}', 'kind': kind.replace(' ', '_'),
               'number': number, 'name': words[0]}
    for word in words[1:]:
        if word.startswith('unit='):
            request['unit'] = word[5:]
        elif word.startswith('desc='):
            request['description'] = word[5:]
        elif word.startswith('advice='):
            request['advisory'] = {'explicit_bucket_boundaries': json.loads(word[7:])}
        elif word == 'boundaries':
            request['advisory'] = {'explicit_bucket_boundaries': [1, 2]}
        else:
            assert word in ('callback', 'A', 'B'), f'unknown word {word}'
    return d.ask(**request).get('diag', []), kind


def warned(diag):
    return any(entry['level'] in ('warn', 'error') for entry in diag)


def identity(program, row):
    d = provider(program)
    first, _ = create(d, 1, row['first'])
    second, kind = create(d, 2, row['second'])
    for which in (1, 2):
        if kind.startswith('observable'):
            d.ask(op='observe', instrument=f'i{which}', callback=f'c{which}',
                  observations=[{'value': 1, 'attributes': {'from': which}}])
        else:
            d.ask(op='record', instrument=f'i{which}', value=1)
    found = metrics(d)
    verdict = row['verdict']
    streams = [body(metric)[1]['dataPoints'] for _, metric in found]
    if verdict.startswith('different meters'):
        assert not warned(second) and len(found) == 2, (second, found)
    elif 'two metrics on the wire' in verdict:
        assert warned(second) and len(found) == 2, (second, found)
    elif verdict.startswith('one instrument, both callbacks'):
        assert not warned(second) and len(streams) == 1 and len(streams[0]) == 2, (second, found)
    else:
        # One stream, of both measurements.
        assert len(streams) == 1 and len(streams[0]) == 1, found
        point, = streams[0]
        assert int(point.get('asInt', point.get('count', 0))) == 2, point
        # Another spelling is reported too (SDK-DUP-08). Advice that the kind cannot take is reported at once, and
        # counts as not given (SDK-INST-03).
        expected = 'no warning' not in verdict
        assert warned(first + second) == expected, (first, second)
        if 'first spelling' in verdict:
            assert found[0][1]['name'] == 'requests', found
        if 'first advice wins' in verdict:
            assert point['explicitBounds'] == [1], point
        elif not re.match('same instrument|duplicate registration differing|advisory', verdict):
            raise AssertionError(f'unknown verdict: {verdict}')
    d.end()


# -- units_syntax.csv ------------------------------------------------------------------------------------------------

def units(program, row):
    """Units are not validated (SDK-INST-02): what the table calls invalid is passed on too, and nobody is warned."""
    d = provider(program)
    d.ask(op='meter', id='m', provider='p', name='m')
    created = d.ask(op='instrument', id='x', meter='m', kind='counter', number='int', name='x', unit=row['unit'])
    d.ask(op='record', instrument='x', value=1)
    (_, metric), = metrics(d)
    assert not created.get('diag') and metric.get('unit', '') == row['unit'], (created, metric)
    d.end()


# -- temporality.csv -------------------------------------------------------------------------------------------------

def temporality(program, row):
    preference = {'lowmemory': 'low_memory'}.get(row['preference'], row['preference'])
    d = provider(program, {'temporality_preference': preference})
    d.ask(op='meter', id='m', provider='p', name='m')
    d.ask(op='instrument', id='x', meter='m', kind=row['kind'], number='int', name='x')
    if row['kind'].startswith('observable'):
        d.ask(op='observe', instrument='x', observations=[{'value': 1}])
    else:
        d.ask(op='record', instrument='x', value=1)
    (_, metric), = metrics(d)
    kind, data = body(metric)
    want = {'delta': 1, 'cumulative': 2, '-': None}[row['temporality']]
    assert data.get('aggregationTemporality') == want and (want is not None or kind == 'gauge'), metric
    d.end()


# -- exemplars.json --------------------------------------------------------------------------------------------------

def context(number, sampled=True):
    return {'trace_id': f'{number:032x}', 'span_id': f'{number:016x}', 'sampled': sampled}


def exemplars_of(d):
    return [e for _, metric in metrics(d) for point in body(metric)[1]['dataPoints']
            for e in point.get('exemplars', [])]


def value(exemplar):
    return float(exemplar.get('asDouble', exemplar.get('asInt', 0)))


def instrument(program, kind, temporality_preference='cumulative', boundaries=None, **config):
    d = provider(program, {'temporality_preference': temporality_preference}, **config)
    d.ask(op='meter', id='m', provider='p', name='m')
    d.ask(op='instrument', id='x', meter='m', kind=kind, number='double', name='x',
          **({'advisory': {'explicit_bucket_boundaries': boundaries}} if boundaries is not None else {}))
    return d


def record(d, number, trace=1, **more):
    d.ask(op='record', instrument='x', value=number, **{'context': context(trace), **more})


def check_aligned(program, boundaries, values):
    d = instrument(program, 'histogram', boundaries=boundaries)
    for i, number in enumerate(values):
        record(d, number, int(i) + 1)
    kept = sorted(value(e) for e in exemplars_of(d))
    buckets = [sum(v > b for b in boundaries) for v in kept]
    assert buckets == sorted({sum(v > b for b in boundaries) for v in values}), kept
    d.end()


def exemplars(program, case):
    if case.get('reservoir') == 'aligned_histogram_bucket':
        check_aligned(program, case['boundaries'], [v for v, _ in case['record']])
    elif 'reservoir' in case:
        # The default of an exponential histogram is the fixed-size reservoir of min(20, max_size).
        stream = {'aggregation': {'base2_exponential_bucket_histogram': {'max_size': case['size']}}}
        for preference in ('delta', 'cumulative'):
            d = instrument(program, 'histogram', preference,
                           views=[{'selector': {'instrument_name': 'x'}, 'stream': stream}])
            for i, (number, _) in enumerate(case['record']):
                record(d, number, i + 1)
            given = sorted(v for v, _ in case['record'])
            assert sorted(map(value, exemplars_of(d))) == given
            if case.get('collect_twice'):
                assert exemplars_of(d) in ([], given)
            d.end()
    elif case.get('default_for', '').startswith('explicit_bucket_histogram'):
        check_aligned(program, [0, 10], [-1, 5, 50])
    elif case.get('default_for') == 'everything else':
        for kind in ('counter', 'gauge', 'up_down_counter'):
            d = instrument(program, kind)
            for number in range(1, 9):
                record(d, number, number)
            assert 1 <= len(exemplars_of(d)) <= (os.cpu_count() or 1), kind
            d.end()
    elif 'filter' in case:
        d = instrument(program, 'counter', exemplar_filter=case['filter'])
        if case['span'] == 'sampled':
            record(d, 1)
        else:
            d.ask(op='record', instrument='x', value=1)
        found = exemplars_of(d)
        assert len(found) == (0 if case['want'] == 'not offered' else 1), found
        assert case['span'] == 'sampled' or not any(k in e for e in found for k in ('traceId', 'spanId')), found
        d.end()
    elif 'filtered_attributes' in case:
        case = case['filtered_attributes']
        d = instrument(program, 'counter', views=[
            {'selector': {'instrument_name': 'x'}, 'stream': {'attribute_keys': {'included': case['view_keeps']}}}])
        record(d, 1, attributes=case['record'])
        (_, metric), = metrics(d)
        point, = body(metric)[1]['dataPoints']
        exemplar, = point['exemplars']
        assert [a['key'] for a in point['attributes']] == case['view_keeps'], point
        assert {a['key']: attribute(a['value']) for a in exemplar['filteredAttributes']} == {'b': 2}, exemplar
        d.end()
    else:
        raise AssertionError('an unknown form of case')


# -- Running ---------------------------------------------------------------------------------------------------------

def rows(path):
    with open(path, newline='') as file:
        if path.endswith('.json'):
            return [c for c in json.load(file) if c.get('format') not in EXPOSITION]
        return list(csv.DictReader(file))


def main():
    program, folder = sys.argv[1], os.path.join(sys.argv[2], 'sdk')
    if not os.path.isdir(folder):
        print(f'SKIP sdk_identity_suites: {folder} is not here')
        return 77
    passed = cases = 0
    for name, run in (('identity.csv', identity), ('units_syntax.csv', units), ('temporality.csv', temporality),
                      ('exemplars.json', exemplars)):
        for i, case in enumerate(rows(os.path.join(folder, name))):
            cases += 1
            try:
                run(program, case)
                passed += 1
            except Exception as fault:
                print(f'FAILED {name} {case.get("id", i)}: {type(fault).__name__} {fault}'[:600])
    print(f'PASSED {passed}/{cases} cases')
    return 0 if passed == cases else 1


if __name__ == '__main__':
    sys.exit(main())
