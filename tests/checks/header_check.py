#!/usr/bin/env python3
"""Each public header compiles alone, as C11 and as C++11, without a warning.

Usage: header_check.py C_COMPILER [CXX_COMPILER]
"""
import os
import subprocess
import sys

import source_tree

WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wshadow', '-Werror']


def compile_alone(compiler, header, flags):
    unit = f'#include <{os.path.relpath(header, "include")}>\n' * 2
    include = os.path.join(source_tree.ROOT, 'include')
    command = compiler.split() + flags + WARNINGS + ['-fsyntax-only', '-I', include, '-']
    run = subprocess.run(command, input=unit, capture_output=True, text=True)
    return '' if run.returncode == 0 else f'{header}: {" ".join(flags)}:\n{run.stderr}'


def main():
    headers = source_tree.files('.h', under='include')
    ways = [(sys.argv[1], ['-x', 'c', '-std=c11', '-Wstrict-prototypes'])]
    if len(sys.argv) > 2 and sys.argv[2]:
        ways.append((sys.argv[2], ['-x', 'c++', '-std=c++11']))
    else:
        print('SKIP headers as C++11: no C++ compiler')
    problems = [compile_alone(compiler, header, flags) for header in headers for compiler, flags in ways]
    source_tree.finish([p for p in problems if p], f'{len(headers)} headers, {len(ways)} language(s)')


main()
