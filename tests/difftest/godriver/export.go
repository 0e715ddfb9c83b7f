package main

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// What a collection gave, as OTLP JSON; exemplars and the resource are not compared, and left out.

// rawFloat is written so that it reads back as the same double.
type rawFloat float64

func (f rawFloat) MarshalJSON() ([]byte, error) {
	x := float64(f)
	switch {
	case math.IsNaN(x):
		return []byte(`"NaN"`), nil
	case math.IsInf(x, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(x, -1):
		return []byte(`"-Infinity"`), nil
	}
	return strconv.AppendFloat(nil, x, 'g', -1, 64), nil
}

func exportValue(v attribute.Value) obj {
	switch v.Type() {
	case attribute.BOOL:
		return obj{"boolValue": v.AsBool()}
	case attribute.INT64:
		return obj{"intValue": strconv.FormatInt(v.AsInt64(), 10)}
	case attribute.FLOAT64:
		return obj{"doubleValue": rawFloat(v.AsFloat64())}
	case attribute.STRING:
		return obj{"stringValue": v.AsString()}
	case attribute.BYTESLICE:
		return obj{"bytesValue": base64.StdEncoding.EncodeToString(v.AsByteSlice())}
	case attribute.SLICE:
		vs := []any{}
		for _, e := range v.AsSlice() {
			vs = append(vs, exportValue(e))
		}
		return obj{"arrayValue": obj{"values": vs}}
	case attribute.MAP:
		return obj{"kvlistValue": obj{"values": exportKVs(v.AsMap())}}
	}
	return obj{}
}

func exportKVs(kvs []attribute.KeyValue) []any {
	out := []any{}
	for _, kv := range kvs {
		out = append(out, obj{"key": string(kv.Key), "value": exportValue(kv.Value)})
	}
	return out
}

func at(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func point(attrs attribute.Set, start, end time.Time) obj {
	return obj{"attributes": exportKVs(attrs.ToSlice()), "startTimeUnixNano": at(start), "timeUnixNano": at(end)}
}

func numberPoints[N number](ps []metricdata.DataPoint[N]) []any {
	out := []any{}
	for _, p := range ps {
		o := point(p.Attributes, p.StartTime, p.Time)
		switch x := any(p.Value).(type) {
		case int64:
			o["asInt"] = strconv.FormatInt(x, 10)
		case float64:
			o["asDouble"] = rawFloat(x)
		}
		out = append(out, o)
	}
	return out
}

func texts(ns []uint64) []any {
	out := []any{}
	for _, n := range ns {
		out = append(out, strconv.FormatUint(n, 10))
	}
	return out
}

func extrema[N number](o obj, lo, hi metricdata.Extrema[N]) {
	if v, ok := lo.Value(); ok {
		o["min"] = rawFloat(v)
	}
	if v, ok := hi.Value(); ok {
		o["max"] = rawFloat(v)
	}
}

func histogramPoints[N number](ps []metricdata.HistogramDataPoint[N]) []any {
	out := []any{}
	for _, p := range ps {
		o := point(p.Attributes, p.StartTime, p.Time)
		o["count"], o["sum"] = strconv.FormatUint(p.Count, 10), rawFloat(p.Sum)
		o["bucketCounts"] = texts(p.BucketCounts)
		bs := []any{}
		for _, b := range p.Bounds {
			bs = append(bs, rawFloat(b))
		}
		o["explicitBounds"] = bs
		extrema(o, p.Min, p.Max)
		out = append(out, o)
	}
	return out
}

func exponentialPoints[N number](ps []metricdata.ExponentialHistogramDataPoint[N]) []any {
	out := []any{}
	for _, p := range ps {
		o := point(p.Attributes, p.StartTime, p.Time)
		o["count"], o["sum"], o["scale"] = strconv.FormatUint(p.Count, 10), rawFloat(p.Sum), p.Scale
		o["zeroCount"] = strconv.FormatUint(p.ZeroCount, 10)
		o["positive"] = obj{"offset": p.PositiveBucket.Offset, "bucketCounts": texts(p.PositiveBucket.Counts)}
		o["negative"] = obj{"offset": p.NegativeBucket.Offset, "bucketCounts": texts(p.NegativeBucket.Counts)}
		extrema(o, p.Min, p.Max)
		out = append(out, o)
	}
	return out
}

func temporal(points []any, t metricdata.Temporality) obj {
	return obj{"dataPoints": points, "aggregationTemporality": map[metricdata.Temporality]int{
		metricdata.DeltaTemporality: 1, metricdata.CumulativeTemporality: 2}[t]}
}

func sum[N number](d metricdata.Sum[N]) obj {
	o := temporal(numberPoints(d.DataPoints), d.Temporality)
	o["isMonotonic"] = d.IsMonotonic
	return o
}

func exportMetric(m metricdata.Metrics) obj {
	o := obj{"name": m.Name, "description": m.Description, "unit": m.Unit}
	switch d := m.Data.(type) {
	case metricdata.Gauge[int64]:
		o["gauge"] = obj{"dataPoints": numberPoints(d.DataPoints)}
	case metricdata.Gauge[float64]:
		o["gauge"] = obj{"dataPoints": numberPoints(d.DataPoints)}
	case metricdata.Sum[int64]:
		o["sum"] = sum(d)
	case metricdata.Sum[float64]:
		o["sum"] = sum(d)
	case metricdata.Histogram[int64]:
		o["histogram"] = temporal(histogramPoints(d.DataPoints), d.Temporality)
	case metricdata.Histogram[float64]:
		o["histogram"] = temporal(histogramPoints(d.DataPoints), d.Temporality)
	case metricdata.ExponentialHistogram[int64]:
		o["exponentialHistogram"] = temporal(exponentialPoints(d.DataPoints), d.Temporality)
	case metricdata.ExponentialHistogram[float64]:
		o["exponentialHistogram"] = temporal(exponentialPoints(d.DataPoints), d.Temporality)
	}
	return o
}

func opCollect(r obj) (obj, error) {
	rd := readers[str(r, "reader")]
	if rd == nil {
		return nil, errors.New("no such reader")
	}
	var rm metricdata.ResourceMetrics
	if err := rd.Collect(context.Background(), &rm); err != nil {
		return nil, err
	}
	scopes := []any{}
	for _, sm := range rm.ScopeMetrics {
		ms := []any{}
		for _, m := range sm.Metrics {
			ms = append(ms, exportMetric(m))
		}
		scopes = append(scopes, obj{"scope": obj{"name": sm.Scope.Name, "version": sm.Scope.Version}, "metrics": ms})
	}
	return obj{"metrics": obj{"resourceMetrics": []any{obj{"scopeMetrics": scopes}}}}, nil
}
