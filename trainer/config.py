"""Settings of a pretraining run: dataclasses, read from YAML, flags and `a.b=c` overrides.

Later sources win: the defaults below, `configs/<size>.yaml`, `--config FILE`, flags, overrides. A flag is another way
to write a top-level key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError

from schemas import UsageError
from trainer.model_config import MODEL_SIZES, ModelConfig
from trainer.nearest import nearest
from trainer.objectives import ObjectivesConfig
from trainer.reserved_keys import require_unreserved

AT_LEAST_ONE = (
    *("max_steps", "global_batch", "micro_batch", "shuffle_shards"),
    *("log_every", "save_every", "keep_last", "val_every", "max_skipped"),
)
NOT_NEGATIVE = ("seed", "workers", "val_pages", "peak_tflops", "cache_gb", "max_hours", "skip_grad_norm")
MOST_SEED = 2**63 - 1  # that torch's generators take
MOST_OF_ANY = 2**31 - 1  # so that products of two are numbers that Python counts with
CORPUS_HELP = """\
a finished corpus (pipelines.build_corpus), a directory or a gs://, s3:// or https:// URL; several flags mix several, by
their pages or, each as PATH:WEIGHT, by weight"""
CONFIG_DIR = Path(__file__).parent / "configs"


def _option(default: Any, about: str) -> Any:
    return field(default=default, metadata={"help": about})


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW (Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101) under a cosine schedule with warm-up.

    Raises:
        UsageError: a value out of its range.
    """

    learning_rate: float = 1e-2  # the peak, relative to a weight's size as in T5; about 1e-3 from pretrained weights
    warmup_steps: int = 1000  # linear, from 0
    final_lr_share: float = 0.1  # of the peak, at max_steps
    beta1: float = 0.9
    beta2: float = 0.98  # 0.999 reacts too slowly to the rare large gradients of T5 (Shazeer & Stern 2018, section 5)
    eps: float = 1e-8
    weight_decay: float = 0.01  # of matrices only: see trainer.engine.parameter_groups
    clip_norm: float = 1.0  # of the whole gradient; 0 does not clip

    def __post_init__(self) -> None:
        for name in ("learning_rate", "eps"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"optimizer.{name} must be above 0, got {getattr(self, name)}")
        for name in ("warmup_steps", "weight_decay", "clip_norm"):
            if not 0 <= getattr(self, name) < math.inf:
                raise UsageError(f"optimizer.{name} must not be negative, got {getattr(self, name)}")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"optimizer.{name} must lie in [0, 1), got {getattr(self, name)}")
        if not 0 <= self.final_lr_share <= 1:
            raise UsageError(f"optimizer.final_lr_share must lie in [0, 1], got {self.final_lr_share}")


SECTIONS = {"model": ModelConfig, "objectives": ObjectivesConfig, "optimizer": OptimizerConfig}


@dataclass(frozen=True)
class PretrainConfig:
    """One run. Every field with a help text is a flag; the sections below take `section.key=value`.

    Raises:
        UsageError: a value out of its range.
    """

    corpus: list[str] = field(default_factory=list, metadata={"help": CORPUS_HELP})
    output: str = _option("", "directory of the run: log.jsonl, checkpoints/, model/, loss.png; resumed if it exists")
    tokenizer: str = _option("t5", "tokenizer the corpus was built with: t5, a file, a directory or a hub name")
    seed: int = _option(0, "of the weights, the sample order, the masks and the dropout")
    max_steps: int = _option(1000, "optimizer steps of the whole run; the learning rate's schedule ends there")
    max_hours: float = _option(0.0, "hours after which to save and stop; the same command goes on; 0: no limit")
    skip_grad_norm: float = _option(0.0, "skip steps whose gradient norm, before clipping, is above it; 0: no limit")
    max_skipped: int = _option(10, "skipped steps in a row, by that limit or a value not finite, that stop the run")
    global_batch: int = _option(64, "pages a step, over all ranks")
    micro_batch: int = _option(8, "most pages that a rank holds at a time; fewer where that divides the batch evenly")
    pad_multiple: int = _option(32, "text is padded to a multiple of it, targets to one of half of it; even")
    shuffle_shards: int = _option(64, "shards whose pages are shuffled together; remote ones are fetched by as many")
    cache_dir: str = _option("~/.cache/folio", "folder for the shards of remote corpora; runs may share it")
    cache_gb: float = _option(64.0, "most that the cached shards may take, in 1e9 bytes")
    workers: int = _option(1, "processes a rank that decode pages; 0 decodes between the steps")
    log_every: int = _option(10, "steps between log rows")
    save_every: int = _option(500, "steps between checkpoints")
    keep_last: int = _option(2, "checkpoints to keep")
    change_ranks: bool = _option(False, "go on from what another number of ranks saved; losses follow, not bit for bit")
    upload_to: str = _option("", "URL that each checkpoint and the model are copied to meanwhile (gs://, s3:// ...)")
    val_share: float = _option(0.02, "share of the documents held out of training, by a hash of their content")
    val_every: int = _option(500, "steps between evaluations on held-out pages")
    val_pages: int = _option(1024, "most held-out pages to evaluate on")
    zero_stage: int = _option(
        1, "DeepSpeed ZeRO stage 0..3: what the ranks share (1 optimizer, 2 gradients, 3 weights)"
    )
    dtype: Literal["bf16", "fp32"] = _option("bf16", "of the computation; weights are updated in fp32 in any case")
    init_from: str = _option("", "folder of a Hugging Face T5 1.0 checkpoint to begin at, such as t5-small")
    compile: bool = _option(False, "compile the layers with torch.compile; pays on GPUs, needs a C++ compiler on CPUs")
    profile_steps: str = _option("", "A:B: write what steps A to B spend their time on to RUN/profile/")
    peak_tflops: float = _option(0.0, "TFLOP/s of one device, for MFU; 0: from a table of GPUs, else measured")
    tensorboard: bool = _option(True, "also write TensorBoard events")
    wandb_project: str = _option("", "also log to this Weights & Biases project (needs the extra wandb)")

    dry_run: bool = False  # a flag without a value: see trainer.command_line
    model: ModelConfig = MODEL_SIZES["small"]
    objectives: ObjectivesConfig = field(default_factory=ObjectivesConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    deepspeed: dict[str, Any] = field(default_factory=dict)  # laid over that of trainer.deepspeed_settings

    def __post_init__(self) -> None:
        self._check_numbers()
        require_unreserved(self.deepspeed)
        watched = step_range(self.profile_steps)
        if watched and watched[1] > self.max_steps:
            raise UsageError(
                f"--profile_steps {self.profile_steps} goes beyond the last step: choose within 1:{self.max_steps}, "
                "or raise --max_steps"
            )
        if not 0 <= self.val_share < 1:
            raise UsageError(f"--val_share must lie in [0, 1), got {self.val_share}")
        if self.zero_stage not in range(4):
            raise UsageError(f"--zero_stage must be 0, 1, 2 or 3, got {self.zero_stage}")
        if self.zero_stage == 3 and self.compile:
            raise UsageError(
                "--compile true cannot have --zero_stage 3, which gathers weights within the layers: take 2"
            )
        if self.zero_stage == 0 and self.dtype == "bf16":
            raise UsageError("--zero_stage 0 keeps no fp32 weights beside bf16 ones and diverges: take --zero_stage 1")

    def _check_numbers(self) -> None:
        for name in AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise UsageError(f"--{name} must be at least 1, got {getattr(self, name)}")
        if self.pad_multiple < 2 or self.pad_multiple % 2:
            raise UsageError(f"--pad_multiple must be even and at least 2, got {self.pad_multiple}")
        for name in NOT_NEGATIVE:
            if not getattr(self, name) >= 0:  # which nan is not either
                raise UsageError(f"--{name} must not be negative, got {getattr(self, name)}")
        for name in (*AT_LEAST_ONE, *NOT_NEGATIVE, "pad_multiple"):
            value, most = getattr(self, name), MOST_SEED if name == "seed" else MOST_OF_ANY
            if isinstance(value, int) and value > most:
                raise UsageError(f"--{name} must be at most {most}, got {value}")


def step_range(text: str) -> tuple[int, int] | None:
    """Returns first and last step of `A:B`, None for no text.

    Raises:
        UsageError: it is something else, or not 1 <= A <= B.
    """
    if not text:
        return None
    first, _, last = text.partition(":")
    if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last)):
        raise UsageError(f"--profile_steps {text}: expected the first and the last step, as in 20:25")
    return int(first), int(last)


def flags() -> dict[str, str]:
    """Returns the name of every flag and its help text, which ends with the default."""
    options = [item for item in fields(PretrainConfig) if "help" in item.metadata]
    return {item.name: item.metadata["help"] + _default_of(item) for item in options}


def _default_of(item: Field[Any]) -> str:
    return "" if item.default in ("", MISSING) else f" ({item.default})"


def setting_types() -> dict[str, str]:
    """Returns the type of every setting, as it is annotated, by its name: `seed`, `model.d_model`."""
    types = {item.name: str(item.type) for item in fields(PretrainConfig) if "help" in item.metadata}
    for section, kind in SECTIONS.items():
        types |= {f"{section}.{item.name}": str(item.type) for item in fields(kind)}
    return types


def as_typed(name: str) -> str:
    """Returns a setting's name as the command line takes it: `--seed`, `model.d_model`."""
    return f"--{name}" if name in flags() else name


def load_config(
    size: str,
    file: str | None = None,
    flag_values: Mapping[str, str | list[str]] | None = None,
    overrides: Iterable[str] = (),
) -> PretrainConfig:
    """Returns the settings of a run.

    Args:
        size: a key of `MODEL_SIZES`.
        file: YAML with any of the keys of `PretrainConfig`.
        flag_values: top-level keys as typed.
        overrides: `a.b=c` strings.

    Raises:
        UsageError: an unknown size, file, key (the nearest one is named) or value.
    """
    if size not in MODEL_SIZES:
        raise UsageError(f"--model {size}: choose one of {', '.join(MODEL_SIZES)}")
    settings = OmegaConf.structured(PretrainConfig(model=MODEL_SIZES[size]))
    settings = _merge(settings, _read_yaml(CONFIG_DIR / f"{size}.yaml"), f"configs/{size}.yaml")
    if file is not None:
        settings = _merge(settings, _read_yaml(Path(file)), file)
    for name, value in (flag_values or {}).items():
        settings = _merge(settings, OmegaConf.create({name: value}), f"--{name} {value}")
    for override in overrides:
        settings = _merge(settings, _parse(override), override)
    try:
        return cast(PretrainConfig, OmegaConf.to_object(settings))
    except OmegaConfBaseException as error:
        raise UsageError(_first_line(error)) from error


def save_config(config: PretrainConfig, path: Path) -> None:
    """Writes the settings as YAML that `--config` takes."""
    path.write_text(OmegaConf.to_yaml(OmegaConf.structured(config)), encoding="utf-8")


def _read_yaml(path: Path) -> DictConfig:
    try:
        content = OmegaConf.load(path)
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise UsageError(f"--config {path} cannot be read: {error}") from error
    if not isinstance(content, DictConfig):
        raise UsageError(f"--config {path} holds no `key: value` settings")
    return content


def _parse(override: str) -> DictConfig:
    if "=" not in override:
        raise UsageError(f"{override}: expected key=value, as in optimizer.learning_rate=1e-3")
    try:
        return OmegaConf.from_dotlist([override])
    except (YAMLError, OmegaConfBaseException) as error:
        raise UsageError(f"{override}: {_first_line(error)}") from error


def _merge(settings: DictConfig, changes: DictConfig, source: str) -> DictConfig:
    # OmegaConf makes the settings of frozen dataclasses read-only; here they are still in the making.
    for node in (settings, settings.model, settings.objectives, settings.optimizer):
        OmegaConf.set_readonly(node, False)
    try:
        _require_sections(changes, source)
        return cast(DictConfig, OmegaConf.merge(settings, changes))
    except ConfigKeyError as error:
        near = nearest(str(error.full_key), [*setting_types(), *SECTIONS])
        cure = f"did you mean {near}?" if near else "--help and RUN/config.yaml list all there are"
        raise UsageError(f"{source}: there is no setting {error.full_key}; {cure}") from error
    except OmegaConfBaseException as error:
        cure = ": say true or false" if setting_types().get(str(error.full_key)) == "bool" else ""
        raise UsageError(f"{source}: {_first_line(error)}{cure}") from error


def _require_sections(changes: DictConfig, source: str) -> None:
    """Raises `UsageError` where one value stands for a list or for a section, which OmegaConf says in its own terms."""
    for name, value in cast("dict[str, Any]", OmegaConf.to_container(changes)).items():
        if name == "corpus" and not isinstance(value, list):
            raise UsageError(f"{source}: say --corpus {value}, or in YAML corpus: [{value}]")
        if name == "model" and str(value) in MODEL_SIZES:
            raise UsageError(f"{source}: say --model {value}")
        if name in (*SECTIONS, "deepspeed") and not isinstance(value, dict):
            raise UsageError(f"{source}: {name} is a section: set one of its keys, as in {name}.KEY=VALUE")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
