from enum import StrEnum

class TensorDataType(StrEnum):
    INT = ...
    FLOAT = ...

class ComputePrecision(StrEnum):
    INTEGER = ...
    FLOAT = ...

class TensorQuantizationConfig:
    def __init__(self, num_bits: int, dtype: TensorDataType = ...) -> None: ...

class OpQuantizationConfig:
    def __init__(
        self,
        *,
        weight_tensor_config: TensorQuantizationConfig | None = None,
        compute_precision: ComputePrecision = ...,
        explicit_dequantize: bool = False,
    ) -> None: ...
