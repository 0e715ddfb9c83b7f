#!/usr/bin/env python3
"""The installed package is complete: somebody else's exporter builds and runs against it, shared and static, and so
do a program that detects its resource, and programs that find the libraries by pkg-config.

Usage: installed_package_check.py BUILD_FOLDER C_COMPILER
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import source_tree

EXAMPLES = os.path.join(source_tree.ROOT, 'examples')
DETECTING = """cmake_minimum_required(VERSION 3.25)
project(detecting LANGUAGES C)
find_package(otm REQUIRED COMPONENTS detectors detectors_static)
foreach(form detectors detectors_static)
  add_executable(by_${form} SOURCE)
  target_link_libraries(by_${form} PRIVATE otm::${form})
endforeach()
"""
EXPECTED = {'visits page=/ 2', 'visits 1', 'seconds page=/ count 1 sum 0.25'}


def run(command, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if result.returncode != 0:
        sys.exit(f'failed ({result.returncode}): {" ".join(command)}\n{result.stdout}')
    return result.stdout


def library_folder(prefix):
    for folder, _, names in os.walk(prefix):
        if 'otm-api.pc' in names:
            return os.path.dirname(folder)
    sys.exit(f'no otm-api.pc below {prefix}')


def check_project(prefix, scratch, static, compiler):
    """The outsider's project, by find_package()."""
    build = os.path.join(scratch, f'static-{static}')
    project = os.path.join(EXAMPLES, 'outside_exporter')
    run(['cmake', '-S', project, '-B', build, f'-DCMAKE_PREFIX_PATH={prefix}', f'-DCMAKE_C_COMPILER={compiler}',
         f'-DOUTSIDE_STATIC={static}'])
    run(['cmake', '--build', build])
    lines = set(run([os.path.join(build, 'outside-exporter')]).splitlines())
    return [f'outside-exporter (static {static}): printed {sorted(lines)}'] if lines != EXPECTED else []


def check_detectors(prefix, scratch, compiler):
    """A program that detects its resource, by find_package(), in both forms."""
    project = os.path.join(scratch, 'detecting')
    build = os.path.join(project, 'build')
    os.mkdir(project)
    with open(os.path.join(project, 'CMakeLists.txt'), 'w') as out:
        out.write(DETECTING.replace('SOURCE', os.path.join(EXAMPLES, '03_resource.c')))
    run(['cmake', '-S', project, '-B', build, f'-DCMAKE_PREFIX_PATH={prefix}', f'-DCMAKE_C_COMPILER={compiler}'])
    run(['cmake', '--build', build])
    problems = []
    for name in ('by_detectors', 'by_detectors_static'):
        output = run([os.path.join(build, name)])
        if f'process.executable.name={name}\n' not in output:
            problems.append(f'{name}: printed {output}')
    return problems


def check_versions(modules):
    """LIB-01: each package has a version, and says which specification it implements, as the README does."""
    specification = re.search(r'It follows specification ([0-9.]+)\.', source_tree.read('README.md'))[1]
    problems = []
    for name in sorted(os.listdir(modules)):
        with open(os.path.join(modules, name)) as f:
            text = f.read()
        if not re.search(r'^Version: \d+\.\d+\.\d+$', text, re.M):
            problems.append(f'{name}: no version')
        if f'after specification {specification}\n' not in text:
            problems.append(f'{name}: does not name specification {specification}')
    return problems


def check_pkg_config(prefix, scratch, compiler):
    """LIB-01: a library that only records runs with the API alone; and a program that detects; by pkg-config. Each .pc
    file names what can be found."""
    libraries = library_folder(prefix)
    modules = os.path.join(libraries, 'pkgconfig')
    environment = dict(os.environ, PKG_CONFIG_PATH=modules, LD_LIBRARY_PATH=libraries)
    for name in sorted(os.listdir(modules)):
        run(['pkg-config', '--print-errors', '--libs', '--static', name[:-len('.pc')]], env=environment)
    problems = check_versions(modules)
    for module, source, expected in (('otm-api', '02_library.c', 'metrics off'),
                                     ('otm-detectors', '03_resource.c', 'process.executable.name=by-otm-detectors\n'),
                                     ('otm-stream', '04_stdout.c', '{"resourceMetrics":[{"resource":')):
        flags = run(['pkg-config', '--cflags', '--libs', module], env=environment).split()
        program = os.path.join(scratch, f'by-{module}')
        run([compiler, '-std=c11', os.path.join(EXAMPLES, source), '-o', program] + flags)
        output = run([program], env=environment)
        if expected not in output:
            problems.append(f'{source}: printed {output}')
    return problems


def main():
    build, compiler = sys.argv[1:3]
    if shutil.which('pkg-config') is None:
        sys.exit('pkg-config is missing')
    with tempfile.TemporaryDirectory() as scratch:
        prefix = os.path.join(scratch, 'prefix')
        run(['cmake', '--install', build, '--prefix', prefix])
        problems = check_project(prefix, scratch, 'OFF', compiler) + check_project(prefix, scratch, 'ON', compiler)
        problems += check_detectors(prefix, scratch, compiler) + check_pkg_config(prefix, scratch, compiler)
    source_tree.finish(problems, 'installed package')


main()
