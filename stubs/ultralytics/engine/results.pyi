from torch import Tensor

class Boxes:
    xyxy: Tensor
    conf: Tensor
    cls: Tensor

class Results:
    boxes: Boxes | None
