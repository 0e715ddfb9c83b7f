#!/usr/bin/env python3
"""Compares a Prometheus scrape with what an OTLP receiver got: every series, bucket and label, both ways.

Usage: compare.py SCRAPE.txt PUSHED.jsonl

PUSHED.jsonl is what otlp-receiver --json writes; only what came with its last request counts, since series may end.
Exit code: 0 equal, 1 different, 2 unreadable.
"""
import json
import re
import sys

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
ESCAPES = {'\\\\': '\\', '\\"': '"', '\\n': '\n'}
MAX_SHOWN = 20


def unescape(text):
    return re.sub(r'\\[\\"n]', lambda m: ESCAPES[m.group()], text)


def series_key(name, labels):
    """Bounds are compared as numbers: how they are written is the format's business."""
    labels = {k: float(v) if k == 'le' else v for k, v in labels.items()}
    return name, tuple(sorted(labels.items()))


def read_scrape(path):
    """{series: value}, {family: type}"""
    samples, types = {}, {}
    for number, line in enumerate(open(path, encoding='utf-8'), 1):
        line = line.rstrip('\n')
        if line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            types[name] = kind
        elif line and not line.startswith('#'):
            match = SAMPLE.match(line)
            labels = match and LABEL.findall(match.group(2) or '')
            if not match or ''.join(f'{k}="{v}",' for k, v in labels).rstrip(',') != (match.group(2) or '').rstrip(','):
                raise ValueError(f'{path}:{number}: not a sample: {line}')
            key = series_key(match.group(1), {k: unescape(v) for k, v in labels})
            if key in samples:
                raise ValueError(f'{path}:{number}: the series comes twice: {line}')
            samples[key] = float(match.group(3))
    return samples, types


def label_value(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return value if isinstance(value, str) else json.dumps(value)


def labels_of(attributes):
    return {re.sub(r'[^a-zA-Z0-9_]', '_', key): label_value(value) for key, value in attributes.items()}


def read_push(path):
    """The same of the pushed points, as a scrape has to show them."""
    lines = [json.loads(line) for line in open(path, encoding='utf-8')]
    last = max((line['request'] for line in lines), default=0)
    samples, types = {}, {}
    for line in lines:
        if line['request'] != last:
            continue
        labels = labels_of(line['attributes'])
        if line['type'] == 'resource':
            samples[series_key('target_info', labels)] = 1.0
            types['target_info'] = 'gauge'
        elif line['type'] == 'histogram':
            add_histogram(samples, line, labels)
            types[line['name']] = 'histogram'
        else:
            samples[series_key(line['name'], labels)] = float(line['value'])
            types[line['name']] = 'counter' if line['type'] == 'counter' else 'gauge'
    return samples, types


def add_histogram(samples, line, labels):
    below = 0
    for bound, count in zip(line['bounds'] + ['+Inf'], line['counts']):
        below += count
        samples[series_key(line['name'] + '_bucket', {**labels, 'le': bound})] = float(below)
    samples[series_key(line['name'] + '_sum', labels)] = float(line['sum'])
    samples[series_key(line['name'] + '_count', labels)] = float(line['count'])


def equal(a, b):
    return a == b or (a != a and b != b)


def differences(scraped, pushed, what):
    for key in sorted(set(scraped) | set(pushed), key=str):
        if key not in pushed:
            yield f'{what} only in the scrape: {key}'
        elif key not in scraped:
            yield f'{what} only in the push: {key}'
        elif not equal(scraped[key], pushed[key]):
            yield f'{what} differs: {key}: scrape {scraped[key]!r}, push {pushed[key]!r}'


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        scraped, scraped_types = read_scrape(sys.argv[1])
        pushed, pushed_types = read_push(sys.argv[2])
    except (OSError, ValueError, KeyError) as error:
        print(f'compare: {error}', file=sys.stderr)
        return 2
    found = list(differences(scraped, pushed, 'sample')) + list(differences(scraped_types, pushed_types, 'type'))
    for line in found[:MAX_SHOWN]:
        print(line)
    metrics = sum(1 for name in pushed_types if name.startswith('performance_'))
    buckets = sum(1 for name, _ in scraped if name.endswith('_bucket'))
    labels = sum(len(labels) for _, labels in scraped)
    print(f'scrape and push: {metrics} metrics, {len(scraped)} and {len(pushed)} samples '
          f'({buckets} buckets, {labels} labels): '
          + ('DIFFERENT in %d places' % len(found) if found else 'all equal' if scraped else 'BOTH EMPTY'))
    return 1 if found or not scraped else 0


if __name__ == '__main__':
    sys.exit(main())
