"""Reports a run to MLflow.

Where it goes: to the server that ``MLFLOW_TRACKING_URI`` names (with ``MLFLOW_EXPERIMENT_NAME`` and the variables for
its credentials); without it into ``mlflow/`` of the run folder, which
``MLFLOW_ALLOW_FILE_STORE=true mlflow server --backend-store-uri <folder>`` of the whole ``mlflow`` package shows.

MLflow advises against folders as stores, in favour of a database; the small client that we depend on has no database,
and one run is nothing that needs one. Its usage reports are off unless ``MLFLOW_DISABLE_TELEMETRY`` is set to false.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlsplit

# Read when mlflow is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# A server that went away must not hold up each epoch for minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from harness.errors import UsageError
from harness.run_dir import RunDir
from harness.training.config import TrainConfig
from harness.training.data import Note
from harness.training.epoch_metrics import EpochMetrics
from harness.training.trackers.run_ids import keep_id, kept_id

EXPERIMENT = "carla-loop-harness"

_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]", re.ASCII)
_LOCAL = "mlflow"
"""Key of the run's id in its own folder; ids on a server have the server's name in theirs."""


@contextmanager
def open_mlflow(run: RunDir, config: TrainConfig, note: Note) -> Iterator[Callable[[EpochMetrics], None]]:
    """Report a session; see ``trackers.open_trackers``."""
    server = os.environ.get("MLFLOW_TRACKING_URI")
    where = _without_password(server) if server else str(run.path / "mlflow")
    try:
        client = _client(run, server)
        run_id = _begin(client, run, config, key=f"mlflow {where}" if server else _LOCAL)
    except MlflowException as error:
        raise UsageError(
            f"mlflow cannot be used at {where} ({_reason(error, server, where)}). Set MLFLOW_TRACKING_URI to a server "
            f"that answers, or to nothing for the run folder; without {run.trackers} a new entry is made."
        ) from error
    note(f"mlflow: run {run_id} in {where}")

    def attempt(report: Callable[[], object]) -> None:
        try:
            report()
        except Exception as error:  # what mlflow raises is of any class, Exception itself among them
            note(f"mlflow: not reported, but kept in {run.path} ({_reason(error, server, where)})")

    status = "KILLED"
    try:
        yield lambda metrics: attempt(lambda: client.log_batch(run_id, metrics=_figures(metrics)))
        status = "FINISHED"
    except Exception:
        status = "FAILED"
        raise
    finally:
        for path in run.pictures:
            attempt(partial(client.log_artifact, run_id, str(path)))
        attempt(lambda: client.set_terminated(run_id, status))


def _client(run: RunDir, server: str | None) -> MlflowClient:
    if server:
        return MlflowClient(tracking_uri=server)
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    return MlflowClient(tracking_uri=(run.path / "mlflow").resolve().as_uri())


def _begin(client: MlflowClient, run: RunDir, config: TrainConfig, *, key: str) -> str:
    """Return the id of the run's entry, made if it is the first session there."""
    earlier = kept_id(run, key)
    if earlier is not None:
        client.update_run(earlier, status="RUNNING")
        return earlier
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
    experiment = client.get_experiment_by_name(name)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(name)
    run_id: str = client.create_run(experiment_id, run_name=run.path.resolve().name).info.run_id
    client.log_batch(run_id, params=_settings(config))
    keep_id(run, key, run_id)
    return run_id


def _settings(config: TrainConfig) -> list[Param]:
    """The settings as text, those of the net as ``net_options.<name>``."""
    settings = {**config.to_json(), "label_set": config.label_set.name}
    options = settings.pop("net_options")
    settings.update({f"net_options.{name}": value for name, value in options.items()})
    return [Param(name, str(value)) for name, value in settings.items()]


def _figures(metrics: EpochMetrics) -> list[Metric]:
    """The figures that there are; letters that MLflow does not take in a name become underscores."""
    now_ms = int(time.time() * 1000)
    return [
        Metric(_NOT_IN_NAMES.sub("_", name), value, now_ms, metrics.step)
        for name, value in metrics.scalars().items()
        if not math.isnan(value)
    ]


def _without_password(server: str) -> str:
    """The address as it may be shown and stored."""
    return urlsplit(server)._replace(netloc=urlsplit(server).netloc.rpartition("@")[2]).geturl()


def _reason(error: Exception, server: str | None, where: str) -> str:
    """The first line of what went wrong, without the password that mlflow may repeat."""
    text = str(error).strip().partition("\n")[0]
    return text.replace(server, where) if server else text
