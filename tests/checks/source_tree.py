"""What the checks share: the files of the project, and how a check ends."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIPPED = ('.git', '__pycache__', 'node_modules')


def files(*endings, under=''):
    """Paths relative to ROOT, sorted, of all files with one of these endings; build folders are left out."""
    found = []
    for folder, folders, names in os.walk(os.path.join(ROOT, under)):
        folders[:] = [f for f in folders if f not in SKIPPED and not f.startswith('build')]
        for name in names:
            if not endings or name.endswith(endings):
                found.append(os.path.relpath(os.path.join(folder, name), ROOT))
    return sorted(found)


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as f:
        return f.read()


def finish(problems, checked):
    """Prints each problem on a line of its own, then what was looked at, and ends the program."""
    for problem in problems:
        print(problem)
    print(f'{checked}: {len(problems)} problem(s)')
    sys.exit(1 if problems else 0)
