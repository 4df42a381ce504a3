"""What every network in the registry promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import torch

from medseg_gui.errors import InputError, WeightsError
from medseg_gui.networks import NETWORKS, build_network, normalisation
from medseg_gui.networks.encoder_weights import load_encoder_weights
from medseg_gui.networks.gan import PatchDiscriminator

# Published counts in millions (networks' notes, sections 1 and 2).
PARAMETERS = {"gan": 54.41, "unet_resnet34": 24.44, "unet_lite0": 5.20}


@pytest.fixture(params=list(NETWORKS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_gives_one_logit_a_pixel(name: str) -> None:
    network = build_network(name).eval()
    with torch.inference_mode():
        logits = network(torch.zeros(1, 3, network.input_size, network.input_size))
    assert logits.shape == (1, 1, network.input_size, network.input_size)
    assert torch.isfinite(logits).all()


def test_has_the_published_size(name: str) -> None:
    count = sum(p.numel() for p in build_network(name).parameters())
    assert count / 1e6 == pytest.approx(PARAMETERS[name], abs=0.006)


def test_learns_from_every_parameter(name: str) -> None:
    network = build_network(name).train()
    network(torch.randn(2, 3, 256, 256)).square().mean().backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []


def test_normalises_each_channel(name: str) -> None:
    mean, std = normalisation(build_network(name))
    assert len(mean) == len(std) == 3
    assert all(0 < v < 1 for v in (*mean, *std))


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(InputError, match="unet_lite0"):
        build_network("resnet")


def test_lite0_is_the_library_s_network() -> None:
    """Every tensor's name, and every output, of segmentation_models_pytorch's decoder on timm's encoder."""
    theirs = smp.Unet("tu-tf_efficientnet_lite0", encoder_weights=None, classes=1).eval()
    ours = build_network("unet_lite0").eval()
    ours.load_state_dict(theirs.state_dict())
    with torch.inference_mode():
        x = torch.randn(2, 3, 96, 64)
        torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=0)


def test_lite0_starts_as_the_library_s_network_does() -> None:
    theirs = smp.Unet("tu-tf_efficientnet_lite0", encoder_weights=None, classes=1).state_dict()
    for name, tensor in build_network("unet_lite0").state_dict().items():
        if tensor.ndim == 4 and tensor.numel() > 5000:
            assert tensor.std().item() == pytest.approx(theirs[name].std().item(), rel=0.1), name


def test_lite0_needs_no_other_library() -> None:
    """Importing them would double the time to the first mask."""
    code = (
        "import sys; from medseg_gui.networks import build_network; build_network('unet_lite0'); "
        "assert not {'timm', 'torchvision', 'segmentation_models_pytorch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_gan_logit_is_the_published_tanh() -> None:
    """sigmoid of our logit is (tanh + 1) / 2 of the value before the paper's Tanh."""
    network = build_network("gan").eval()
    with torch.inference_mode():
        logits = network(torch.randn(1, 3, 256, 256))
    before = logits / 2
    torch.testing.assert_close(torch.sigmoid(logits), (torch.tanh(before) + 1) / 2)


def test_discriminator_judges_patches() -> None:
    verdict = PatchDiscriminator()(torch.zeros(1, 3, 256, 256), torch.zeros(1, 1, 256, 256))
    assert verdict.shape == (1, 1, 30, 30)


def test_encoder_weights_by_name(tmp_path: Path) -> None:
    donor = build_network("unet_resnet34")
    path = tmp_path / "resnet34.pth"
    torch.save({**donor.encoder.state_dict(), "fc.weight": torch.zeros(1000, 512)}, path)
    network = build_network("unet_resnet34")
    load_encoder_weights(network, path)
    torch.testing.assert_close(network.encoder.state_dict(), donor.encoder.state_dict())


def test_encoder_weights_by_position(tmp_path: Path) -> None:
    donor = build_network("unet_lite0")
    tensors = [v for k, v in donor.encoder.state_dict().items() if not k.endswith("num_batches_tracked")]
    renamed = {f"_blocks.{i}": v for i, v in enumerate(tensors)}
    torch.save(renamed, tmp_path / "lite0.pth")
    network = build_network("unet_lite0")
    load_encoder_weights(network, tmp_path / "lite0.pth")
    torch.testing.assert_close(network.encoder.model.conv_stem.weight, donor.encoder.model.conv_stem.weight)


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_unusable_encoder_weights_are_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "weights.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.pth"):
        load_encoder_weights(build_network("unet_lite0"), path)


def test_weights_of_another_encoder_are_told(tmp_path: Path) -> None:
    torch.save(build_network("unet_resnet34").encoder.state_dict(), tmp_path / "r.pth")
    with pytest.raises(WeightsError, match="another encoder"):
        load_encoder_weights(build_network("unet_lite0"), tmp_path / "r.pth")


@pytest.mark.shared_data
def test_published_lite0_weights_give_image_net_features(shared_data: Path) -> None:
    """Right by position means: the features of a photograph differ from channel to channel, not noise or zeros."""
    network = build_network("unet_lite0").eval()
    load_encoder_weights(network, shared_data / "weights" / "efficientnet-lite0-57934424.pth")
    source = torch.load(shared_data / "weights" / "efficientnet-lite0-57934424.pth", weights_only=True)
    torch.testing.assert_close(network.encoder.model.conv_stem.weight, source["_conv_stem.weight"])
    torch.testing.assert_close(
        network.encoder.model.blocks[6][0].bn3.running_var, source["_blocks.15._bn2.running_var"]
    )
