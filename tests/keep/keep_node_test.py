#!/usr/bin/env python3
"""Runs the simulated node against the receiver, and compares what is scraped with what is pushed.

Usage: keep_node_test.py BIN_FOLDER SOURCE_FOLDER
Waits for what the programs say, never for time to pass; ports are free ones that the programs choose.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request

from keep_program import Program

BIN, SOURCE = sys.argv[1:3]
DEADLINE_S = 100
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever the environment says


def get(port, path):
    with DIRECT.open(f'http://127.0.0.1:{port}{path}', timeout=30) as reply:
        return reply.headers['Content-Type'], reply.read().decode()


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def run_measured(folder):
    pushed = os.path.join(folder, 'pushed.jsonl')
    scraped = os.path.join(folder, 'scraped.txt')
    receiver = Program(BIN, 'otlp-receiver', '--port', '0', '--json', pushed, '--quiet')
    port = receiver.wait_for(r'listening on http://127.0.0.1:(\d+)/').group(1)
    node = Program(BIN, 'keep-node', '--port', '0', '--seconds', '2', '--speed', '20000', '--hold',
                   OTEL_EXPORTER_OTLP_ENDPOINT=f'http://127.0.0.1:{port}', OTEL_EXPORTER_OTLP_COMPRESSION='gzip',
                   OTEL_METRIC_EXPORT_INTERVAL='200')
    serving = node.wait_for(r'serving http://localhost:(\d+)/metrics').group(1)
    check(get(serving, '/diagnostics')[0] == 'application/json', 'diagnostics are JSON')
    node.wait_for('^drained and flushed')
    with open(scraped, 'w', encoding='utf-8') as file:
        file.write(get(serving, '/metrics')[1])
    code = node.end()
    receiver.end()
    print(node.said)
    check(code == 0, f'keep-node ended with {code}')
    check('all invariants hold' in node.said, 'the invariants hold')
    check(re.search(r'points pushed: [1-9]\d* exported, 0 rejected, 0 pending$', node.said, re.M),
          'every point pushed was exported')
    compare = os.path.join(SOURCE, 'examples', 'keep_node', 'compare.py')
    check(subprocess.run([sys.executable, compare, scraped, pushed]).returncode == 0, 'scrape and push are equal')


def run_unmeasured():
    node = Program(BIN, 'keep-node', '--no-metrics', '--seconds', '1', '--speed', '20000')
    node.wait_for('^worked for')
    check(node.end() == 0, 'keep-node --no-metrics succeeds')


def run_on_a_taken_port():
    unreached = {'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://127.0.0.1:9', 'OTEL_EXPORTER_OTLP_TIMEOUT': '100'}
    first = Program(BIN, 'keep-node', '--port', '0', '--hold', '--seconds', '0', **unreached)
    port = first.wait_for(r'serving http://localhost:(\d+)/metrics').group(1)
    second = Program(BIN, 'keep-node', '--port', port, '--seconds', '1', '--speed', '1', **unreached)
    second.wait_for('all invariants hold')
    second.end()
    check('serving' not in second.said, 'the node goes on without its endpoint')
    first.process.send_signal(signal.SIGTERM)
    first.wait_for('^drained')
    first.end()


signal.alarm(DEADLINE_S)
with tempfile.TemporaryDirectory() as work:
    run_measured(work)
run_unmeasured()
run_on_a_taken_port()
