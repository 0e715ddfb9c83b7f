#!/usr/bin/env python3
"""include/otm/metrics.h is what scripts/gen-metrics-header.py writes."""
import os
import subprocess
import sys
import tempfile

import source_tree

HEADER = 'include/otm/metrics.h'
GENERATOR = 'scripts/gen-metrics-header.py'


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'metrics.h')
        subprocess.run([sys.executable, os.path.join(source_tree.ROOT, GENERATOR), path], check=True)
        with open(path, encoding='utf-8') as f:
            same = f.read() == source_tree.read(HEADER)
    source_tree.finish([] if same else [f'{HEADER} differs: run {GENERATOR} {HEADER}'], HEADER)


main()
