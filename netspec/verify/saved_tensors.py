"""Bytes that autograd keeps of a forward pass, by torch's hooks for saved tensors."""

from __future__ import annotations

from typing import Any
from weakref import ReferenceType, ref

from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from netspec.verify.running import Images, quiet


class Held:
    """The values of a tensor, for as long as autograd keeps them.

    Not the tensor itself: that of an output would keep the step that made it, which keeps this, although nothing else
    needs it any more.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor.detach()


def saved_bytes(network: nn.Module, images: Images) -> int:
    """Bytes kept of ``images`` in train mode, each piece of memory once; ``network`` may be on the meta device.

    The network's own tensors are not among them, nor are single numbers. Ends in eval mode.
    """
    own = {_place(tensor) for tensor in [*network.parameters(), *network.buffers()]}
    packed: list[ReferenceType[Held]] = []

    def pack(tensor: Tensor) -> Held:
        held = Held(tensor)
        packed.append(ref(held))
        return held

    network.train()
    with quiet(), saved_tensors_hooks(pack, lambda held: held.tensor):
        result: Any = network(*images)
    network.eval()
    kept = [held.tensor for held in (one() for one in packed) if held]
    bytes_at = {_place(tensor): tensor.untyped_storage().nbytes() for tensor in kept if tensor.dim()}
    del result  # until here it holds what autograd keeps
    return sum(count for place, count in bytes_at.items() if place not in own)


def _place(tensor: Tensor) -> int:
    """The memory that ``tensor`` is in: its storage, as torch itself tells storages apart."""
    place: int = tensor.untyped_storage()._cdata  # noqa: SLF001 - tensors without values have no address
    return place
