"""The table of nets."""

from __future__ import annotations

import pytest

from nets import NETS, NetError, UNet, build_net, net_options


def test_build_net_passes_options_on() -> None:
    net = build_net("unet", 5, base_channels=4, depth=1)
    assert isinstance(net, UNet)
    assert net.head.out_channels == 5
    assert net.head.in_channels == 4


def test_a_misspelt_net_gets_a_suggestion() -> None:
    with pytest.raises(NetError, match=r"no net 'Unet'; did you mean 'unet'\?"):
        build_net("Unet", 5)


def test_a_misspelt_option_gets_a_suggestion() -> None:
    with pytest.raises(NetError, match=r"unet has no option 'base_chanels'; did you mean 'base_channels'\?"):
        build_net("unet", 5, base_chanels=4)


def test_an_option_like_none_lists_them_all() -> None:
    with pytest.raises(NetError, match=r"'xyz'\. It has: base_channels, depth, skip_connections, upsampling"):
        build_net("unet", 5, xyz=4)


def test_defaults_are_the_papers() -> None:
    assert net_options("unet") == {
        "base_channels": 64,
        "depth": 4,
        "skip_connections": True,
        "upsampling": "transposed",
    }


def test_every_net_in_the_table_can_be_built_with_its_defaults() -> None:
    for name in NETS:
        assert sum(parameter.numel() for parameter in build_net(name, 2).parameters()) > 0
