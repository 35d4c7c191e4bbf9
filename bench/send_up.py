"""Our side of the upload benchmark: FILEs or a folder into a bucket, each file's SHA-256 included.

python bench/send_up.py ENDPOINT BUCKET PATH...     keys from the environment
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from delivery import hosting
from delivery.config import Settings
from delivery.options import StoreOptions, UploadOptions
from delivery.storage import open_store

endpoint, bucket, *paths = sys.argv[1:]
profile = "s3" if endpoint.startswith("https") else "ceph"  # the sink behind TLS has no ETags to compare
settings = Settings(
    stores={"bench": StoreOptions(profile=profile, bucket=bucket, endpoint=endpoint)}, upload=UploadOptions()
)
store = open_store("bench", settings, until=datetime.now(UTC) + timedelta(hours=1))
files = [item for path in map(Path, paths) for item in (sorted(path.iterdir()) if path.is_dir() else [path])]
uploads = [hosting.Upload.of_path(path) for path in files]
with hosting.journal_for(store, [item.name for item in uploads]) as journal:
    done = hosting.upload(store, uploads, prefix=journal.prefix, journal=journal, options=settings.upload)
    journal.finish()
print(len(done), done[0].sha256)
