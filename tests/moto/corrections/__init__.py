"""Corrections of moto where it departs from AWS's documented behaviour.

The product is written for AWS, so where moto answers otherwise it is moto that
is corrected, never the product. Each correction is one function whose comment
names the page of AWS's documentation that it follows, and each is proven by a
test beside it. Where moto merely allows more than AWS does (trust policies,
block public policy), it is left alone: those are asserted on the request that
the product sends.
"""

from . import (
    cloudformation,
    cloudtrail,
    cloudwatch,
    configurations,
    dynamodb,
    events,
    functions,
    history,
    iam,
    kms,
    logs,
    organizations,
    s3,
    s3control,
    sns,
    sqs,
)

MODULES = (
    cloudformation,
    cloudtrail,
    cloudwatch,
    configurations,
    dynamodb,
    events,
    functions,
    history,
    iam,
    kms,
    logs,
    organizations,
    s3,
    s3control,
    sns,
    sqs,
)


def apply() -> None:
    """Put every correction in place, in this process."""
    for module in MODULES:
        for correct in module.CORRECTIONS:
            correct()
