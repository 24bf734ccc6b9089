"""Commands as a user would type them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(command, env, cwd=None, timeout=300):
    """Run a command; return (exit status, standard output and error)."""
    done = subprocess.run(
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
    )
    return done.returncode, done.stdout


def run_well(command, env):
    """Run a command that has to succeed in the repository; its output."""
    status, output = run(command, env, ROOT, timeout=600)
    assert status == 0, output[-4000:]
    return output
