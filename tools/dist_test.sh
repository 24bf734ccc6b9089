#!/usr/bin/env bash
# Test a checkpoint with several processes on one or more nodes.
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"

if (($# < 3)); then
    cat >&2 <<'USAGE'
Usage: tools/dist_test.sh CONFIG CHECKPOINT GPUS [flags of test.py]
Environment: NNODES=1 NODE_RANK=0 MASTER_ADDR=127.0.0.1
             PORT (a free one on a single node, else 29500) PYTHON=python
USAGE
    exit 2
fi
[[ -f "$1" ]] || fail "there is no config '$1'"
run_distributed "$3" "$TOOLS/test.py" "$1" "$2" "${@:4}"
