"""Google's Dataflow: what it needs of the flags, the defaults that suit our jobs, and where to look at a job."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    WorkerOptions,
)
from apache_beam.runners.runner import PipelineResult

from pipelines.runtime.files import INSTALL, is_installed, is_local
from schemas import UsageError

NEEDED = {"project": "my-project", "region": "us-central1", "temp_location": "gs://bucket/tmp"}


def check_flags(inputs: Sequence[str], output: str, text_source: str, options: PipelineOptions) -> None:
    """Refuses what would fail only after minutes, when the first workers have started.

    Raises:
        UsageError: with the cure.
    """
    if not is_installed("google.cloud.dataflow_v1beta3"):
        raise UsageError(f"--runner=DataflowRunner needs {INSTALL['gs']}.")
    google = options.view_as(GoogleCloudOptions)
    missing = [f"--{name}={value}" for name, value in NEEDED.items() if not getattr(google, name)]
    if missing:
        raise UsageError(f"--runner=DataflowRunner needs more flags: add {' '.join(missing)} with your own values.")
    if not google.temp_location.startswith("gs://"):
        raise UsageError(
            f"--temp_location {google.temp_location}: Dataflow needs a place in a bucket, gs://bucket/tmp."
        )
    _check_workers(text_source, options)
    refuse_local("--output", [output])
    refuse_local("--input", [item for item in inputs if not item.endswith(".txt")])  # lists are read here


def _check_workers(text_source: str, options: PipelineOptions) -> None:
    if options.view_as(WorkerOptions).sdk_container_image:
        return
    if not options.view_as(SetupOptions).setup_file:
        raise UsageError(
            "--runner=DataflowRunner needs Folio on its workers: add --sdk_container_image=IMAGE, built from our "
            "Dockerfile, or --setup_file=./setup.py where --text_source is pdf."
        )
    if text_source != "pdf":
        raise UsageError(
            f"--setup_file brings no system libraries, and --text_source {text_source} needs those of OCR: add "
            "--sdk_container_image=IMAGE, built from our Dockerfile."
        )


def refuse_local(flag: str, uris: Iterable[str]) -> None:
    """Raises `UsageError` for a path on this machine."""
    for uri in uris:
        if is_local(uri):
            raise UsageError(f"{flag} {uri} is on this machine, where no Dataflow worker sees it: use gs://bucket/...")


def set_defaults(options: PipelineOptions, label: str, output: str) -> None:
    """Sets what the flags leave open.

    A machine works on one unit at a time with a page process for each core; by Dataflow's own defaults each core would
    get a Python of its own with a dozen threads, and each of these its own page processes. The job is named after OUT,
    for Dataflow lets no two jobs of one name run at the same time.
    """
    google = options.view_as(GoogleCloudOptions)
    google.job_name = google.job_name or f"folio-{label}-{hashlib.sha256(output.encode()).hexdigest()[:12]}"
    debug = options.view_as(DebugOptions)
    debug.number_of_worker_harness_threads = debug.number_of_worker_harness_threads or 1
    if not any(name.endswith("use_multiple_sdk_containers") for name in debug.experiments or ()):
        debug.add_experiment("no_use_multiple_sdk_containers")


def job_url(result: PipelineResult, options: PipelineOptions) -> str | None:
    """Returns the page of a job in Google's console; `None` if it is no job of Dataflow's."""
    if not hasattr(result, "job_id"):
        return None
    google = options.view_as(GoogleCloudOptions)
    job = f"{google.region}/{result.job_id()}"
    return f"https://console.cloud.google.com/dataflow/jobs/{job}?project={google.project}"
