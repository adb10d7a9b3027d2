"""A recording folder while this process writes to it: what is there, and where what comes is put."""

from __future__ import annotations

from datasets.omissions import GAPS_NAME, QUARANTINE_NAME, OmissionLog
from datasets.recording_dir import RecordingDir
from datasets.shard_header import ShardHeader
from harness.recording.plan import PlannedStream, RecordingOptions
from harness.recording.stream_writer import StreamWriter
from harness.recording.streams_on_disk import StreamOnDisk, StreamsOnDisk


class OpenRecording:
    """A recording folder that this process writes to, with all that is known of it."""

    def __init__(self, recording: RecordingDir, options: RecordingOptions) -> None:
        """Look at what is there; ``recording`` is locked.

        Raises:
            DiskError: the folder cannot be written to.
        """
        is_durable = options.durable_every > 0
        self.recording = recording
        self.options = options
        self.streams = StreamsOnDisk(recording)
        self.gaps = OmissionLog(recording.root / GAPS_NAME, is_durable=is_durable)
        self.quarantine = OmissionLog(recording.root / QUARANTINE_NAME, is_durable=is_durable)

    def find(self, stream: PlannedStream) -> StreamOnDisk:
        """What is there of ``stream``."""
        return self.streams.find(stream.key)

    def writer(self, stream: PlannedStream, header: ShardHeader) -> StreamWriter:
        """A writer that goes on where ``stream`` ends; what was listed as missing behind that is tried again."""
        before = self.find(stream)
        for omissions in (self.gaps, self.quarantine):
            omissions.forget(*stream.key, after_frame=before.last_frame)
        return StreamWriter(
            self.recording,
            stream,
            header,
            options=self.options,
            before=before,
            gaps=self.gaps,
            quarantine=self.quarantine,
        )
