use crate::harness::*;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry::KeyValue;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Stream, Temporality,
};
use prost::Message;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

const PEER: &str = "Rust SDK 0.33.1";

pub fn attrs(n: usize) -> Vec<KeyValue> {
    let mut v = vec![
        KeyValue::new("method", "POST"),
        KeyValue::new("route", "/api/v1/users/{id}"),
        KeyValue::new("server", "node-17.example"),
    ];
    for i in 4..=10 {
        v.push(KeyValue::new(format!("attr{i:02}"), format!("value-{i:02}")));
    }
    v.truncate(n);
    v
}

pub fn attrs_of(i: usize) -> Vec<KeyValue> {
    vec![
        KeyValue::new("method", "POST"),
        KeyValue::new("route", "/api/v1/users/{id}"),
        KeyValue::new("server", format!("node-{i:05}.example")),
    ]
}

#[derive(Clone, Debug)]
pub struct Reader(Arc<ManualReader>);

impl MetricReader for Reader {
    fn register_pipeline(&self, p: Weak<Pipeline>) {
        self.0.register_pipeline(p)
    }
    fn collect(&self, rm: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(rm)
    }
    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }
    fn shutdown_with_timeout(&self, t: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(t)
    }
    fn temporality(&self, k: InstrumentKind) -> Temporality {
        self.0.temporality(k)
    }
}

/// Instruments whose name starts with "exp" become exponential histograms.
pub fn provider(t: Temporality, limit: usize) -> (SdkMeterProvider, Reader) {
    let r = Reader(Arc::new(ManualReader::builder().with_temporality(t).build()));
    let view = move |i: &Instrument| {
        let b = Stream::builder().with_cardinality_limit(limit);
        let b = if i.name().starts_with("exp") {
            b.with_aggregation(Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true })
        } else {
            b
        };
        b.build().ok()
    };
    (SdkMeterProvider::builder().with_reader(r.clone()).with_view(view).build(), r)
}

/// (sum, count) over the points of the metric.
fn totals(r: &Reader, name: &str) -> (f64, u64) {
    let mut rm = ResourceMetrics::default();
    r.collect(&mut rm).unwrap();
    let (mut sum, mut count) = (0.0, 0);
    for m in rm.scope_metrics().flat_map(|s| s.metrics()).filter(|m| m.name() == name) {
        match m.data() {
            AggregatedMetrics::U64(MetricData::Sum(s)) => {
                for p in s.data_points() {
                    sum += p.value() as f64;
                    count += 1;
                }
            }
            AggregatedMetrics::F64(MetricData::Histogram(h)) if !name.starts_with("exp") => {
                for p in h.data_points() {
                    sum += p.sum();
                    count += p.count();
                }
            }
            AggregatedMetrics::F64(MetricData::ExponentialHistogram(h)) => {
                for p in h.data_points() {
                    sum += p.sum();
                    count += p.count() as u64;
                }
            }
            _ => {}
        }
    }
    (sum, count)
}

fn check_counter(r: &Reader, name: &str, series: u64) -> impl Fn(u64) -> bool {
    let (r, name) = (r.clone(), name.to_string());
    move |ops| totals(&r, &name) == (ops as f64, series)
}

fn check_hist(r: &Reader, name: &str) -> impl Fn(u64) -> bool {
    let (r, name) = (r.clone(), name.to_string());
    move |ops| {
        let (s, c) = totals(&r, &name);
        let want = values().iter().sum::<f64>() * (ops / 1024) as f64;
        c == ops && (s - want).abs() < 1e-6 * want
    }
}

fn counter_cases(m: &Meter, r: &Reader, cases: &mut Vec<Case>) {
    let works = [
        (0, 1, "counter add, no attributes"),
        (3, 1, "counter add, 3 string attributes"),
        (3, cores(), "counter add, 3 string attributes"),
        (10, 1, "counter add, 10 string attributes"),
    ];
    for (n, threads, work) in works {
        let name = format!("c_unbound_{n}_{threads}");
        let (c, a) = (m.u64_counter(name.clone()).build(), attrs(n));
        let case = Case::new(work, threads, move |k, _| {
            for _ in 0..k {
                c.add(1, &a);
            }
        });
        cases.push(case.check(check_counter(r, &name, 1)));
    }
    for threads in [1, cores()] {
        let name = format!("c_bound_{threads}");
        let b = m.u64_counter(name.clone()).build().bind(&attrs(1));
        let case = Case::new("bound counter add, integer", threads, move |k, _| {
            for _ in 0..k {
                b.add(1);
            }
        });
        cases.push(case.check(check_counter(r, &name, 1)));
    }
    let c = m.u64_counter("c_cycle").build();
    let sets: Vec<_> = (0..100).map(attrs_of).collect();
    let case = Case::new("counter add, 3 attributes, 100 sets in turn", 1, move |k, _| {
        let mut j = 0;
        for _ in 0..k {
            c.add(1, &sets[j]);
            j = if j == 99 { 0 } else { j + 1 };
        }
    });
    cases.push(case.check(check_counter(r, "c_cycle", 100)));
}

fn histogram_cases(m: &Meter, r: &Reader, kind: &str, unbound: &str, bound: &str, cases: &mut Vec<Case>) {
    let name = format!("{kind}_unbound");
    let (h, a) = (m.f64_histogram(name.clone()).with_boundaries(BOUNDS.to_vec()).build(), attrs(3));
    let case = Case::new(unbound, 1, move |k, _| {
        let v = values();
        for i in 0..k {
            h.record(v[i as usize & 1023], &a);
        }
    });
    cases.push(case.check(check_hist(r, &name)));
    for threads in [1, cores()] {
        let name = format!("{kind}_bound_{threads}");
        let h = m.f64_histogram(name.clone()).with_boundaries(BOUNDS.to_vec()).build().bind(&attrs(1));
        let case = Case::new(bound, threads, move |k, _| {
            let v = values();
            for i in 0..k {
                h.record(v[i as usize & 1023]);
            }
        });
        cases.push(case.check(check_hist(r, &name)));
    }
}

pub fn record() {
    let mut cases = vec![];
    let (p, r) = provider(Temporality::Cumulative, 2000);
    let m = p.meter("bench");
    counter_cases(&m, &r, &mut cases);
    histogram_cases(&m, &r, "hist", "histogram record, 3 string attributes", "bound histogram record, 15 bounds", &mut cases);
    histogram_cases(&m, &r, "exp", "exponential record, 3 string attributes", "bound exponential histogram record", &mut cases);
    let noop = opentelemetry::global::meter("bench").u64_counter("noop").build(); // the provider that nobody set
    let a = attrs(2);
    cases.push(Case::new("no SDK: counter add, 2 attributes", 1, move |k, _| {
        for _ in 0..k {
            noop.add(1, &a);
        }
    }));
    run_all(PEER, cases);
}

fn fill_counters(m: &Meter, n: usize) {
    let c = m.u64_counter("requests").build();
    for i in 0..n {
        c.add(1 + i as u64, &attrs_of(i));
    }
}
fn fill_hist(m: &Meter, name: &'static str, n: usize, per: usize) {
    let h = m.f64_histogram(name).with_boundaries(BOUNDS.to_vec()).build();
    for i in 0..n {
        let a = attrs_of(i);
        for j in 0..per {
            h.record(values()[(i + j) & 1023], &a);
        }
    }
}

pub fn encode() {
    let works = [("OTLP collect + encode, 10 000 counters", 10_000), ("OTLP collect + encode, 1 000 histograms", 1000)];
    for (work, n) in works {
        let (p, r) = provider(Temporality::Cumulative, 1_000_000);
        let m = p.meter("bench");
        if n == 10_000 {
            fill_counters(&m, n)
        } else {
            fill_hist(&m, "hist", n, 100)
        }
        let mut rm = ResourceMetrics::default();
        let mut out = Vec::with_capacity(4 << 20);
        let seconds = best_of(31, || {
            r.collect(&mut rm).unwrap();
            let req = ExportMetricsServiceRequest::from(&rm);
            out.clear();
            req.encode(&mut out).unwrap();
        });
        let ns = seconds * 1e9 / n as f64;
        let check = if points(&out) == n { "ok" } else { "other points came out" };
        report(PEER, work, 1, "ns/point", (ns, ns), 0.0, 31, check);
    }
}

fn points(bytes: &[u8]) -> usize {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    let request = ExportMetricsServiceRequest::decode(bytes).unwrap();
    let metrics = request.resource_metrics.iter().flat_map(|r| &r.scope_metrics).flat_map(|s| &s.metrics);
    metrics
        .map(|m| match m.data.as_ref().unwrap() {
            Data::Sum(s) => s.data_points.len(),
            Data::Histogram(h) => h.data_points.len(),
            _ => 0,
        })
        .sum()
}

pub fn scrape() {
    use prometheus::Encoder;
    let reg = prometheus::Registry::new();
    let exp = opentelemetry_prometheus::exporter().with_registry(reg.clone()).build().unwrap();
    let view = |_: &Instrument| Stream::builder().with_cardinality_limit(1_000_000).build().ok();
    let p = SdkMeterProvider::builder().with_reader(exp).with_view(view).build();
    let m = p.meter("bench");
    fill_counters(&m, 10_000);
    fill_hist(&m, "hist", 1000, 100);
    let mut out = vec![];
    let seconds = best_of(15, || {
        out.clear();
        prometheus::TextEncoder::new().encode(&reg.gather(), &mut out).unwrap();
    });
    crate::report_scrape(PEER, seconds, &out);
}

/// Resident memory, so one kind a process.
pub fn bytes(kind: &str) {
    let (p, r) = provider(Temporality::Cumulative, 1_000_000);
    let m = p.meter("bench");
    fill_counters(&m, 1);
    let before = rss();
    let (work, n, name) = match kind {
        "counter" => ("bytes a series: counter and 3 attributes", 100_000, "requests"),
        "histogram" => ("bytes a series: histogram and 3 attributes", 10_000, "hist"),
        _ => ("bytes a series: exponential histogram and 3 attributes", 10_000, "exp"),
    };
    match kind {
        "counter" => fill_counters(&m, n),
        _ => fill_hist(&m, name, n, 1),
    }
    let each = (rss() - before) / n as f64;
    let (sum, count) = totals(&r, name);
    let check = if count == n as u64 && sum > 0.0 { "ok" } else { "other series came out" };
    report(PEER, work, 1, "bytes", (each, each), 0.0, 1, check);
}

pub fn shutdown(endpoint: &str) {
    use opentelemetry_otlp::WithExportConfig;
    let exp = opentelemetry_otlp::MetricExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/metrics"))
        .build()
        .unwrap();
    let p = SdkMeterProvider::builder().with_periodic_exporter(exp).build();
    p.meter("bench").u64_counter("c").build().add(1, &[]);
    let t = Instant::now();
    let _ = p.shutdown_with_timeout(Duration::from_millis(1));
    let ms = t.elapsed().as_secs_f64() * 1e3;
    report(PEER, "shutdown(1 ms), collector never answers, idle", 1, "ms", (ms, ms), 0.0, 1, "-");
}
