#!/usr/bin/env bash
# From nothing to a trained model with its Motion Families.
# shellcheck source=tools/_setup_env.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/_setup_env.sh"

CONFIG=configs/aclnet/aclnet_quickstart_1xb16-joint-u32-12e_synthetic-xsub-keypoint-3d.py
DATA=data/synthetic/synthetic.pkl
WORK=work_dirs/quickstart

usage() {
    cat <<'HELP'
usage: bash tools/quickstart.sh [--fresh]

Makes a Python environment with everything installed, writes a small synthetic
data set, trains ACLNet on it, tests the best checkpoint and shows what it has
learned. Needs bash, Python 3.10 or later, a network for the installation and
about 10 GB (3 GB with a CPU build of torch). A GPU is used if there is one; on
two CPU cores it takes up to ten minutes. Works from any folder.

  --fresh     train again even if a finished training is there, on new data
  -h, --help  this text

Run it again at any time: what is installed or written is kept. A finished
training is kept too, as long as config and data are the same; an unfinished
one starts afresh, in the same folder.

Variables: PYTHON (interpreter for a new environment), VENV (folder of the
environment; else the active one, else .venv in the repository),
TORCH_INDEX_URL (see tools/_setup_env.sh).
HELP
}

fresh=
for argument in "$@"; do
    case "$argument" in
    -h | --help)
        usage
        exit 0
        ;;
    --fresh) fresh=1 ;;
    *) die "unknown argument $argument" 'bash tools/quickstart.sh --help' ;;
    esac
done

# run_logged LOG COMMAND...: all output to the log, progress to the console.
run_logged() {
    local log="$1" line
    shift
    "$@" 2>&1 | while IFS= read -r line; do
        printf '%s\n' "$line" >&3
        if [[ "$line" == *' INFO - Epoch('* ]]; then
            show_progress "${line#* INFO - }"
        fi
    done 3>"$log"
}

# show_progress LINE: the figures of a log line that a reader looks for.
show_progress() {
    local key text
    [[ "$1" =~ ^Epoch[^/]*/[0-9]+] ]] || return 0
    text="${BASH_REMATCH[0]}"
    for key in eta loss acc/top1; do
        if [[ "$1" =~ \ $key:\ ([^\ ]+) ]]; then
            text+="  $key ${BASH_REMATCH[1]}"
        fi
    done
    say "$text"
}

# run_identity: changes when a finished training is no longer the right one.
run_identity() {
    "$PY" -I - "$CONFIG" "$DATA" <<'PYTHON'
import hashlib
import sys
from pathlib import Path

digest = hashlib.sha256()
for name in sys.argv[1:]:
    digest.update(Path(name).read_bytes())
print(digest.hexdigest())
PYTHON
}

# newest PATTERN: sets FOUND to the file that matches and changed last.
newest() {
    local file
    FOUND=
    for file in "$WORK"/$1; do
        if [[ -f "$file" && (-z "$FOUND" || "$file" -nt "$FOUND") ]]; then
            FOUND="$file"
        fi
    done
}

# The model is small: more threads cost time, much of it where other programs
# use the cores too.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
STEPS=5
ensure_env
cd -- "$ROOT"
[[ -f "$CONFIG" ]] || die "the config $CONFIG is missing" \
    'get a complete copy of the repository'

step "synthetic data in $DATA"
mkdir -p -- "$(dirname -- "$DATA")"
"$PY" tools/data/synthetic.py --out "$DATA" ${fresh:+--overwrite} |
    sed 's/^/      /' || die 'the data set could not be written' \
    "see the lines above; an old file can go: rm '$DATA'"

gpus="$("$PY" -c 'import torch; print(int(torch.cuda.is_available()))')"
if [[ "$gpus" == 1 ]]; then
    step 'training on the GPU'
else
    step 'training on the CPU, a few minutes'
fi
identity="$(run_identity)"
if [[ -z "$fresh" && -f "$WORK/complete" && "$(<"$WORK/complete")" == "$identity" ]]; then
    say 'finished before; --fresh trains again'
else
    # Only what an earlier run of this command has left.
    rm -rf -- "$WORK"
    mkdir -p -- "$WORK"
    run_logged "$WORK/train.log" mim train mmaction "$CONFIG" --gpus "$gpus" \
        --launcher none --work-dir "$WORK" || {
        show_tail "$WORK/train.log" 25
        die 'the training failed' "the whole log is $ROOT/$WORK/train.log"
    }
    printf '%s\n' "$identity" >"$WORK/complete"
fi

newest 'epoch_*.pth'
last="$FOUND"
newest 'best_*.pth'
best="${FOUND:-$last}"
[[ -n "$last" ]] || die "there is no checkpoint in $WORK" \
    'bash tools/quickstart.sh --fresh'

step "testing $best"
if [[ -f "$WORK/test/complete" && "$(<"$WORK/test/complete")" == "$best" ]]; then
    say 'finished before'
else
    rm -rf -- "$WORK/test"
    mkdir -p -- "$WORK/test"
    run_logged "$WORK/test/test.log" mim test mmaction "$CONFIG" \
        --checkpoint "$best" --gpus "$gpus" --launcher none \
        --work-dir "$WORK/test" || {
        show_tail "$WORK/test/test.log" 25
        die 'the test failed' "the whole log is $ROOT/$WORK/test/test.log"
    }
    printf '%s\n' "$best" >"$WORK/test/complete"
fi

step 'accuracy and Motion Families'
# The last checkpoint: its families are the most mature ones.
"$PY" tools/analysis/affinity_report.py "$last" --classes "$DATA" \
    --out-dir "$WORK/affinity" --result "$WORK/test" --dump-json ||
    die 'the report failed' 'see the lines above'

cat <<DONE

Done in $(elapsed). Everything is in $ROOT:
  environment        $VENV_DIR
  data               $DATA
  config             $CONFIG
  best checkpoint    $best
  last checkpoint    $last
  logs               $WORK/train.log, $WORK/test/test.log
  confusions         $WORK/affinity/confusion.png
  Motion Families    $WORK/affinity/families.png
DONE
