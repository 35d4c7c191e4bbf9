"""The ledger's tables, as steps that each take a database from one version to the next."""

from __future__ import annotations

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE delivery (
        n            INTEGER PRIMARY KEY,
        id           TEXT NOT NULL UNIQUE,
        created_at   INTEGER NOT NULL,           -- seconds since 1970, UTC; so are all times
        created_us   INTEGER NOT NULL,
        name         TEXT NOT NULL,
        order_label  TEXT,
        platform     TEXT NOT NULL,
        method       TEXT NOT NULL,
        language     TEXT NOT NULL,
        store        TEXT,
        prefix       TEXT,
        out_folder   TEXT,
        manifest     TEXT,
        message_count INTEGER NOT NULL,
        file_count   INTEGER NOT NULL,
        size         INTEGER NOT NULL,
        expires_at   INTEGER,                    -- the earliest end of its links; NULL: none, or not known
        revoked_at   INTEGER,
        pruned_at    INTEGER,                    -- when its objects were removed from the store
        revision_of  TEXT,
        tool_version TEXT NOT NULL,
        profile      TEXT NOT NULL,              -- JSON: the platform's rules as they were
        reasons      TEXT NOT NULL,              -- JSON list
        notes        TEXT NOT NULL               -- JSON list
    );
    CREATE INDEX delivery_by_time ON delivery (created_at DESC, n DESC);
    CREATE INDEX delivery_by_order ON delivery (order_label, created_at DESC);
    CREATE INDEX delivery_by_platform ON delivery (platform, created_at DESC);
    CREATE INDEX delivery_by_end ON delivery (expires_at) WHERE expires_at IS NOT NULL;

    CREATE TABLE file (
        delivery   INTEGER NOT NULL REFERENCES delivery (n) ON DELETE CASCADE,
        position   INTEGER NOT NULL,
        arcname    TEXT NOT NULL,
        original   TEXT,
        size       INTEGER NOT NULL,
        mtime_ns   INTEGER NOT NULL,
        mode       INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        sha256     BLOB,
        PRIMARY KEY (delivery, position)
    ) WITHOUT ROWID;

    CREATE TABLE part (                          -- what was attached, and what was uploaded
        delivery   INTEGER NOT NULL REFERENCES delivery (n) ON DELETE CASCADE,
        position   INTEGER NOT NULL,
        role       TEXT NOT NULL,                -- attachment, link, page
        name       TEXT NOT NULL,
        place      TEXT NOT NULL,                -- attachment: its path; link: its object key
        kind       TEXT,
        message    INTEGER,
        part_offset INTEGER,
        size       INTEGER NOT NULL,
        sha256     BLOB NOT NULL,
        expires_at INTEGER,
        reason     TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (delivery, position)
    ) WITHOUT ROWID;

    CREATE TABLE member (                        -- which files a part carries
        delivery   INTEGER NOT NULL REFERENCES delivery (n) ON DELETE CASCADE,
        part       INTEGER NOT NULL,
        position   INTEGER NOT NULL,
        arcname    TEXT NOT NULL,
        PRIMARY KEY (delivery, part, position)
    ) WITHOUT ROWID;

    CREATE TABLE finding (
        delivery   INTEGER NOT NULL REFERENCES delivery (n) ON DELETE CASCADE,
        position   INTEGER NOT NULL,
        code       TEXT NOT NULL,
        severity   TEXT NOT NULL,
        path       TEXT NOT NULL,
        message    TEXT NOT NULL,
        hint       TEXT NOT NULL,
        waived     INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (delivery, position)
    ) WITHOUT ROWID;

    CREATE TABLE event (                         -- what happened later: renewed, revoked, pruned, made again
        n          INTEGER PRIMARY KEY,
        delivery   INTEGER NOT NULL REFERENCES delivery (n) ON DELETE CASCADE,
        at         INTEGER NOT NULL,
        kind       TEXT NOT NULL,
        detail     TEXT NOT NULL
    );
    CREATE INDEX event_by_delivery ON event (delivery, at);

    CREATE TABLE message (                       -- texts as composed, each link's url replaced by {link:NAME}
        delivery   INTEGER NOT NULL REFERENCES delivery (n) ON DELETE CASCADE,
        position   INTEGER NOT NULL,
        composed_at INTEGER NOT NULL,
        situation  TEXT NOT NULL,
        text       TEXT NOT NULL,
        PRIMARY KEY (delivery, position)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE part ADD COLUMN etag TEXT NOT NULL DEFAULT '';
    """,
    """
    ALTER TABLE delivery ADD COLUMN needed_until INTEGER;  -- the latest end of all links that were ever signed
    UPDATE delivery
       SET needed_until = coalesce((SELECT max(expires_at) FROM part WHERE part.delivery = delivery.n), expires_at);
    """,
    """
    ALTER TABLE delivery ADD COLUMN situation TEXT;  -- of its message; NULL: not kept
    """,
    """
    ALTER TABLE delivery ADD COLUMN bucket TEXT;  -- a digest of where its store led; NULL: not kept
    """,
)
"""``PRAGMA user_version`` counts how many have run."""
