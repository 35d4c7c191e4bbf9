"""One upload as its own process, to be killed: kill_loop.py ENDPOINT BUCKET FILE. Prints key and SHA-256 when done."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from delivery import hosting
from delivery.config import Settings
from delivery.options import StoreOptions, UploadOptions
from delivery.storage import open_store

endpoint, bucket, path, access, secret = sys.argv[1:]
options = StoreOptions(profile="ceph", bucket=bucket, endpoint=endpoint, access_key_id=access, secret_access_key=secret)
settings = Settings(stores={"test": options}, upload=UploadOptions())
store = open_store("test", settings, until=datetime.now(UTC) + timedelta(hours=1))
item = hosting.Upload.of_path(path)
with hosting.journal_for(store, [item.name]) as journal:
    (done,) = hosting.upload(store, [item], prefix=journal.prefix, journal=journal, options=settings.upload)
    journal.finish()
print(done.stored.key, done.sha256)
