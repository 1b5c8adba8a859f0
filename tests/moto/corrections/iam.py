"""IAM: service-linked roles."""

from moto.iam.models import SERVICE_NAME_CONVERSION


def roles_of_cloudtrail_are_named_as_it_is() -> None:
    """CloudTrail user guide, "Using service-linked roles for CloudTrail": AWSServiceRoleForCloudTrail.

    moto writes the service in lower case.
    """
    SERVICE_NAME_CONVERSION["cloudtrail"] = "CloudTrail"


CORRECTIONS = (roles_of_cloudtrail_are_named_as_it_is,)
