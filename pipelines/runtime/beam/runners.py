"""The runners that Beam's flags can choose: what each needs, and the settings without which it would do badly."""

from __future__ import annotations

import argparse
import importlib
import logging
from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, PortableOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.runner import PipelineRunner

from pipelines.runtime.beam import dataflow
from schemas import FolioError, UsageError

logger = logging.getLogger("pipelines")


def runner_kind(options: PipelineOptions) -> str:
    """Returns `dataflow`, `dask`, `portable`, `flink` and so on; nothing for our default, which is in this process."""
    return _short(options.view_as(StandardOptions).runner or "")


def _short(name: str) -> str:
    return name.rpartition(".")[2].lower().removesuffix("runner")


def load_runner_flags(beam_args: list[str]) -> None:
    """Imports a runner that is given by its full name: Beam knows that runner's own flags only then.

    Raises:
        UsageError: it cannot be imported, or is no runner.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--runner", nargs="?", default="")
    module, _, name = (parser.parse_known_args(beam_args)[0].runner or "").rpartition(".")
    if not module:
        return
    try:
        found = vars(importlib.import_module(module))
    except ImportError as error:
        cure = "pip install '.[dask]' in Folio's folder" if "dask" in module else "see Beam's documentation of it"
        raise UsageError(f"--runner={module}... cannot be used ({error}): {cure}.") from error
    runners = [key for key, value in found.items() if isinstance(value, type) and issubclass(value, PipelineRunner)]
    if name not in runners:
        there = f"it has {', '.join(runners)}" if runners else "it has none"
        raise UsageError(f"--runner={module}.{name}: there is no runner of this name in {module}; {there}.")


def check_runner(beam_args: list[str], inputs: Sequence[str], output: str, text_source: str) -> None:
    """Refuses flags that cannot work together, before any work begins.

    Args:
        beam_args: the flags of Beam.
        inputs, output, text_source: see `BuildConfig` and `PageConfig`.

    Raises:
        UsageError: the message says what to change.
    """
    options = PipelineOptions(beam_args)
    kind = runner_kind(options)
    _check_name(options.view_as(StandardOptions).runner or "")
    if kind == "dataflow":
        dataflow.check_flags(inputs, output, text_source, options)
    portable = options.view_as(PortableOptions)
    ends_with_us = kind == "dask" or portable.job_endpoint == "embed" or portable.environment_type == "LOOPBACK"
    if waits_not(beam_args) and ends_with_us:
        raise UsageError(
            "--no_wait_until_finish: this runner stops its work when the command ends; leave the flag out."
        )


def _check_name(name: str) -> None:
    """Refuses a runner that Beam does not know; one with its module's name before it is there, see above."""
    known = StandardOptions.KNOWN_RUNNER_NAMES
    if name and "." not in name and _short(name) not in map(_short, known):
        raise UsageError(f"--runner={name}: there is no such runner; take one of {', '.join(known)}, or module.Class.")


def check_documents(uris: list[str], beam_args: list[str]) -> None:
    """Refuses documents that the workers could not see.

    Raises:
        UsageError: there is one.
    """
    if runner_kind(PipelineOptions(beam_args)) == "dataflow":
        dataflow.refuse_local("--input", uris)


def waits_not(beam_args: list[str]) -> bool:
    """Tells whether the command is to end when its job is submitted."""
    return PipelineOptions(beam_args).view_as(StandardOptions).no_wait_until_finish


def runs_here(beam_args: list[str]) -> bool:
    """Tells whether the work is done in this process, so that it can be counted here page by page."""
    options = PipelineOptions(beam_args)
    return not runner_kind(options) and options.view_as(DirectOptions).direct_running_mode != "multi_processing"


def job_options(label: str, names: list[str], output: str, beam_args: list[str]) -> PipelineOptions:
    """Returns Beam's options for one job, with what the runner's own defaults get wrong for it."""
    options = PipelineOptions(beam_args)
    kind = runner_kind(options)
    if kind == "dataflow":
        dataflow.set_defaults(options, label, output)
    if kind == "dask":
        _one_task_a_name(options, len(names))
    return options


def _one_task_a_name(options: PipelineOptions, names: int) -> None:
    """Beam would put 128 names into one task of Dask: whole corpora on one worker, and lost as one when it dies."""
    from apache_beam.runners.dask.dask_runner import DaskOptions

    dask = options.view_as(DaskOptions)
    if not dask.npartitions and not dask.partition_size:
        dask.npartitions = names


def make_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """Returns an empty pipeline on the runner that the options choose; in this process by default.

    Raises:
        UsageError: Beam refuses the flags.
    """
    if runner_kind(options):
        try:
            return beam.Pipeline(options=options)
        except ValueError as error:
            raise UsageError(f"Beam does not take these flags: {error}") from error
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # what goes wrong here is told by us, and once
    # Beam's own default first tries to download a runner, so that what happens would depend on the network.
    return beam.Pipeline(runner=FnApiRunner(), options=options)


def run_pipeline(label: str, pipeline: beam.Pipeline, options: PipelineOptions, may_be_left: bool) -> None:
    """Runs a job, or submits it where the flags say not to wait and it `may_be_left`; tells where to look at it.

    Raises:
        FolioError: no scheduler of Dask answers.
    """
    try:
        result = pipeline.run()
    except OSError as error:
        address = options.get_all_options().get("address") if runner_kind(options) == "dask" else None
        if not address:
            raise
        cure = "start one there by `dask scheduler`, or give the address that it logs"
        raise FolioError(f"--dask_client_address {address}: no scheduler answers ({error}); {cure}.") from error
    url = dataflow.job_url(result, options)
    if url:
        logger.info("the %s job: %s", label, url)
    if may_be_left and options.view_as(StandardOptions).no_wait_until_finish:
        return
    try:
        result.wait_until_finish()
    except KeyboardInterrupt:
        if url:
            logger.warning(
                "the %s job goes on: cancel it there, or let it end before you give the command again", label
            )
        raise
