#!/usr/bin/env python3
"""What the shape of the API's functions promises.

API-METER-02, SDK-PROV-03  instruments come from meters alone, meters from providers alone
API-METER-03               nothing that configures takes a meter
API-SYNC-05                recording returns nothing
API-SYNC-07, API-BIND-03   attributes come with each measurement, and none with one on a bound handle
API-EN-02                  whether an instrument is enabled is a boolean
"""
import re

import source_tree

HEADERS = ('include/otm/metrics.h', 'include/otm/instrument.h')
KIND = r'(?:counter|up_down_counter|histogram|gauge)_(?:i64|f64)'
DECLARATION = re.compile(r'^OTM_(?:API|INLINE) (?:OTM_MUST_CHECK )?([\w ]+?[ *]+)(otm_\w+)\(([^)]*)\)', re.M)


def functions():
    """(result, name, parameters) of every function of the API."""
    for header in HEADERS:
        for result, name, parameters in DECLARATION.findall(source_tree.read(header)):
            yield result.strip(), name, ' '.join(parameters.split())


def judge(result, name, parameters):
    """What is wrong with one function."""
    makes_instrument = re.search(rf'otm_(?:{KIND}|observable) \*\*', parameters)
    if makes_instrument and not (name.startswith('otm_meter_create_') and parameters.startswith('otm_meter *')):
        yield 'API-METER-02: gives out an instrument, but is not a function of a meter'
    if result == 'otm_meter *' and 'noop' not in name and not parameters.startswith(('otm_meter_provider *', 'otm_meter *')):
        yield 'SDK-PROV-03: gives out a meter, but not by a provider'
    if name.startswith('otm_meter_') and re.search('_(?:set|configure|add_view|add_reader)', name):
        yield 'API-METER-03: configuration belongs to the provider'
    if re.fullmatch(rf'otm_(?:bound_)?{KIND}_(?:add|record)(?:_ctx|_from_signal)?', name):
        if result != 'void':
            yield 'API-SYNC-05: recording returns nothing'
        takes_attributes = 'const otm_attr *attrs, size_t attr_count' in parameters
        if takes_attributes == name.startswith('otm_bound_'):
            yield 'API-SYNC-07, API-BIND-03: attributes come with a measurement, but not on a bound handle'
    if name.endswith('_enabled') and result != 'bool':
        yield 'API-EN-02: whether it is enabled is a boolean'


def main():
    found = list(functions())
    problems = [f'{name}: {problem}' for function in found for name in [function[1]] for problem in judge(*function)]
    recording = [name for _, name, _ in found if re.fullmatch(rf'otm_{KIND}_(?:add|record)', name)]
    if len(recording) != 8:
        problems.append(f'{len(recording)} recording functions found, expected 8: {" ".join(recording)}')
    source_tree.finish(problems, f'{len(found)} functions')


main()
