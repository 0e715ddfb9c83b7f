"""Random scripts for two drivers: from one name always the same script.

What the specification leaves open, or where the Go SDK is known to deviate beyond what its driver bends, is kept out
(docs/design/differences.md). An instrument's name begins with its kind, as far as comparing needs it: "g_" a gauge,
"u_" an up-down counter, "o_" an observable, "n_" all else.
"""
import math
import random

KINDS = ['counter', 'counter', 'up_down_counter', 'histogram', 'histogram', 'histogram', 'gauge', 'observable_counter',
         'observable_up_down_counter', 'observable_gauge']
KEYS = ['k1', 'k2', 'k3', 'k.4', 'K1']
SIGNED = ('up_down_counter', 'observable_up_down_counter', 'gauge', 'observable_gauge')
GAUGES = ('gauge', 'observable_gauge')


def prefix(kind):
    return {'gauge': 'g_', 'up_down_counter': 'u_'}.get(kind, 'o_' if kind.startswith('obs') else 'n_')


# -- Attributes ------------------------------------------------------------------------------------------------------

def any_value(r):
    return r.choice([{'stringValue': 'v%d' % r.randrange(3)}, {'stringValue': ''},
                     {'intValue': str(r.choice([0, 1, -7, 2**62]))}, {'boolValue': r.random() < 0.5},
                     {'doubleValue': r.choice([1.0, 0.5, -2.25])},
                     {'arrayValue': {'values': [{'intValue': '1'}, {'stringValue': 'x'}]}}, {'bytesValue': 'AAE='},
                     {'kvlistValue': {'values': [{'key': 'a', 'value': {'boolValue': True}},
                                                 {'key': 'b', 'value': {}}]}}, {}])


def make_pool(r):
    """Attribute sets with few distinct ones, so that series meet."""
    pool = [[]]
    for _ in range(r.randint(1, 5)):
        pool.append([{'key': k, 'value': any_value(r)} for k in r.sample(KEYS, r.randint(1, 4))])
    return pool


def vary(r, attrs):
    """The same set: shuffled, with an overwritten duplicate."""
    varied = list(attrs)
    r.shuffle(varied)
    if varied and r.random() < 0.3:
        varied.insert(0, {'key': r.choice(varied)['key'], 'value': {'intValue': '99'}})
    return varied


# -- Values ----------------------------------------------------------------------------------------------------------

def clear_of_bounds(v):
    """Whether the logarithm, too, puts it into the right bucket at scale 20: a power of two, or well inside."""
    inside = (math.log2(abs(v)) * 2**20) % 1.0
    return math.frexp(abs(v))[0] == 0.5 or 0.02 < inside < 0.98


def adds_up_in_go(v):
    """Go keeps whole doubles in a 64-bit integer while it can: a few above 2^53 may pass its range (SDK-NUM-01)."""
    return not 2.0**53 < v < 2.0**63


def whole_value(r, kind):
    v = r.choice([0, 1, 2, 5, 10, 25, 26, 1000, r.randrange(100), r.randrange(10**6), 2**40])
    if kind in SIGNED and r.random() < 0.4:
        v = -v
    if kind in GAUGES and r.random() < 0.15:
        v = r.choice([2**63 - 1, -2**63, 2**53 + 1])
    return str(v) if abs(v) > 2**53 else v


def double_value(r, kind):
    if kind in ('up_down_counter', 'observable_up_down_counter'):
        return r.randrange(-4000, 4000) / 8  # whatever the order, these add up to the same
    v = 0.0
    for _ in range(50):
        v = r.choice([0.0, 1.0, 5.0, 10.0, 2.0, 0.5, 8.0, 1024.0, r.random(), r.random() * 100,
                      math.exp(r.gauss(0, 6)), 10.0 ** r.uniform(-80, 80), math.nextafter(5.0, 9)])
        if v == 0 or clear_of_bounds(v) and adds_up_in_go(v):
            break
    return -v if kind in GAUGES and r.random() < 0.3 else v


def value(r, instrument):
    draw = whole_value if instrument['number'] == 'int' else double_value
    return draw(r, instrument['kind'])


# -- Views -----------------------------------------------------------------------------------------------------------

def wide_selector(r, wanted, instruments):
    """A selector that takes in more than one, and those whom it takes in."""
    selector = r.choice([{'instrument_name': wanted['name'][:2] + '*'}, {'instrument_type': wanted['kind']},
                         {'instrument_name': '*' + wanted['name'][-1]}])
    before, _, after = selector.get('instrument_name', '*').partition('*')
    kind = selector.get('instrument_type')
    return selector, [x for x in instruments if x['name'].startswith(before) and x['name'].endswith(after)
                      and kind in (None, x['kind'])]


def histogram_settings(r):
    bounds = sorted(r.sample([-5.0, 0.0, 1.0, 2.5, 5.0, 10.0, 1e6], r.randint(0, 5)))
    return r.choice([{}, {'boundaries': bounds}, {'boundaries': [5.0], 'record_min_max': False}])


def exponential_settings(r):
    return r.choice([{}, {'max_size': r.randint(2, 40)},
                     {'max_scale': r.randint(-10, 20), 'max_size': r.choice([4, 160])}])


def make_aggregation(r, kinds):
    """What makes sense for instruments of these kinds, or None. Go applies histograms to asynchronous ones too
    (SDK-PROC-04)."""
    x = r.random()
    if any(k.startswith('obs') for k in kinds):
        return None
    if x < 0.2:
        return {'explicit_bucket_histogram': histogram_settings(r)}
    if x < 0.4:
        return {'base2_exponential_bucket_histogram': exponential_settings(r)}
    if x < 0.45:
        return {'drop': {}}
    return {'sum': {}} if x < 0.5 and 'gauge' not in kinds else None


def make_stream(r, number, kinds):
    stream = {}
    if r.random() < 0.5 and 'observable_gauge' not in kinds:
        keys = r.sample(KEYS, r.randint(1, 3)) + r.choice([[], ['k?'], ['k.*']])
        stream['attribute_keys'] = {r.choice(['included', 'excluded']): keys}
    aggregation = make_aggregation(r, kinds)
    if aggregation is not None:
        stream['aggregation'] = aggregation
    if r.random() < 0.3:
        stream['description'] = 'by view %d' % number
    return stream


def make_views(r, instruments):
    """Views whose matches never give one instrument two streams of one name (SDK-PROC-02, SDK-PROC-03)."""
    views, unnamed = [], set()
    for i in range(r.choice([0, 0, 1, 1, 2, 3])):
        wanted = r.choice(instruments)
        targets, name = [wanted], None
        selector = {'instrument_name': wanted['name']}
        if r.random() < 0.4:
            name = '%s_v%d' % (wanted['name'], i)
            selector['instrument_type'] = wanted['kind']
        elif r.random() < 0.3:
            selector, targets = wide_selector(r, wanted, instruments)
        names = {x['name'] for x in targets}
        if name is None and names & unnamed:
            continue
        unnamed |= names if name is None else set()
        stream = make_stream(r, i, {x['kind'] for x in targets})
        views.append({'selector': selector, 'stream': dict(stream, name=name) if name else stream})
    return views


# -- Objects ---------------------------------------------------------------------------------------------------------

def make_readers(r, limited):
    readers = []
    for i in range(r.choice([1, 1, 2, 3])):
        reader = {'id': 'r%d' % i, 'temporality_preference': r.choice(['cumulative', 'delta', 'low_memory'])}
        if r.random() < 0.3:
            reader['default_histogram_aggregation'] = 'base2_exponential_bucket_histogram'
        if limited:
            reader['cardinality_limits'] = {'default': r.randint(1, 4)}
        readers.append(reader)
    return readers


def make_instruments(r, meters):
    instruments = []
    for i in range(r.randint(1, 6)):
        kind = r.choice(KINDS)
        made = {'op': 'instrument', 'id': 'i%d' % i, 'meter': r.choice(meters)['id'], 'kind': kind,
                'number': r.choice(['int', 'double']), 'name': prefix(kind) + 'abcdef'[i]}
        if r.random() < 0.3:
            made['unit'] = r.choice(['s', 'By', '{x}'])
        if r.random() < 0.3:
            made['description'] = 'text'
        if kind == 'histogram' and r.random() < 0.3:
            made['advisory'] = {'explicit_bucket_boundaries': r.choice([[1.0], [0.0, 10.0, 100.0]])}
        instruments.append(made)
        if r.random() < 0.15 and not kind.startswith('obs'):
            instruments.append(dict(made, id=made['id'] + 't'))  # an identical twin
    return instruments


# -- Measurements ----------------------------------------------------------------------------------------------------

class Writer:
    """Appends measurements to a script."""

    def __init__(self, r, instruments, lines, binds):
        self.r, self.lines, self.binds = r, lines, binds
        self.synchronous = [x for x in instruments if not x['kind'].startswith('obs')]
        self.asynchronous = [x for x in instruments if x['kind'].startswith('obs')]
        pools = {x['id']: make_pool(r) for x in instruments}
        self.pools = {i: pools[i.rstrip('t')] for i in pools}  # twins share theirs
        self.shown, self.totals, self.bounds = {}, {}, []

    def observe(self):
        r, x = self.r, self.r.choice(self.asynchronous)
        pool = self.pools[x['id']]
        if x['kind'] == 'observable_counter':  # sets only join, totals only grow
            count = self.shown[x['id']] = min(len(pool), self.shown.get(x['id'], 1) + r.choice([0, 0, 1]))
            base = self.totals[x['id']] = self.totals.get(x['id'], 0) + r.randrange(50)
            observed = [((base + i) / (1 if x['number'] == 'int' else 4), pool[i]) for i in range(count)]
            observed = [(int(v) if x['number'] == 'int' else v, attrs) for v, attrs in observed]
        else:
            observed = [(value(r, x), attrs) for attrs in r.sample(pool, r.randint(0, len(pool)))]
        self.lines.append({'op': 'observe', 'instrument': x['id'],
                           'observations': [{'value': v, 'attributes': vary(r, attrs)} for v, attrs in observed]})

    def record(self, x):
        r, i, attrs = self.r, x['id'], vary(self.r, self.r.choice(self.pools[x['id']]))
        how = r.random()
        if how < 0.13 and self.binds:
            self.bounds.append(('b%d' % len(self.bounds), x))
            line = {'op': 'bind', 'id': self.bounds[-1][0], 'instrument': i, 'attributes': attrs}
        elif how < 0.27 and self.bounds:
            handle, x = r.choice(self.bounds)
            line = {'op': 'record', 'bound': handle, 'value': value(r, x)}
        elif how < 0.4:
            values = [value(r, x) for _ in range(r.randint(1, 40))]
            line = {'op': 'records', 'instrument': i, 'attributes': attrs, 'values': values}
        else:
            line = {'op': 'record', 'instrument': i, 'value': value(r, x), 'attributes': attrs}
            if r.random() < 0.2:
                line['context'] = {'trace_id': '%032x' % r.getrandbits(127), 'span_id': '%016x' % r.getrandbits(63),
                                   'sampled': r.random() < 0.5}
        self.lines.append(line)


def script(name, length):
    r = random.Random(name)
    limited = r.random() < 0.12
    readers = make_readers(r, limited)
    meters = [{'op': 'meter', 'id': 'm%d' % i, 'provider': 'p', 'name': r.choice(['lib', 'lib', 'other']),
               **r.choice([{}, {'version': '1.0'}])} for i in range(r.choice([1, 1, 2]))]
    instruments = make_instruments(r, meters)
    views = make_views(r, instruments)
    provider = {'readers': [{'manual': reader} for reader in readers], **({'views': views} if views else {})}
    if r.random() < 0.3:
        provider['exemplar_filter'] = r.choice(['always_on', 'always_off'])
    lines = [{'op': 'provider', 'id': 'p', 'config': {'meter_provider': provider}}] + meters + instruments
    writer = Writer(r, instruments, lines, binds=not limited)  # a bound handle keeps a place (SDK-BIND-03), a call none
    for _ in range(length):
        x = r.random()
        if x < 0.12:
            lines.append({'op': 'collect', 'reader': r.choice(readers)['id']})
        elif x < 0.2:
            lines.append({'op': 'clock', 'advance': r.randrange(1, 10**9)})
        elif x < 0.4 and writer.asynchronous:
            writer.observe()
        elif writer.synchronous:
            writer.record(r.choice(writer.synchronous))
    if writer.synchronous and r.random() < 0.3:
        lines.append({'op': 'enabled', 'instrument': r.choice(writer.synchronous)['id']})
    return lines + [{'op': 'collect', 'reader': reader['id']} for _ in range(2) for reader in readers]
