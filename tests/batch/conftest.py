"""The object stores of these tests."""

from tests.object_store import bucket, forbidding_store, s3_server

__all__ = ["bucket", "forbidding_store", "s3_server"]
