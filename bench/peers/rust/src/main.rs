//! Measures the Rust libraries on the same work as otm-bench; ../README.md says how it is run.
mod harness;
mod otel;
mod prom;

const SCRAPE: &str = "text scrape, 10 000 counters + 1 000 histograms";

/// Time of one scrape; its counters have to add up.
pub fn report_scrape(peer: &str, seconds: f64, text: &[u8]) {
    let samples = std::str::from_utf8(text).unwrap().lines().filter(|l| l.starts_with("requests"));
    let sum: f64 = samples.filter_map(|l| l.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    let check = if sum == 50_005_000.0 { "ok" } else { "the counters add up to something else" };
    harness::report(peer, SCRAPE, 1, "ms", (seconds * 1e3, seconds * 1e3), 0.0, 1, check);
}

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let arg = |i: usize| a.get(i).map(String::as_str).unwrap_or("");
    match arg(1) {
        "record" => {
            otel::record();
            prom::record_tikv();
            prom::record_client();
        }
        "export" => {
            otel::encode();
            otel::scrape();
            prom::scrape();
        }
        "bytes" => otel::bytes(arg(2)),
        "shutdown" => otel::shutdown(arg(2)),
        _ => eprintln!("record | export | bytes counter|histogram|exponential | shutdown http://HOST:PORT"),
    }
}
