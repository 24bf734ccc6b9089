#!/usr/bin/env bash
# Install what is needed and run the tests.
# shellcheck source=tools/_setup_env.sh
source "$(dirname -- "${BASH_SOURCE[0]}")/_setup_env.sh"

usage() {
    cat <<'HELP'
usage: bash tools/run_tests.sh [PYTEST ARGUMENTS...]

Makes a Python environment with everything installed, then runs the tests in
it. Works from any folder; paths among the arguments count from the
repository. The first run installs about 10 GB (3 GB with a CPU build of
torch); later ones start at once.

    bash tools/run_tests.sh                    all tests
    bash tools/run_tests.sh -k family          those whose name has "family"
    bash tools/run_tests.sh tests/test_models  one folder

With CI=true the style checks run first. Variables: PYTHON (interpreter for
a new environment), VENV (folder of the environment; else the active one, else
.venv in the repository), TORCH_INDEX_URL (see tools/_setup_env.sh).
HELP
}

for argument in "$@"; do
    if [[ "$argument" == -h || "$argument" == --help ]]; then
        usage
        exit 0
    fi
done

lint() {
    step 'style checks'
    has_module ruff || die 'ruff is not installed' \
        "run: '$PY' -m pip install ruff"
    if ! "$PY" -m ruff check . || ! "$PY" -m ruff format --check .; then
        die 'the style checks failed' \
            "run: '$PY' -m ruff check --fix . && '$PY' -m ruff format ."
    fi
}

# One thread for each process: the tests are many and small.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
STEPS=2
if [[ "${CI:-}" == true ]]; then
    STEPS=3
fi
ensure_env
cd -- "$ROOT"
if [[ "${CI:-}" == true ]]; then
    lint
fi

step 'tests'
options=()
if has_module xdist; then
    options=(-n 2)
    for argument in "$@"; do
        case "$argument" in
        -n* | --numprocesses* | --pdb | --trace | -s | -p | -p*) options=() ;;
        esac
    done
fi
status=0
"$PY" -m pytest ${options[@]+"${options[@]}"} "$@" || status=$?
case "$status" in
0) printf '\nPASSED: the tests passed in %s\n' "$(elapsed)" ;;
5) printf '\nFAILED: no test was selected\n' >&2 ;;
*) printf '\nFAILED: pytest ended with code %d after %s\n' "$status" \
    "$(elapsed)" >&2 ;;
esac
exit "$status"
