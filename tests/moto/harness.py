"""A moto server and clients of three accounts, for the tests beside this file."""

import http.client
import json
import os
import socket
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MANAGEMENT, MEMBER, STRANGER = "111111111111", "222222222222", "333333333333"
REGION = "us-east-1"

_resolve = socket.getaddrinfo


def _resolve_account_hosts(host: Any, *rest: Any, **named: Any) -> Any:
    """S3 Control puts the account before the host; both are this machine."""
    return _resolve(host if host != f"{MEMBER}.127.0.0.1" else "127.0.0.1", *rest, **named)


class MotoTest(unittest.TestCase):
    """Starts one server for a class, and empties it before each test."""

    server: subprocess.Popen[bytes]
    port: int

    @classmethod
    def setUpClass(cls) -> None:
        command = [sys.executable, str(Path(__file__).with_name("server.py"))]
        if os.environ.get("AUDITWARD_PLAIN_MOTO"):
            command.append("--without-corrections")
        cls.server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        cls.port = json.loads(cls.server.stdout.readline())["port"]
        socket.getaddrinfo = _resolve_account_hosts

    @classmethod
    def tearDownClass(cls) -> None:
        cls.server.stdin.close()
        cls.server.wait()
        cls.server.stdout.close()

    def setUp(self) -> None:
        self.request("POST", "/moto-api/reset")

    def request(self, method: str, path: str, **named: Any) -> bytes:
        """A request without any SDK, to see what stands on the wire."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, **named)
        body = connection.getresponse().read()
        connection.close()
        return body

    def client(self, service: str, account: str = MANAGEMENT, region: str = REGION) -> Any:
        """A client with the credentials of a role assumed in the account."""
        named = {
            "endpoint_url": f"http://127.0.0.1:{self.port}",
            "region_name": region,
            "aws_access_key_id": "AKIAEXAMPLE",
            "aws_secret_access_key": "secret",
            "config": Config(retries={"max_attempts": 0}),
        }
        role = boto3.client("sts", **named).assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole",
            RoleSessionName="tests",
        )["Credentials"]
        named["aws_access_key_id"] = role["AccessKeyId"]
        named["aws_secret_access_key"] = role["SecretAccessKey"]
        named["aws_session_token"] = role["SessionToken"]
        return boto3.client(service, **named)

    def refused(self, code: str, call: Any, **arguments: Any) -> ClientError:
        """The call fails with this error code."""
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception
