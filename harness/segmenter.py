"""A trained net as a function from pictures to class ids, for scoring, predicting and driving alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from datasets.labels import LabelError, LabelSet, label_set
from harness.errors import CheckpointError
from harness.run_dir import RunDir, digest_input
from harness.training.checkpoint import CheckpointInfo, first_mismatch, load_checkpoint
from harness.training.device import autocast, choose_device, choose_precision
from harness.training.pixels import to_class_ids, to_net_input
from nets import NetError, build_net

Image = NDArray[np.uint8]


class Segmenter:
    """Predicts class ids of ``label_set`` for RGB images of any size; see ``load``.

    Deterministic on the CPU: the same call gives the same ids.
    """

    def __init__(
        self,
        net: nn.Module,
        label_set: LabelSet,
        *,
        device: str = "auto",
        precision: str = "auto",
        origin: Mapping[str, Any] | None = None,
    ) -> None:
        """Take over ``net``: it is moved to the device and set to inference.

        Args:
            net: RGB ``(B, 3, H, W)`` in, logits ``(B, K, H, W)`` out, K being ``label_set.num_classes``.
            label_set: meaning of the ids.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            precision: ``auto``, ``float32``, ``bfloat16`` or ``float16``.
            origin: where the weights came from, JSON values; set by ``load``.
        """
        self.label_set = label_set
        self.origin: Mapping[str, Any] = origin or {}
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self._net = net.to(self.device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

    @classmethod
    def load(
        cls,
        run: Path,
        *,
        device: str = "auto",
        checkpoint: str = "best",
        precision: str = "auto",
    ) -> Segmenter:
        """Load a net that ``harness train`` wrote into the folder ``run``.

        Args:
            run: the run folder.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            checkpoint: ``"best"``, of highest validation mIoU, or ``"last"``.
            precision: ``auto``, ``float32``, ``bfloat16`` or ``float16``.

        Raises:
            CheckpointError: the checkpoint is missing, cut short or damaged, or its net or classes are not the ones
                this version of the harness has under those names.
        """
        folder = RunDir(run)
        info, weights = load_checkpoint(folder, checkpoint)
        path = folder.weights(checkpoint)
        labels = _label_set(info, path)
        try:
            net = build_net(info.net, labels.num_classes, **info.net_options)
            net.load_state_dict(weights)
        except (NetError, RuntimeError) as error:
            raise CheckpointError(
                f"{path} does not fit the net {info.net!r} with {labels.num_classes} classes and options "
                f"{info.net_options}: {first_mismatch(error)} Use the harness version that wrote it, or train again."
            ) from error
        origin = {
            "run": str(run),
            "checkpoint": checkpoint,
            "net": info.net,
            "net_options": info.net_options,
            "epoch": info.epoch,
            "weights_sha256": digest_input(path),
        }
        return cls(net, labels, device=device, precision=precision, origin=origin)

    def predict(self, rgb: Image) -> Image:
        """Return class ids ``(H, W)`` uint8 for one image ``(H, W, 3)`` uint8 RGB."""
        return self.predict_batch([rgb])[0]

    def predict_batch(self, images: Sequence[Image]) -> list[Image]:
        """Return class ids ``(H, W)`` uint8 for each image ``(H, W, 3)`` uint8 RGB.

        Images of one size go through the net together, in the order given; mixed sizes go one size at a time.
        """
        indices_by_shape: dict[tuple[int, ...], list[int]] = {}
        for index, image in enumerate(images):
            _check_image(image)
            indices_by_shape.setdefault(image.shape, []).append(index)
        results: dict[int, Image] = {}
        for indices in indices_by_shape.values():
            ids = self._predict_equal(np.stack([images[index] for index in indices]))
            results.update(zip(indices, ids, strict=True))
        return [results[index] for index in range(len(images))]

    def probabilities(self, images: NDArray[np.uint8]) -> Tensor:
        """Return class probabilities ``(B, K, H, W)`` float32, on the device, for ``images (B, H, W, 3)`` uint8 RGB."""
        with torch.inference_mode():
            return self._logits(images).float().softmax(dim=1)

    def _predict_equal(self, stack: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ids ``(B, H, W)`` uint8 for ``stack (B, H, W, 3)`` uint8."""
        with torch.inference_mode():
            ids: NDArray[np.uint8] = to_class_ids(self._logits(stack)).cpu().numpy()
        return ids

    def _logits(self, stack: NDArray[np.uint8]) -> Tensor:
        """Return logits ``(B, K, H, W)``; call it in inference mode."""
        # A permuted HWC image already is channels-last: no copy until the conversion to float.
        rgb = torch.from_numpy(stack).permute(0, 3, 1, 2).to(self.device, non_blocking=True)
        with autocast(self.device, self.precision):
            logits: Tensor = self._net(to_net_input(rgb))
        return logits


def _label_set(info: CheckpointInfo, path: Path) -> LabelSet:
    """Return the label set of a checkpoint: the one in it, or, where it has the name only, the built-in one.

    That must still have the same classes in the same order.
    """
    try:
        labels = label_set(info.label_set) if info.labels is None else LabelSet.from_json(info.labels)
    except LabelError as error:
        raise CheckpointError(f"{path} was trained for label set {info.label_set!r}: {error}") from error
    if tuple(labels.names) != info.classes:
        raise CheckpointError(
            f"{path} was trained for {len(info.classes)} classes ({', '.join(info.classes[:4])}, ...), but label set "
            f"{info.label_set!r} now has {labels.num_classes} ({', '.join(tuple(labels.names)[:4])}, ...). Use the "
            "harness version that wrote it, or train again."
        )
    return labels


def _check_image(image: Image) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image has shape {image.shape} and type {image.dtype}; expected (H, W, 3) uint8 RGB")
