from collections.abc import Sequence

from torch import Tensor
from torch.nn import Module

class Model:
    def export(self, path: str) -> None: ...

def to_channel_last_io(module: Module, args: Sequence[int]) -> Module: ...
def convert(module: Module, sample_args: tuple[Tensor, ...]) -> Model: ...
