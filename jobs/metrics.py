"""What is measured, by Prometheus' client in its default registry: whoever serves ``/metrics`` finds it there.

Labels are closed vocabularies (verbs, kinds, outcomes, reasons): neither ids nor anything from a cell.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from sheets_sync.exchange import Call

CALLS = Counter("roadmap_google_calls", "Calls to Google, each try by itself.", ("verb", "kind", "outcome"))
SECONDS = Histogram(
    "roadmap_google_call_seconds",
    "Seconds that a call took.",
    ("verb", "kind", "outcome"),
    buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 180),
)
BYTES = Counter("roadmap_google_bytes", "Bytes of bodies.", ("verb", "kind", "direction"))
RETRIES = Counter("roadmap_google_retries", "Calls that were not the first try.", ("verb", "kind", "outcome"))
WAITS = Counter(
    "roadmap_google_wait_seconds", "Seconds waited for a turn (quota) or after a failed try (retry).", ("verb", "why")
)
QUOTA_ALONE = Counter(
    "roadmap_quota_alone", "Times that Postgres was away, so that this process counted its calls alone for a while."
)
READS = Counter("roadmap_workbook_reads", "Workbooks read by the worker, by why.", ("reason",))
WAITING = Gauge("roadmap_workbooks_waiting", "Workbooks that wait to be read, by why.", ("reason",))
WORKBOOKS = Gauge("roadmap_workbooks", "Registered workbooks.")
DRIVE_HEARD = Gauge("roadmap_drive_heard", "1 while Drive tells what changed, 0 while workbooks are read in turn.")


def count(call: Call) -> None:
    """One call to Google more."""
    CALLS.labels(call.verb, call.kind, call.outcome).inc()
    SECONDS.labels(call.verb, call.kind, call.outcome).observe(call.seconds)
    BYTES.labels(call.verb, call.kind, "sent").inc(call.bytes_sent)
    BYTES.labels(call.verb, call.kind, "received").inc(call.bytes_received)
    WAITS.labels(call.verb, "quota").inc(call.queued_s)
    WAITS.labels(call.verb, "retry").inc(call.paused_s)
    if call.attempt > 1:
        RETRIES.labels(call.verb, call.kind, call.outcome).inc()
