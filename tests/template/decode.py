"""Reads a CloudFormation template from standard input and prints it as JSON,
with `!Ref` and its like in their long form."""

import json
import sys

from cfnlint.decode import decode_str

template, problems = decode_str(sys.stdin.read())
if problems:
    sys.exit("\n".join(str(problem) for problem in problems))
json.dump(template, sys.stdout)
