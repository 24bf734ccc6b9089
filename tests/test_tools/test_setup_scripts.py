"""The shell commands, without installing anything."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ['quickstart.sh', 'run_tests.sh']
BASH = shutil.which('bash')
pytestmark = pytest.mark.skipif(BASH is None, reason='there is no bash')


@pytest.fixture
def clone(tmp_path):
    """The files the set-up looks at, in a folder with a space."""
    root = tmp_path / 'a clone'
    (root / 'tools').mkdir(parents=True)
    for name in ['_setup_env.sh', *SCRIPTS]:
        shutil.copy(ROOT / 'tools' / name, root / 'tools')
    for name in ['setup.py', 'pyproject.toml']:
        shutil.copy(ROOT / name, root)
    shutil.copytree(ROOT / 'requirements', root / 'requirements')
    return root


def run(script, *arguments, cwd='/', path=None, timeout=60, **variables):
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(('PIP_', 'VENV', 'VIRTUAL_ENV', 'PYTHON', 'CI'))
    }
    if path is not None:
        env['PATH'] = f'{path}{os.pathsep}{env["PATH"]}'
    env['PIP_CONFIG_FILE'] = os.devnull
    env.update({key: str(value) for key, value in variables.items()})
    return subprocess.run(
        [BASH, str(script), *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def source(clone, code, **variables):
    """Run some code after the shared file is sourced."""
    script = clone / 'tools' / 'probe.sh'
    script.write_text(f'source "$(dirname "$0")/_setup_env.sh"\n{code}\n')
    return run(script, **variables)


def fake_command(folder, name, code):
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(f'#!{BASH}\n{code}\n')
    file.chmod(0o755)
    return folder


def bare_venv(folder):
    """A virtual environment without pip; takes no time to make."""
    subprocess.run(
        [sys.executable, '-m', 'venv', '--without-pip', str(folder)],
        check=True,
        timeout=60,
    )
    return folder


def venv_with_pip(folder):
    """The same, with the pip of the interpreter that runs the tests."""
    pip = pytest.importorskip('pip')
    bare_venv(folder)
    name = f'python{sysconfig.get_python_version()}'
    site = folder / 'lib' / name / 'site-packages'
    (site / 'pip').symlink_to(Path(pip.__file__).parent)
    return folder


@pytest.mark.parametrize('name', [*SCRIPTS, '_setup_env.sh'])
def test_syntax(name):
    done = subprocess.run([BASH, '-n', str(ROOT / 'tools' / name)])
    assert done.returncode == 0


@pytest.mark.parametrize('name', SCRIPTS)
@pytest.mark.parametrize('flag', ['-h', '--help'])
def test_help(clone, name, flag):
    done = run(clone / 'tools' / name, flag)
    assert done.returncode == 0
    assert done.stdout.startswith(f'usage: bash tools/{name}')
    assert not (clone / '.venv').exists()


def test_unknown_argument(clone):
    done = run(clone / 'tools' / 'quickstart.sh', '--epochs')
    assert done.returncode == 1
    assert 'unknown argument --epochs' in done.stderr
    assert 'line' not in done.stderr  # one message, not two


@pytest.mark.parametrize('name', SCRIPTS)
def test_python_that_does_not_work(clone, name):
    done = run(clone / 'tools' / name, PYTHON='/bin/false')
    assert done.returncode == 1
    assert 'PYTHON=/bin/false is not a working Python 3.10' in done.stderr
    assert 'what to do:' in done.stderr
    assert 'stopped in line' not in done.stderr
    assert not (clone / '.venv').exists()


def test_no_python_at_all(clone, tmp_path):
    tools = tmp_path / 'bin'
    tools.mkdir()
    for name in ('dirname', 'uname', 'ls'):
        (tools / name).symlink_to(shutil.which(name))
    done = run(clone / 'tools' / 'run_tests.sh', PATH=tools)
    assert done.returncode == 1
    assert 'no Python 3.10 or later was found' in done.stderr


def test_python_that_is_too_old(clone, tmp_path):
    # The script asks by exit status only.
    old = fake_command(tmp_path / 'bin', 'old', 'exit 1') / 'old'
    done = run(clone / 'tools' / 'run_tests.sh', PYTHON=old)
    assert done.returncode == 1
    assert 'is not a working Python 3.10 or later' in done.stderr


def test_missing_venv_module(clone, tmp_path):
    code = f'[[ "$2" == *ensurepip* ]] && exit 1; exec {sys.executable} "$@"'
    python = fake_command(tmp_path / 'bin', 'bare', code) / 'bare'
    done = run(clone / 'tools' / 'run_tests.sh', PYTHON=python)
    assert done.returncode == 1
    assert 'lacks the module venv' in done.stderr
    assert 'python3-venv' in done.stderr


def test_full_disk(clone, tmp_path):
    path = fake_command(
        tmp_path / 'bin',
        'df',
        'echo "Filesystem 1024-blocks Used Available Capacity Mounted"\n'
        'echo "/dev/x 9000000 8800000 200000 98% /"',
    )
    done = run(clone / 'tools' / 'run_tests.sh', path=path)
    assert done.returncode == 1
    assert 'not enough disk space' in done.stderr
    assert '195 MB free' in done.stderr
    assert 'VENV=/other/disk/venv' in done.stderr
    assert not (clone / '.venv').exists()


@pytest.mark.parametrize('output', ['', 'nonsense'])
def test_strange_df_stops_nothing(clone, tmp_path, output):
    fake_command(tmp_path / 'bin', 'df', f'echo "{output}"; exit 1')
    path = f'{tmp_path / "bin"}{os.pathsep}{os.environ["PATH"]}'
    done = source(clone, 'need_space / 3; echo passed', PATH=path)
    assert done.stdout == 'passed\n', done.stderr


def test_broken_environment(clone):
    venv = clone / '.venv'
    (venv / 'bin').mkdir(parents=True)
    (venv / 'bin' / 'python').symlink_to('/no/such/python')
    done = run(clone / 'tools' / 'run_tests.sh')
    assert done.returncode == 1
    assert f'{venv} is not a working virtual environment' in done.stderr
    assert 'Delete the folder' in done.stderr


def test_no_network(clone, tmp_path):
    venv = venv_with_pip(tmp_path / 'my venv')
    done = run(
        clone / 'tools' / 'run_tests.sh',
        VENV=venv,
        PIP_INDEX_URL='http://127.0.0.1:9/simple',
        PIP_RETRIES=0,
    )
    assert done.returncode == 1
    assert 'the package index cannot be reached' in done.stderr
    assert 'last lines of' in done.stderr
    assert 'PIP_INDEX_URL' in done.stderr
    assert (venv / 'aclnet-install.log').is_file()
    assert not (venv / 'aclnet-installed').exists()


@pytest.mark.parametrize(
    ('log', 'message'),
    [
        ('OSError: [Errno 28] No space left on device', 'disk is full'),
        ('NewConnectionError: Connection refused', 'cannot be reached'),
        ('PermissionError: Permission denied', 'not writable'),
        ('ERROR: No matching distribution found', 'does not exist for'),
        ('error: something else', 'read the whole log'),
    ],
)
def test_reasons_of_a_failed_installation(clone, tmp_path, log, message):
    file = tmp_path / 'a log'
    file.write_text(log)
    code = f'PY="{sys.executable}"; NEEDED_GB=3; pip_hint "$LOG"'
    done = source(clone, code, LOG=file)
    assert done.returncode == 1
    assert message in done.stderr
    assert log in done.stderr


def test_installed_environment_is_kept(clone, tmp_path):
    """With a matching stamp nothing is installed, from any folder."""
    venv = venv_with_pip(tmp_path / 'venv')
    name = f'python{sysconfig.get_python_version()}'
    site = venv / 'lib' / name / 'site-packages'
    for module in (
        *('torch', 'mmcv', 'mmengine', 'mmaction', 'mim', 'matplotlib'),
        'aclnet_plugin',
    ):
        (site / f'{module}.py').touch()
    (site / 'pytest.py').write_text(
        'import sys; print(sys.argv[1:]); sys.exit(int(sys.argv[-1]))'
    )
    done = source(clone, f'PY="{venv}/bin/python"; fingerprint')
    (venv / 'aclnet-installed').write_text(done.stdout)
    for status, line in ((0, 'PASSED'), (1, 'FAILED'), (5, 'no test')):
        done = run(
            clone / 'tools' / 'run_tests.sh',
            *('-k', 'a b', str(status)),
            cwd=tmp_path,
            VIRTUAL_ENV=venv,
        )
        assert done.returncode == status, done.stderr
        assert 'already installed' in done.stdout
        assert f"['-k', 'a b', '{status}']" in done.stdout
        assert line in done.stdout + done.stderr


def test_changed_requirements_change_the_fingerprint(clone):
    code = f'PY="{sys.executable}"; fingerprint'
    before = source(clone, code).stdout
    assert len(before) == 65
    assert source(clone, code).stdout == before
    with (clone / 'requirements' / 'runtime.txt').open('a') as file:
        file.write('# more\n')
    assert source(clone, code).stdout != before


def test_installed_torch_stays(clone, tmp_path):
    torch = pytest.importorskip('torch')
    target = tmp_path / 'constraints.txt'
    done = source(
        clone,
        f'PY="{sys.executable}"; write_constraints "$TARGET"',
        TARGET=target,
    )
    assert done.returncode == 0, done.stderr
    lines = target.read_text().splitlines()
    pins = [line for line in lines if line.startswith('torch')]
    assert pins == [f'torch=={torch.__version__}']
    assert any(line.startswith('mmaction2==') for line in lines)


def test_progress_lines(clone):
    script = (clone / 'tools' / 'quickstart.sh').read_text()
    start = script.index('show_progress() {')
    function = script[start : script.index('\n}\n', start) + 3]
    line = (
        'Epoch(train)  [3][ 36/140]  lr: 5e-06  eta: 0:01:02  time: 0.4  '
        'loss: 2.2621  loss_cls: 1.6  affinity/top1_true: 2'
    )
    done = source(clone, f"{function}show_progress '{line}'")
    assert done.stdout.strip() == (
        'Epoch(train)  [3][ 36/140]  eta 0:01:02  loss 2.2621'
    )
