"""stopline-nano as a torch module: MobileNetV3 features, a top-down neck to stride 4, one box per cell.

The layers are those of the MIT-licensed CenterNet of the manifest ("MobileNetV3-CenterNet" by
610265158), whose weights it starts from (`models.train.origin`). Its batch norms are folded
into the convolutions, so there is nothing to freeze and nothing to fold at export.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

#: The network answers distances in units of this many pixels.
DISTANCE_UNIT_PX = 16.0


class BlockShape(NamedTuple):
    """One inverted residual block (Sandler et al. 2018; squeeze and excite of Howard et al. 2019)."""

    expand: int
    out: int
    kernel: int
    stride: int
    squeeze: int = 0
    hard: bool = False


#: Blocks 1 to 14; block 0 has no expansion.
_BLOCKS = (
    BlockShape(64, 24, 3, 2),
    BlockShape(72, 24, 3, 1),
    BlockShape(72, 32, 5, 2, 24),
    BlockShape(96, 32, 5, 1, 24),
    BlockShape(96, 32, 5, 1, 24),
    BlockShape(192, 64, 3, 2, hard=True),
    BlockShape(160, 64, 3, 1, hard=True),
    BlockShape(144, 64, 3, 1, hard=True),
    BlockShape(144, 64, 3, 1, hard=True),
    BlockShape(384, 88, 3, 1, 96, hard=True),
    BlockShape(528, 88, 3, 1, 136, hard=True),
    BlockShape(528, 120, 5, 2, 136, hard=True),
    BlockShape(720, 120, 5, 1, 184, hard=True),
    BlockShape(720, 120, 5, 1, 184, hard=True),
)


class Answer(NamedTuple):
    """Logits (b, classes, h, w) and distances (b, 4, h, w): left, top, right, bottom of cell · STRIDE_PX, in pixels."""

    logits: Tensor
    sides_px: Tensor


class SameConv(nn.Module):
    """A convolution that pads like TensorFlow's SAME on even inputs: at stride 2 the odd row goes below."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, *, bias: bool = True
    ) -> None:
        super().__init__()
        self._uneven = stride == 2
        before = (kernel - stride) // 2
        self._pad = (before, kernel - stride - before) * 2
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, 0 if self._uneven else kernel // 2, groups=groups, bias=bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) → (b, outputs, h / stride, w / stride)."""
        result: Tensor = self.conv(functional.pad(x, self._pad) if self._uneven else x)
        return result


class Squeeze(nn.Module):
    """Channel gates from the mean of the whole plane."""

    def __init__(self, channels: int, inner: int, *, hard: bool, bias: bool = True) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, inner, 1)
        self.restore = nn.Conv2d(inner, channels, 1, bias=bias)
        self._hard = hard

    def forward(self, x: Tensor) -> Tensor:
        """x, each channel times its gate in 0..1."""
        gate = self.restore(functional.relu(self.reduce(x.mean((2, 3), keepdim=True))))
        return x * (functional.hardsigmoid(gate) if self._hard else torch.sigmoid(gate))


class Block(nn.Module):
    """Expand, filter by channel, gate, project; with the input added where the shapes allow it."""

    def __init__(self, inputs: int, shape: BlockShape) -> None:
        super().__init__()
        self._act = functional.hardswish if shape.hard else functional.relu
        self.expand = SameConv(inputs, shape.expand)
        self.depthwise = SameConv(shape.expand, shape.expand, shape.kernel, shape.stride, shape.expand)
        self.squeeze = Squeeze(shape.expand, shape.squeeze, hard=True) if shape.squeeze else None
        self.project = SameConv(shape.expand, shape.out)
        self._adds = shape.stride == 1 and inputs == shape.out

    def widen(self, x: Tensor) -> Tensor:
        """The expanded input, which the neck reads as well."""
        return self._act(self.expand(x))

    def narrow(self, wide: Tensor, x: Tensor) -> Tensor:
        """The rest of the block."""
        wide = self._act(self.depthwise(wide))
        if self.squeeze is not None:
            wide = self.squeeze(wide)
        out: Tensor = self.project(wide)
        return x + out if self._adds else out


class Separable(nn.Module):
    """A filter by channel and a mix of channels."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = SameConv(inputs, inputs, kernel, 1, inputs, bias=False)
        self.pointwise = SameConv(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) → (b, outputs, h, w)."""
        result: Tensor = self.pointwise(self.depthwise(x))
        return result


class Lateral(nn.Module):
    """A finer grid's features for the neck."""

    def __init__(self, inputs: int, inner: int, outputs: int) -> None:
        super().__init__()
        self.reduce = SameConv(inputs, inner)
        self.separable = Separable(inner, outputs, 5)

    def forward(self, x: Tensor) -> Tensor:
        """(b, inputs, h, w) → (b, outputs, h, w)."""
        result: Tensor = self.separable(functional.relu(self.reduce(x)))
        return result


class Rise(nn.Module):
    """A coarser grid's features, at twice the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.x = Separable(inputs, outputs, 3)
        self.y = Separable(inputs, outputs, 5)

    def forward(self, x: Tensor, *, exact: bool) -> Tensor:
        """(b, inputs, h, w) → (b, outputs, 2h, 2w)."""
        mixed = self.x(x) + self.y(x)
        if not exact:
            return functional.interpolate(mixed, scale_factor=2.0, mode="bilinear", align_corners=False)
        # As TensorFlow 1 resizes: samples at i / 2, the last one repeated.
        size = (2 * mixed.shape[2] - 1, 2 * mixed.shape[3] - 1)
        fine = functional.interpolate(mixed, size=size, mode="bilinear", align_corners=True)
        return functional.pad(fine, (0, 1, 0, 1), mode="replicate")


class Nano(nn.Module):
    """(b, 3, h, w) RGB of 0..255, sides multiples of 32 → `Answer` at stride 4.

    exact_origin resizes as the origin does, to compare with it; our own weights are
    trained with half-pixel resizing, which every runtime has as one operation.
    """

    def __init__(self, classes: int, *, exact_origin: bool = False) -> None:
        super().__init__()
        self._exact = exact_origin
        self.stem = SameConv(3, 16, 3, 2)
        self.first_depthwise = SameConv(16, 16, 3, 1, 16)
        self.first_project = SameConv(16, 16)
        channels = 16
        blocks = []
        for shape in _BLOCKS:
            blocks.append(Block(channels, shape))
            channels = shape.out
        self.blocks = nn.ModuleList(blocks)
        self.last = SameConv(channels, 480)
        self.lateral4, self.lateral8, self.lateral16 = Lateral(72, 18, 64), Lateral(96, 24, 96), Lateral(88, 22, 128)
        self.rise16, self.rise8, self.rise4 = Rise(480, 128), Rise(256, 96), Rise(192, 64)
        self.gate = Squeeze(128, 32, hard=False, bias=False)
        self.score, self.side = Separable(128, classes, 3), Separable(128, 4, 3)

    def forward(self, pixels: Tensor) -> Answer:
        """See the class."""
        # The origin's own scaling lies in its stem: it takes pixels as they are.
        x = functional.hardswish(self.stem(pixels))
        x = x + self.first_project(functional.relu(self.first_depthwise(x)))
        taps: dict[int, Tensor] = {}
        for index, block in enumerate(self.blocks, start=1):
            wide = block.widen(x)
            if index in {3, 5}:
                taps[index] = wide
            x = block.narrow(wide, x)
            if index == 11:
                taps[index] = x
        x = functional.hardswish(self.last(x))
        for lateral, rise, tap in (
            (self.lateral16, self.rise16, 11),
            (self.lateral8, self.rise8, 5),
            (self.lateral4, self.rise4, 3),
        ):
            # Each alone: half of an 8-bit number would go to what lies below zero.
            x = torch.cat([functional.relu(lateral(taps[tap])), functional.relu(rise(x, exact=self._exact))], 1)
        x = self.gate(x)
        return Answer(self.score(x), self.side(x) * DISTANCE_UNIT_PX)
