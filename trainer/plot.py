"""`python -m trainer.plot RUN [RUN2 ...]`: draw losses, accuracies and chance levels of runs in one picture."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from schemas import FolioError, UsageError
from schemas.support.home import expanded_path
from trainer.run.records.curves import plot_runs

EXIT_CODES = "exit codes: 0 done, 2 wrong usage"
FORMATS = (".png", ".svg", ".pdf")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(
        prog="python -m trainer.plot", description=__doc__, epilog=EXIT_CODES, allow_abbrev=False
    )
    parser.add_argument("runs", nargs="+", type=expanded_path, metavar="RUN", help="--output directory of a run")
    parser.add_argument(
        "--output",
        type=expanded_path,
        metavar="FILE",
        help=f"the picture to write, {', '.join(FORMATS)} (default: RUN/loss.png)",
    )
    options = parser.parse_args(argv)
    out = options.output or options.runs[0] / "loss.png"
    try:
        if out.suffix not in FORMATS:
            raise UsageError(f"--output {out} must end in one of {', '.join(FORMATS)}")
        plot_runs(options.runs, out)
    except OSError as error:
        logging.getLogger("trainer").error(f"error: --output {out} cannot be written: {error.strerror}")
        return UsageError.exit_code
    except FolioError as error:
        logging.getLogger("trainer").error(f"error: {error}")
        return error.exit_code
    logging.getLogger("trainer").info(f"wrote {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
