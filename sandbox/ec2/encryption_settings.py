"""The account's EBS encryption settings: the default key, and its way back.

Source: EC2 API pages GetEbsDefaultKmsKeyId and ResetEbsDefaultKmsKeyId. Encryption by
default itself is moto's.
"""

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.encryption import AWS_MANAGED_KEY, find_key
from sandbox.ec2.wire import DocumentResult


class EncryptionSettingActions(EC2Response):
    """What moto lacks of the settings."""

    def get_ebs_default_kms_key_id(self) -> ActionResult:
        """GetEbsDefaultKmsKeyId: ``alias/aws/ebs`` until another one is chosen."""
        self.error_on_dryrun()
        return DocumentResult({"KmsKeyId": self.ec2_backend.default_kms_key_id or AWS_MANAGED_KEY})

    @override
    def modify_ebs_default_kms_key_id(self) -> ActionResult:
        """ModifyEbsDefaultKmsKeyId; a key that is not there is refused, its code is [NV]."""
        self.error_on_dryrun()
        key = self._get_param("KmsKeyId")
        if key != AWS_MANAGED_KEY and find_key(self.ec2_backend, key) is None:
            raise EC2ClientError("InvalidParameterValue", f"The KMS key '{key}' does not exist")
        return super().modify_ebs_default_kms_key_id()

    def reset_ebs_default_kms_key_id(self) -> ActionResult:
        """ResetEbsDefaultKmsKeyId."""
        self.error_on_dryrun()
        self.ec2_backend.default_kms_key_id = ""
        return DocumentResult({"KmsKeyId": AWS_MANAGED_KEY})
