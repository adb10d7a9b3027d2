"""What every loss, and every sum of them, must keep to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from datasets.labels import IGNORE_ID
from harness.training.losses import LOSSES, build_loss
from tests.unit.harness.training.losses.batches import NUM_CLASSES, random_case
from tests.unit.harness.training.losses.references import REFERENCES

OF_PIXELS = ("cross-entropy", "focal", "boundary")
OF_PICTURES = ("dice", "lovasz", "ohem")
SUM = "+".join(f"{factor}*{name}" for factor, name in zip((1, 0.5, 2, 0.25, 3, 1.5), LOSSES, strict=True))
TEXTS = (*LOSSES, SUM)


def gradient(loss: Tensor, logits: Tensor) -> Tensor:
    (result,) = torch.autograd.grad(loss, logits, retain_graph=True)
    return result


def test_every_loss_is_tested() -> None:
    assert {*OF_PIXELS, *OF_PICTURES} == set(LOSSES) == set(REFERENCES)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_loss_is_what_its_definition_says(name: str, is_weighted: bool, seed: int) -> None:
    case = random_case(seed, is_weighted=is_weighted)
    weights = np.ones(NUM_CLASSES) if case.class_weights is None else case.class_weights.double().numpy()
    expected = REFERENCES[name](case.logits.detach().double().numpy(), case.labels.numpy(), weights)
    assert expected > 0
    loss = case.build(name)
    assert loss(case.logits, case.labels).item() == pytest.approx(expected, rel=1e-5)
    channels_last = case.logits.detach().contiguous(memory_format=torch.channels_last)
    assert loss(channels_last, case.labels).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_the_gradient_is_that_of_small_differences(name: str, is_weighted: bool) -> None:
    case = random_case(3, size=(1, 4, 5), is_weighted=is_weighted)
    truth = case.truth
    assert torch.autograd.gradcheck(
        lambda rows: LOSSES[name].total(rows, truth), case.rows.requires_grad_(), fast_mode=True
    )


@pytest.mark.parametrize("text", TEXTS)
@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**16),
    size=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 9)),
    ignored=st.sampled_from([0.0, 0.1, 0.6, 0.95, 1.0]),
    is_weighted=st.booleans(),
    scale=st.sampled_from([0.1, 1.0, 40.0]),
)
def test_ignored_pixels_have_a_gradient_of_exactly_zero(
    text: str, seed: int, size: tuple[int, int, int], ignored: float, is_weighted: bool, scale: float
) -> None:
    case = random_case(seed, size=size, ignored=ignored, is_weighted=is_weighted)
    loss = case.build(text, auxiliary_weights=(0.4,))((case.logits * scale, case.logits), case.labels)
    assert torch.isfinite(loss)
    assert loss >= 0
    slopes = gradient(loss, case.logits)
    assert torch.isfinite(slopes).all()
    is_ignored = (case.labels == IGNORE_ID)[:, None].expand_as(slopes)
    assert torch.count_nonzero(slopes[is_ignored]) == 0
    assert is_ignored.all() or torch.count_nonzero(slopes) > 0


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_what_the_logits_of_ignored_pixels_are_does_not_matter(text: str, is_weighted: bool) -> None:
    case = random_case(4, is_weighted=is_weighted)
    others = torch.where((case.labels == IGNORE_ID)[:, None], 7 * case.logits.flip(1), case.logits)
    loss = case.build(text)
    torch.testing.assert_close(loss(others, case.labels), loss(case.logits, case.labels))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_a_batch_without_labels_has_loss_and_gradient_zero(text: str, is_weighted: bool) -> None:
    case = random_case(ignored=1.0, is_weighted=is_weighted)
    loss = case.build(text)
    value = loss(case.logits, case.labels)
    assert value == 0
    assert torch.count_nonzero(gradient(value, case.logits)) == 0
    assert torch.count_nonzero(loss.weights(case.labels)) == 0


@pytest.mark.parametrize("text", TEXTS)
def test_a_nan_is_not_hidden(text: str) -> None:
    case = random_case(5, ignored=0.0)
    logits = case.logits.detach().clone()
    logits[0, 0, 3, 3] = float("nan")
    assert torch.isnan(case.build(text)(logits, case.labels))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_summed_in_float32(text: str, dtype: torch.dtype) -> None:
    case = random_case(6)
    loss = case.build(text)
    logits = (20 * case.logits).to(dtype)
    value = loss(logits, case.labels)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(logits.float(), case.labels))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_parts_add_up_to_the_batch(text: str, is_weighted: bool) -> None:
    case = random_case(7, size=(5, 9, 11), is_weighted=is_weighted)
    loss = case.build(text)
    parts = [slice(0, 2), slice(2, 3), slice(3, 5)]
    total_weights = torch.stack([loss.weights(case.labels[part]) for part in parts]).sum(dim=0)
    torch.testing.assert_close(total_weights, loss.weights(case.labels))
    shares = [loss(case.logits[part], case.labels[part], total_weights=total_weights) for part in parts]
    if text in OF_PIXELS:
        whole = loss(case.logits, case.labels)
        torch.testing.assert_close(sum(shares), whole)
        torch.testing.assert_close(gradient(sum(shares), case.logits), gradient(whole, case.logits))
    elif text in OF_PICTURES:
        weights = torch.stack([loss.weights(case.labels[part]) for part in parts])[:, 0]
        alone = torch.stack([loss(case.logits[part], case.labels[part]) for part in parts])
        torch.testing.assert_close(sum(shares), (alone * weights).sum() / weights.sum())


def test_a_sum_is_the_sum_of_its_terms() -> None:
    case = random_case(8, is_weighted=True)

    def value(text: str) -> float:
        return case.build(text)(case.logits, case.labels).item()  # type: ignore[no-any-return]

    terms = [float(factor) * value(name) for factor, name in (term.split("*") for term in SUM.split("+"))]
    assert value(SUM) == pytest.approx(sum(terms), rel=1e-6)
    assert case.build(SUM).weights(case.labels).shape == (6,)


@pytest.mark.parametrize("text", TEXTS)
def test_auxiliary_outputs_count_with_their_factors(text: str) -> None:
    case = random_case(9, is_weighted=True)
    outputs = (case.logits, case.logits.flip(2), 0.5 * case.logits)
    plain = case.build(text)
    main, first, second = (plain(output, case.labels) for output in outputs)
    deep = case.build(text, auxiliary_weights=(0.4, 0.1))
    torch.testing.assert_close(deep(outputs, case.labels), main + 0.4 * first + 0.1 * second)
    torch.testing.assert_close(deep(case.logits, case.labels), main)
    with pytest.raises(ValueError, match="zip"):
        deep(outputs[:2], case.labels)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_nothing_waits_for_the_device(text: str, is_weighted: bool) -> None:
    """Fake tensors have no numbers: whatever looks at one, be it a size that depends on it, ends with an error."""
    case = random_case(is_weighted=is_weighted)
    loss = case.build(text, auxiliary_weights=(0.4,))
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        logits, labels = mode.from_tensor(case.logits.detach()).requires_grad_(), mode.from_tensor(case.labels)
        loss((logits, logits), labels, total_weights=loss.weights(labels)).backward()
        assert logits.grad is not None
        assert logits.grad.shape == logits.shape
        with pytest.raises(DataDependentOutputException):
            loss(logits, labels).item()


def test_it_is_one_graph_for_torch_compile() -> None:
    case = random_case(is_weighted=True)
    loss = case.build(SUM, auxiliary_weights=(0.4,))
    compiled = torch.compile(loss, fullgraph=True, backend="eager")
    outputs = (case.logits.detach(), case.logits.detach().flip(2))
    torch.testing.assert_close(compiled(outputs, case.labels), loss(outputs, case.labels))


@pytest.mark.parametrize("text", TEXTS)
def test_a_net_learns_by_it(text: str) -> None:
    """Three colours with noise, a quarter of the pixels unlabelled, and a class that is rare."""
    generator = torch.Generator().manual_seed(0)
    truth = (torch.rand((1, 16, 16), generator=generator) * 2).byte()
    truth[:, 10:13, 5:9] = 2
    images = torch.eye(3)[truth.long()].permute(0, 3, 1, 2) + 0.2 * torch.randn((1, 3, 16, 16), generator=generator)
    labels = truth.clone()
    labels[:, ::2, ::2] = IGNORE_ID
    torch.manual_seed(0)
    net = nn.Conv2d(3, 3, kernel_size=1)
    loss = build_loss(text, num_classes=3, ignore_id=IGNORE_ID, class_weights=None)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.3)
    for _ in range(30):
        optimizer.zero_grad()
        loss(net(images), labels).backward()
        optimizer.step()
    found = net(images).argmax(dim=1)
    assert min((found[truth == k] == k).float().mean().item() for k in range(3)) > 0.9


def test_class_weights_must_be_of_the_classes() -> None:
    with pytest.raises(AssertionError):
        build_loss("focal", num_classes=3, ignore_id=IGNORE_ID, class_weights=torch.ones(4))
