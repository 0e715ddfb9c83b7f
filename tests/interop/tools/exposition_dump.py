"""Decodes a Prometheus text exposition with the official Python client: one JSON object a sample, or a reason and exit 1.

    exposition_dump.py [FILE]
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families


def main():
    raw = open(sys.argv[1], "rb").read() if len(sys.argv) > 1 else sys.stdin.buffer.read()
    try:
        for family in text_string_to_metric_families(raw.decode("utf-8")):
            for sample in family.samples:
                print(json.dumps({"family": family.name, "type": family.type, "name": sample.name,
                                  "labels": sample.labels, "value": repr(sample.value)}, sort_keys=True))
    except (ValueError, KeyError, IndexError) as error:
        sys.exit("exposition_dump: %s: %s" % (type(error).__name__, error))


if __name__ == "__main__":
    main()
