from collections.abc import Iterator
from typing import Generic, TypeVar

_T = TypeVar("_T")

class Dataset(Generic[_T]):
    def __getitem__(self, index: int) -> _T: ...

class DataLoader(Generic[_T]):
    def __init__(self, dataset: Dataset[_T], batch_size: int | None, num_workers: int = 0) -> None: ...
    def __iter__(self) -> Iterator[_T]: ...
