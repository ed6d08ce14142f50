"""The object stores of these tests, and the folder of a run whose readers are watched."""

from tests.batch.workers.runs import place
from tests.object_store import bucket, forbidding_store, s3_server

__all__ = ["bucket", "forbidding_store", "place", "s3_server"]
