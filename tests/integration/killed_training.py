"""A training run that kills itself with SIGKILL after a named step; run as a program by ``test_killed_training``.

Arguments: the settings as JSON, the recording, the run folder, the step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from harness.training.config import TrainConfig
from harness.training.loop import train
from harness.training.status import StepStatus


def main() -> None:
    config, recording, out, last_step = sys.argv[1:]

    def die(status: StepStatus) -> None:
        if status.step == int(last_step):
            os.kill(os.getpid(), signal.SIGKILL)

    train(TrainConfig.from_json(json.loads(config)), Path(recording), Path(out), resume=True, on_status=die)


if __name__ == "__main__":
    main()
