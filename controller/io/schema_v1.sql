-- What the controller keeps. `PRAGMA user_version` = 1; a newer file is refused.
CREATE TABLE cms (
    uri TEXT PRIMARY KEY,
    gateway_address TEXT NOT NULL DEFAULT '',
    cms_address TEXT NOT NULL DEFAULT '',
    ready INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Programs, calendars, loggers, as the CMS sent them.
CREATE TABLE resource (
    cms TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (cms, kind, name)
) WITHOUT ROWID;

-- What is asked of each lamp.
CREATE TABLE assignment (
    address TEXT PRIMARY KEY,
    cms TEXT NOT NULL,
    calendar_id TEXT NOT NULL,
    since_s REAL NOT NULL,
    origin TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE override (
    address TEXT NOT NULL,
    rank TEXT NOT NULL,
    number INTEGER NOT NULL,
    level_percent INTEGER NOT NULL,
    starts_s REAL NOT NULL,
    expires_s REAL NOT NULL,
    ramp_ds INTEGER NOT NULL,
    cms_ref_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    cms TEXT NOT NULL,
    released INTEGER NOT NULL,
    PRIMARY KEY (address, rank)
) WITHOUT ROWID;

CREATE TABLE schedule (
    address TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;

-- Events that were taken, so that a repetition is known.
CREATE TABLE event (
    node_id TEXT NOT NULL,
    boot INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (node_id, boot, number)
) WITHOUT ROWID;

-- Log entries on their way to a CMS, in order; deleted when it has answered 201.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cms TEXT NOT NULL,
    logger TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX outbox_order ON outbox (cms, logger); -- In the order of id, which ends every entry.

-- The newest values of a device as its node said them, kept some seconds late: a read is answered
-- at once after a restart, with the age it then has.
CREATE TABLE reported (
    address TEXT PRIMARY KEY,
    body BLOB NOT NULL
);
