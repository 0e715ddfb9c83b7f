#!/usr/bin/env python3
"""Run conformance cases against a driver.

  run_cases.py [options] DRIVER_CMD CASES...

DRIVER_CMD is one shell-quoted command; CASES are case files (case_files.py) or folders of *.jsonl. Prints one line for
each failed case and last `PASSED x/y cases, rows r`, where r counts the rows all of whose cases passed. Exit status 0
only if every case passed or was set aside; 77 if none of CASES exists.

  --not-yet FILE       cases to set aside, by name and with the reason (case_files.py, NotYet)
  --skip-unsupported   report cases that meet ERR_UNSUPPORTED apart; they do not fail the run
  --no-invariants      do not check the invariants of every exported document
  -j N                 run N cases at a time (default 1)
  -v                   also print passed cases; -r prints a table of rows, -a one of areas (files)
  -k REGEX             only cases whose file:line, rows or sentence match
  --timeout S          seconds for each line (default 5)
"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import select
import shlex
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import case_files
import otlppb
from otlpmatch import invariants, match, prune

# Lines by which sanitizers and valgrind make themselves heard on standard error.
SANITIZER = re.compile(r"^.*(?:(?:Address|Thread|Memory|Leak|UndefinedBehavior)Sanitizer|runtime error:"
                       r"|Invalid (?:read|write) of|definitely lost: [1-9]).*$", re.M)
LOUD = ("warn", "warning", "error", "fatal")


class Driver:
    """One driver process, asked line by line."""

    def __init__(self, command, timeout):
        self.timeout = timeout
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.err)
        self.buffer = b""

    def ask(self, line):
        """The parsed answer to one request line; raises RuntimeError."""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise RuntimeError("driver closed its input (exit %s)" % self.process.poll())
        text = self._read_line()
        try:
            answer = json.loads(text)
        except ValueError as e:
            raise RuntimeError("answer is not JSON: %s: %r" % (e, text[:200]))
        if not isinstance(answer, dict):
            raise RuntimeError("answer is not an object: %r" % text[:200])
        return answer

    def _read_line(self):
        end = time.monotonic() + self.timeout
        fd = self.process.stdout.fileno()
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([fd], [], [], left)[0]:
                raise RuntimeError("no answer within %g s" % self.timeout)
            chunk = os.read(fd, 1 << 20)
            if not chunk:
                raise RuntimeError("driver ended (exit %s) before it answered" % self.process.wait())
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def complaint(self):
        """What a sanitizer said, or None."""
        self.err.seek(0)
        found = SANITIZER.search(self.err.read().decode("utf-8", "replace"))
        return found and found.group(0)

    def close(self):
        """Exit status after end of input; None if it had to be killed."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            return self.process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for f in (self.process.stdin, self.process.stdout, self.err):
            try:
                f.close()
            except OSError:
                pass


class Failure(Exception):
    pass


class Unsupported(Exception):
    pass


def run_step(driver, step, warned, check):
    """Asks and compares; raises Failure or Unsupported. Warnings and errors are added to `warned`."""
    answer = driver.ask(step.request)
    if isinstance(answer.get("metrics"), str) and "otlp_protobuf" in step.request:
        try:
            answer["metrics"] = otlppb.decode(answer["metrics"])
        except ValueError as e:
            raise Failure("protobuf: %s" % e)
    warned += [d for d in answer.get("diag") or [] if str(d.get("level")).lower() in LOUD]
    full = answer.get("metrics")
    seen = dict(answer, _warned=warned)  # every warning and error of this case so far
    if isinstance(full, dict):
        seen["metrics"] = prune(full)
    error = match(step.expectation, seen)
    if error and answer.get("status") == "ERR_UNSUPPORTED":
        raise Unsupported(answer.get("message", ""))
    if error:
        raise Failure(error if answer.get("ok") else
                      "%s (answer %s %s)" % (error, answer.get("status"), answer.get("message", "")))
    broken = invariants(full) if check and isinstance(full, dict) else []
    if broken:
        raise Failure("invariant %s" % broken[0])


def run_case(command, case, timeout, check):
    """('pass', 'fail' or 'unsupported', text)"""
    driver = Driver(command, timeout)
    warned = []
    try:
        for step in case.steps:
            try:
                run_step(driver, step, warned, check)
            except (Failure, RuntimeError) as e:
                said = driver.complaint()
                return "fail", "line %d: %s%s" % (step.line, e, " -- " + said if said else "")
            except Unsupported as e:
                return "unsupported", "line %d: %s" % (step.line, e)
        status = driver.close()
        if driver.complaint():
            return "fail", "sanitizer: %s" % driver.complaint()
        if status != 0:
            return "fail", "driver exit status %s at end of input" % status
        return "pass", ""
    finally:
        driver.kill()


def table(title, states):
    for key in sorted(states):
        counts = ["%s=%d" % (s, states[key].count(s)) for s in sorted(set(states[key]))]
        print("%-4s %-28s %s" % (title, key, " ".join(counts)))


def options():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("driver")
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--not-yet")
    parser.add_argument("--skip-unsupported", action="store_true")
    parser.add_argument("--no-invariants", action="store_true")
    parser.add_argument("-j", type=int, default=1)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("-r", action="store_true")
    parser.add_argument("-a", action="store_true")
    parser.add_argument("-k")
    parser.add_argument("--timeout", type=float, default=5.0)
    return parser.parse_args()


def load_all(paths, pattern):
    """(cases, number of files that could not be read)"""
    cases, broken = [], 0
    for path in paths:
        inside = sorted(glob.glob(os.path.join(path, "**", "*.jsonl"), recursive=True))
        for name in inside if os.path.isdir(path) else [path]:
            try:
                cases += case_files.load(name)
            except (ValueError, OSError) as e:
                broken += 1
                print("FAIL %s: bad case file: %s" % (name, e))
    if pattern:
        cases = [c for c in cases if re.search(pattern, " ".join([c.name, c.sentence] + c.rows))]
    return cases, broken


def main():
    o = options()
    if not any(os.path.exists(path) for path in o.cases):
        print("SKIP %s: not there" % " ".join(o.cases))
        return 77
    cases, broken = load_all(o.cases, o.k)
    cases, aside = case_files.NotYet(o.not_yet).split(cases)
    for entry, count in aside:
        print("SKIP %s (%d case%s)" % (entry, count, "" if count == 1 else "s"))
    with concurrent.futures.ThreadPoolExecutor(o.j) as pool:
        results = list(pool.map(lambda c: run_case(o.driver, c, o.timeout, not o.no_invariants), cases))
    rows, areas, passed, failed = {}, {}, 0, 0
    for case, (state, text) in zip(cases, results):
        for row in case.rows:
            rows.setdefault(row, []).append(state)
        areas.setdefault(case.name.split(":")[0], []).append(state)
        label = "%s [%s] %s" % (case.name, " ".join(case.rows), case.sentence)
        if state == "pass":
            passed += 1
            if o.v:
                print("ok   %s" % label)
        elif state == "unsupported" and o.skip_unsupported:
            print("SKIP %s: %s" % (label, text))
        else:
            failed += 1
            print("FAIL %s -- %s%s" % (label, "unsupported: " if state == "unsupported" else "", text))
    if o.a:
        table("area", areas)
    if o.r:
        table("row", rows)
    print("PASSED %d/%d cases, rows %d" % (passed, len(cases), sum(set(s) == {"pass"} for s in rows.values())))
    return 1 if failed or broken or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
