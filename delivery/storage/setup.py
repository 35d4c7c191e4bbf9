"""How a bucket as a whole is set up, asked and changed with boto3, whose words for it are used throughout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from delivery.storage.aws import speaking
from delivery.storage.base import BucketSetting
from delivery.storage.carry import Refusal

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_SETTINGS: dict[BucketSetting, tuple[str, str]] = {
    "lifecycle": ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration"),
    "encryption": ("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError"),
    "cors": ("get_bucket_cors", "NoSuchCORSConfiguration"),
    "versioning": ("get_bucket_versioning", ""),
    "public_access": ("get_public_access_block", "NoSuchPublicAccessBlockConfiguration"),
}
"""The operation that asks, and the code that means "nothing is set"."""


def setting(client: Callable[[], S3Client], bucket: str, what: BucketSetting) -> dict[str, Any] | None:
    """One setting; None where nothing is set. Raises Refusal, LostConnection, StoreRefusedError."""
    operation, absent = _SETTINGS[what]
    try:
        with speaking():
            answer: dict[str, Any] = getattr(client(), operation)(Bucket=bucket)
    except Refusal as refusal:
        if absent and refusal.code == absent:
            return None
        raise
    answer.pop("ResponseMetadata", None)
    return answer or None


def set_lifecycle(client: Callable[[], S3Client], bucket: str, rules: Sequence[dict[str, Any]]) -> None:
    """Replace all lifecycle rules. Raises as :func:`setting` does."""
    wanted: Any = {"Rules": list(rules)}
    with speaking():
        client().put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=wanted)
