"""A script: write what segmentation-models-pytorch has and computes, for our nets to be compared with.

The library is not in the environment of the tests but in a folder beside it, because it imports torchvision, and
torchvision's plain wheel is made for another build of torch than the CPU one that many machines have. That breaks
other libraries, which look for a torchvision and use it. So this script is a process of its own, started once by the
fixture ``smp_reference`` in conftest.py: ``python smp_reference.py FOLDER_OF_THE_LIBRARIES OUTPUT_FILE``. It knows
nothing of our nets.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

NUM_CLASSES = 29


def main(libraries: str, output: Path) -> None:
    sys.path.append(libraries)
    _declaration = importable_torchvision()  # it ends with this variable
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    images = torch.randn(2, 3, 64, 96)
    vgg = randomised(smp.encoders.get_encoder("vgg16_bn", weights=None).features)
    deeplab = randomised(deeplabv3plus(smp, output_stride=16))
    fine = deeplabv3plus(smp, output_stride=8).eval()
    fine.load_state_dict(deeplab.state_dict())
    decoder = deeplab.decoder
    with torch.inference_mode():
        results = {
            "images": images,
            "vgg16_bn": {"state": state(vgg), "features": vgg(images)},
            "deeplabv3plus": {
                "parameters": sum(parameter.numel() for parameter in deeplab.parameters()),
                "encoder": state(deeplab.encoder),
                "aspp": state(decoder.aspp[0]),
                "low_level": state(decoder.block1),
                "refine": state(decoder.block2) + state(decoder.aspp[1:]),
                "head": state(deeplab.segmentation_head),
                "logits": {
                    16: logits_in_the_papers_order(deeplab, images),
                    8: logits_in_the_papers_order(fine, images),
                },
            },
        }
    torch.save(results, output)


def importable_torchvision() -> torch.library.Library | None:
    """Import torchvision; if its compiled part cannot be loaded, declare the two operators that importing it asks for.

    Nothing that is compared here finds boxes, so that the operators need no implementation.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if "operator torchvision::nms does not exist" not in str(error):
            raise
        library = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401

        return library
    return None


def deeplabv3plus(smp: Any, *, output_stride: int) -> Any:
    """Return the library's net with the paper's rates (its defaults are those of output stride 8, at 16, too)."""
    net = smp.DeepLabV3Plus(
        "resnet50",
        encoder_weights=None,
        encoder_output_stride=output_stride,
        decoder_atrous_rates=tuple(rate * 16 // output_stride for rate in (6, 12, 18)),
        classes=NUM_CLASSES,
    )
    net.decoder.up.align_corners = False
    return net


def logits_in_the_papers_order(net: Any, images: Tensor) -> Tensor:
    """Compute with the library's layers, but with both 3x3 convolutions after the concatenation.

    The library has one of the two (``aspp[1:]``) before it enlarges; the paper (section 4.1) has both at the end.
    """
    features = net.encoder(images)
    decoder = net.decoder
    x = decoder.up(decoder.aspp[0](features[-1]))
    x = decoder.block2(torch.cat((x, decoder.block1(features[2])), dim=1))
    logits: Tensor = net.segmentation_head[0](decoder.aspp[1:](x))
    return logits


def randomised(net: Any) -> Any:
    """Make biases and batch statistics random: as they are initialised, one would not see which goes where."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
            nn.init.normal_(module.running_mean, std=0.1)
        if isinstance(module, nn.BatchNorm2d | nn.Conv2d) and module.bias is not None:
            nn.init.normal_(module.bias, std=0.1)
    return net.eval()


def state(module: nn.Module) -> list[Tensor]:
    return list(module.state_dict().values())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
