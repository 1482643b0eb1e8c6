"""The tables. Times are POSIX milliseconds of domain time, JSON is what a core wrote."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

metadata = MetaData()
# SQLite counts its rows by INTEGER alone.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")

# What this CMS is: its own TALQ address.
facts = Table(
    "facts", metadata,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
)  # fmt: skip
gateways = Table(
    "gateways", metadata,
    Column("address", String, primary_key=True),
    Column("uri", String, nullable=False, unique=True),
    Column("stage", Integer, nullable=False),
    Column("device", JSON, nullable=False),
    Column("services", JSON, nullable=False),
    Column("heard_ms", BigInteger, nullable=False),
    Column("identity", String),  # Of the certificate it announced itself with.
)  # fmt: skip
device_classes = Table(
    "device_classes", metadata,
    Column("gateway", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("body", JSON, nullable=False),
)  # fmt: skip
# Lamp types and other resources that a gateway has sent, as it sent them.
talq_resources = Table(
    "talq_resources", metadata,
    Column("gateway", String, primary_key=True),
    Column("collection", String, primary_key=True),
    Column("address", String, primary_key=True),
    Column("body", JSON, nullable=False),
)  # fmt: skip
# One row for each TALQ device: its body as announced, and the newest value of each attribute.
devices = Table(
    "devices", metadata,
    Column("address", String, primary_key=True),
    Column("gateway", String, nullable=False, index=True),
    Column("asset_id", String, nullable=False, index=True),
    Column("body", JSON, nullable=False),
    Column("newest", JSON, nullable=False),
    Column("faults", JSON, nullable=False),
)  # fmt: skip
events = Table(
    "events", metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("gateway", String, nullable=False),
    Column("source", String, nullable=False),
    Column("type", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("flag", Integer, nullable=False),  # -1 without, else startEndFlag.
    Column("kind", String, nullable=False),
    Column("asset_id", String, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("info", JSON, nullable=False),
    UniqueConstraint("gateway", "source", "type", "at_ms", "flag", name="events_once"),
    Index("events_by_asset", "asset_id", "id"),
)  # fmt: skip
measurements = Table(
    "measurements", metadata,
    Column("device", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("at_ms", BigInteger, primary_key=True),
    Column("value", Float, nullable=False),
    sqlite_with_rowid=False,
)  # fmt: skip
alarms = Table(
    "alarms", metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("kind", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("asset_id", String, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("acknowledged_by", String),
    Column("acknowledged_ms", BigInteger),
    Index("alarms_open", "ended_ms", "asset_id"),
)  # fmt: skip
programs = Table(
    "programs", metadata,
    Column("id", String, primary_key=True),
    Column("body", JSON, nullable=False),
)  # fmt: skip
calendars = Table(
    "calendars", metadata,
    Column("id", String, primary_key=True),
    Column("body", JSON, nullable=False),
)  # fmt: skip
groups = Table(
    "groups", metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("lamp_ids", JSON, nullable=False),
)  # fmt: skip
overrides = Table(
    "overrides", metadata,
    Column("id", String, primary_key=True),
    Column("body", JSON, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("starts_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)  # fmt: skip
override_lamps = Table(
    "override_lamps", metadata,
    Column("override_id", String, primary_key=True),
    Column("asset_id", String, primary_key=True),
    Column("stage", Integer, nullable=False),
    Column("why", String),
    Index("override_lamps_by_asset", "asset_id"),
)  # fmt: skip
assignments = Table(
    "assignments", metadata,
    Column("id", String, primary_key=True),
    Column("calendar_id", String, nullable=False),
    Column("body", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)  # fmt: skip
assignment_lamps = Table(
    "assignment_lamps", metadata,
    Column("assignment_id", String, primary_key=True),
    Column("asset_id", String, primary_key=True),
    Column("stage", Integer, nullable=False),
    Column("why", String),
    Index("assignment_lamps_by_asset", "asset_id"),
)  # fmt: skip
# What each lamp is meant to follow: the newest assignment that named it.
lamp_calendars = Table(
    "lamp_calendars", metadata,
    Column("asset_id", String, primary_key=True),
    Column("calendar_id", String, nullable=False),
    Column("assignment_id", String, nullable=False),
)  # fmt: skip
# Nodes that left a bench, by their receipts.
receipts = Table(
    "receipts", metadata,
    Column("node_id", String, primary_key=True),
    Column("asset_id", String, nullable=False, unique=True),
    Column("mac", String, nullable=False, unique=True),
    Column("body", JSON, nullable=False),
    Column("imported_ms", BigInteger, nullable=False),
)  # fmt: skip
# Which box hangs on which pole, as crews scanned it; the newest of a pole counts.
pairings = Table(
    "pairings", metadata,
    Column("id", String, primary_key=True),
    Column("node_id", String, nullable=False, index=True),
    Column("asset_id", String, nullable=False, index=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("received_ms", BigInteger, nullable=False),
)  # fmt: skip
# Requests to gateways, sent in order for each; a row goes away with its answer.
calls = Table(
    "calls", metadata,
    Column("id", _NUMBER, primary_key=True, autoincrement=True),
    Column("gateway", String, nullable=False, index=True),
    Column("operation", String, nullable=False),
    Column("path", JSON, nullable=False),
    Column("body", JSON, nullable=False),
    Column("about", JSON, nullable=False),
)  # fmt: skip
tokens = Table(
    "tokens", metadata,
    Column("digest", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("session", Boolean, nullable=False),
)  # fmt: skip
feed = Table(
    "feed", metadata,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False),
    Column("data", String, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip
