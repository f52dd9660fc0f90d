"""The network with its decoding inside: what is exported answers boxes, not distances."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train.grid import STRIDE_PX
from models.train.network import Nano


class Boxed(nn.Module):
    """(1, 3, h, w) RGB of 0..255 → (1, 4 + classes, n): centre x, y, width, height in input pixels, then scores.

    The form of a YOLO export, so the same head reads it; n is one cell per 4 × 4 pixels. A
    score that is not the largest of its 3 × 3 cells is 0 (Zhou et al. 2019, "Objects as
    Points", section 4), so that suppression has little left to do.
    """

    def __init__(self, network: Nano) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        answer = self.network(pixels)
        score = torch.sigmoid(answer.logits)
        peak = score * (score >= functional.max_pool2d(score, 3, 1, 1)).float()
        left, top, right, bottom = (answer.sides_px[:, side : side + 1] for side in range(4))
        x = torch.arange(score.shape[3]).float().view(1, 1, 1, -1) * STRIDE_PX
        y = torch.arange(score.shape[2]).float().view(1, 1, -1, 1) * STRIDE_PX
        centre = [x + (right - left) * 0.5, y + (bottom - top) * 0.5]
        return torch.cat([*centre, left + right, top + bottom, peak], 1).flatten(2)
