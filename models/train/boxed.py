"""The network with its decoding inside: what is exported answers boxes, not distances."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.train.network import STRIDE_PX, Nano


class Boxed(nn.Module):
    """(1, 3, h, w) RGB of 0..255 → (1, 4 + classes, n): centre x, y, width, height in input pixels, then scores.

    The form of a YOLO export, so the same head reads it; n is one cell per 4 × 4 pixels. A
    score that is not the largest of its 3 × 3 cells is 0 (Zhou et al. 2019, section 4), so
    suppression has little left to do.
    """

    def __init__(self, network: Nano, size_px: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        width, height = (side // STRIDE_PX for side in size_px)
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        self.register_buffer("base_px", torch.stack([x, y]).float().unsqueeze(0) * STRIDE_PX)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        answer = self.network(pixels)
        score = torch.sigmoid(answer.logits)
        # Not `==`: that needs a comparison of floats, which 8-bit graphs lack.
        peak = score * (score >= functional.max_pool2d(score, 3, 1, 1)).float()
        near, far = answer.sides_px[:, :2], answer.sides_px[:, 2:]
        centre = self.base_px + (far - near) * 0.5
        return torch.cat([centre, near + far, peak], 1).flatten(2)
