"""The life cycle of a training command: logging, and from errors to messages and exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

from schemas import FolioError
from schemas.support.interrupts import kept_interrupts
from trainer import distributed
from trainer.data.loader import TooManyBadSamples, WorkerDied
from trainer.data.local_shards import IncompleteCorpus
from trainer.data.shard_files import ShardError
from trainer.run.failures import explain, report

logger = logging.getLogger("trainer")

DONE, FAILED, INTERRUPTED = 0, 1, 130  # 130: the code that shells report for Ctrl-C


RESUMES = "run the same command again to resume from the last checkpoint"


def run_command(command: Callable[[], int], after_stop: str = RESUMES) -> int:
    """Runs a command and returns its exit code. Errors that a user can fix are reported in a sentence.

    Args:
        after_stop: what the same command does after Ctrl-C.
    """
    first = distributed.rank() == 0
    logging.basicConfig(stream=sys.stderr, level=logging.INFO if first else logging.ERROR, format="%(message)s")
    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it logs errors with a traceback, and also raises them
    try:
        with kept_interrupts():
            return command()
    except FolioError as error:
        # Most errors occur on all ranks, so only the first one reports them. But each sample is read by a single rank,
        # and each machine can have its own copy of a corpus.
        first_here = distributed.local_rank() == 0 and isinstance(error, IncompleteCorpus)
        if first or first_here or isinstance(error, (ShardError, TooManyBadSamples, WorkerDied)):
            report(str(error))
        return error.exit_code
    except Exception as error:
        if (explanation := explain(error)) is None:
            raise
        report(explanation)
        return FAILED
    except KeyboardInterrupt:
        logger.error(f"stopped; {after_stop}")
        return INTERRUPTED
