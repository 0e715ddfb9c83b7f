"""Matching of driver answers against expectations, and invariants of OTLP JSON metrics.

match(expected, actual) returns None, or a text that says where and how they first differ.
Containment: of objects the keys given; of arrays all elements, in any order where OTLP has none (ORDER_FREE below).
Additions (all are objects with `$` keys):

  "*"                          anything, but present
  {"$approx":x,"$tol":t}       |actual - x| <= t          {"$approx":x,"$rel":t}  relative
  {"$gt":x} $ge $lt $le        numbers, or decimal strings compared as integers
  {"$absent":true}             key missing, null or an empty array
  {"$len":n}                   array length (missing counts as 0); $minlen, $maxlen; "ncpu" as n
  {"$any":[...]}               one of them matches;  {"$all":[...]} all;  {"$not":x}
  {"$each":x}                  every element of the array matches x
  {"$has":[...]}               the array has distinct elements that match these (others may be there)
  {"$nowarn":true}             diag: nothing at level warn or error
  {"$nopoints":true}           metrics: no data point at all (empty envelopes are fine)
  {"$only":{...}}              object with these keys and no others (zero values may be left out)
  {"$buckets":{"-3":"1"},"$size":n}
                               exponential Buckets: exactly these non-zero counts by index, at most n entries
  {"$contains":"text"}         string that contains text, whatever the case
  {"$total":{"metric":n,"points":k,"eq":x,"field":f}}
                               metrics: metric n has k points (optional) whose values add up to x

Implicit-presence fields at their zero value may be missing.
"""
import os

ORDER_FREE = {"resourceMetrics", "scopeMetrics", "metrics", "dataPoints", "attributes", "filteredAttributes",
              "exemplars", "metadata", "diag", "answers_any"}
# Fields with implicit presence: a zero value may be left out when writing.
IMPLICIT = {"name", "description", "unit", "version", "schemaUrl", "isMonotonic", "aggregationTemporality",
            "startTimeUnixNano", "timeUnixNano", "count", "zeroCount", "scale", "offset", "flags", "zeroThreshold",
            "bucketCounts", "explicitBounds", "attributes", "exemplars", "dataPoints", "values", "filteredAttributes",
            "spanId", "traceId", "metrics", "scopeMetrics", "resourceMetrics", "droppedAttributesCount", "key",
            "metadata", "quantileValues"}
MISSING = object()


def is_num(x):
    return isinstance(x, (int, float)) and not isinstance(x, bool)


def as_int(x):
    if isinstance(x, bool):
        return None
    if isinstance(x, (int, float)):
        return x
    if isinstance(x, str):
        try:
            return int(x)
        except ValueError:
            try:
                return float(x)
            except ValueError:
                return None
    return None


def is_zero(x):
    return x in (0, "0", "", False) and x is not None or x == [] or (is_num(x) and x == 0)


def short(x):
    import json
    s = "(missing)" if x is MISSING else json.dumps(x, ensure_ascii=False)
    return s if len(s) <= 300 else s[:300] + "..."


def points_of(metric):
    for k in ("gauge", "sum", "histogram", "exponentialHistogram", "summary"):
        if k in metric:
            return k, metric[k].get("dataPoints") or []
    return None, []


def all_metrics(metrics):
    for rm in (metrics or {}).get("resourceMetrics") or []:
        for sm in rm.get("scopeMetrics") or []:
            for m in sm.get("metrics") or []:
                yield rm, sm, m


def ncpu(n):
    return max(1, os.cpu_count() or 1) if n == "ncpu" else n


def op_match(e, a, path, key):
    """Match of an operator object; returns a text or None."""
    for k, v in e.items():
        if k in ("$tol", "$rel", "$size"):
            continue
        err = None
        if k == "$absent":
            gone = a is MISSING or a is None or a == []
            err = None if gone == bool(v) else "should be absent" if v else "should be present"
        elif k in ("$len", "$minlen", "$maxlen"):
            n = 0 if a is MISSING or a is None else len(a) if isinstance(a, (list, dict)) else None
            w = ncpu(v)
            ok = n is not None and (n == w if k == "$len" else n >= w if k == "$minlen" else n <= w)
            err = None if ok else "length %s, want %s %s" % (n, k[1:], w)
        elif k == "$any":
            errs = [match(x, a, path, key) for x in v]
            err = None if None in errs else "none of %d alternatives: %s" % (len(v), " | ".join(errs))
        elif k == "$all":
            for x in v:
                err = err or match(x, a, path, key)
            if err:
                return err
        elif k == "$not":
            err = None if match(v, a, path, key) else "must not match %s" % short(v)
        elif k == "$each":
            for i, x in enumerate(a if isinstance(a, list) else []):
                err = err or match(v, x, "%s[%d]" % (path, i), key)
            if err:
                return err
        elif k == "$has":
            err = assign(v, a if isinstance(a, list) else [], path, key)
            if err:
                return err
        elif k == "$nowarn":
            loud = ("warn", "warning", "error", "fatal")
            bad = [d for d in (a if isinstance(a, list) else []) if str(d.get("level")).lower() in loud]
            err = "unexpected diagnostics" if bad else None
        elif k == "$nopoints":
            n = 0 if a is MISSING else sum(len(points_of(m)[1]) for _, _, m in all_metrics(a))
            err = "%d points, want none" % n if n else None
        elif k == "$only":
            if not isinstance(a, dict):
                err = "not an object"
            else:
                extra = [x for x in a if x not in v and not (x in IMPLICIT and is_zero(a[x]))]
                err = "unexpected keys %s" % extra if extra else None
                if not err:
                    e2 = match(v, a, path, key)
                    if e2:
                        return e2
        elif k == "$total":
            err = total(v, a)
        elif k == "$contains":
            err = None if isinstance(a, str) and v.lower() in a.lower() else "does not contain %r" % v
        elif k == "$buckets":
            b = a if isinstance(a, dict) else {}
            cs = b.get("bucketCounts") or []
            got = {str(b.get("offset", 0) + i): str(c) for i, c in enumerate(cs) if str(c) != "0"}
            if "$size" in e and len(cs) > e["$size"]:
                err = "%d buckets, at most %d allowed" % (len(cs), e["$size"])
            elif got != v:
                miss = {i: c for i, c in v.items() if got.get(i) != c}
                more = {i: c for i, c in got.items() if v.get(i) != c}
                err = "buckets differ: want %s, have %s" % (short(miss), short(more))
        elif k == "$approx":
            x = as_int(a)
            if x is None:
                err = "not a number"
            else:
                tol = e.get("$tol", 0) if "$tol" in e else abs(v) * e.get("$rel", 1e-12)
                err = None if abs(x - v) <= tol else "not within %g of %r" % (tol, v)
        elif k in ("$gt", "$ge", "$lt", "$le"):
            x, w = as_int(a), as_int(v)
            ok = x is not None and (x > w if k == "$gt" else x >= w if k == "$ge" else x < w if k == "$lt" else x <= w)
            err = None if ok else "want %s %s" % (k[1:], v)
        else:
            err = "unknown operator %s" % k
        if err:
            return "%s: %s, got %s" % (path or "answer", err, short(a))
    return None


def total(v, a):
    n = s = 0
    for _, _, m in all_metrics(a if isinstance(a, dict) else {}):
        if m.get("name") != v["metric"]:
            continue
        for p in points_of(m)[1]:
            n += 1
            f = v.get("field")
            x = p.get(f) if f else p.get("asInt", p.get("asDouble", p.get("count", 0)))
            s += as_int(x) or 0
    if "points" in v and n != v["points"]:
        return "metric %s has %d points, want %d" % (v["metric"], n, v["points"])
    if "eq" in v and s != as_int(v["eq"]):
        return "metric %s adds up to %s, want %s" % (v["metric"], s, v["eq"])
    return None


def assign(exp, act, path, key):
    """Kuhn's matching of every expected element to a distinct actual one."""
    if len(exp) == 1 and len(act) == 1:
        return match(exp[0], act[0], path + "[0]", key)
    fits = [[j for j, x in enumerate(act) if match(w, x, path, key) is None] for w in exp]
    owner = {}

    def place(i, seen):
        for j in fits[i]:
            if j in seen:
                continue
            seen.add(j)
            if j not in owner or place(owner[j], seen):
                owner[j] = i
                return True
        return False

    for i, w in enumerate(exp):
        if not place(i, set()):
            free = [j for j in range(len(act)) if j not in owner] or range(len(act))
            errs = [match(w, act[j], "%s[%d]" % (path, j), key) for j in free]
            errs = [x for x in errs if x]
            # The mismatch that lies deepest is the most telling one.
            errs.sort(key=lambda t: -len(t.split(": ")[0]))
            return errs[0] + " (nearest of %d)" % len(act) if errs else "%s: no element matches %s" % (path, short(w))
    return None


def match(e, a, path="", key=""):
    if isinstance(e, dict) and e and all(k.startswith("$") for k in e):
        return op_match(e, a, path, key)
    if a is MISSING:
        if e != "*" and key in IMPLICIT and is_zero(e):
            return None
        return "%s: missing, want %s" % (path, short(e))
    if isinstance(e, str) and e == "*":
        return None
    if isinstance(e, dict):
        if not isinstance(a, dict):
            return "%s: want an object, got %s" % (path, short(a))
        for k, v in e.items():
            err = match(v, a.get(k, MISSING), path + "." + k, k)
            if err:
                return err
        return None
    if isinstance(e, list):
        if not isinstance(a, list):
            return "%s: want an array, got %s" % (path, short(a))
        if len(e) != len(a):
            return "%s: %d elements, want %d; got %s" % (path, len(a), len(e), short(a))
        if key in ORDER_FREE or path.endswith("kvlistValue.values"):
            return assign(e, a, path, key)
        for i, (x, y) in enumerate(zip(e, a)):
            err = match(x, y, "%s[%d]" % (path, i), key)
            if err:
                return err
        return None
    if isinstance(e, bool) or isinstance(a, bool) or e is None or a is None:
        same = e is a
    elif is_num(e) and is_num(a):
        same = e == a
    elif key in ("traceId", "spanId") and isinstance(e, str) and isinstance(a, str):
        same = e.lower() == a.lower()
    else:
        same = type(e) is type(a) and e == a
    return None if same else "%s: want %s, got %s" % (path, short(e), short(a))


def prune(metrics):
    """The same document without metrics that have no points, and without empty scopes and resources."""
    rms = []
    for rm in (metrics or {}).get("resourceMetrics") or []:
        sms = []
        for sm in rm.get("scopeMetrics") or []:
            ms = [m for m in sm.get("metrics") or [] if points_of(m)[1] or points_of(m)[0] is None]
            if ms:
                sms.append(dict(sm, metrics=ms))
        if sms:
            rms.append(dict(rm, scopeMetrics=sms))
    return dict(metrics or {}, resourceMetrics=rms)


# ---- invariants ------------------------------------------------------------

def keys_unique(kvs, where, out):
    seen = set()
    for kv in kvs or []:
        k = kv.get("key", "")
        if k in seen:
            out.append("ATTR-04 %s: key %r twice" % (where, k))
        seen.add(k)
        v = kv.get("value") or {}
        if len(v) > 1:
            out.append("OTLP-JSON-01 %s: AnyValue with several members" % where)
        if "kvlistValue" in v:
            keys_unique(v["kvlistValue"].get("values"), where, out)


def freeze(x):
    if isinstance(x, dict):
        if set(x) == {"kvlistValue"}:
            return ("map", attrs_id(x["kvlistValue"].get("values")))
        return tuple(sorted((k, freeze(v)) for k, v in x.items()))
    if isinstance(x, list):
        return tuple(freeze(v) for v in x)
    if is_num(x):
        return float(x)
    return x


def attrs_id(kvs):
    return frozenset((kv.get("key", ""), freeze(kv.get("value") or {})) for kv in kvs or [])


def num(x):
    if isinstance(x, str) and x in ("NaN", "Infinity", "-Infinity"):
        return float(x.replace("Infinity", "inf"))
    return x


def check_string_int(o, keys, where, out):
    for k in keys:
        if k in o:
            for v in o[k] if isinstance(o[k], list) else [o[k]]:
                if not (isinstance(v, str) and (v.isdigit() or v[:1] == "-" and v[1:].isdigit())):
                    out.append("OTLP-JSON-01 %s.%s: %r is not a decimal string" % (where, k, v))


def invariants(metrics):
    """Texts for every rule that the exported data breaks; [] when sound."""
    out = []
    scopes = {}
    for rm in (metrics or {}).get("resourceMetrics") or []:
        keys_unique((rm.get("resource") or {}).get("attributes"), "resource", out)
        for sm in rm.get("scopeMetrics") or []:
            sc = sm.get("scope") or {}
            sid = (freeze((rm.get("resource") or {})), sc.get("name", ""), sc.get("version", ""),
                   sm.get("schemaUrl", ""), attrs_id(sc.get("attributes")))
            if sid in scopes:
                out.append("SDK-PROV-04 scope %r appears twice" % sc.get("name", ""))
            scopes[sid] = 1
            keys_unique(sc.get("attributes"), "scope", out)
            for m in sm.get("metrics") or []:
                one_metric(m, out)
    return out


def one_metric(m, out):
    w = "metric %r" % m.get("name", "")
    kinds = [k for k in ("gauge", "sum", "histogram", "exponentialHistogram", "summary") if k in m]
    if len(kinds) != 1:
        out.append("OTLP-JSON-01 %s: data members %s" % (w, kinds))
        return
    k = kinds[0]
    d = m[k]
    pts = d.get("dataPoints") or []
    temporality = d.get("aggregationTemporality")
    wrong = temporality not in (1, 2) or isinstance(temporality, bool)
    if k in ("sum", "histogram", "exponentialHistogram") and wrong:
        out.append("DM-TIME-05 %s: aggregationTemporality %r" % (w, d.get("aggregationTemporality")))
    ids = set()
    starts = set()
    for p in pts:
        keys_unique(p.get("attributes"), w, out)
        i = attrs_id(p.get("attributes"))
        if i in ids:
            out.append("SDK-CARD-08 %s: two points with the same attributes %s" % (w, short(p.get("attributes"))))
        ids.add(i)
        check_string_int(p, ("timeUnixNano", "startTimeUnixNano", "asInt", "count", "zeroCount", "bucketCounts"), w,
                         out)
        t, s = as_int(p.get("timeUnixNano", 0)) or 0, as_int(p.get("startTimeUnixNano", 0)) or 0
        starts.add(s)
        if t == 0:
            out.append("DM-TIME-01 %s: no timeUnixNano" % w)
        if s > t:
            out.append("DM-TIME-01 %s: start %s after end %s" % (w, s, t))
        for x in p.get("exemplars") or []:
            keys_unique(x.get("filteredAttributes"), w + " exemplar", out)
            if ("asInt" in x) == ("asDouble" in x):
                out.append("SDK-EX-04 %s: exemplar without a value" % w)
            have = {kv.get("key") for kv in p.get("attributes") or []}
            if have & {kv.get("key") for kv in x.get("filteredAttributes") or []}:
                out.append("SDK-EX-04 %s: exemplar repeats an attribute of its point" % w)
        if k in ("gauge", "sum"):
            if ("asInt" in p) == ("asDouble" in p):
                out.append("OTLP-JSON-01 %s: point needs exactly one of asInt, asDouble" % w)
        elif k == "histogram":
            bc = [int(x) for x in p.get("bucketCounts") or []]
            eb = [num(x) for x in p.get("explicitBounds") or []]
            if (bc or eb) and len(bc) != len(eb) + 1:
                out.append("DM-HIST-01 %s: %d buckets for %d bounds" % (w, len(bc), len(eb)))
            if bc and sum(bc) != int(p.get("count", 0)):
                out.append("DM-HIST-01 %s: buckets add up to %d, count %s" % (w, sum(bc), p.get("count")))
            if any(not a < b for a, b in zip(eb, eb[1:])):
                out.append("DM-HIST-01 %s: bounds not increasing" % w)
        elif k == "exponentialHistogram":
            n = int(p.get("zeroCount", 0))
            for side in ("positive", "negative"):
                b = p.get(side) or {}
                check_string_int(b, ("bucketCounts",), w, out)
                n += sum(int(x) for x in b.get("bucketCounts") or [])
            if n != int(p.get("count", 0)):
                out.append("DM-EXP-02 %s: buckets add up to %d, count %s" % (w, n, p.get("count")))
            if not isinstance(p.get("scale", 0), int) or not -10 <= p.get("scale", 0) <= 20:
                out.append("SDK-EXPH-06 %s: scale %r" % (w, p.get("scale")))
        if "min" in p and "max" in p and num(p["min"]) > num(p["max"]):
            out.append("SDK-AGG-07 %s: min above max" % w)
    if k != "gauge" and d.get("aggregationTemporality") == 1 and len(starts) > 1:
        out.append("SDK-START-01 %s: delta points with different start times" % w)
