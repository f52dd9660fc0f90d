from collections.abc import Iterable, Mapping
from typing import Any

from ai_edge_quantizer.qtyping import OpQuantizationConfig
from numpy.typing import NDArray

class QuantizationResult:
    quantized_model: bytes

class Quantizer:
    def __init__(self, float_model: str | bytearray) -> None: ...
    def add_static_config(
        self, regex: str, operation_name: str, activation_num_bits: int, weight_num_bits: int
    ) -> None: ...
    def update_quantization_recipe(
        self, regex: str, operation_name: str, op_config: OpQuantizationConfig | None = None, algorithm_key: str = ...
    ) -> None: ...
    def calibrate(
        self, calibration_data: Mapping[str, Iterable[Mapping[str, NDArray[Any]]]], *, num_threads: int = 16
    ) -> dict[str, dict[str, NDArray[Any]]]: ...
    def quantize(
        self, calibration_result: Mapping[str, Mapping[str, NDArray[Any]]] | None = None
    ) -> QuantizationResult: ...
