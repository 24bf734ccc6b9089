#!/usr/bin/env bash
# What quickstart.sh and run_tests.sh share; they source it.
#
# ensure_env makes a virtual environment with everything installed and puts it
# first on PATH. Variables it listens to:
#   PYTHON           interpreter for a new environment
#   VENV             folder of the environment; else the active one is used,
#                    else .venv in the repository
#   TORCH_INDEX_URL  additional package index to look for torch in, for
#                    example PyTorch's index of CPU builds, which saves
#                    several GB on a machine without a GPU
# All settings of pip (PIP_INDEX_URL, pip.conf, proxies) apply as usual.

if ((BASH_VERSINFO[0] < 4)); then
    echo "error: this needs bash 4 or later, not $BASH_VERSION" >&2
    exit 1
fi
set -Eeuo pipefail

ROOT="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)"
STEPS=1 # how many there are; the command that sources this sets it
STEP=0
PY=
export PYTHONUNBUFFERED=1
# A warning that appears before the package is imported.
export PYTHONWARNINGS="${PYTHONWARNINGS:+$PYTHONWARNINGS,}ignore:pkg_resources is deprecated"

# die MESSAGE [HINT...]: say what is wrong and what to do, and stop.
die() {
    printf '\nerror: %s\n' "$1" >&2
    shift
    if (($#)); then
        printf 'what to do: %s\n' "$1" >&2
        shift
    fi
    if (($#)); then
        printf '            %s\n' "$@" >&2
    fi
    exit 1
}

trap 'die "stopped in line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND"' \
    ERR

# elapsed: minutes and seconds since the start.
elapsed() {
    printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60))
}

# step TEXT: announce the next step.
step() {
    STEP=$((STEP + 1))
    printf '[%d/%d] %s  (%s)\n' "$STEP" "$STEPS" "$1" "$(elapsed)"
}

# say TEXT: a line below the current step.
say() {
    printf '      %s\n' "$1"
}

# show_tail FILE: its last lines, on stderr.
show_tail() {
    printf '\n--- last lines of %s\n' "$1" >&2
    tail -n "${2:-15}" -- "$1" >&2
    printf -- '---\n' >&2
}

# python_ok COMMAND: does it run, and is it 3.10 or later?
python_ok() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
        >/dev/null 2>&1
}

# find_python: sets FOUND_PYTHON, the interpreter for a new environment.
# Version 3.11 comes first: the packages were checked together there.
find_python() {
    local name
    if [[ -n "${PYTHON:-}" ]]; then
        python_ok "$PYTHON" || die \
            "PYTHON=$PYTHON is not a working Python 3.10 or later" \
            'point PYTHON to another interpreter, or unset it'
        FOUND_PYTHON="$PYTHON"
        return
    fi
    for name in python3.11 python3.12 python3.13 python3.10 python3 python; do
        if command -v "$name" >/dev/null && python_ok "$name"; then
            FOUND_PYTHON="$name"
            return
        fi
    done
    die 'no Python 3.10 or later was found' \
        'install one (Debian, Ubuntu: sudo apt install python3 python3-venv)' \
        'or name it: PYTHON=/path/to/python3.11 bash tools/...'
}

# need_space FOLDER GIB: is there so much room on its disk?
need_space() {
    local folder="$1" free
    while [[ ! -d "$folder" ]]; do
        folder="$(dirname -- "$folder")"
    done
    free="$(df -Pk -- "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }')" ||
        return 0
    [[ "$free" =~ ^[0-9]+$ ]] || return 0
    ((free >= $2 * 1024 * 1024)) || die \
        "not enough disk space: $folder has $((free / 1024)) MB free, the installation needs about $2 GB" \
        'free some space, or put the environment on another disk:' \
        'VENV=/other/disk/venv bash tools/... Without a GPU, TORCH_INDEX_URL' \
        'with an index of CPU builds of torch saves 7 GB.'
}

# has_module NAME...: are they all installed? (Not imported: that is slow.)
has_module() {
    "$PY" -I -c 'import importlib.util as u, sys
sys.exit(any(u.find_spec(name) is None for name in sys.argv[1:]))' "$@" \
        2>/dev/null
}

# choose_venv: sets VENV_DIR.
choose_venv() {
    if [[ -n "${VENV:-}" ]]; then
        VENV_DIR="$VENV"
        [[ "$VENV_DIR" == /* ]] || VENV_DIR="$PWD/$VENV_DIR"
    elif [[ -n "${VIRTUAL_ENV:-}" ]]; then
        VENV_DIR="$VIRTUAL_ENV"
    else
        VENV_DIR="$ROOT/.venv"
    fi
}

# make_venv: creates VENV_DIR, or checks the one that is there.
make_venv() {
    local python
    if [[ ! -d "$VENV_DIR" || -z "$(ls -A -- "$VENV_DIR")" ]]; then
        find_python
        python="$FOUND_PYTHON"
        "$python" -c 'import ensurepip, venv' 2>/dev/null || die \
            "$python lacks the module venv" \
            'install it (Debian, Ubuntu: sudo apt install python3-venv)' \
            'or name another interpreter: PYTHON=... bash tools/...'
        need_space "$VENV_DIR" "$NEEDED_GB"
        say "creating $VENV_DIR with $("$python" -V 2>&1)"
        "$python" -m venv "$VENV_DIR" >&2 || die \
            "$python could not create $VENV_DIR" \
            'see the lines above; delete what is left of the folder'
    fi
    PY="$VENV_DIR/bin/python"
    if [[ ! -x "$PY" ]] || ! "$PY" -c '' >/dev/null 2>&1; then
        die "$VENV_DIR is not a working virtual environment" \
            'its Python may have been removed or upgraded. Delete the folder' \
            'and start again, or choose another: VENV=/path bash tools/...'
    fi
    python_ok "$PY" || die \
        "$VENV_DIR has $("$PY" -V 2>&1), needed is Python 3.10 or later" \
        'leave that environment (deactivate), or set VENV=/path'
    "$PY" -m pip --version >/dev/null 2>&1 ||
        "$PY" -m ensurepip >/dev/null 2>&1 || die \
        "$VENV_DIR has no pip" \
        'delete the folder and start again, or set VENV=/path'
}

# fingerprint: changes whenever the installation has to be repeated.
fingerprint() {
    "$PY" -I - "$ROOT" <<'PYTHON'
import hashlib
import sys
from pathlib import Path

root = Path(sys.argv[1])
digest = hashlib.sha256(f'{root} {sys.version}'.encode())
files = [root / 'setup.py', root / 'pyproject.toml']
for file in [*files, *sorted((root / 'requirements').glob('*.txt'))]:
    digest.update(file.read_bytes())
print(digest.hexdigest())
PYTHON
}

# write_constraints FILE: the tested versions, but an installed torch stays.
write_constraints() {
    "$PY" -I - "$ROOT/requirements/constraints.txt" "$1" <<'PYTHON'
import re
import sys
from importlib import metadata
from pathlib import Path

source, target = map(Path, sys.argv[1:])
lines = source.read_text().splitlines()
try:
    kept = f'torch=={metadata.version("torch")}'
except metadata.PackageNotFoundError:
    pass
else:
    lines = [line for line in lines if not re.match(r'torch\b(?!-)', line)]
    lines.append(kept)
target.write_text('\n'.join(lines) + '\n')
PYTHON
}

# pip_hint LOG: die with the most likely reason of a failed installation.
pip_hint() {
    local log="$1" problem='the installation failed'
    show_tail "$log"
    if grep -qiE 'no space left|disk quota' "$log"; then
        die "$problem: the disk is full" \
            'free some space (about '"$NEEDED_GB"' GB, also in TMPDIR), or' \
            'set VENV=/other/disk/venv and TMPDIR=/other/disk/tmp'
    elif grep -qiE 'connection (refused|error|reset|broken)|new connection|name resolution|getaddrinfo|timed out|unreachable|proxyerror|sslerror|could not fetch url|from versions: none' "$log"; then
        die "$problem: the package index cannot be reached" \
            'check the network. Behind a proxy set HTTPS_PROXY; with an index' \
            'of your own set PIP_INDEX_URL. Then run this again.'
    elif grep -qiE 'permission denied|read-only file system' "$log"; then
        die "$problem: a folder is not writable" \
            'choose an environment of your own: VENV=/path bash tools/...'
    elif grep -qiE 'no matching distribution' "$log"; then
        die "$problem: a package does not exist for $("$PY" -V 2>&1)" \
            'use the version the packages were checked with:' \
            'PYTHON=python3.11 VENV=/new/folder bash tools/...'
    fi
    die "$problem" "read the whole log: $log"
}

# install: everything into VENV_DIR.
install() {
    local log="$VENV_DIR/aclnet-install.log" extras='all'
    local constraints="$VENV_DIR/aclnet-constraints.txt"
    local -a options=()
    if has_module torch; then
        NEEDED_GB=2
    fi
    need_space "$VENV_DIR" "$NEEDED_GB"
    write_constraints "$constraints"
    # mmcv and mmcv-lite own the same files: keep what is there.
    if has_module mmcv; then
        extras='analysis,export,mim,plot,test'
    fi
    if [[ -n "${TORCH_INDEX_URL:-}" ]]; then
        options+=(--extra-index-url "$TORCH_INDEX_URL")
    fi
    say 'installing, two to five minutes with a fast network; the log is'
    say "$log"
    # From within, because pip splits a requirement's path at a bracket.
    (cd -- "$ROOT" && "$PY" -m pip install --no-input \
        --disable-pip-version-check --progress-bar off \
        -c "$constraints" ${options[@]+"${options[@]}"} -e ".[$extras]") \
        >"$log" 2>&1 || pip_hint "$log"
    "$PY" -I -c 'import aclnet_plugin, mim' >>"$log" 2>&1 || {
        show_tail "$log"
        die 'the installed packages do not work together' \
            'use a new environment: VENV=/new/folder bash tools/...'
    }
}

# ensure_env: see the top of this file. One step.
ensure_env() {
    local stamp
    # On Linux the usual index has torch with CUDA.
    NEEDED_GB=10
    if [[ -n "${TORCH_INDEX_URL:-}" || "$(uname -s)" != Linux ]]; then
        NEEDED_GB=3
    fi
    choose_venv
    step "Python environment in $VENV_DIR"
    make_venv
    stamp="$VENV_DIR/aclnet-installed"
    if [[ -f "$stamp" && "$(<"$stamp")" == "$(fingerprint)" ]] &&
        has_module torch mmcv mmengine mmaction mim matplotlib pytest \
            aclnet_plugin; then
        say 'already installed'
    else
        rm -f -- "$stamp"
        install
        fingerprint >"$stamp"
    fi
    export VIRTUAL_ENV="$VENV_DIR" PATH="$VENV_DIR/bin:$PATH"
    unset PYTHONHOME
}
