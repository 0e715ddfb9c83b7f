#!/usr/bin/env python3
"""What the receiver answers to requests that are right, and to those that are not.

Usage: otlp_receiver_test.py BIN_FOLDER
"""
import gzip
import http.client
import json
import os
import signal
import sys
import tempfile

from keep_program import Program

BIN = sys.argv[1]
PROTOBUF = 'application/x-protobuf'
DEADLINE_S = 100


def field(number, content):
    """A length-delimited field of the wire format; lengths up to 16383."""
    size = len(content)
    return bytes([number << 3 | 2]) + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + content


def request(name, value):
    """An ExportMetricsServiceRequest with one gauge of one integer point (as_int, a fixed 64)."""
    point = bytes([6 << 3 | 1]) + value.to_bytes(8, 'little')
    metric = field(1, name) + field(5, field(1, point))
    return field(1, field(2, field(2, metric)))


def send(port, body, content_type=PROTOBUF, method='POST', path='/v1/metrics', **headers):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
    connection.request(method, path, body, {'Content-Type': content_type,
                                            **{k.replace('_', '-'): v for k, v in headers.items()}})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, reply.headers['Content-Type'], content


def expect(what, answer, status, part=None):
    """Errors are a google.rpc.Status: field 1 the code, field 2 a message."""
    if answer[0] != status or answer[1] != PROTOBUF or (part is None) != (answer[2] == b'') or \
            (part is not None and (answer[2][0] != 8 or part not in answer[2])):
        raise AssertionError(f'{what}: {answer}, expected {status} with {part}')


def run(folder):
    state = os.path.join(folder, 'state.jsonl')
    receiver = Program(BIN, 'otlp-receiver', '--port', '0', '--json', state)
    port = int(receiver.wait_for(r'listening on http://127.0.0.1:(\d+)/').group(1))
    body = request(b'a\x1b[2Jname', 7)
    expect('a request', send(port, body), 200)
    expect('a compressed one', send(port, gzip.compress(request(b'b', 8)), Content_Encoding='gzip'), 200)
    expect('parameters of the type', send(port, body, PROTOBUF + '; charset=x'), 200)
    expect('an empty request', send(port, b''), 200)
    expect('garbage', send(port, b'\xff\xff\xff'), 400, b'ExportMetricsServiceRequest')
    expect('half a request', send(port, body[:-3]), 400, b'ExportMetricsServiceRequest')
    expect('garbage as gzip', send(port, body, Content_Encoding='gzip'), 400, b'gzip')
    expect('half a gzip', send(port, gzip.compress(body)[:-9], Content_Encoding='gzip'), 400, b'gzip')
    expect('a gzip bomb', send(port, gzip.compress(bytes(65 << 20)), Content_Encoding='gzip'), 413, b'64 MiB')
    expect('a body over the limit', send(port, bytes(65 << 20)), 413, b'64 MiB')
    expect('another coding', send(port, body, Content_Encoding='br'), 415, b'gzip')
    expect('another type', send(port, b'{}', 'application/json'), 415, b'x-protobuf')
    expect('another path', send(port, body, path='/v1/traces'), 404, b'/v1/metrics')
    expect('another method', send(port, body, method='PUT'), 405, b'POST')
    with open(state, encoding='utf-8') as file:
        series = {line['name']: line for line in map(json.loads, file) if line['type'] != 'resource'}
    if receiver.end() != 0 or 'received 4 requests with 3 points; refused 10' not in receiver.said:
        raise AssertionError(receiver.said)
    if '\x1b' in receiver.said or series['a\x1b[2Jname']['value'] != 7 or series['b']['value'] != 8:
        raise AssertionError(f'{receiver.said}\n{series}')


signal.alarm(DEADLINE_S)
with tempfile.TemporaryDirectory() as work:
    run(work)
