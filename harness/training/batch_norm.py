"""Batch norm over the whole batch when it is divided among processes, so that their number changes no result.

On GPUs that is torch's own ``SyncBatchNorm``, which refuses CPUs. There it is the class below: plain differentiable
arithmetic around one differentiable sum over processes. It takes more memory and time than a fused kernel; several
processes on CPUs are for tests and for clusters without GPUs.

Mean first, then the squared distances from it: ``E[x^2] - E[x]^2`` would take one exchange instead of two, but loses
its digits where the mean is large.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from harness.training.distributed import Ranks


def synchronised(net: nn.Module, ranks: Ranks) -> nn.Module:
    """Return ``net`` with batch norm over all processes; the names in its ``state_dict`` stay, and so do its tensors.

    ``net`` itself is changed. With one process it stays as it is.

    Args:
        net: with ``BatchNorm2d`` layers, on the device that it will be trained on.
        ranks: the processes.
    """
    if ranks.size == 1:
        return net
    if any(parameter.is_cuda for parameter in net.parameters()):
        converted: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(net)  # type: ignore[no-untyped-call]
        return converted
    for parent in list(net.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                setattr(parent, name, SynchronisedBatchNorm.like(child, ranks))
    return net


class SynchronisedBatchNorm(nn.BatchNorm2d):
    """``BatchNorm2d`` whose statistics in training are those of the frames of all processes."""

    ranks: Ranks

    @classmethod
    def like(cls, layer: nn.BatchNorm2d, ranks: Ranks) -> SynchronisedBatchNorm:
        """Return one with the tensors and settings of ``layer``."""
        synchronised = cls(layer.num_features, layer.eps, layer.momentum, affine=False, track_running_stats=False)
        synchronised.__dict__.update(layer.__dict__)
        synchronised.ranks = ranks
        return synchronised

    def forward(self, features: Tensor) -> Tensor:
        """Normalise ``features (B, C, H, W)``; all processes must call it, with any B from 1 on."""
        if not self.training:
            return super().forward(features)
        # float32 at least for the statistics, whatever autocast made of the features, as in torch's kernels.
        wide = features.to(torch.promote_types(features.dtype, torch.float32))
        count = self.ranks.sum_(wide.new_tensor(wide.numel() // wide.shape[1]))
        mean = self._sum(wide) / count
        centred = wide - mean[:, None, None]
        variance = self._sum(centred.square()) / count
        self._track(mean.detach(), variance.detach() * (count / (count - 1)))
        scale = torch.rsqrt(variance + self.eps)
        if self.weight is not None:
            scale = scale * self.weight
        normalised = centred * scale[:, None, None]
        if self.bias is not None:
            normalised = normalised + self.bias[:, None, None]
        return normalised.to(features.dtype)

    def _sum(self, values: Tensor) -> Tensor:
        """``(C,)`` sums of ``values (B, C, H, W)`` over the frames and pixels of all processes."""
        summed: Tensor = _SumOverRanks.apply(values.sum(dim=(0, 2, 3)), self.ranks)  # type: ignore[no-untyped-call]
        return summed

    @torch.no_grad()
    def _track(self, mean: Tensor, unbiased_variance: Tensor) -> None:
        """Move the running statistics towards those of this batch, as ``BatchNorm2d`` does."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked += 1
        # No momentum: the plain average of all batches.
        share = 1.0 / self.num_batches_tracked if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(unbiased_variance, share)


class _SumOverRanks(torch.autograd.Function):
    """A sum over processes. Each of them adds to all results, so its gradient is the sum of all gradients."""

    @staticmethod
    def forward(context: Any, part: Tensor, ranks: Ranks) -> Tensor:
        context.ranks = ranks
        return ranks.sum_(part.clone())

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return context.ranks.sum_(gradient.clone()), None
