#!/usr/bin/env bash
# Train with several processes on one or more nodes.
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"

if (($# < 2)); then
    cat >&2 <<'USAGE'
Usage: tools/dist_train.sh CONFIG GPUS [flags of train.py]
Environment: NNODES=1 NODE_RANK=0 MASTER_ADDR=127.0.0.1
             PORT (a free one on a single node, else 29500) PYTHON=python
USAGE
    exit 2
fi
[[ -f "$1" ]] || fail "there is no config '$1'"
run_distributed "$2" "$TOOLS/train.py" "$1" "${@:3}"
