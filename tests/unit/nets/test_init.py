"""The table of nets, and the notation of a net with its options."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from nets import NETS, NetError, UNet, build_net, net_notation, net_options, parse_net


def test_build_net_passes_options_on() -> None:
    net = build_net("unet", 5, base_channels=4, depth=1)
    assert isinstance(net, UNet)
    assert net.head.out_channels == 5
    assert net.head.in_channels == 4


def test_a_misspelt_net_gets_a_suggestion() -> None:
    with pytest.raises(NetError, match=r"no net 'Unet' \(did you mean 'unet'\?\)"):
        build_net("Unet", 5)


def test_a_misspelt_option_gets_a_suggestion() -> None:
    with pytest.raises(NetError, match=r"unet has no option 'base_chanels' \(did you mean 'base_channels'\?\)"):
        build_net("unet", 5, base_chanels=4)


def test_an_option_like_none_lists_them_all() -> None:
    with pytest.raises(NetError, match=r"'xyz'\. It has: base_channels, depth, skip_connections, upsampling"):
        build_net("unet", 5, xyz=4)


def test_defaults_are_the_papers_but_for_the_width_of_unet() -> None:
    assert net_options("unet") == {
        "base_channels": 32,
        "depth": 4,
        "skip_connections": True,
        "upsampling": "transposed",
    }
    assert net_options("segnet") == {"base_channels": 64}
    assert net_options("deeplabv3plus") == {"base_channels": 64, "output_stride": 16}


@pytest.mark.parametrize("name", NETS)
def test_every_net_in_the_table_can_be_built_with_its_defaults(name: str) -> None:
    assert isinstance(build_net(name, 2), nn.Module)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("segnet", ("segnet", {})),
        ("segnet:base_channels=16", ("segnet", {"base_channels": 16})),
        (
            "unet:upsampling=bilinear:skip_connections=false",
            ("unet", {"upsampling": "bilinear", "skip_connections": False}),
        ),
        ("unet:depth=4", ("unet", {"depth": 4})),
    ],
)
def test_notation_is_read_with_the_types_of_the_defaults(text: str, expected: tuple[str, dict[str, Any]]) -> None:
    parsed = parse_net(text)
    assert parsed == expected
    assert [type(value) for value in parsed[1].values()] == [type(value) for value in expected[1].values()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "There is no net ''"),
        ("segnett", r"no net 'segnett' \(did you mean 'segnet'"),
        ("unet:", "'' in 'unet:' has no value; write OPTION=VALUE"),
        ("unet:depth", "'depth' in 'unet:depth' has no value"),
        ("unet:dept=3", r"unet has no option 'dept' \(did you mean 'depth'"),
        ("unet:depth=3:depth=3", "depth stands twice"),
        ("unet:depth=three", "depth is 'three'; it must be a whole number"),
        ("unet:depth=3.0", "depth is '3.0'; it must be a whole number"),
        ("unet:skip_connections=no", "skip_connections is 'no'; it must be true or false"),
    ],
)
def test_what_is_wrong_in_a_notation_is_named(text: str, message: str) -> None:
    with pytest.raises(NetError, match=message):
        parse_net(text)


def test_the_notation_of_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(NetError, match="segnet has no option 'depth'"):
        net_notation("segnet", {"depth": 3})


@st.composite
def nets_with_options(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A net and values for some of its options: defaults, and others of the same type."""
    name = draw(st.sampled_from(sorted(NETS)))
    values = {
        option: st.just(default) | of_the_type_of(default)
        for option, default in net_options(name).items()
        if draw(st.booleans())
    }
    return name, draw(st.fixed_dictionaries(values))


def of_the_type_of(default: object) -> st.SearchStrategy[Any]:
    by_type: dict[type, st.SearchStrategy[Any]] = {
        bool: st.booleans(),
        int: st.integers(),
        float: st.floats(allow_nan=False),
        str: st.text().filter(lambda text: ":" not in text),
    }
    return by_type[type(default)]


@given(nets_with_options())
def test_reading_inverts_writing(net: tuple[str, dict[str, Any]]) -> None:
    name, options = net
    defaults = net_options(name)
    changed = {option: value for option, value in options.items() if value != defaults[option]}
    assert parse_net(net_notation(name, options)) == (name, changed)


@given(nets_with_options())
def test_one_net_has_one_notation(net: tuple[str, dict[str, Any]]) -> None:
    """Whatever the order of its options, and whether or not defaults are among them."""
    name, options = net
    backwards = dict(reversed((net_options(name) | options).items()))
    assert net_notation(name, backwards) == net_notation(name, options)
    assert net_notation(*parse_net(net_notation(name, options))) == net_notation(name, options)
