"""The command line of `pipelines.build_corpus`: its own flags and all flags of Beam."""

from __future__ import annotations

import argparse

from pipelines.build.page_flags import Parser, add_limit_flags, add_page_flags, page_config
from pipelines.config import BuildConfig, DryRun, RunConfig
from pipelines.runtime.arguments import place
from schemas import UsageError
from schemas.support.arguments import positive, price, share, two_or_more
from schemas.support.nearest import nearest

DESCRIPTION = """\
Builds a pretraining corpus from PDFs, images and page files: WebDataset shards with page images, words, boxes, lines
and tokens.

  python -m pipelines.build_corpus --input 'pdfs/**/*.pdf' --output corpus
  python -m pipelines.build_corpus --input gs://bucket/pdfs/ --output gs://bucket/corpus \\
      --runner=DataflowRunner --project=P --region=R --temp_location=gs://bucket/tmp --sdk_container_image=IMAGE

Run the same command again to continue after an interruption: finished shards are kept.
All flags of Apache Beam are passed on to it. With Beam's --no_wait_until_finish the command waits for the inspection,
which decides what is built, submits the build job and ends. Later, --finish_only completes the corpus."""

EXIT_CODES = (
    "exit codes: 0 the corpus is complete, 1 the run failed, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM"
)

_RUN = RunConfig()


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m pipelines.build_corpus",
        description=DESCRIPTION,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_corpus_flags(parser)
    add_page_flags(parser)
    _add_run_flags(parser.add_argument_group("execution (these flags do not change pages that succeed)"))
    _add_dry_run_flags(parser.add_argument_group("cost estimate"))
    return parser


def _add_corpus_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input",
        nargs="+",
        type=place,
        required=True,
        metavar="WHAT",
        help="glob patterns (quoted; ** crosses directories; the suffix matches in any case: *.pdf finds .PDF too), "
        "directories, PDFs, images, page files (docs/schema.md), or .txt files that list them, one per line; a name of "
        "an existing file is never a pattern, even if it contains brackets or stars",
    )
    parser.add_argument(
        "--output", type=place, required=True, metavar="OUT", help="corpus directory: a path, gs://, s3:// ..."
    )
    parser.add_argument(
        "--pages_per_shard",
        type=positive,
        default=BuildConfig.pages_per_shard,
        help="target size of a shard (default: %(default)s)",
    )
    parser.add_argument(
        "--exclude",
        type=place,
        metavar="LIST",
        help="leave out documents whose bytes are in this list of SHA-256 hashes, one per line as sha256sum writes "
        "them: those that a model is scored on must not be in its pretraining corpus",
    )
    parser.add_argument(
        "--finish_only", action="store_true", help="start no job: complete a corpus whose shards all exist"
    )


def _add_dry_run_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--dry_run",
        action="store_true",
        help="inspect, plan, build a sample of the pages outside of OUT, print the estimated cost of the run, and stop",
    )
    group.add_argument(
        "--sample",
        type=two_or_more,
        default=DryRun.sample,
        metavar="PAGES",
        help="number of pages that a dry run builds (default: %(default)s)",
    )
    group.add_argument(
        "--price_per_core_hour",
        type=price,
        default=DryRun.price_per_core_hour,
        metavar="DOLLARS",
        help="for the estimate of a dry run; the default is an assumption, give your own price (default: %(default)s)",
    )


def _add_run_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--workers",
        type=positive,
        default=_RUN.workers,
        help="page processes per machine, or per worker on Dask and Flink (default: one per core of the machine)",
    )
    add_limit_flags(group)
    group.add_argument(
        "--max_failed_share",
        type=share,
        default=_RUN.max_failed_share,
        help="stop if a larger share of the documents or pages fails, and at least 20; 1: never (default: %(default)g)",
    )


def parse_flags(argv: list[str]) -> tuple[BuildConfig, list[str], DryRun | None, bool]:
    """Parses the command line.

    Returns:
        The settings of the build, the flags for Beam, the settings of the dry run (None without `--dry_run`), and
        whether `--finish_only` was given.

    Raises:
        UsageError: neither this command nor Beam has such a flag, or the flag does not accept the value.
        SystemExit: `--help` was given.
    """
    parser = _parser()
    flags, beam_args = parser.parse_known_args(argv)
    _check_beam_args(beam_args, parser)
    run = RunConfig(**{name: getattr(flags, name) for name in RunConfig.__dataclass_fields__})
    config = BuildConfig(
        tuple(flags.input), flags.output, flags.pages_per_shard, page_config(flags), run, flags.exclude
    )
    dry_run = DryRun(flags.sample, flags.price_per_core_hour) if flags.dry_run else None
    return config, beam_args, dry_run, flags.finish_only


def _check_beam_args(beam_args: list[str], own_parser: argparse.ArgumentParser) -> None:
    """Checks the flags for Beam, because Beam ignores unknown flags: a typo would silently build another corpus."""
    from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

    from pipelines.runtime.beam.runners import load_runner_flags

    load_runner_flags(beam_args)
    beam_parser = _BeamArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(beam_parser)
    try:
        _, unknown = beam_parser.parse_known_args(beam_args)
    except argparse.ArgumentError as error:
        raise UsageError(f"{error}: this is a flag of Beam, which does not accept that value.") from error
    if unknown:
        known = [flag for parser in (own_parser, beam_parser) for flag in parser._option_string_actions]
        raise UsageError(_unknown(unknown[0].partition("=")[0], known))


def _unknown(name: str, known: list[str]) -> str:
    if not name.startswith("-"):
        return f"{name} does not belong to a flag; see --help."
    longer = [flag for flag in known if flag.startswith(name)]
    similar = longer[0] if longer else nearest(name, known, cutoff=0.75)
    return f"unknown flag {name}" + (f": did you mean {similar}?" if similar else "; see --help.")
