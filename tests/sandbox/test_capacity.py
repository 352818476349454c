"""Capacity reservations: who runs in them, and what they are worth when a zone is full."""

# A test's name is its sentence, and its arguments are fixtures.
# ruff: noqa: ANN401, D102, D103

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.faults import faults
from sandbox.process import Sandbox
from sandbox.server import Server
from tests.sandbox.scenes import LINUX, SMALL, code, describe, launch

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

ZONE = "us-east-1a"
HERE: dict[str, Any] = {"Placement": {"AvailabilityZone": ZONE}}
ONE: dict[str, Any] = {
    "InstanceType": "t3.micro",
    "InstancePlatform": "Linux/UNIX",
    "AvailabilityZone": ZONE,
    "InstanceCount": 1,
}


def reserve(ec2: "EC2Client", **more: Any) -> str:
    answer = ec2.create_capacity_reservation(**{**ONE, **more})
    return str(answer["CapacityReservation"]["CapacityReservationId"])


def reservation(ec2: "EC2Client", id_: str) -> Any:
    answer = ec2.describe_capacity_reservations(CapacityReservationIds=[id_])
    return answer["CapacityReservations"][0]


def free(ec2: "EC2Client", id_: str) -> int:
    return int(reservation(ec2, id_)["AvailableInstanceCount"])


def shortage(**where: Any) -> dict[str, Any]:
    return {"rules": [{"kind": "capacity", **where}]}


def seat(ec2: "EC2Client", instance: str) -> str | None:
    return describe(ec2, instance).get("CapacityReservationId")


@pytest.fixture
def running(aws: Sandbox, ec2: "EC2Client") -> str:
    made = str(launch(ec2, **HERE)["InstanceId"])
    aws.clock.advance(60)
    return made


def stop(aws: Sandbox, ec2: "EC2Client", instance: str) -> None:
    ec2.stop_instances(InstanceIds=[instance])
    aws.clock.advance(60)


class TestSeats:
    """Which instance runs in which reservation."""

    def test_a_running_machine_moves_in_and_its_place_stays_free_while_it_is_stopped(
        self, aws: Sandbox, ec2: "EC2Client", running: str
    ) -> None:
        made = reserve(ec2)
        assert (seat(ec2, running), free(ec2, made)) == (made, 0)
        allocations = reservation(ec2, made)["CapacityAllocations"]
        assert allocations == [{"AllocationType": "used", "Count": 1}]

        stop(aws, ec2, running)
        assert (seat(ec2, running), free(ec2, made)) == (None, 1)
        ec2.start_instances(InstanceIds=[running])

        assert (seat(ec2, running), free(ec2, made)) == (made, 0)
        ec2.terminate_instances(InstanceIds=[running])
        aws.clock.advance(60)
        assert free(ec2, made) == 1

    @pytest.mark.parametrize(
        "other",
        [
            {"InstanceType": "t3.small"},
            {"InstancePlatform": "Windows"},
            {"AvailabilityZone": "us-east-1b"},
            {"Tenancy": "dedicated"},
            {"InstanceMatchCriteria": "targeted"},
        ],
    )
    def test_what_does_not_match_stays_out(
        self, ec2: "EC2Client", running: str, other: dict[str, Any]
    ) -> None:
        made = reserve(ec2, **other)

        assert (seat(ec2, running), free(ec2, made)) == (None, 1)

    def test_an_instance_that_prefers_none_stays_out_and_no_more_than_fit_move_in(
        self, ec2: "EC2Client"
    ) -> None:
        never = {"CapacityReservationSpecification": {"CapacityReservationPreference": "none"}}
        outside = launch(ec2, **HERE, **never)["InstanceId"]
        made = reserve(ec2, InstanceCount=2)

        three = ec2.run_instances(**{**SMALL, **HERE, "MinCount": 3, "MaxCount": 3})["Instances"]

        assert [seat(ec2, each["InstanceId"]) for each in three] == [made, made, None]
        assert seat(ec2, outside) is None

    def test_a_targeted_reservation_takes_only_those_who_aim_at_it(
        self, aws: Sandbox, ec2: "EC2Client", running: str
    ) -> None:
        made = reserve(ec2, InstanceMatchCriteria="targeted")
        spec = {"CapacityReservationTarget": {"CapacityReservationId": made}}
        first = launch(ec2, **HERE, CapacityReservationSpecification=spec)["InstanceId"]
        assert seat(ec2, first) == made
        assert (
            code(ec2.run_instances, **SMALL, **HERE, CapacityReservationSpecification=spec)
            == "ReservationCapacityExceeded"
        )
        aim = ec2.modify_instance_capacity_reservation_attributes
        wish: Any = {"InstanceId": running, "CapacityReservationSpecification": spec}
        assert code(aim, **wish) == "IncorrectInstanceState"
        stop(aws, ec2, running)
        aim(**wish)
        assert code(ec2.start_instances, InstanceIds=[running]) == "ReservationCapacityExceeded"
        aws.clock.advance(60)
        stop(aws, ec2, first)

        ec2.start_instances(InstanceIds=[running])

        assert seat(ec2, running) == made
        aws.clock.advance(60)
        ec2.cancel_capacity_reservation(CapacityReservationId=made)
        stop(aws, ec2, running)
        assert code(ec2.start_instances, InstanceIds=[running]) == "ReservationCapacityExceeded"

    def test_a_target_must_exist_and_be_for_such_an_instance(self, ec2: "EC2Client") -> None:
        other = reserve(ec2, InstanceType="t3.small")

        def refusal(id_: str) -> str:
            spec = {"CapacityReservationTarget": {"CapacityReservationId": id_}}
            return code(ec2.run_instances, **SMALL, **HERE, CapacityReservationSpecification=spec)

        assert refusal(other) == "InvalidParameterValue"
        assert refusal("cr-0123456789abcdef0") == "InvalidCapacityReservationId.NotFound"
        assert refusal("nonsense") == "InvalidCapacityReservationId.Malformed"

    def test_reservations_only_means_only_reservations(self, ec2: "EC2Client") -> None:
        only: Any = {"CapacityReservationPreference": "capacity-reservations-only"}
        assert (
            code(ec2.run_instances, **SMALL, **HERE, CapacityReservationSpecification=only)
            == "ReservationCapacityExceeded"
        )
        made = reserve(ec2)

        instance = launch(ec2, **HERE, CapacityReservationSpecification=only)

        assert instance["CapacityReservationId"] == made


class TestShortage:
    """A zone, or a type, of which there is no more."""

    def test_without_capacity_nothing_launches_or_starts_and_it_is_a_server_error(
        self, aws: Sandbox, ec2: "EC2Client", running: str
    ) -> None:
        stop(aws, ec2, running)
        aws.faults.set(shortage(zone=ZONE, type="t3.micro"))

        for call, asked in (
            (ec2.run_instances, {**SMALL, **HERE}),
            (ec2.start_instances, {"InstanceIds": [running]}),
            (ec2.create_capacity_reservation, ONE),
        ):
            with pytest.raises(ClientError) as refused:
                call(**asked)
            assert refused.value.response["Error"]["Code"] == "InsufficientInstanceCapacity"
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        assert describe(ec2, running)["State"]["Name"] == "stopped"
        launch(ec2, **HERE, InstanceType="t3.small")
        launch(ec2, Placement={"AvailabilityZone": "us-east-1b"})
        aws.faults.clear()
        ec2.start_instances(InstanceIds=[running])

    def test_a_reservation_made_in_time_lets_a_stopped_machine_start_again(
        self, aws: Sandbox, ec2: "EC2Client", running: str
    ) -> None:
        """Mode d holds its place: reserve, stop, swap, start."""
        made = reserve(ec2)
        stop(aws, ec2, running)
        aws.faults.set(shortage(zone=ZONE))

        ec2.start_instances(InstanceIds=[running])

        aws.clock.advance(60)
        assert describe(ec2, running)["State"]["Name"] == "running"
        assert free(ec2, made) == 0
        assert code(ec2.run_instances, **SMALL, **HERE) == "InsufficientInstanceCapacity"

    def test_a_launch_gets_as_many_as_there_are_places(
        self, aws: Sandbox, ec2: "EC2Client"
    ) -> None:
        reserve(ec2, InstanceCount=2)
        aws.faults.set(shortage(type="t3.micro"))
        many = {**SMALL, **HERE, "MaxCount": 5}

        assert len(ec2.run_instances(**many)["Instances"]) == 2
        assert code(ec2.run_instances, **many) == "InsufficientInstanceCapacity"

    def test_machines_started_together_need_a_place_each(
        self, aws: Sandbox, ec2: "EC2Client", running: str
    ) -> None:
        other = str(launch(ec2, **HERE)["InstanceId"])
        aws.clock.advance(60)
        made = reserve(ec2)
        for each in (running, other):
            stop(aws, ec2, each)
        aws.faults.set(shortage(zone=ZONE))

        assert code(ec2.start_instances, InstanceIds=[running, other]) == (
            "InsufficientInstanceCapacity"
        )

        assert free(ec2, made) == 1

    def test_a_server_error_over_http_is_one(self, server: Server) -> None:
        ec2 = boto3.client(
            "ec2",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id="123456789012",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        faults.set(shortage(type="t3.micro"))

        with pytest.raises(ClientError, match="do not have sufficient") as refused:
            ec2.run_instances(ImageId=LINUX, InstanceType="t3.micro", MinCount=1, MaxCount=1)

        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


class TestReservation:
    """A reservation itself."""

    def test_it_is_answered_as_it_is(self, aws: Sandbox, ec2: "EC2Client") -> None:
        ends = aws.clock.now() + timedelta(hours=2)
        tags: Any = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": "a", "Value": "b"}]}]
        made = ec2.create_capacity_reservation(
            **ONE, EndDateType="limited", EndDate=ends, TagSpecifications=tags
        )["CapacityReservation"]

        assert made["State"] == "active"
        assert made["AvailabilityZoneId"] == "use1-az6"
        assert (made["TotalInstanceCount"], made["AvailableInstanceCount"]) == (1, 1)
        assert (made["InstanceMatchCriteria"], made["Tenancy"]) == ("open", "default")
        assert (made["EndDateType"], made["EndDate"]) == ("limited", ends)
        assert made["Tags"] == [{"Key": "a", "Value": "b"}]
        id_ = made["CapacityReservationId"]
        assert made["CapacityReservationArn"].endswith(f":capacity-reservation/{id_}")
        assert reservation(ec2, id_) == made
        ec2.create_tags(Resources=[id_], Tags=[{"Key": "c", "Value": "d"}])
        tagged = ec2.describe_capacity_reservations(Filters=[{"Name": "tag:c", "Values": ["d"]}])
        assert len(tagged["CapacityReservations"]) == 1
        [tag, _] = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [id_]}])["Tags"]
        assert tag["ResourceType"] == "capacity-reservation"

    def test_it_expires_at_its_end_and_what_runs_in_it_runs_on(
        self, aws: Sandbox, ec2: "EC2Client", running: str
    ) -> None:
        ends = aws.clock.now() + timedelta(hours=1)
        made = reserve(ec2, EndDateType="limited", EndDate=ends)
        later = ends + timedelta(hours=1)
        ec2.modify_capacity_reservation(
            CapacityReservationId=made, EndDateType="limited", EndDate=later
        )
        aws.clock.advance(3600)
        assert reservation(ec2, made)["State"] == "active"
        aws.clock.advance(3600)

        assert (reservation(ec2, made)["State"], free(ec2, made)) == ("expired", 0)
        assert seat(ec2, running) is None
        assert describe(ec2, running)["State"]["Name"] == "running"
        assert code(ec2.cancel_capacity_reservation, CapacityReservationId=made) == (
            "IncorrectState"
        )

    def test_it_can_be_cancelled_once(self, ec2: "EC2Client", running: str) -> None:
        made = reserve(ec2)

        assert ec2.cancel_capacity_reservation(CapacityReservationId=made)["Return"] is True

        assert (reservation(ec2, made)["State"], seat(ec2, running)) == ("cancelled", None)
        for call in (ec2.cancel_capacity_reservation, ec2.modify_capacity_reservation):
            assert code(call, CapacityReservationId=made) == "IncorrectState"

    def test_it_can_grow_shrink_and_open(self, ec2: "EC2Client", running: str) -> None:
        made = reserve(ec2, InstanceMatchCriteria="targeted")
        change = ec2.modify_capacity_reservation

        change(CapacityReservationId=made, InstanceMatchCriteria="open", InstanceCount=3)

        assert (seat(ec2, running), free(ec2, made)) == (made, 2)
        change(CapacityReservationId=made, InstanceCount=1)
        assert reservation(ec2, made)["TotalInstanceCount"] == 1
        assert code(change, CapacityReservationId=made, InstanceCount=0) == "InvalidParameterValue"
        assert (
            code(change, CapacityReservationId=made, InstanceMatchCriteria="targeted")
            == "IncorrectState"
        )
        usage = ec2.get_capacity_reservation_usage(CapacityReservationId=made)
        assert usage["InstanceUsages"] == [{"AccountId": "123456789012", "UsedInstanceCount": 1}]

    def test_a_client_token_stands_for_one_reservation(self, ec2: "EC2Client") -> None:
        assert reserve(ec2, ClientToken="t") == reserve(ec2, ClientToken="t")
        assert (
            code(ec2.create_capacity_reservation, **{**ONE, "InstanceCount": 2}, ClientToken="t")
            == "IdempotentParameterMismatch"
        )

    def test_reservations_are_found_by_filter_and_in_pages(self, ec2: "EC2Client") -> None:
        small = reserve(ec2, InstanceType="t3.small")
        made = {small, *(reserve(ec2) for _ in range(2))}
        matching = {
            "instance-type": "t3.small",
            "owner-id": "123456789012",
            "instance-platform": "Linux/UNIX",
            "availability-zone": ZONE,
            "tenancy": "default",
            "state": "active",
            "start-date": "2026-*",
            "end-date-type": "unlimited",
            "instance-match-criteria": "open",
        }
        filters: Any = [{"Name": name, "Values": [value]} for name, value in matching.items()]

        [found] = ec2.describe_capacity_reservations(Filters=filters)["CapacityReservations"]

        assert found["CapacityReservationId"] == small
        for absent in ("end-date", "outpost-arn", "placement-group-arn"):
            nothing: Any = [{"Name": absent, "Values": ["*"]}]
            assert not ec2.describe_capacity_reservations(Filters=nothing)["CapacityReservations"]
        first = ec2.describe_capacity_reservations(MaxResults=2)
        rest = ec2.describe_capacity_reservations(MaxResults=2, NextToken=first["NextToken"])
        pages = first["CapacityReservations"] + rest["CapacityReservations"]
        assert {each["CapacityReservationId"] for each in pages} == made

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"InstanceType": "t9.mega"}, "InvalidParameterValue"),
            ({"InstancePlatform": "BeOS"}, "InvalidParameterValue"),
            ({"AvailabilityZone": "us-east-1z"}, "InvalidParameterValue"),
            ({"AvailabilityZoneId": "use1-az1"}, "InvalidParameterValue"),
            ({"InstanceCount": 0}, "InvalidParameterValue"),
            ({"InstanceCount": 1001}, "InvalidParameterValue"),
            ({"Tenancy": "host"}, "InvalidParameterValue"),
            ({"EndDateType": "never"}, "InvalidParameterValue"),
            ({"EndDateType": "limited"}, "InvalidParameterCombination"),
            ({"EndDate": "2027-01-01T00:00:00Z"}, "InvalidParameterCombination"),
            (
                {"EndDateType": "limited", "EndDate": "2026-01-01T00:00:00Z"},
                "InvalidParameterValue",
            ),
            ({"CommitmentDuration": 1}, "UnsupportedOperation"),
            ({"DryRun": True}, "DryRunOperation"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, ec2: "EC2Client", asked: dict[str, Any], expected: str
    ) -> None:
        assert code(ec2.create_capacity_reservation, **{**ONE, **asked}) == expected

    def test_a_zone_must_be_named(self, ec2: "EC2Client") -> None:
        nowhere = {name: value for name, value in ONE.items() if name != "AvailabilityZone"}

        assert code(ec2.create_capacity_reservation, **nowhere) == "MissingParameter"
        assert ec2.create_capacity_reservation(**nowhere, AvailabilityZoneId="use1-az6")
