"""Settings of the data: how pages are read, the corpora, and which of their pages are held out of training."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas import UsageError
from trainer.settings.part import SettingsPart, option, path_option

CORPUS_HELP = """\
a finished corpus (see pipelines.build_corpus): a directory or a gs://, s3:// or https:// URL. Repeat the flag to mix
corpora, in proportion to their pages or, with PATH:WEIGHT for each, to the weights"""


@dataclass(frozen=True)
class DataSettings(SettingsPart):
    """How pages are read: their order, their cache and their batches.

    Raises:
        UsageError: a value is out of its range.
    """

    tokenizer: str = path_option("t5", "tokenizer of the corpora: t5, a file, a directory or a hub name")
    shuffle_shards: int = option(
        64,
        "number of shards whose pages are shuffled together; remote shards are fetched in groups of this size",
        minimum=1,
    )
    cache_dir: str = path_option(
        "~/.cache/folio",
        "folder for shards of remote corpora, and for records of checked local shards; several runs may share it",
    )
    cache_gb: float = option(64.0, "maximum size of the cached shards, in 1e9 bytes", minimum=0)
    workers: int = option(1, "processes per rank that decode pages; 0: the rank decodes between the steps", minimum=0)
    pad_multiple: int = option(32, "pad texts to a multiple of this number, targets to a multiple of its half; even")
    val_pages: int = option(1024, "maximum number of held-out pages to evaluate on", minimum=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pad_multiple < 2 or self.pad_multiple % 2:
            raise UsageError(f"--pad_multiple must be even and at least 2, got {self.pad_multiple}")


@dataclass(frozen=True)
class CorpusSettings(DataSettings):
    """The corpora and the held-out pages.

    Raises:
        UsageError: a value is out of its range.
    """

    corpus: list[str] = field(default_factory=list, metadata={"help": CORPUS_HELP, "path": True})
    val_share: float = option(0.02, "share of the documents held out of training, chosen by a hash of their content")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.val_share < 1:
            raise UsageError(f"--val_share must be in [0, 1), got {self.val_share}")
