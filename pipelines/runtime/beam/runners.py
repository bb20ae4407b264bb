"""The runners that Beam's flags can choose: what each one needs, and better defaults for it."""

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
    """Returns `dataflow`, `dask`, `portable`, `flink` and so on; an empty string for our default, this process."""
    return _short(options.view_as(StandardOptions).runner or "")


def _short(name: str) -> str:
    return name.rpartition(".")[2].lower().removesuffix("runner")


def load_runner_flags(beam_args: list[str]) -> None:
    """Imports a runner that is given as `module.Class`. Only then does Beam know that runner's own flags.

    Raises:
        UsageError: the module cannot be imported or has no such runner.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--runner", nargs="?", default="")
    module, _, name = (parser.parse_known_args(beam_args)[0].runner or "").rpartition(".")
    if not module:
        return
    try:
        found = vars(importlib.import_module(module))
    except ImportError as error:
        advice = "pip install '.[dask]' in Folio's folder" if "dask" in module else "see Beam's documentation of it"
        raise UsageError(f"--runner={module}... cannot be used ({error}): {advice}.") from error
    runners = [key for key, value in found.items() if isinstance(value, type) and issubclass(value, PipelineRunner)]
    if name not in runners:
        available = f"it has {', '.join(runners)}" if runners else "it has none"
        raise UsageError(f"--runner={module}.{name}: there is no runner of this name in {module}; {available}.")


def check_runner(beam_args: list[str], inputs: Sequence[str], output: str, text_source: str) -> None:
    """Rejects flags that cannot work together, before any work starts.

    Args:
        beam_args: the flags of Beam.
        inputs: see `BuildConfig`.
        output: OUT.
        text_source: see `PageConfig`.

    Raises:
        UsageError: a flag cannot work. The message says what to change.
    """
    options = PipelineOptions(beam_args)
    kind = runner_kind(options)
    _check_name(options.view_as(StandardOptions).runner or "")
    if kind == "dataflow":
        dataflow.check_flags(inputs, output, text_source, options)
    portable = options.view_as(PortableOptions)
    ends_with_us = kind == "dask" or portable.job_endpoint == "embed" or portable.environment_type == "LOOPBACK"
    if does_not_wait(beam_args) and ends_with_us:
        raise UsageError("--no_wait_until_finish: this runner stops its work when the command ends; remove this flag.")


def _check_name(name: str) -> None:
    """Rejects a runner name that Beam does not know. `load_runner_flags` checks names of the form `module.Class`."""
    known = StandardOptions.KNOWN_RUNNER_NAMES
    if name and "." not in name and _short(name) not in map(_short, known):
        raise UsageError(f"--runner={name}: there is no such runner; use one of {', '.join(known)}, or module.Class.")


def check_documents(uris: list[str], beam_args: list[str]) -> None:
    """Rejects documents that the workers cannot read.

    Raises:
        UsageError: the runner is Dataflow and a document is on this machine.
    """
    if runner_kind(PipelineOptions(beam_args)) == "dataflow":
        dataflow.refuse_local("--input", uris)


def does_not_wait(beam_args: list[str]) -> bool:
    """Returns whether the command should end as soon as its job is submitted."""
    return PipelineOptions(beam_args).view_as(StandardOptions).no_wait_until_finish


def runs_here(beam_args: list[str]) -> bool:
    """Returns whether the work is done in this process. Then progress is counted per page."""
    options = PipelineOptions(beam_args)
    return not runner_kind(options) and options.view_as(DirectOptions).direct_running_mode != "multi_processing"


def job_options(label: str, names: list[str], output: str, beam_args: list[str]) -> PipelineOptions:
    """Returns Beam's options for one job, with our defaults where those of the runner do not suit it."""
    options = PipelineOptions(beam_args)
    kind = runner_kind(options)
    if kind == "dataflow":
        dataflow.set_defaults(options, label, output)
    if kind == "dask":
        _one_task_per_name(options, len(names))
    return options


def _one_task_per_name(options: PipelineOptions, names: int) -> None:
    """Sets one Dask task per name.

    By default Beam puts 128 names into one task. A whole corpus could then run on one worker and be lost with it.
    """
    from apache_beam.runners.dask.dask_runner import DaskOptions

    dask = options.view_as(DaskOptions)
    if not dask.npartitions and not dask.partition_size:
        dask.npartitions = names


def make_pipeline(options: PipelineOptions) -> beam.Pipeline:
    """Returns an empty pipeline on the runner chosen by the options. The default runner is this process.

    Raises:
        UsageError: Beam rejects the flags.
    """
    if runner_kind(options):
        try:
            return beam.Pipeline(options=options)
        except ValueError as error:
            raise UsageError(f"Beam rejects these flags: {error}") from error
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # we report errors ourselves, and only once
    # Beam's own default first tries to download a runner. The behaviour would then depend on the network.
    return beam.Pipeline(runner=FnApiRunner(), options=options)


def run_pipeline(label: str, pipeline: beam.Pipeline, options: PipelineOptions, may_be_left: bool) -> None:
    """Runs a job to its end and logs its web page, if it has one.

    With `--no_wait_until_finish` and `may_be_left`, the job is only submitted.

    Args:
        label: name of the job, for the log.
        pipeline: the job.
        options: the flags of Beam.
        may_be_left: see `FileDoFn`.

    Raises:
        FolioError: no Dask scheduler answers.
    """
    try:
        result = pipeline.run()
    except OSError as error:
        address = options.get_all_options().get("address") if runner_kind(options) == "dask" else None
        if not address:
            raise
        advice = "start one there with `dask scheduler`, or use the address that it logs"
        raise FolioError(f"--dask_client_address {address}: no scheduler answers ({error}); {advice}.") from error
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
                "the %s job is still running: cancel it there, or wait until it ends before you run the command again",
                label,
            )
        raise
