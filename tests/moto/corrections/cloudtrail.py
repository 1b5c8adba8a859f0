"""CloudTrail: trails by ARN, home regions, selectors, delivery."""

import json
from typing import Any

from moto.cloudtrail import exceptions
from moto.cloudtrail.models import (
    CloudTrailBackend,
    Trail,
    TrailStatus,
    cloudtrail_backends,
)
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import JsonRESTError
from moto.organizations.models import organizations_backends

from .delivery import delivery_error, require_delivery
from .wrapping import wrap

DEFAULT_SELECTOR = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
TRAILS_PER_REGION = 5
OWN_NAME = "cloudtrail.amazonaws.com"


def _refuse(code: str, message: str) -> None:
    raise JsonRESTError(code, message)


def _find(backend: CloudTrailBackend, name_or_arn: str) -> Trail:
    """A trail by name or ARN, seen from any region as its shadow is."""
    for regional in list(cloudtrail_backends[backend.account_id].values()):
        for trail in list(regional.trails.values()):
            here = trail.region_name == backend.region_name
            by_name = trail.trail_name == name_or_arn
            if trail.arn == name_or_arn or (by_name and (here or trail.is_multi_region)):
                return trail
    raise exceptions.TrailNotFoundException(backend.account_id, name_or_arn)


def _at_home(backend: CloudTrailBackend, name_or_arn: str) -> Trail:
    trail = _find(backend, name_or_arn)
    if trail.region_name != backend.region_name:
        _refuse(
            "InvalidHomeRegionException",
            f"The trail's home region is {trail.region_name}.",
        )
    return trail


def trails_by_arn_in_their_home_region() -> None:
    """`Name` is a name or an ARN; changes are made in the home region only.

    API_StopLogging: "Specifies the name or the CloudTrail ARN of the trail",
    and InvalidHomeRegionException is "thrown when an operation is called on a
    trail from a Region other than the Region in which the trail was created";
    the same stands at StartLogging, UpdateTrail, DeleteTrail,
    PutEventSelectors and PutInsightSelectors. moto looks in one region only, so
    that a shadow trail is unknown and never refused.
    """

    def write(original: Any, self: Any, *arguments: Any, **keywords: Any) -> Any:
        key = "trail_name" if "trail_name" in keywords else "name"
        _at_home(self, keywords[key] if key in keywords else arguments[0])
        return original(self, *arguments, **keywords)

    def read(_original: Any, self: Any, name_or_arn: str) -> Trail:
        if len(name_or_arn) < 3:
            raise exceptions.TrailNameTooShort(actual_length=len(name_or_arn))
        return _find(self, name_or_arn)

    wrap(CloudTrailBackend, "get_trail", read)
    for name in (
        "start_logging",
        "stop_logging",
        "update_trail",
        "put_event_selectors",
        "put_insight_selectors",
    ):
        wrap(CloudTrailBackend, name, write)


def members_see_the_organizations_trails() -> None:
    """DescribeTrails in a member account shows the organization's trails.

    API_DescribeTrails: "If you do not include shadow trails, organization
    trails in a member account and Region replication trails will not be
    returned"; by default they are. moto shows an account its own trails only.
    """

    def describe_trails(original: Any, self: Any, include_shadow_trails: bool) -> list[Trail]:
        seen = list(original(self, include_shadow_trails))
        owner, _ = organizations_backends.master_accounts.get(self.account_id, (None, None))
        if not include_shadow_trails or owner in (None, self.account_id):
            return seen
        for regional in list(cloudtrail_backends[owner].values()):
            for trail in list(regional.trails.values()):
                here = trail.is_multi_region or trail.region_name == self.region_name
                if trail.is_org_trail and here:
                    seen.append(trail)
        return seen

    wrap(CloudTrailBackend, "describe_trails", describe_trails)


def delete_trail_by_arn_and_wholly() -> None:
    """DeleteTrail takes a name or an ARN, and nothing of the trail is left.

    API_DeleteTrail: "Specifies the name or the CloudTrail ARN of the trail to
    be deleted", with TrailNotFoundException for one that is not there. moto
    does nothing on an ARN, and keeps the tags for the next trail of the name.
    """

    def delete_trail(_original: Any, self: Any, name: str) -> None:
        trail = _at_home(self, name)
        self.tagging_service.delete_all_tags_for_resource(trail.arn)
        del self.trails[trail.trail_name]

    wrap(CloudTrailBackend, "delete_trail", delete_trail)


def create_trail_refuses_what_aws_refuses() -> None:
    """CreateTrail does not overwrite, and a region holds five trails.

    API_CreateTrail: TrailAlreadyExistsException "when the specified trail
    already exists", MaximumNumberOfTrailsExceededException "when the maximum
    number of trails is reached" (quota: five a region, shadow trails included).
    """

    def create_trail(original: Any, self: Any, name: str, *rest: Any, **named: Any) -> Any:
        seen = list(self.describe_trails(include_shadow_trails=True))
        if any(trail.trail_name == name for trail in seen):
            _refuse("TrailAlreadyExistsException", f"Trail {name} already exists.")
        if len(seen) >= TRAILS_PER_REGION:
            _refuse(
                "MaximumNumberOfTrailsExceededException",
                f"User already has {len(seen)} trails in {self.region_name}.",
            )
        return original(self, name, *rest, **named)

    wrap(CloudTrailBackend, "create_trail", create_trail)


def trails_need_a_bucket_that_lets_them_deliver() -> None:
    """CreateTrail and UpdateTrail look at the bucket and its policy.

    API_CreateTrail and API_UpdateTrail: S3BucketDoesNotExistException, and
    InsufficientS3BucketPolicyException "when the policy on the S3 bucket is not
    sufficient"; what suffices is in the user guide under "Amazon S3 bucket
    policy for CloudTrail". moto looks for the bucket at CreateTrail only, and
    never at a policy.
    """

    def check_bucket_exists(_original: Any, self: Trail) -> None:
        require_delivery(self)

    def update_trail(original: Any, self: Any, **keywords: Any) -> Any:
        trail = _at_home(self, keywords["name"])
        before = dict(vars(trail))
        updated = original(self, **keywords)
        try:
            if trail.is_multi_region and not trail.include_global_service_events:
                raise exceptions.InvalidParameterCombinationException(
                    "Multi-Region trail must include global service events."
                )
            require_delivery(trail)
            trail.check_topic_exists()
            trail.kms_key_id = _key_arn(trail)
        except JsonRESTError:
            vars(trail).update(before)
            raise
        return updated

    wrap(Trail, "check_bucket_exists", check_bucket_exists)
    wrap(CloudTrailBackend, "update_trail", update_trail)


def _key_arn(trail: Trail) -> str | None:
    from moto.kms.models import kms_backends

    given = trail.kms_key_id
    if not given or given.startswith("arn:") and ":key/" in given:
        return given
    keys = kms_backends[trail.account_id][trail.region_name]
    try:
        return keys.describe_key(given).arn
    except (JsonRESTError, KeyError, AttributeError):
        _refuse("KmsKeyNotFoundException", f"KMS key {given} was not found.")


def trails_name_their_key_by_arn() -> None:
    """A trail's KmsKeyId is the key's ARN, whatever form it was given in.

    API_Trail: "Specifies the KMS key ID that encrypts the logs and digest files ... The value is
    a fully specified ARN to a KMS key".
    """

    def init(original: Any, self: Trail, *arguments: Any, **keywords: Any) -> None:
        original(self, *arguments, **keywords)
        self.kms_key_id = _key_arn(self)

    wrap(Trail, "__init__", init)


def topics_by_name_or_arn() -> None:
    """SnsTopicName is "the name or ARN of the Amazon SNS topic" (API_CreateTrail).

    moto builds a broken ARN around a given ARN.
    """

    def topic_arn(self: Trail) -> str | None:
        if not self.sns_topic_name or self.sns_topic_name.startswith("arn:"):
            return self.sns_topic_name or None
        return (
            f"arn:{self.partition}:sns:{self.region_name}:"
            f"{self.account_id}:{self.sns_topic_name}"
        )

    Trail.topic_arn = property(topic_arn)


def selectors_of_one_kind() -> None:
    """A trail has basic or advanced selectors, and basic ones by default.

    API_PutEventSelectors: "If you apply EventSelectors to a trail, any existing
    AdvancedEventSelectors are overwritten", and the other way round; "You can
    use either ..., but not both" (InvalidEventSelectorsException); "By default,
    trails created without specific event selectors are configured to log all
    read and write management events, and no data events". Members left out
    take their documented defaults (API_EventSelector).
    """

    def put(_original: Any, self: Trail, basic: Any, advanced: Any) -> None:
        if bool(basic) == bool(advanced):
            _refuse(
                "InvalidEventSelectorsException",
                "Give either EventSelectors or AdvancedEventSelectors.",
            )
        self.event_selectors = [{**DEFAULT_SELECTOR, **one} for one in basic or []]
        self.advanced_event_selectors = advanced or []

    def get(_original: Any, self: Trail) -> tuple[list[Any], list[Any]]:
        if self.advanced_event_selectors:
            return [], self.advanced_event_selectors
        return self.event_selectors or [DEFAULT_SELECTOR], []

    def answer(original: Any, self: CloudTrailResponse) -> str:
        original(self)
        name = json.loads(self.body).get("TrailName")
        arn, basic, advanced = self.cloudtrail_backend.get_event_selectors(name)
        kind = "AdvancedEventSelectors" if advanced else "EventSelectors"
        return json.dumps({"TrailARN": arn, kind: advanced or basic})

    wrap(Trail, "put_event_selectors", put)
    wrap(Trail, "get_event_selectors", get)
    wrap(CloudTrailResponse, "put_event_selectors", answer)
    wrap(CloudTrailResponse, "get_event_selectors", answer)


def insight_selectors_are_replaced() -> None:
    """PutInsightSelectors sets the list; without any, Insights are not enabled.

    API_PutInsightSelectors: "to turn off Insights event logging, by passing an
    empty list of Insights types". API_GetInsightSelectors: on a trail that
    "does not have Insights events enabled, the operation throws the exception
    InsightNotEnabledException". moto appends, and answers without selectors.
    """

    def put(_original: Any, self: Trail, selectors: list[dict[str, str]]) -> None:
        self.insight_selectors = list(selectors or [])

    def get(original: Any, self: CloudTrailBackend, trail_name: str) -> Any:
        if not self.get_trail(trail_name).insight_selectors:
            _refuse(
                "InsightNotEnabledException",
                f"Insights are not enabled on {trail_name}.",
            )
        return original(self, trail_name)

    wrap(Trail, "put_insight_selectors", put)
    wrap(CloudTrailBackend, "get_insight_selectors", get)


def descriptions_tell_the_truth() -> None:
    """Has...Selectors and HomeRegion are filled in, empty members left out.

    API_Trail: HasCustomEventSelectors "Specifies if the trail has custom event
    selectors", HasInsightSelectors likewise, HomeRegion "The Region in which
    the trail was created". moto says false and leaves the region out of GetTrail.
    """

    def description(original: Any, self: Trail, include_region: bool = False) -> Any:
        del include_region
        described = original(self, True)
        described["HasCustomEventSelectors"] = bool(
            self.event_selectors or self.advanced_event_selectors
        )
        described["HasInsightSelectors"] = bool(self.insight_selectors)
        return {k: v for k, v in described.items() if v is not None and v != ""}

    wrap(Trail, "description", description)


def status_shows_delivery_errors() -> None:
    """GetTrailStatus tells why the log files do not arrive.

    API_GetTrailStatus: LatestDeliveryError "Displays any Amazon S3 error that
    CloudTrail encountered when attempting to deliver log files to the
    designated bucket", with names of Amazon S3's error responses.
    """

    def status(original: Any, self: CloudTrailBackend, name: str) -> TrailStatus:
        found = original(self, name)
        found.error = delivery_error(_find(self, name)) if found.is_logging else None
        return found

    def description(original: Any, self: TrailStatus) -> dict[str, Any]:
        described = original(self)
        if getattr(self, "error", None):
            described["LatestDeliveryError"] = self.error
        return described

    wrap(CloudTrailBackend, "get_trail_status", status)
    wrap(TrailStatus, "description", description)


def delegated_administrators() -> None:
    """CloudTrail registers its delegated administrators with Organizations.

    API_RegisterOrganizationDelegatedAdmin: "Registers an organization's member
    account as the CloudTrail delegated administrator", by MemberAccountId;
    API_DeregisterOrganizationDelegatedAdmin removes it, by
    DelegatedAdminAccountId. moto has neither, and does not count CloudTrail
    among the services that have such administrators.
    """
    from moto.organizations.models import FakeDelegatedAdministrator, organizations_backends

    FakeDelegatedAdministrator.SUPPORTED_SERVICES.append(OWN_NAME)

    def organization(self: CloudTrailResponse) -> Any:
        return organizations_backends[self.current_account][self.partition]

    def register(self: CloudTrailResponse) -> str:
        organization(self).register_delegated_administrator(
            AccountId=self._get_param("MemberAccountId"), ServicePrincipal=OWN_NAME
        )
        return "{}"

    def deregister(self: CloudTrailResponse) -> str:
        organization(self).deregister_delegated_administrator(
            AccountId=self._get_param("DelegatedAdminAccountId"), ServicePrincipal=OWN_NAME
        )
        return "{}"

    CloudTrailResponse.register_organization_delegated_admin = register
    CloudTrailResponse.deregister_organization_delegated_admin = deregister


CORRECTIONS = (
    trails_by_arn_in_their_home_region,
    members_see_the_organizations_trails,
    delete_trail_by_arn_and_wholly,
    create_trail_refuses_what_aws_refuses,
    trails_need_a_bucket_that_lets_them_deliver,
    trails_name_their_key_by_arn,
    topics_by_name_or_arn,
    selectors_of_one_kind,
    insight_selectors_are_replaced,
    descriptions_tell_the_truth,
    status_shows_delivery_errors,
    delegated_administrators,
)
