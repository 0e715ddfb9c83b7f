//! The rules of bench_run.c: cases take turns with the baseline, the program named by OTM_BENCH_BASELINE. A run is
//! quiet when no thread waited for a core for more than 3 % of it; the figure is the least of the quiet runs.
use std::sync::Barrier;
use std::time::Instant;

pub const BOUNDS: [f64; 15] = [
    0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0,
];

/// 1024 values, log-uniform in [1, 10000).
pub fn values() -> &'static [f64; 1024] {
    static V: std::sync::OnceLock<[f64; 1024]> = std::sync::OnceLock::new();
    V.get_or_init(|| {
        let mut s: u64 = 88172645463325252;
        let mut v = [0.0; 1024];
        for x in v.iter_mut() {
            s ^= s << 13;
            s ^= s >> 7;
            s ^= s << 17;
            *x = 10f64.powf(4.0 * ((s >> 11) as f64 / 9007199254740992.0));
        }
        v
    })
}

pub fn env(k: &str, d: f64) -> f64 {
    std::env::var(k).ok().and_then(|v| v.parse().ok()).unwrap_or(d)
}

/// Nanoseconds this thread was ready to run and had no core.
fn delay() -> f64 {
    let s = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    s.split_whitespace().nth(1).and_then(|v| v.parse().ok()).unwrap_or(0.0)
}

type Run = Box<dyn Fn(u64, usize) + Sync>;
type Check = Box<dyn Fn(u64) -> bool>;

pub struct Case {
    name: String,
    threads: usize,
    run: Run,
    check: Option<Check>,
    n: u64,
    total: u64,
    quiet: Vec<f64>,
    least: f64,
}

impl Case {
    pub fn new(name: &str, threads: usize, run: impl Fn(u64, usize) + Sync + 'static) -> Self {
        Case { name: name.into(), threads, run: Box::new(run), check: None, n: 1024, total: 0, quiet: vec![], least: f64::MAX }
    }
    /// `f` gets the number of operations made and says whether the library counted them all.
    pub fn check(mut self, f: impl Fn(u64) -> bool + 'static) -> Self {
        self.check = Some(Box::new(f));
        self
    }
    /// The wall time, the same without waiting for a core (one thread), and whether the run was quiet.
    fn once(&mut self) -> (f64, f64, bool) {
        let n = self.n;
        self.total += n * self.threads as u64;
        let bar = Barrier::new(self.threads);
        let (run, bar) = (&self.run, &bar);
        let one = move |id: usize| {
            let d0 = delay();
            bar.wait();
            let t0 = Instant::now();
            run(n, id);
            let t1 = Instant::now();
            (t0, t1, delay() - d0)
        };
        let r: Vec<(Instant, Instant, f64)> = if self.threads == 1 {
            vec![one(0)]
        } else {
            std::thread::scope(|s| {
                let hs: Vec<_> = (0..self.threads).map(|id| s.spawn(move || one(id))).collect();
                hs.into_iter().map(|h| h.join().unwrap()).collect()
            })
        };
        let a = r.iter().map(|x| x.0).min().unwrap();
        let b = r.iter().map(|x| x.1).max().unwrap();
        let wall = (b - a).as_nanos() as f64;
        let own = if self.threads == 1 && r[0].2 < wall / 2.0 { wall - r[0].2 } else { wall };
        (wall, own, r.iter().all(|x| x.2 <= 0.03 * wall))
    }
    fn calibrate(&mut self, secs: f64) {
        loop {
            let (_, own, _) = self.once();
            if own > secs * 1e9 * 0.05 {
                let n = self.n as f64 * secs * 1e9 / own * 1.1;
                self.n = (n as u64 / 1024 + 1) * 1024;
                return;
            }
            self.n *= 4;
        }
    }
    fn round(&mut self) {
        let (wall, own, quiet) = self.once();
        if quiet {
            self.quiet.push(wall / self.n as f64);
        }
        self.least = self.least.min(own / self.n as f64);
    }
    fn min(&self) -> f64 {
        self.quiet.iter().cloned().reduce(f64::min).unwrap_or(self.least)
    }
    fn median(&self) -> f64 {
        let mut q = self.quiet.clone();
        q.sort_by(|a, b| a.partial_cmp(b).unwrap());
        q.get(q.len() / 2).cloned().unwrap_or(self.least)
    }
}

/// How many threads "all cores" are.
pub fn cores() -> usize {
    std::thread::available_parallelism().map(|n| n.get()).unwrap_or(1)
}

/// What a plain increment takes now, by the C program.
fn baseline() -> f64 {
    let command = std::env::var("OTM_BENCH_BASELINE").expect("OTM_BENCH_BASELINE names the baseline program");
    let out = std::process::Command::new(command).output().unwrap().stdout;
    String::from_utf8(out).unwrap().trim().parse().unwrap()
}

/// One line of the result; a `ratio` or `runs` of 0 means none.
pub fn report(peer: &str, work: &str, threads: usize, unit: &str, figures: (f64, f64), ratio: f64, runs: usize, check: &str) {
    println!("{peer}\t{work}\t{threads}\t{unit}\t{:.4}\t{:.4}\t{ratio:.4}\t{runs}\t{check}", figures.0, figures.1);
}

pub fn run_all(peer: &str, mut cases: Vec<Case>) {
    let (rounds, max) = (env("OTM_BENCH_RUNS", 7.0) as usize, env("OTM_BENCH_TURNS", 40.0) as usize);
    let secs = env("OTM_BENCH_SECONDS", 0.3);
    cases.iter_mut().for_each(|c| c.calibrate(secs));
    let mut base = f64::MAX;
    for _ in 0..max {
        base = base.min(baseline());
        for c in cases.iter_mut().filter(|c| c.quiet.len() < rounds) {
            c.round();
        }
        if cases.iter().all(|c| c.quiet.len() >= rounds) {
            break;
        }
    }
    for c in &cases {
        let ok = c.check.as_ref().map(|f| if f(c.total) { "ok" } else { "the exported total is another" }).unwrap_or("-");
        report(peer, &c.name, c.threads, "ns/op", (c.min(), c.median()), c.min() / base, c.quiet.len(), ok);
    }
}

/// Seconds of the fastest of `k` calls.
pub fn best_of<T>(k: usize, mut f: impl FnMut() -> T) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..k {
        let t = Instant::now();
        std::hint::black_box(f());
        least = least.min(t.elapsed().as_secs_f64());
    }
    least
}

pub fn rss() -> f64 {
    let s = std::fs::read_to_string("/proc/self/statm").unwrap();
    s.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4096.0
}
