"""A moto server as the end-to-end tests need it.

Starts moto on a loopback port, with the corrections of `corrections` applied,
and prints one JSON line, `{"port": 12345}`, as soon as it answers. It ends
when its standard input is closed, so that it never outlives the test process
that started it.

    python tests/moto/server.py [--port PORT] [--without-corrections]
"""

import argparse
import json
import logging
import os
import sys
from typing import Any

# Read by moto at import time.
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

import corrections  # noqa: E402
from moto.iam import models as iam  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

# The account that unknown credentials belong to. Others are reached with
# AssumeRole. (MOTO_ACCOUNT_ID would put every request into one account.)
iam.DEFAULT_ACCOUNT_ID = "111111111111"


def _managed_policies(backend: iam.IAMBackend) -> list[Any]:
    """AWS's managed policies, read once and only where tests look for them.

    moto parses its megabytes of them anew for each account in each partition,
    and again at each reset, which takes seconds.
    """
    if backend.partition != "aws":
        return []
    return [
        iam.AWSManagedPolicy.from_data(name, backend.account_id, "aws", data)
        for name, data in MANAGED_POLICIES.items()
    ]


MANAGED_POLICIES = json.loads(iam.aws_managed_policies_data)
iam.IAMBackend._init_aws_policies = _managed_policies


def main() -> None:
    """Serve until standard input is closed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument(
        "--without-corrections",
        action="store_true",
        help="plain moto, to see which tests of the corrections fail on it",
    )
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    if not arguments.without_corrections:
        corrections.apply()

    server = ThreadedMotoServer(
        ip_address="127.0.0.1", port=arguments.port, verbose=False
    )
    server.start()
    print(json.dumps({"port": server.get_host_and_port()[1]}), flush=True)
    sys.stdin.buffer.read()
    server.stop()


if __name__ == "__main__":
    main()
