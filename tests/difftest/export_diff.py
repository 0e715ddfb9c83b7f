"""The first difference of two exported documents. Exemplars, the resource and all orders are left aside; doubles must
be equal bit for bit, sums of doubles to 1e-12, since two SDKs may add in another order."""
import collections
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'conformance'))
from otlpmatch import all_metrics, attrs_id, num, points_of  # noqa: E402

WHOLE = ('startTimeUnixNano', 'timeUnixNano', 'asInt', 'count', 'zeroCount')
DELTA = 1
DOUBLE = ('asDouble', 'sum', 'min', 'max')


Identity = collections.namedtuple('Identity', 'scope version name unit description kind temporality monotonic')


def identity(scoped, metric, kind):
    scope, body = scoped.get('scope') or {}, metric[kind]
    return Identity(scope.get('name', ''), scope.get('version', ''), metric['name'], metric.get('unit', ''),
                    metric.get('description', ''), kind, body.get('aggregationTemporality', 0),
                    body.get('isMonotonic', False))


def buckets(side):
    side = side or {}
    return {side.get('offset', 0) + i: int(c) for i, c in enumerate(side.get('bucketCounts') or []) if int(c)}


def fields(point, kind):
    out = {f: int(point[f]) for f in WHOLE if f in point}
    out.update({f: num(point[f]) for f in DOUBLE if f in point})
    if kind == 'histogram':
        # Without bounds the only bucket may be left out.
        out['buckets'] = [int(c) for c in point.get('bucketCounts') or [point.get('count', 0)]]
        out['bounds'] = [num(b) for b in point.get('explicitBounds') or []]
    elif kind == 'exponentialHistogram':
        out.update(zeroCount=out.get('zeroCount', 0), positive=buckets(point.get('positive')),
                   negative=buckets(point.get('negative')))
        if out['positive'] or out['negative']:  # else any scale says the same
            out['scale'] = point.get('scale', 0)
    return out


def normal(document):
    """{identity of a metric: {attribute set: {field: value}}}"""
    out = {}
    for _, scoped, metric in all_metrics(document):
        kind, points = points_of(metric)
        if not points:
            continue
        ident = identity(scoped, metric, kind)
        if ident in out:
            raise ValueError('a metric twice in one document: %s' % (ident,))
        out[ident] = {}
        for point in points:
            attrs = attrs_id(point.get('attributes'))
            if attrs in out[ident]:
                raise ValueError('an attribute set twice in %s: %s' % (ident.name, attrs))
            out[ident][attrs] = fields(point, kind)
    return out


def close(a, b, loose):
    return a == b or loose and isinstance(a, float) and math.isclose(a, b, rel_tol=1e-12)


def set_known_aside(ident, ours, gos):
    """What Go is known to answer otherwise, by the kind of instrument that its name tells (random_script.py)."""
    if ident.kind.endswith('istogram') and ident.name.startswith(('g_', 'u_')) and 'sum' not in ours \
            and gos.get('sum') == 0:
        del gos['sum']  # SDK-AGG-07: where values may be negative there is no sum; Go exports 0
    if ident.name.startswith('o_') and ident.temporality != DELTA:
        for point in (ours, gos):
            point.pop('startTimeUnixNano', None)  # SDK-START-04: Go starts them all when the instrument was made


def diff_points(ident, ours, gos):
    set_known_aside(ident, ours, gos)
    for field in sorted(set(ours) | set(gos)):
        loose = field == 'sum' or field == 'asDouble' and ident.kind == 'sum'
        if field not in ours or field not in gos:
            return '%s only %s' % (field, 'ours' if field in ours else "Go's")
        if not close(ours[field], gos[field], loose):
            return '%s: ours %r, Go %r' % (field, ours[field], gos[field])
    return None


def diff(ours, gos):
    """What differs, in words, or None."""
    try:
        a, b = normal(ours), normal(gos)
    except ValueError as e:
        return str(e)
    for ident in sorted(set(a) | set(b)):
        if ident not in a or ident not in b:
            return 'metric only %s: %s' % ('ours' if ident in a else "Go's", ident)
        for attrs in list(a[ident]) + [x for x in b[ident] if x not in a[ident]]:
            if attrs not in a[ident] or attrs not in b[ident]:
                return '%s: point only %s: %s' % (ident.name, 'ours' if attrs in a[ident] else "Go's", attrs)
            found = diff_points(ident, a[ident][attrs], b[ident][attrs])
            if found:
                return '%s %s: %s' % (ident.name, attrs, found)
    return None
