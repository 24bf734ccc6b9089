#!/usr/bin/env bash
# Train under slurm.
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"

if (($# < 3)); then
    cat >&2 <<'USAGE'
Usage: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [flags of train.py]
Environment: GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS='...'
             GRES=gpu:GPUS_PER_NODE (empty for none) PORT (random)
             PYTHON=python
USAGE
    exit 2
fi
[[ -f "$3" ]] || fail "there is no config '$3'"
run_slurm "$1" "$2" "$TOOLS/train.py" "$3" "${@:4}"
