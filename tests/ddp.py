"""Runs a function in several gloo processes on this machine."""

import torch
import torch.distributed as dist
import torch.multiprocessing as mp


def _work(rank, world_size, rendezvous, function, results, arguments):
    torch.set_num_threads(1)
    dist.init_process_group(
        'gloo',
        init_method=f'file://{rendezvous}',
        rank=rank,
        world_size=world_size,
    )
    torch.save(function(rank, *arguments), f'{results}.{rank}')
    dist.destroy_process_group()


def run_ranks(folder, function, *arguments, world_size=2):
    """What `function(rank, *arguments)` returned on each rank.

    A file is the meeting point, so that no port has to be free.
    """
    results = folder / 'result'
    mp.spawn(
        _work,
        (world_size, folder / 'rendezvous', function, results, arguments),
        nprocs=world_size,
    )
    return [
        torch.load(f'{results}.{rank}', weights_only=True)
        for rank in range(world_size)
    ]
