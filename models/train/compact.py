"""A trained network made ready for 8 bits and for shipping, without changing what it answers.

Prune: four in ten inner channels of the origin's gates are dead (no weight in, none out).

Equalise: one number per tensor holds the step of its 8-bit values, so a channel that is a
hundred times smaller than its neighbour is lost. Where a channel only passes a ReLU or
nothing between two layers, it can be scaled on one side and scaled back on the other (Nagel
et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction",
section 4.1). Ranges are measured on pictures instead of guessed from weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train.network import Nano, SameConv, Squeeze

#: Weights below this are dead: the origin's live ones are a thousand times larger.
_DEAD = 1e-6
#: A channel is not enlarged beyond this, lest noise become signal.
_MOST_GAIN = 64.0


@torch.no_grad()
def prune(nano: Nano, pictures: Iterable[Tensor]) -> int:
    """Remove inner channels of the gates that are dead, or never fire on pictures (1, 3, h, w); how many.

    A gate of which none is left is a constant, and goes into the layer after it.
    """
    batches, removed = list(pictures), 0
    for block in nano.blocks:
        if block.squeeze is None:
            continue
        gate: Squeeze = block.squeeze
        top = torch.full((gate.reduce.out_channels,), -torch.inf)
        hook = gate.reduce.register_forward_hook(_watch(top, absolute=False))
        for batch in batches:
            nano(batch)
        hook.remove()
        inward = gate.reduce.weight.abs().amax((1, 2, 3)) > _DEAD
        outward = gate.restore.weight.abs().amax((0, 2, 3)) > _DEAD
        kept = torch.nonzero(inward & outward & (top > 0))[:, 0]
        removed += gate.reduce.out_channels - len(kept)
        if len(kept):
            gate.reduce, gate.restore = _narrowed(gate, kept)
        elif gate.restore.bias is not None:
            block.project.conv.weight *= functional.hardsigmoid(gate.restore.bias)[None, :, None, None]
            block.squeeze = None
    return removed


def _narrowed(gate: Squeeze, kept: Tensor) -> tuple[nn.Conv2d, nn.Conv2d]:
    channels, has_bias = gate.restore.out_channels, gate.restore.bias is not None
    reduce, restore = nn.Conv2d(channels, len(kept), 1), nn.Conv2d(len(kept), channels, 1, bias=has_bias)
    reduce.weight.copy_(gate.reduce.weight[kept])
    if reduce.bias is not None and gate.reduce.bias is not None:
        reduce.bias.copy_(gate.reduce.bias[kept])
    restore.weight.copy_(gate.restore.weight[:, kept])
    if restore.bias is not None and gate.restore.bias is not None:
        restore.bias.copy_(gate.restore.bias)
    return reduce, restore


@dataclass(frozen=True, slots=True)
class _Pair:
    """One tensor between layers: `makers` write it (rows of their weights), `takers` read it (columns), and `own`
    read it channel by channel. share 1 evens the tensor out wholly, as is free before `own` alone."""

    makers: Sequence[nn.Conv2d]
    takers: Sequence[nn.Conv2d]
    own: Sequence[nn.Conv2d]
    watched: Sequence[nn.Module]
    share: float


@torch.no_grad()
def equalise(nano: Nano, pictures: Iterable[Tensor]) -> None:
    """Even out the channels of the tensors between layers, by their ranges on pictures (1, 3, h, w)."""
    batches = list(pictures)
    for pair in _pairs(nano):
        top = torch.zeros(pair.makers[0].out_channels)
        hooks = [part.register_forward_hook(_watch(top)) for part in pair.watched]
        for batch in batches:
            nano(batch)
        for hook in hooks:
            hook.remove()
        gain = (top.max() / top.clamp(min=1e-9)).clamp(max=_MOST_GAIN) ** pair.share
        for maker in pair.makers:
            maker.weight *= gain[:, None, None, None]
            if maker.bias is not None:
                maker.bias *= gain
        for taker in pair.takers:
            taker.weight /= gain[None, :, None, None]
        for filter_ in pair.own:
            filter_.weight /= gain[:, None, None, None]


def _watch(top: Tensor, *, absolute: bool = True) -> Callable[[nn.Module, object, Tensor], None]:
    def look(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        torch.maximum(top, (output.abs() if absolute else output).amax((0, 2, 3)), out=top)

    return look


def _pairs(nano: Nano) -> Iterable[_Pair]:
    blocks = list(nano.blocks)
    taps = {3: nano.lateral4, 5: nano.lateral8}
    yield _Pair([nano.first_depthwise.conv], [nano.first_project.conv], [], [nano.first_depthwise], 0.5)
    for number, block in enumerate(blocks[:5], start=1):  # the later ones have no ReLU
        expand, depthwise, project = block.expand.conv, block.depthwise.conv, block.project.conv
        tapped = [taps[number].reduce.conv] if number in taps else []
        yield _Pair([expand], tapped, [depthwise], [block.expand], 0.5 if tapped else 1.0)
        gates = [] if block.squeeze is None else [block.squeeze.reduce]
        yield _Pair([depthwise], [project, *gates], [], [block.depthwise], 0.5)
    # Blocks that add to one sum of features, and who reads it.
    for first, last, readers in (
        (1, 2, [blocks[2].expand]),
        (3, 5, [blocks[5].expand]),
        (6, 9, [blocks[9].expand]),
        (10, 11, [blocks[11].expand, nano.lateral16.reduce]),
        (12, 14, [nano.last]),
    ):
        group = blocks[first - 1 : last]
        takers = [block.expand.conv for block in group[1:]] + [reader.conv for reader in readers]
        yield _Pair([block.project.conv for block in group], takers, [], [block.project for block in group], 0.5)
    for lateral in (nano.lateral4, nano.lateral8, nano.lateral16):
        yield _Pair([lateral.reduce.conv], [], [lateral.separable.depthwise.conv], [lateral.reduce], 1.0)
        yield _through(lateral.separable.depthwise, lateral.separable.pointwise)
    for rise in (nano.rise16, nano.rise8, nano.rise4):
        yield _through(rise.x.depthwise, rise.x.pointwise)
        yield _through(rise.y.depthwise, rise.y.pointwise)
    yield _through(nano.score.depthwise, nano.score.pointwise)
    yield _through(nano.side.depthwise, nano.side.pointwise)


def _through(depthwise: SameConv, pointwise: SameConv) -> _Pair:
    return _Pair([depthwise.conv], [pointwise.conv], [], [depthwise], 0.5)
