"""Strict decoder of ExportMetricsServiceRequest / MetricsData protobuf into OTLP JSON,
so that one expectation serves `collect` with as otlp_json and as otlp_protobuf. Unknown fields and wrong wire
types are errors: our own exporter has no business writing them."""
import base64
import math
import struct

KV, AV = "KeyValue", "AnyValue"
# message -> {number: (json key, type, repeated)}
M = {
    "Top": {1: ("resourceMetrics", "ResourceMetrics", 1)},
    "ResourceMetrics": {1: ("resource", "Resource", 0), 2: ("scopeMetrics", "ScopeMetrics", 1),
                        3: ("schemaUrl", "string", 0)},
    "ScopeMetrics": {1: ("scope", "Scope", 0), 2: ("metrics", "Metric", 1), 3: ("schemaUrl", "string", 0)},
    "Resource": {1: ("attributes", KV, 1), 2: ("droppedAttributesCount", "uint32", 0),
                 3: ("entityRefs", "EntityRef", 1)},
    "Scope": {1: ("name", "string", 0), 2: ("version", "string", 0), 3: ("attributes", KV, 1),
              4: ("droppedAttributesCount", "uint32", 0)},
    "EntityRef": {1: ("schemaUrl", "string", 0), 2: ("type", "string", 0), 3: ("idKeys", "string", 1),
                  4: ("descriptionKeys", "string", 1)},
    "Metric": {1: ("name", "string", 0), 2: ("description", "string", 0), 3: ("unit", "string", 0),
               5: ("gauge", "Gauge", 0), 7: ("sum", "Sum", 0),
               9: ("histogram", "Histogram", 0), 10: ("exponentialHistogram", "ExpHistogram", 0),
               11: ("summary", "Summary", 0), 12: ("metadata", KV, 1)},
    "Gauge": {1: ("dataPoints", "Number", 1)},
    "Sum": {1: ("dataPoints", "Number", 1), 2: ("aggregationTemporality", "enum", 0), 3: ("isMonotonic", "bool", 0)},
    "Histogram": {1: ("dataPoints", "Hist", 1), 2: ("aggregationTemporality", "enum", 0)},
    "ExpHistogram": {1: ("dataPoints", "Exp", 1), 2: ("aggregationTemporality", "enum", 0)},
    "Summary": {1: ("dataPoints", "Summ", 1)},
    "Number": {7: ("attributes", KV, 1), 2: ("startTimeUnixNano", "fixed64", 0),
               3: ("timeUnixNano", "fixed64", 0), 4: ("asDouble", "double", 0),
               6: ("asInt", "sfixed64", 0), 5: ("exemplars", "Exemplar", 1), 8: ("flags", "uint32", 0)},
    "Hist": {9: ("attributes", KV, 1), 2: ("startTimeUnixNano", "fixed64", 0), 3: ("timeUnixNano", "fixed64", 0),
             4: ("count", "fixed64", 0),
             5: ("sum", "double", 0), 6: ("bucketCounts", "fixed64", 1), 7: ("explicitBounds", "double", 1),
             8: ("exemplars", "Exemplar", 1),
             10: ("flags", "uint32", 0), 11: ("min", "double", 0), 12: ("max", "double", 0)},
    "Exp": {1: ("attributes", KV, 1), 2: ("startTimeUnixNano", "fixed64", 0), 3: ("timeUnixNano", "fixed64", 0),
            4: ("count", "fixed64", 0),
            5: ("sum", "double", 0), 6: ("scale", "sint32", 0), 7: ("zeroCount", "fixed64", 0),
            8: ("positive", "Buckets", 0), 9: ("negative", "Buckets", 0),
            10: ("flags", "uint32", 0), 11: ("exemplars", "Exemplar", 1), 12: ("min", "double", 0),
            13: ("max", "double", 0), 14: ("zeroThreshold", "double", 0)},
    "Buckets": {1: ("offset", "sint32", 0), 2: ("bucketCounts", "uint64", 1)},
    "Summ": {7: ("attributes", KV, 1), 2: ("startTimeUnixNano", "fixed64", 0), 3: ("timeUnixNano", "fixed64", 0),
             4: ("count", "fixed64", 0),
             5: ("sum", "double", 0), 6: ("quantileValues", "Quantile", 1), 8: ("flags", "uint32", 0)},
    "Quantile": {1: ("quantile", "double", 0), 2: ("value", "double", 0)},
    "Exemplar": {7: ("filteredAttributes", KV, 1), 2: ("timeUnixNano", "fixed64", 0),
                 3: ("asDouble", "double", 0), 6: ("asInt", "sfixed64", 0),
                 4: ("spanId", "hex", 0), 5: ("traceId", "hex", 0)},
    KV: {1: ("key", "string", 0), 2: ("value", AV, 0)},
    AV: {1: ("stringValue", "string", 0), 2: ("boolValue", "bool", 0), 3: ("intValue", "int64", 0),
         4: ("doubleValue", "double", 0),
         5: ("arrayValue", "Array", 0), 6: ("kvlistValue", "KvList", 0), 7: ("bytesValue", "bytes", 0)},
    "Array": {1: ("values", AV, 1)},
    "KvList": {1: ("values", KV, 1)},
}
VARINT = {"uint32", "uint64", "int64", "sint32", "enum", "bool"}
I64 = {"fixed64", "sfixed64", "double"}


def varint(b, i):
    n = s = 0
    while True:
        if i >= len(b) or s > 63:
            raise ValueError("bad varint")
        c = b[i]
        i += 1
        n |= (c & 127) << s
        s += 7
        if c < 128:
            return n & (2**64 - 1), i


def scalar(t, n):
    if t == "uint64":
        return str(n)
    if t == "int64":
        return str(n - 2**64 if n >> 63 else n)
    if t == "sint32":
        return (n >> 1) ^ -(n & 1)
    return bool(n) if t == "bool" else n


def i64(t, raw):
    if t == "double":
        f = struct.unpack("<d", raw)[0]
        return "NaN" if math.isnan(f) else ("Infinity" if f > 0 else "-Infinity") if math.isinf(f) else f
    return str(struct.unpack("<Q" if t == "fixed64" else "<q", raw)[0])


def message(b, name):
    o, i = {}, 0
    while i < len(b):
        tag, i = varint(b, i)
        num, wire = tag >> 3, tag & 7
        if num not in M[name]:
            raise ValueError("%s has no field %d" % (name, num))
        key, t, rep = M[name][num]
        if wire == 0:
            n, i = varint(b, i)
            if t not in VARINT:
                raise ValueError("%s.%s: varint for %s" % (name, key, t))
            vs = [scalar(t, n)]
        elif wire == 1:
            if t not in I64 or i + 8 > len(b):
                raise ValueError("%s.%s: 64 bit for %s" % (name, key, t))
            vs, i = [i64(t, b[i:i + 8])], i + 8
        elif wire == 2:
            n, i = varint(b, i)
            raw, i = b[i:i + n], i + n
            if len(raw) != n:
                raise ValueError("%s.%s: truncated" % (name, key))
            if t == "string":
                vs = [raw.decode("utf-8")]
            elif t == "bytes":
                vs = [base64.b64encode(raw).decode()]
            elif t == "hex":
                vs = [raw.hex()]
            elif t in M:
                vs = [message(raw, t)]
            elif rep and t in I64 and n % 8 == 0:
                vs = [i64(t, raw[j:j + 8]) for j in range(0, n, 8)]
            elif rep and t in VARINT:
                vs, j = [], 0
                while j < n:
                    x, j = varint(raw, j)
                    vs.append(scalar(t, x))
            else:
                raise ValueError("%s.%s: length-delimited for %s" % (name, key, t))
        else:
            raise ValueError("%s.%s: wire type %d" % (name, key, wire))
        if rep:
            o.setdefault(key, []).extend(vs)
        elif key in o:
            raise ValueError("%s.%s twice" % (name, key))
        else:
            o[key] = vs[0]
    return o


def decode(text):
    """OTLP JSON of base64 protobuf."""
    return message(base64.b64decode(text, validate=True), "Top")
