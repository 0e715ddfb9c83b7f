//! tikv `prometheus` and the official `prometheus-client`.
use crate::harness::*;

fn server(i: usize) -> String {
    format!("node-{i:05}.example")
}

const L: [&str; 3] = ["method", "route", "server"];
const V: [&str; 3] = ["POST", "/api/v1/users/{id}", "node-17.example"];

const TIKV: &str = "Rust prometheus 0.14.0";
const CLIENT: &str = "Rust prometheus-client 0.26.0";

pub fn record_tikv() {
    use prometheus::*;
    let mut cases = vec![];
    for threads in [1, cores()] {
        let b = IntCounterVec::new(Opts::new("c", "h"), &L).unwrap().with_label_values(&V);
        let b2 = b.clone();
        let case = Case::new("bound counter add, integer", threads, move |k, _| {
            for _ in 0..k {
                b.inc_by(1);
            }
        });
        cases.push(case.check(move |ops| b2.get() == ops));
        let v = IntCounterVec::new(Opts::new("c2", "h"), &L).unwrap();
        let v2 = v.clone();
        let case = Case::new("counter add, 3 string attributes", threads, move |k, _| {
            for _ in 0..k {
                v.with_label_values(&V).inc_by(1);
            }
        });
        cases.push(case.check(move |ops| v2.with_label_values(&V).get() == ops));
        let h = HistogramVec::new(HistogramOpts::new("h", "h").buckets(BOUNDS.to_vec()), &L).unwrap();
        let b = h.with_label_values(&V);
        let b2 = b.clone();
        let case = Case::new("bound histogram record, 15 bounds", threads, move |k, _| {
            let t = values();
            for i in 0..k {
                b.observe(t[i as usize & 1023]);
            }
        });
        cases.push(case.check(move |ops| b2.get_sample_count() == ops));
    }
    let v = IntCounterVec::new(Opts::new("c3", "h"), &L).unwrap();
    let v2 = v.clone();
    let servers: Vec<String> = (0..100).map(server).collect();
    let case = Case::new("counter add, 3 attributes, 100 sets in turn", 1, move |k, _| {
        let mut j = 0;
        for _ in 0..k {
            v.with_label_values(&[V[0], V[1], &servers[j]]).inc_by(1);
            j = if j == 99 { 0 } else { j + 1 };
        }
    });
    cases.push(case.check(move |ops| (0..100).map(|i| v2.with_label_values(&[V[0], V[1], &server(i)]).get()).sum::<u64>() == ops));
    run_all(TIKV, cases);
}

type Labels = Vec<(String, String)>;
fn labels(s: String) -> Labels {
    vec![("method".into(), "POST".into()), ("route".into(), "/api/v1/users/{id}".into()), ("server".into(), s)]
}

pub fn record_client() {
    use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};
    let mut cases = vec![];
    for threads in [1, cores()] {
        let c = Family::<Labels, Counter>::default().get_or_create_owned(&labels(V[2].into()));
        let c2 = c.clone();
        let case = Case::new("bound counter add, integer", threads, move |k, _| {
            for _ in 0..k {
                c.inc();
            }
        });
        cases.push(case.check(move |ops| c2.get() == ops));
        let f = Family::<Labels, Counter>::default();
        let (f2, l) = (f.clone(), labels(V[2].into()));
        let l2 = l.clone();
        let case = Case::new("counter add, 3 string attributes", threads, move |k, _| {
            for _ in 0..k {
                f.get_or_create(&l).inc();
            }
        });
        cases.push(case.check(move |ops| f2.get_or_create(&l2).get() == ops));
        let h = Histogram::new(BOUNDS);
        let h2 = h.clone();
        let case = Case::new("bound histogram record, 15 bounds", threads, move |k, _| {
            let t = values();
            for i in 0..k {
                h.observe(t[i as usize & 1023]);
            }
        });
        cases.push(case.check(move |ops| text_of(h2.clone()).contains(&format!("h_count {ops}\n"))));
    }
    run_all(CLIENT, cases);
}

/// The library reads a histogram back in no other way.
fn text_of(h: prometheus_client::metrics::histogram::Histogram) -> String {
    let mut reg = prometheus_client::registry::Registry::default();
    let mut out = String::new();
    reg.register("h", "h", h);
    prometheus_client::encoding::text::encode(&mut out, &reg).unwrap();
    out
}

pub fn scrape() {
    {
        use prometheus::*;
        let reg = Registry::new();
        let c = IntCounterVec::new(Opts::new("requests", "h"), &L).unwrap();
        let h = HistogramVec::new(HistogramOpts::new("hist", "h").buckets(BOUNDS.to_vec()), &L).unwrap();
        reg.register(Box::new(c.clone())).unwrap();
        reg.register(Box::new(h.clone())).unwrap();
        for i in 0..10_000 {
            c.with_label_values(&[V[0], V[1], &server(i)]).inc_by(1 + i as u64);
        }
        for i in 0..1000 {
            let b = h.with_label_values(&[V[0], V[1], &server(i)]);
            for j in 0..100 {
                b.observe(values()[(i + j) & 1023]);
            }
        }
        let mut out = vec![];
        let seconds = best_of(15, || {
            out.clear();
            TextEncoder::new().encode(&reg.gather(), &mut out).unwrap();
        });
        crate::report_scrape(TIKV, seconds, &out);
    }
    use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};
    let mut reg = prometheus_client::registry::Registry::default();
    let c = Family::<Labels, Counter>::default();
    let h = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(BOUNDS));
    reg.register("requests", "h", c.clone());
    reg.register("hist", "h", h.clone());
    for i in 0..10_000 {
        c.get_or_create(&labels(server(i))).inc_by(1 + i as u64);
    }
    for i in 0..1000 {
        let b = h.get_or_create(&labels(server(i)));
        for j in 0..100 {
            b.observe(values()[(i + j) & 1023]);
        }
    }
    let mut out = String::new();
    let seconds = best_of(15, || {
        out.clear();
        prometheus_client::encoding::text::encode(&mut out, &reg).unwrap();
    });
    crate::report_scrape(CLIENT, seconds, out.as_bytes());
}
