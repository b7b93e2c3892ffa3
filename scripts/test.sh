#!/bin/sh
# What `make test` runs once ruff and import-linter are content: the tests in several processes, and the type checker
# beside them. Ends non-zero where either fails.
# usage: scripts/test.sh [PROCESSES]   (0: the tests in one process, without pytest-xdist's)
set -u
cd "$(dirname "$0")/.."

told=$(mktemp) || exit 1
nice .venv/bin/basedpyright >"$told" 2>&1 &
types=$!
trap 'kill "$types" 2>/dev/null; rm -f "$told"' EXIT
trap 'exit 130' INT TERM

.venv/bin/pytest -m "not slow" -n "${1:-2}" --dist loadfile --no-loadscope-reorder
tests=$?
wait "$types"
typed=$?

echo "basedpyright:"
cat "$told"
[ "$typed" -eq 0 ] || echo "make: basedpyright is not content (see above)." >&2
[ "$tests" -eq 0 ] || echo "make: not all tests passed (see above)." >&2
[ "$typed" -eq 0 ] && exit "$tests"
exit 1
