"""Converting many files: order, processes, errors, interruption."""

import multiprocessing
import os
import signal
import time

import pytest

from aclnet_plugin.datasets.converters import BadFile, LeftOut, convert_all
from aclnet_plugin.datasets.converters.running import forget_parts


def convert(path):
    text = path.read_text()
    if text == 'bad':
        raise BadFile(f'{path.name}: line 1 is bad.')
    if text == 'out':
        raise LeftOut('on the list')
    return [dict(frame_dir=path.stem, label=int(text))] * (1 + (text == '7'))


@pytest.fixture
def files(tmp_path):
    made = []
    for index in range(10):
        path = tmp_path / f'{index}.txt'
        path.write_text(str(index))
        made.append(path)
    return made


@pytest.mark.parametrize('workers', [1, 2])
def test_samples_come_in_the_order_of_the_files(files, workers):
    done = convert_all(files, convert, workers=workers, part_size=3)
    labels = [sample['label'] for sample in done.samples]
    assert labels == [0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9]
    assert not done.problems and not done.left_out and not done.resumed


@pytest.mark.parametrize('workers', [1, 2])
def test_bad_files_stop_or_are_skipped(files, workers):
    files[4].write_text('bad')
    with pytest.raises(BadFile, match=r'4\.txt: line 1'):
        convert_all(files, convert, workers=workers)
    done = convert_all(files, convert, workers=workers, on_error='skip')
    assert done.problems == ['4.txt: line 1 is bad.']
    assert len(done.samples) == 10


def test_what_is_left_out_on_purpose_is_counted(files):
    for file in files[:2]:
        file.write_text('out')
    done = convert_all(files, convert)
    assert done.left_out == {'on the list': 2}


def test_another_attempt_takes_what_is_finished(files, tmp_path):
    parts = tmp_path / 'parts'
    files[7].write_text('bad')
    options = dict(parts=parts, part_size=3, settings='a')
    with pytest.raises(BadFile):
        convert_all(files, convert, **options)
    assert len(list(parts.iterdir())) == 2, 'the third part was not finished'

    files[7].write_text('7')
    files[0].write_text('10')
    asked = []

    def asking(path):
        asked.append(path.stem)
        return convert(path)

    done = convert_all(files, asking, **options)
    assert asked == ['0', '1', '2', '6', '7', '8', '9'], 'a changed file, too'
    assert done.resumed == 3
    assert done.samples == convert_all(files, convert).samples

    (damaged, *_) = sorted(parts.iterdir())
    damaged.write_bytes(damaged.read_bytes()[:20])
    again = convert_all(files, convert, **options)
    assert again.samples == done.samples
    other = convert_all(files, convert, **options | {'settings': 'b'})
    assert other.resumed == 0, 'other settings give other samples'
    (parts / 'notes.txt').write_text('of somebody else')
    forget_parts(parts)
    assert [path.name for path in parts.iterdir()] == ['notes.txt']
    (parts / 'notes.txt').unlink()
    forget_parts(parts)
    assert not parts.exists()


def test_a_skipped_file_stays_skipped_after_a_resume(files, tmp_path):
    files[1].write_text('bad')
    options = dict(parts=tmp_path / 'parts', on_error='skip')
    first = convert_all(files, convert, **options)
    second = convert_all(files, convert, **options)
    assert second.resumed == 10
    assert second.problems == first.problems
    with pytest.raises(BadFile):
        convert_all(files, convert, **options | {'on_error': 'stop'})


def die(path):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_is_told(files):
    with pytest.raises(ChildProcessError, match='fewer --workers'):
        convert_all(files, die, workers=2)


def ignores_interruption(path):
    return [signal.getsignal(signal.SIGINT) == signal.SIG_IGN]


def test_an_interruption_is_the_concern_of_the_main_process(files):
    done = convert_all(files, ignores_interruption, workers=2)
    assert done.samples == [True] * 10


def note_and_wait(path):
    path.with_suffix('.pid').write_text(str(os.getpid()))
    time.sleep(0.1)
    return []


def run_for_long(files):
    convert_all(files * 1000, note_and_wait, workers=2)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # Without a parent that asks, an ended process may stay in the table.
    stat = f'/proc/{pid}/stat'
    if not os.path.exists(stat):
        return True
    with open(stat) as file:
        return file.read().rpartition(')')[2].split()[0] != 'Z'


def wait_until(true):
    for _ in range(600):
        if true():
            return True
        time.sleep(0.1)
    return False


def test_no_process_outlives_a_main_process_that_is_killed(files, tmp_path):
    main = multiprocessing.get_context('fork').Process(
        target=run_for_long, args=(files,)
    )
    main.start()
    assert wait_until(lambda: len(list(tmp_path.glob('*.pid'))) == len(files))
    # A file is there before its content is.
    assert wait_until(
        lambda: all(path.read_text() for path in tmp_path.glob('*.pid'))
    )
    pids = {int(path.read_text()) for path in tmp_path.glob('*.pid')}
    main.kill()
    main.join()
    assert main.pid not in pids
    try:
        assert wait_until(lambda: not any(map(alive, pids)))
    finally:
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(
    'options', [{'on_error': 'no'}, {'workers': 0}, {'workers': 100000}]
)
def test_wrong_arguments_are_refused(files, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        convert_all(files, convert, **options)
