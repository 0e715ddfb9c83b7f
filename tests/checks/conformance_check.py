#!/usr/bin/env python3
"""docs/conformance.csv is complete, and each row marked done is cited by a test that is run."""
import conformance_rows
import source_tree


def judge(row, cited):
    """What is wrong with one row."""
    name = f'{conformance_rows.PATH}: {row["id"]}'
    if row['state'] not in conformance_rows.STATES:
        yield f'{name}: state {row["state"]!r} is none of {", ".join(conformance_rows.STATES)}'
    if row['state'] != 'done':
        return
    if not row['summary'].strip():
        yield f'{name}: done, but without a summary'
    if not row['test'].split():
        yield f'{name}: done, but no test is named'
    for test in row['test'].split():
        if test not in cited.get(row['id'], []):
            yield f'{name}: done by {test}, which does not exist, is not run, or does not cite it'


def main():
    rows = conformance_rows.read()
    cited = conformance_rows.citations()
    ids = [row['id'] for row in rows]
    problems = [problem for row in rows for problem in judge(row, cited)]
    if len(rows) != conformance_rows.ROWS:
        problems.append(f'{conformance_rows.PATH}: {len(rows)} rows, expected {conformance_rows.ROWS}')
    problems += [f'{conformance_rows.PATH}: {i} is there twice' for i in sorted({i for i in ids if ids.count(i) > 1})]
    problems += [f'{", ".join(where)}: cites {i}, which is no row' for i, where in sorted(cited.items())
                 if i not in ids and i.split('-')[0] in {known.split('-')[0] for known in ids}]
    done = sum(row['state'] == 'done' for row in rows)
    partial = sum(row['state'] == 'partial' for row in rows)
    source_tree.finish(problems, f'{len(rows)} rows, {done} done, {partial} partial')


main()
