"""Where the data sets come from: what can be fetched, what to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_MMACTION = 'https://download.openmmlab.com/mmaction/v1.0/skeleton/data/'
_PYSKL = 'https://download.openmmlab.com/mmaction/pyskl/data/'
_NTU_TERMS = 'academic use; accept the terms of NTU RGB+D first'


@dataclass(frozen=True)
class PublicFile:
    """A file that anyone may fetch.

    Args:
        about: What it is, in a few words.
        urls: Its address, then the same file elsewhere.
        terms: What the makers of the data ask for.
        file: Its name on the disk; that of the address if empty.
        size: Bytes, where somebody has told them. It is shown only; what
            counts is what the server says.
        checksum: ``'sha256:...'`` or ``'md5:...'``; ``None`` if none has been
            published.
        counts: Samples in each split, for the summary of a converter.
        rough: Whether the counts are those of the videos, of which a
            converter finds a little less.
        classes: Number of classes; 0 if there are none.
        page: Document in ``docs/data`` that says what to do next.
    """

    about: str
    urls: tuple[str, ...]
    terms: str
    file: str = ''
    size: int | None = None
    checksum: str | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    rough: bool = False
    classes: int = 0
    page: str = ''

    @property
    def file_name(self) -> str:
        """Name of the file on the disk."""
        return self.file or self.urls[0].rsplit('/', 1)[-1]


@dataclass(frozen=True)
class OnRequest:
    """Data that their makers hand out themselves.

    Args:
        about: What it is, in a few words.
        site: Where to ask for it.
        ask: What to ask for there.
        page: Document in ``docs/data`` that says what to do next.
    """

    about: str
    site: str
    ask: str
    page: str


# No checksum has been published for any of them. That of ntu120_2d is the
# Content-MD5 that the server has been seen to send; the size goes with it.
PUBLIC = {
    'ntu60_3d': PublicFile(
        about='NTU RGB+D 60, Kinect, 25 joints, 3D',
        urls=(
            f'{_MMACTION}ntu60_3d.pkl',
            f'{_PYSKL}nturgbd/ntu60_3danno.pkl',
        ),
        terms=_NTU_TERMS,
        counts={
            'xsub_train': 40091,
            'xsub_val': 16487,
            'xview_train': 37646,
            'xview_val': 18932,
        },
        classes=60,
        page='ntu_rgbd.md',
    ),
    'ntu120_3d': PublicFile(
        about='NTU RGB+D 120, Kinect, 25 joints, 3D',
        urls=(
            f'{_MMACTION}ntu120_3d.pkl',
            f'{_PYSKL}nturgbd/ntu120_3danno.pkl',
        ),
        terms=_NTU_TERMS,
        counts={
            'xsub_train': 63026,
            'xsub_val': 50919,
            'xset_train': 54468,
            'xset_val': 59477,
        },
        classes=120,
        page='ntu_rgbd.md',
    ),
    'ntu60_2d': PublicFile(
        about='NTU RGB+D 60, HRNet, 17 joints, 2D',
        urls=(
            f'{_MMACTION}ntu60_2d.pkl',
            f'{_PYSKL}nturgbd/ntu60_hrnet.pkl',
        ),
        terms=_NTU_TERMS,
        classes=60,
        page='ntu_rgbd.md',
    ),
    'ntu120_2d': PublicFile(
        about='NTU RGB+D 120, HRNet, 17 joints, 2D',
        urls=(
            f'{_MMACTION}ntu120_2d.pkl',
            f'{_PYSKL}nturgbd/ntu120_hrnet.pkl',
        ),
        terms=_NTU_TERMS,
        size=1238461428,
        checksum='md5:31c0efd891f18b942403de3376cee000',
        classes=120,
        page='ntu_rgbd.md',
    ),
    'gym_2d': PublicFile(
        about='FineGYM (Gym99), HRNet, 17 joints, 2D',
        urls=(f'{_MMACTION}gym_2d.pkl', f'{_PYSKL}gym/gym_hrnet.pkl'),
        terms='CC BY-NC 4.0 (FineGYM)',
        counts={'train': 20484, 'val': 8521},
        classes=99,
        page='finegym.md',
    ),
    'gym_classes': PublicFile(
        about='FineGYM, names of the 99 classes',
        urls=(
            'https://sdolivia.github.io/FineGym/resources/dataset/'
            'gym99_categories.txt',
        ),
        terms='CC BY-NC 4.0 (FineGYM)',
        page='finegym.md',
    ),
    'k400_classes': PublicFile(
        about='Kinetics-400, names of the classes',
        urls=(
            'https://raw.githubusercontent.com/open-mmlab/mmaction2/main/'
            'tools/data/kinetics/label_map_k400.txt',
        ),
        terms='Apache-2.0 (MMAction2)',
        page='kinetics_skeleton.md',
    ),
    'k400_2d': PublicFile(
        about='Kinetics-400, HRNet, table of contents without skeletons',
        urls=(f'{_MMACTION}k400_2d.pkl', f'{_PYSKL}k400/k400_hrnet.pkl'),
        terms='research use; CC BY 4.0 (labels of Kinetics)',
        counts={'train': 240436, 'val': 19796},
        rough=True,
        classes=400,
        page='kinetics_skeleton.md',
    ),
    'casia_b_pose': PublicFile(
        about='CASIA-B, HRNet by GaitGraph, 17 joints, CSV tables',
        urls=(
            'https://github.com/tteepe/GaitGraph/releases/download/v0.1/'
            'data.zip',
        ),
        terms='academic use; ask for CASIA-B first',
        file='casia_b_pose.zip',
        page='casia_b.md',
    ),
}

ON_REQUEST = {
    'k400_skeletons': OnRequest(
        about='Kinetics-400, HRNet, the skeletons of k400_2d',
        site='https://openxlab.org.cn/datasets/OpenMMLab/Kinetics400-skeleton',
        ask='k400_kpfiles_2d.zip (needs an account)',
        page='kinetics_skeleton.md',
    ),
    'ntu_raw': OnRequest(
        about='NTU RGB+D 60 and 120, raw .skeleton files',
        site='https://rose1.ntu.edu.sg/dataset/actionRecognition/',
        ask='nturgbd_skeletons_s001_to_s017.zip, and for 120 classes '
        'nturgbd_skeletons_s018_to_s032.zip',
        page='ntu_rgbd.md',
    ),
    'pku_mmd': OnRequest(
        about='PKU-MMD, raw skeletons and labels',
        site='https://www.icst.pku.edu.cn/struct/Projects/PKUMMD.html',
        ask='phase 1: Skeleton.7z, Label_PKUMMD.7z and the two split files',
        page='pku_mmd.md',
    ),
    'nw_ucla': OnRequest(
        about='NW-UCLA, skeletons as JSON',
        site='https://github.com/Uason-Chen/CTR-GCN#nw-ucla',
        ask='the archive with all_sqe; the videos are at '
        'https://wangjiangb.github.io/my_data.html',
        page='README.md',
    ),
    'casia_b': OnRequest(
        about='CASIA-B, videos and silhouettes',
        site='http://www.cbsr.ia.ac.cn/english/Gait%20Databases.asp',
        ask='Dataset B; key points made of it are in casia_b_pose',
        page='casia_b.md',
    ),
}
