"""A program under test, and what it says."""
import atexit
import os
import re
import signal
import subprocess


class Program:
    def __init__(self, folder, name, *arguments, **environment):
        self.said = ''
        env = {k: v for k, v in os.environ.items() if not k.startswith('OTEL_') and k.lower() != 'http_proxy'}
        self.process = subprocess.Popen([os.path.join(folder, name), *arguments], stdout=subprocess.PIPE, text=True,
                                        env={**env, **environment})
        atexit.register(self.process.kill)  # a test that fails leaves nothing running

    def wait_for(self, pattern):
        for line in self.process.stdout:
            self.said += line
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f'the program ended before it said {pattern}:\n{self.said}')

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.said += self.process.stdout.read()
        return self.process.wait()
