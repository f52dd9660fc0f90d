"""How wrong an answer is: focal loss on the heat (Zhou et al. 2019, eq. 1), generalised IoU on the boxes
(Rezatofighi et al. 2019), weighted as `targets` says."""

from __future__ import annotations

import torch
from torch import Tensor

from models.train.grid import STRIDE_PX

_BOX_SHARE = 5.0


def loss(
    logits: Tensor, sides: Tensor, heat: Tensor, weight: Tensor, box: Tensor, box_weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Heat loss and box loss of a batch, each a mean over what there is to find."""
    score = torch.sigmoid(logits).clamp(1e-4, 1 - 1e-4)
    centre = heat.eq(1)
    right = -torch.log(score) * (1 - score) ** 2
    wrong = -torch.log(1 - score) * score**2 * (1 - heat) ** 4 * weight
    found = torch.where(centre, right, wrong).sum() / centre.sum().clamp(min=1)
    height, width = logits.shape[2:]
    y = torch.arange(height)[None, :, None] * float(STRIDE_PX)
    x = torch.arange(width)[None, None, :] * float(STRIDE_PX)
    ours = torch.stack((x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]), 1)
    here = box_weight > 0
    off = 1 - giou(ours.permute(0, 2, 3, 1)[here], box.permute(0, 2, 3, 1)[here])
    return found, _BOX_SHARE * (off * box_weight[here]).sum() / box_weight.sum().clamp(min=1e-3)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU of (n, 4) corners with (n, 4) corners, -1..1."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    area_a, area_b = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(1), (b[:, 2:] - b[:, :2]).clamp(min=0).prod(1)
    joined = (area_a + area_b - shared).clamp(min=1e-6)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=1e-3).prod(1)
    return shared / joined - (hull - joined) / hull
