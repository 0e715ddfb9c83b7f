// Command otm-bench-peer measures the Go metrics libraries on the same work as otm-bench; ../README.md says how it is run.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	"google.golang.org/protobuf/proto"
)

const (
	otelPeer = "Go SDK 1.47.0"
	promPeer = "Go client_golang 1.25.0"
)

var ctx = context.Background()

func attrs(n int) []attribute.KeyValue {
	kv := []attribute.KeyValue{
		attribute.String("method", "POST"),
		attribute.String("route", "/api/v1/users/{id}"),
		attribute.String("server", "node-17.example"),
	}
	for i := 4; i <= 10; i++ {
		kv = append(kv, attribute.String(fmt.Sprintf("attr%02d", i), fmt.Sprintf("value-%02d", i)))
	}
	return kv[:n]
}

func server(i int) string { return fmt.Sprintf("node-%05d.example", i) }

func attrsOf(i int) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("method", "POST"),
		attribute.String("route", "/api/v1/users/{id}"),
		attribute.String("server", server(i)),
	}
}

// Instruments whose name starts with "exp" become exponential histograms.
func provider(limit int) (*sdk.MeterProvider, *sdk.ManualReader) {
	r := sdk.NewManualReader()
	v := sdk.NewView(sdk.Instrument{Name: "exp*"}, sdk.Stream{
		Aggregation: sdk.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 20},
	})
	return sdk.NewMeterProvider(sdk.WithReader(r), sdk.WithView(v), sdk.WithCardinalityLimit(limit)), r
}

func totals(r *sdk.ManualReader, name string) (sum float64, points, count int) {
	var rm metricdata.ResourceMetrics
	if err := r.Collect(ctx, &rm); err != nil {
		panic(err)
	}
	for _, s := range rm.ScopeMetrics {
		for _, m := range s.Metrics {
			if m.Name != name {
				continue
			}
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range d.DataPoints {
					sum += float64(p.Value)
					points++
				}
			case metricdata.Histogram[float64]:
				if strings.HasPrefix(name, "exp") {
					panic("the view did not make " + name + " exponential")
				}
				for _, p := range d.DataPoints {
					sum += p.Sum
					points++
					count += int(p.Count)
				}
			case metricdata.ExponentialHistogram[float64]:
				for _, p := range d.DataPoints {
					sum += p.Sum
					points++
					count += int(p.Count)
				}
			}
		}
	}
	return
}

func checkCounter(r *sdk.ManualReader, name string, series int) func(int) bool {
	return func(ops int) bool {
		s, p, _ := totals(r, name)
		return s == float64(ops) && p == series
	}
}

func checkHist(r *sdk.ManualReader, name string) func(int) bool {
	return func(ops int) bool {
		s, _, c := totals(r, name)
		want := valuesSum * float64(ops/1024)
		return c == ops && s > want*0.999999 && s < want*1.000001
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type otelCases struct {
	meter  metric.Meter
	reader *sdk.ManualReader
	all    []*bench
}

func (o *otelCases) counter(work string, threads, series int, run func(c metric.Int64Counter) func(int, int)) {
	id := fmt.Sprintf("c%d", len(o.all))
	c := must(o.meter.Int64Counter(id))
	o.all = append(o.all, &bench{name: work, threads: threads, run: run(c), check: checkCounter(o.reader, id, series)})
}

// Attributes that are given at the call; "bound" is a set made beforehand, since the SDK has no bound instruments.
func (o *otelCases) counters() {
	unbound := func(n int) func(c metric.Int64Counter) func(int, int) {
		a := attrs(n)
		return func(c metric.Int64Counter) func(int, int) {
			return func(k, _ int) {
				for range k {
					c.Add(ctx, 1, metric.WithAttributes(a...))
				}
			}
		}
	}
	bound := func(c metric.Int64Counter) func(int, int) {
		option := []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attrs(1)...))}
		return func(k, _ int) {
			for range k {
				c.Add(ctx, 1, option...)
			}
		}
	}
	for _, threads := range []int{1, runtime.NumCPU()} {
		o.counter("bound counter add, integer", threads, 1, bound)
		o.counter("counter add, 3 string attributes", threads, 1, unbound(3))
	}
	o.counter("counter add, no attributes", 1, 1, func(c metric.Int64Counter) func(int, int) {
		return func(k, _ int) {
			for range k {
				c.Add(ctx, 1)
			}
		}
	})
	o.counter("counter add, 10 string attributes", 1, 1, unbound(10))
	sets := make([][]attribute.KeyValue, 100)
	for i := range sets {
		sets[i] = attrsOf(i)
	}
	o.counter("counter add, 3 attributes, 100 sets in turn", 1, 100, func(c metric.Int64Counter) func(int, int) {
		return func(k, _ int) {
			j := 0
			for range k {
				c.Add(ctx, 1, metric.WithAttributes(sets[j]...))
				if j++; j == 100 {
					j = 0
				}
			}
		}
	})
}

func (o *otelCases) histogram(work, name string, threads int, option metric.RecordOption) {
	h := must(o.meter.Float64Histogram(name, metric.WithExplicitBucketBoundaries(bounds...)))
	options := []metric.RecordOption{option}
	a := attrs(3)
	o.all = append(o.all, &bench{name: work, threads: threads, run: func(k, _ int) {
		if option == nil {
			for i := range k {
				h.Record(ctx, values[i&1023], metric.WithAttributes(a...))
			}
			return
		}
		for i := range k {
			h.Record(ctx, values[i&1023], options...)
		}
	}, check: checkHist(o.reader, name)})
}

func record() {
	mp, r := provider(2000)
	o := &otelCases{meter: mp.Meter("bench"), reader: r}
	o.counters()
	set := metric.WithAttributeSet(attribute.NewSet(attrs(1)...))
	for _, threads := range []int{1, runtime.NumCPU()} {
		o.histogram("bound histogram record, 15 bounds", fmt.Sprintf("hist_%d", threads), threads, set)
		o.histogram("bound exponential histogram record", fmt.Sprintf("exp_%d", threads), threads, set)
	}
	o.histogram("histogram record, 3 string attributes", "hist_unbound", 1, nil)
	o.histogram("exponential record, 3 string attributes", "exp_unbound", 1, nil)
	none := must(otel.Meter("none").Int64Counter("none"))
	a := attrs(2)
	o.all = append(o.all, &bench{name: "no SDK: counter add, 2 attributes", run: func(k, _ int) {
		for range k {
			none.Add(ctx, 1, metric.WithAttributes(a...))
		}
	}})
	runAll(otelPeer, o.all)
}

var labelNames = []string{"method", "route", "server"}

func read(m prometheus.Metric) *dto.Metric {
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		panic(err)
	}
	return &d
}

func recordProm() {
	var cases []*bench
	add := func(name string, threads int, run func(int), check func(int) bool) {
		cases = append(cases, &bench{name: name, threads: threads, run: func(k, _ int) { run(k) }, check: check})
	}
	labels := []string{"POST", "/api/v1/users/{id}", "node-17.example"}
	native := prometheus.HistogramOpts{Name: "h", NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160}
	for _, threads := range []int{1, runtime.NumCPU()} {
		b := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c"}, labelNames).WithLabelValues(labels...)
		add("bound counter add, integer", threads, func(k int) {
			for range k {
				b.Inc()
			}
		}, func(ops int) bool { return read(b).GetCounter().GetValue() == float64(ops) })
		f := prometheus.NewCounter(prometheus.CounterOpts{Name: "c"})
		add("bound counter add, double", threads, func(k int) {
			for range k {
				f.Add(1.5)
			}
		}, func(ops int) bool { return read(f).GetCounter().GetValue() == 1.5*float64(ops) })
		u := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c"}, labelNames)
		add("counter add, 3 string attributes", threads, func(k int) {
			for range k {
				u.WithLabelValues(labels...).Inc()
			}
		}, func(ops int) bool { return read(u.WithLabelValues(labels...)).GetCounter().GetValue() == float64(ops) })
		for work, options := range map[string]prometheus.HistogramOpts{
			"bound histogram record, 15 bounds":  {Name: "h", Buckets: bounds},
			"bound exponential histogram record": native,
		} {
			h := prometheus.NewHistogramVec(options, labelNames).WithLabelValues(labels...)
			add(work, threads, func(k int) {
				for i := range k {
					h.Observe(values[i&1023])
				}
			}, func(ops int) bool { return read(h.(prometheus.Metric)).GetHistogram().GetSampleCount() == uint64(ops) })
		}
	}
	runAll(promPeer, append(cases, hundredSets(labels)))
}

func hundredSets(labels []string) *bench {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "c"}, labelNames)
	sets := make([][]string, 100)
	for i := range sets {
		sets[i] = []string{labels[0], labels[1], server(i)}
	}
	return &bench{name: "counter add, 3 attributes, 100 sets in turn", run: func(k, _ int) {
		j := 0
		for range k {
			vec.WithLabelValues(sets[j]...).Inc()
			if j++; j == 100 {
				j = 0
			}
		}
	}, check: func(ops int) bool {
		s := 0.0
		for i := range sets {
			s += read(vec.WithLabelValues(sets[i]...)).GetCounter().GetValue()
		}
		return s == float64(ops)
	}}
}

func fillCounters(m metric.Meter, n int) {
	c := must(m.Int64Counter("requests"))
	for i := range n {
		c.Add(ctx, int64(i+1), metric.WithAttributes(attrsOf(i)...))
	}
}

func fillHist(m metric.Meter, name string, n, per int) {
	h := must(m.Float64Histogram(name, metric.WithExplicitBucketBoundaries(bounds...)))
	for i := range n {
		o := metric.WithAttributeSet(attribute.NewSet(attrsOf(i)...))
		for j := range per {
			h.Record(ctx, values[(i+j)&1023], o)
		}
	}
}

// A transport that swallows the request: what is left is transform, marshal and request building.
type swallow struct{ body []byte }

func (s *swallow) RoundTrip(req *http.Request) (*http.Response, error) {
	s.body, _ = io.ReadAll(req.Body)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: req}, nil
}

func encodeOne(work string, n int, fill func(m metric.Meter)) {
	mp, r := provider(1_000_000)
	fill(mp.Meter("bench"))
	sw := &swallow{}
	exp := must(otlpmetrichttp.New(ctx, otlpmetrichttp.WithHTTPClient(&http.Client{Transport: sw}), otlpmetrichttp.WithInsecure()))
	var rm metricdata.ResourceMetrics
	ns := bestOf(31, func() {
		if err := r.Collect(ctx, &rm); err != nil {
			panic(err)
		}
		if err := exp.Export(ctx, &rm); err != nil {
			panic(err)
		}
	}) / float64(n)
	report(otelPeer, work, 1, "ns/point", ns, ns, 0, 31, verdict(points(sw.body) == n, "other points came out"))
}

func points(body []byte) int {
	var back collectorpb.ExportMetricsServiceRequest
	if err := proto.Unmarshal(body, &back); err != nil {
		panic(err)
	}
	found := 0
	for _, rm := range back.ResourceMetrics {
		for _, sm := range rm.ScopeMetrics {
			for _, m := range sm.Metrics {
				found += len(m.GetSum().GetDataPoints()) + len(m.GetHistogram().GetDataPoints())
			}
		}
	}
	return found
}

func encode() {
	encodeOne("OTLP collect + encode, 10 000 counters", 10000, func(m metric.Meter) { fillCounters(m, 10000) })
	encodeOne("OTLP collect + encode, 1 000 histograms", 1000, func(m metric.Meter) { fillHist(m, "hist", 1000, 100) })
}

func scrapeOne(peer string, g prometheus.Gatherer) {
	var buf bytes.Buffer
	ms := bestOf(15, func() {
		buf.Reset()
		enc := expfmt.NewEncoder(&buf, expfmt.NewFormat(expfmt.TypeTextPlain))
		for _, mf := range must(g.Gather()) {
			if err := enc.Encode(mf); err != nil {
				panic(err)
			}
		}
	}) / 1e6
	sum := 0.0
	for l := range strings.Lines(buf.String()) {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "requests") {
			sum += must(strconv.ParseFloat(l[strings.LastIndexByte(l, ' ')+1:], 64))
		}
	}
	report(peer, "text scrape, 10 000 counters + 1 000 histograms", 1, "ms", ms, ms, 0, 15,
		verdict(sum == 50005000, "the counters add up to something else"))
}

func fillProm(reg *prometheus.Registry, nc, nh, per int, o prometheus.HistogramOpts) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests", Help: "h"}, labelNames)
	h := prometheus.NewHistogramVec(o, labelNames)
	reg.MustRegister(c, h)
	for i := range nc {
		c.WithLabelValues("POST", "/api/v1/users/{id}", server(i)).Add(float64(i + 1))
	}
	for i := range nh {
		b := h.WithLabelValues("POST", "/api/v1/users/{id}", server(i))
		for j := range per {
			b.Observe(values[(i+j)&1023])
		}
	}
}

var classic = prometheus.HistogramOpts{Name: "hist", Help: "h", Buckets: bounds}

func scrape() {
	reg := prometheus.NewRegistry()
	fillProm(reg, 10000, 1000, 100, classic)
	scrapeOne(promPeer, reg)
	reg2 := prometheus.NewRegistry()
	exp := must(otelprom.New(otelprom.WithRegisterer(reg2)))
	mp := sdk.NewMeterProvider(sdk.WithReader(exp), sdk.WithCardinalityLimit(1_000_000))
	fillCounters(mp.Meter("bench"), 10000)
	fillHist(mp.Meter("bench"), "hist", 1000, 100)
	scrapeOne(otelPeer, reg2)
}

func heap() float64 {
	debug.FreeOSMemory()
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	return float64(ms.HeapAlloc)
}

// bytesOf measures the heap, so one kind a process.
func bytesOf(kind string) {
	mp, r := provider(1_000_000)
	reg := prometheus.NewRegistry()
	before := heap()
	n := 10000
	switch kind {
	case "counter":
		n = 100000
		fillCounters(mp.Meter("bench"), n)
	case "histogram":
		fillHist(mp.Meter("bench"), "hist", n, 1)
	case "exponential":
		fillHist(mp.Meter("bench"), "exp", n, 1)
	case "prometheus-counter":
		n = 100000
		fillProm(reg, n, 0, 0, classic)
	case "prometheus-histogram":
		fillProm(reg, 0, n, 1, classic)
	}
	each := (heap() - before) / float64(n)
	peer, found := otelPeer, 0
	if strings.HasPrefix(kind, "prometheus-") {
		peer = promPeer
		for _, family := range must(reg.Gather()) {
			found += len(family.Metric)
		}
	} else {
		_, found, _ = totals(r, map[string]string{"counter": "requests", "histogram": "hist", "exponential": "exp"}[kind])
	}
	work := map[string]string{"counter": "counter", "histogram": "histogram", "exponential": "exponential histogram"}
	report(peer, "bytes a series: "+work[strings.TrimPrefix(kind, "prometheus-")]+" and 3 attributes", 1, "bytes", each, each, 0, 1,
		verdict(found == n, "other series came out"))
	runtime.KeepAlive(mp)
	runtime.KeepAlive(r)
	runtime.KeepAlive(reg)
}

func shutdown(endpoint string) {
	exp := must(otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint+"/v1/metrics")))
	mp := sdk.NewMeterProvider(sdk.WithReader(sdk.NewPeriodicReader(exp)))
	must(mp.Meter("bench").Int64Counter("c")).Add(ctx, 1)
	c, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	began := time.Now()
	_ = mp.Shutdown(c)
	ms := float64(time.Since(began)) / 1e6
	report(otelPeer, "shutdown(1 ms), collector never answers, idle", 1, "ms", ms, ms, 0, 1, "-")
}

func main() {
	arg := func(i int) string {
		if len(os.Args) > i {
			return os.Args[i]
		}
		return ""
	}
	switch arg(1) {
	case "record":
		record()
		recordProm()
	case "export":
		encode()
		scrape()
	case "bytes":
		bytesOf(arg(2))
	case "shutdown":
		shutdown(arg(2))
	default:
		fmt.Fprintln(os.Stderr, "record | export | bytes [prometheus-]counter|histogram|exponential | shutdown http://HOST:PORT")
	}
}
