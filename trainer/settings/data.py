"""Settings of the data: which corpora are read, how, and what is held out of training."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas import UsageError
from trainer.settings.part import SettingsPart, option

CORPUS_HELP = """\
a finished corpus (pipelines.build_corpus), a directory or a gs://, s3:// or https:// URL; several flags mix several, by
their pages or, each as PATH:WEIGHT, by weight"""


@dataclass(frozen=True)
class DataSettings(SettingsPart):
    """Corpora, their order and their cache, and the held-out pages."""

    corpus: list[str] = field(default_factory=list, metadata={"help": CORPUS_HELP})
    tokenizer: str = option("t5", "tokenizer the corpus was built with: t5, a file, a directory or a hub name")
    shuffle_shards: int = option(
        64, "shards whose pages are shuffled together; remote ones are fetched by as many", least=1
    )
    cache_dir: str = option("~/.cache/folio", "folder for the shards of remote corpora; runs may share it")
    cache_gb: float = option(64.0, "most that the cached shards may take, in 1e9 bytes", least=0)
    workers: int = option(1, "processes a rank that decode pages; 0 decodes between the steps", least=0)
    pad_multiple: int = option(32, "text is padded to a multiple of it, targets to one of half of it; even")
    val_share: float = option(0.02, "share of the documents held out of training, by a hash of their content")
    val_pages: int = option(1024, "most held-out pages to evaluate on", least=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pad_multiple < 2 or self.pad_multiple % 2:
            raise UsageError(f"--pad_multiple must be even and at least 2, got {self.pad_multiple}")
        if not 0 <= self.val_share < 1:
            raise UsageError(f"--val_share must lie in [0, 1), got {self.val_share}")
