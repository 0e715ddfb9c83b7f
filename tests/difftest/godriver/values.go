package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// unmarshal keeps numbers as they are written.
func unmarshal(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	return d.Decode(into)
}

func str(o obj, k string) string {
	s, _ := o[k].(string)
	return s
}

func sub(o obj, k string) obj {
	m, _ := o[k].(obj)
	return m
}

func list(o obj, k string) []any {
	l, _ := o[k].([]any)
	return l
}

// text is a number as it is written: integers beyond 53 bits come as strings.
func text(v any) string {
	if n, ok := v.(json.Number); ok {
		return n.String()
	}
	s, _ := v.(string)
	return s
}

func toInt(v any) (int64, bool) {
	n, err := strconv.ParseInt(text(v), 10, 64)
	return n, err == nil
}

func toFloat(v any) (float64, bool) {
	f, err := strconv.ParseFloat(text(v), 64)
	return f, err == nil
}

func floats(l []any) []float64 {
	out := []float64{}
	for _, e := range l {
		f, _ := toFloat(e)
		out = append(out, f)
	}
	return out
}

// anyValue reads OTLP's AnyValue in JSON; {} is the empty value.
func anyValue(m obj) attribute.Value {
	for k, x := range m {
		switch k {
		case "stringValue":
			return attribute.StringValue(x.(string))
		case "boolValue":
			return attribute.BoolValue(x.(bool))
		case "intValue":
			n, _ := toInt(x)
			return attribute.Int64Value(n)
		case "doubleValue":
			f, _ := toFloat(x)
			return attribute.Float64Value(f)
		case "bytesValue":
			b, _ := base64.StdEncoding.DecodeString(x.(string))
			return attribute.ByteSliceValue(b)
		case "arrayValue":
			var vs []attribute.Value
			for _, e := range list(x.(obj), "values") {
				vs = append(vs, anyValue(e.(obj)))
			}
			return attribute.SliceValue(vs...)
		case "kvlistValue":
			return attribute.MapValue(keyValues(list(x.(obj), "values"))...)
		}
	}
	return attribute.Value{}
}

func keyValues(l []any) []attribute.KeyValue {
	var out []attribute.KeyValue
	for _, e := range l {
		out = append(out, attribute.KeyValue{Key: attribute.Key(str(e.(obj), "key")), Value: anyValue(sub(e.(obj), "value"))})
	}
	return out
}

func attributes(r obj) attribute.Set {
	return attribute.NewSet(keyValues(list(r, "attributes"))...)
}

func spanContext(r obj) context.Context {
	m := sub(r, "context")
	if m == nil {
		return context.Background()
	}
	t, _ := trace.TraceIDFromHex(str(m, "trace_id"))
	s, _ := trace.SpanIDFromHex(str(m, "span_id"))
	c := trace.SpanContextConfig{TraceID: t, SpanID: s}
	if b, _ := m["sampled"].(bool); b {
		c.TraceFlags = trace.FlagsSampled
	}
	return trace.ContextWithSpanContext(context.Background(), trace.NewSpanContext(c))
}
