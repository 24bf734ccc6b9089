#!/usr/bin/env bash
# Test a checkpoint under slurm.
source "$(dirname "${BASH_SOURCE[0]}")/_launch.sh"

if (($# < 4)); then
    cat >&2 <<'USAGE'
Usage: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT
                           [flags of test.py]
Environment: GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5 SRUN_ARGS='...'
             GRES=gpu:GPUS_PER_NODE (empty for none) PORT (random)
             PYTHON=python
USAGE
    exit 2
fi
[[ -f "$3" ]] || fail "there is no config '$3'"
run_slurm "$1" "$2" "$TOOLS/test.py" "$3" "$4" "${@:5}"
