"""Shuffled batches of a `ShardDataset`, changed at random where they are decoded, in an order that can be resumed.

::

    def main() -> None:
        data = ShardDataset(paths, label_set=CITYSCAPES_19)
        loader = ShardLoader(data, batch_size=8, seed=1, num_workers=2, augmentation=Augmentation(crop=(512, 256)))
        for epoch in range(10):
            for rgb, labels in loader:  # uint8 (8, 3, 256, 512) and uint8 (8, 256, 512)
                ...  # loader.state_dict() goes into the checkpoint; load_state_dict() goes on after this batch

    if __name__ == "__main__":  # workers are started by importing this file
        main()

Decisions:

* **The order is a function of seed and epoch, the changes of seed, epoch and frame.** The stream is the same for any
  number of workers, and the state to resume from is two numbers. They count batches handed out, not those that workers
  have made ahead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor

from datasets.augmentation import Augmentation
from datasets.errors import ShardError
from datasets.frame_order import epoch_order
from datasets.torch_batches import BatchLoader, Draw
from datasets.torch_dataset import ShardDataset


class ShardLoader:
    """Shuffled batches of a `ShardDataset`, epoch after epoch, from any position on.

    Iterating gives the rest of the current epoch and then stands at the beginning of the next.
    """

    def __init__(
        self,
        dataset: ShardDataset,
        *,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        drop_last: bool = True,
        num_workers: int = 0,
        augmentation: Augmentation | None = None,
        pin_memory: bool = False,
        start_method: str = "spawn",
    ) -> None:
        """Stand at the beginning of epoch 0; arguments as in PyTorch's ``DataLoader`` and `BatchLoader`."""
        if batch_size < 1 or (drop_last and batch_size > len(dataset)):
            raise ShardError(f"the batch size is {batch_size}, expected 1 to {len(dataset)}, the number of frames")
        self.epoch = 0
        self.position = 0
        """Frames of the epoch that have been handed out."""
        self._identity = {"seed": seed, "shuffle": shuffle, "num_frames": len(dataset)}
        self._batch_size, self._drop_last = batch_size, drop_last
        self._loader = BatchLoader(
            dataset,
            batch_size=batch_size,
            num_workers=num_workers,
            seed=seed,
            augmentation=augmentation,
            pin_memory=pin_memory,
            start_method=start_method,
        )

    def __len__(self) -> int:
        """Batches that are left of this epoch."""
        return len(self._draws())

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Give ``rgb (B, 3, h, w)`` and ``labels (B, h, w)``, uint8; errors as `BatchLoader.batches`."""
        draws = self._draws()
        for (_, numbers), batch in zip(draws, self._loader.batches(draws), strict=True):
            self.position += len(numbers)
            yield batch
        self.epoch, self.position = self.epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """Where the stream stands, as JSON values: after the batch that was handed out last."""
        return {**self._identity, "epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken; ShardError when it belongs to other frames or another order."""
        theirs = {name: state.get(name) for name in self._identity}
        if theirs != self._identity:
            raise ShardError(f"the position belongs to {theirs}, but this loader has {self._identity}; give the same")
        self.epoch, self.position = int(state["epoch"]), int(state["position"])

    def _draws(self) -> list[Draw]:
        num_frames = self._identity["num_frames"]
        order = (
            epoch_order(num_frames, seed=self._identity["seed"], epoch=self.epoch)
            if self._identity["shuffle"]
            else list(range(num_frames))
        )
        size = self._batch_size
        left = [order[start : start + size] for start in range(self.position, num_frames, size)]
        return [(self.epoch, numbers) for numbers in left if len(numbers) == size or not self._drop_last]
