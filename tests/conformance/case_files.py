"""Case files: what they look like, and which cases are set aside.

A case begins with a line `# ROW-IDS: sentence` and gets a fresh driver. Then come request lines, each followed by its
expectation `= {...}`; without one, {"ok":true} is expected. Other lines that begin with # are comments.
"""
import collections
import json
import os
import re

ROW = re.compile(r"^(?:API|SDK|DM|RES|ENT|ATTR|OTLP|FILE|PROM|OUT|ENV|CONF|ERR|OBS|LIB)-[A-Z0-9-]*[0-9]+$")

Case = collections.namedtuple("Case", "name rows sentence steps")  # name is "file.jsonl:line"
Step = collections.namedtuple("Step", "line request expectation")


def header(line):
    """(row ids, sentence) of a `# ROW-IDS: sentence` line, or None."""
    head, colon, sentence = line.lstrip("# ").partition(":")
    ids = head.split()
    if line.startswith("#") and colon and ids and all(ROW.match(i) for i in ids):
        return ids, sentence.strip()
    return None


def load(path):
    """The cases of a file; ValueError tells what is wrong with it."""
    cases, expected = [], True
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            found = header(line)
            if found:
                cases.append(Case("%s:%d" % (os.path.basename(path), number), *found, []))
                expected = True
            elif not line or line.startswith("#"):
                continue
            elif not cases:
                raise ValueError("%s:%d: a case begins with `# ROW-IDS: sentence`" % (path, number))
            elif line.startswith("="):
                if expected:
                    raise ValueError("%s:%d: expectation without request" % (path, number))
                cases[-1].steps[-1] = cases[-1].steps[-1]._replace(expectation=json.loads(line[1:]))
                expected = True
            else:
                json.loads(line)
                cases[-1].steps.append(Step(number, line, {"ok": True}))
                expected = False
    if not cases:
        raise ValueError("%s: no case" % path)
    return cases


class NotYet:
    """Cases set aside by a list: `file.jsonl` or `file.jsonl: part of the sentence`, then ` -- reason`."""

    def __init__(self, path=None):
        self.entries = []
        for line in open(path, encoding="utf-8") if path else []:
            line = line.strip()
            if line and not line.startswith("#"):
                self.entries.append(line)

    def split(self, cases):
        """(cases to run, [(entry of the list, number of cases it sets aside)])"""
        left, aside = cases, []
        for entry in self.entries:
            name, _, part = entry.partition(" -- ")[0].partition(": ")
            hit = [c for c in left if c.name.split(":")[0] == name.strip() and part.strip() in c.sentence]
            left = [c for c in left if c not in hit]
            if hit:
                aside.append((entry, len(hit)))
        return left, aside
