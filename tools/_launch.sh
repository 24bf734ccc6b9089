#!/usr/bin/env bash
# What the launch scripts share; they source it.
set -euo pipefail

TOOLS="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
PYTHON="${PYTHON:-python}"
# The only place where a warning can be stopped that appears before the
# package is imported.
export PYTHONWARNINGS="${PYTHONWARNINGS:+$PYTHONWARNINGS,}ignore:pkg_resources is deprecated"

# fail MESSAGE: say what is wrong and stop.
fail() {
    echo "$(basename "$0"): $1" >&2
    exit 2
}

# require_count NAME VALUE: the value has to be a whole number above 0.
require_count() {
    [[ "$2" =~ ^[1-9][0-9]*$ ]] || fail "$1 has to be 1, 2, ..., not '$2'"
}

# run_distributed GPUS SCRIPT ARGUMENTS...: GPUS processes on this node.
# Where there is no accelerator they are CPU processes that talk over gloo.
run_distributed() {
    local gpus="$1" nodes="${NNODES:-1}" rendezvous
    shift
    require_count GPUS "$gpus"
    require_count NNODES "$nodes"
    if [[ "$nodes" == 1 && -z "${PORT:-}" ]]; then
        # A free port, so that two runs on one machine do not collide.
        rendezvous=(--standalone --local-addr=127.0.0.1)
    else
        # All nodes have to agree on address and port.
        rendezvous=(
            "--node-rank=${NODE_RANK:-0}"
            "--master-addr=${MASTER_ADDR:-127.0.0.1}"
            "--master-port=${PORT:-29500}"
        )
    fi
    exec "$PYTHON" -m torch.distributed.run "--nnodes=$nodes" \
        "--nproc-per-node=$gpus" "${rendezvous[@]}" "$@" --launcher pytorch
}

# run_slurm PARTITION JOB_NAME SCRIPT ARGUMENTS...: GPUS tasks under srun.
run_slurm() {
    local partition="$1" job="$2" gpus="${GPUS:-8}" per_node gres options
    shift 2
    require_count GPUS "$gpus"
    per_node="${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}"
    require_count GPUS_PER_NODE "$per_node"
    # GRES= (empty) asks for no device, for partitions without any.
    gres="${GRES-gpu:$per_node}"
    read -r -a options <<<"${SRUN_ARGS:-}"
    export MASTER_PORT="${PORT:-$((20000 + RANDOM % 10000))}"
    exec srun --partition="$partition" --job-name="$job" \
        ${gres:+"--gres=$gres"} --ntasks="$gpus" \
        --ntasks-per-node="$per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 \
        ${options[@]+"${options[@]}"} \
        "$PYTHON" -u "$@" --launcher slurm
}
