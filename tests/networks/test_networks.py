"""What every network in the registry promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import torch
from safetensors.torch import save_file
from torchvision.models import resnet50
from torchvision.models.vgg import cfgs, make_layers

from medseg_gui.errors import InputError, WeightsError
from medseg_gui.networks import NETWORKS, build_network, normalisation
from medseg_gui.networks.centre_classifier import CentreClassifier, sobel_edges
from medseg_gui.networks.encoder_weights import load_encoder_weights
from medseg_gui.networks.gan import PatchDiscriminator
from medseg_gui.networks.sdnet import hard_assignment
from medseg_gui.networks.unet import UNet
from tests.small_networks import size_of, small_networks

# Published counts in millions (networks' notes, sections 1 and 2).
PARAMETERS = {
    "gan": 54.41,
    "unet_resnet34": 24.44,
    "unet_lite0": 5.20,
    "unet": 17.26,
    "deeplabv3plus_resnet101": 45.67,
    "sdnet": 23.04,
}


@pytest.fixture(params=list(NETWORKS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def test_gives_one_logit_a_pixel(name: str) -> None:
    side = size_of(name)
    with small_networks(), torch.inference_mode():
        logits = build_network(name).eval()(torch.zeros(2, 3, side, side))
    assert logits.shape == (2, 1, side, side)
    assert torch.isfinite(logits).all()


def count(network: torch.nn.Module) -> float:
    """Parameters in millions."""
    return sum(p.numel() for p in network.parameters()) / 1e6


def test_has_the_published_size(name: str) -> None:
    with torch.device("meta"):
        assert count(build_network(name)) == pytest.approx(PARAMETERS[name], abs=0.006)


def test_unet_has_the_published_size_with_either_way_up() -> None:
    with torch.device("meta"):
        assert count(UNet(bilinear=True)) == pytest.approx(17.3, abs=0.05)
        assert count(UNet(bilinear=False)) == pytest.approx(31.0, abs=0.05)


def test_the_centre_classifier_is_a_resnet50() -> None:
    with torch.device("meta"):
        assert count(CentreClassifier(5)) == pytest.approx(23.51 + 5 * 2049 / 1e6, abs=0.005)


def test_normalises_each_channel(name: str) -> None:
    with torch.device("meta"):
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
    with small_networks(), torch.inference_mode():
        network = build_network("gan").eval()
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


def test_edges_are_where_something_changes() -> None:
    rgb = torch.zeros(1, 3, 8, 8)
    rgb[..., 4:] = 1
    edges = sobel_edges(rgb)
    assert edges.shape == rgb.shape
    torch.testing.assert_close(edges[0, 0], torch.tensor([0.0, 0, 0, 4, 4, 0, 0, 0]).expand(8, 8))


def test_sdnet_assigns_each_pixel_to_one_factor() -> None:
    scores = torch.randn(2, 8, 4, 4, requires_grad=True)
    for draw in (False, True):
        factors = hard_assignment(scores, draw)
        torch.testing.assert_close(factors.sum(1), torch.ones(2, 4, 4))
        assert set(factors.detach().round(decimals=5).unique().tolist()) == {0.0, 1.0}
        assert torch.autograd.grad(factors[:, 0].sum(), scores)[0].abs().sum() > 0
    torch.testing.assert_close(hard_assignment(scores, False).argmax(1), scores.argmax(1))


def test_sdnet_takes_pictures_of_any_size_apart() -> None:
    with small_networks():
        network = build_network("sdnet").eval()
    for side in (64, 96):
        x = torch.rand(2, 3, side, side) * 2 - 1
        with torch.inference_mode():
            parts = network.disentangle(x)
            torch.testing.assert_close(parts.logits, network(x))
        assert parts.reconstruction.shape == x.shape
        assert parts.reconstruction.abs().max() <= 1
        assert parts.anatomy.shape == (2, 8, side, side)
        torch.testing.assert_close(parts.style, parts.mean)  # nothing is drawn where nothing is learnt


@pytest.mark.parametrize("place", ["plain", "wrapped"])
def test_vgg_weights_start_the_classic_unet(tmp_path: Path, place: str) -> None:
    """The encoder then computes what torchvision's `vgg13_bn` computes, its biases included."""
    donor = make_layers(cfgs["B"], batch_norm=True).eval()
    for module in donor:
        if isinstance(module, torch.nn.Conv2d | torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.bias)
    state = {f"features.{k}": v for k, v in donor.state_dict().items()}
    torch.save(
        state if place == "plain" else {"state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "v.pth"
    )
    network = UNet().eval()
    load_encoder_weights(network, tmp_path / "v.pth")
    x = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        torch.testing.assert_close(network.down[1](torch.max_pool2d(network.down[0](x), 2)), donor[:13](x))


@pytest.mark.parametrize(("name", "word"), [("unet", "vgg13_bn"), ("sdnet", "vgg13_bn"), ("gan", "no encoder")])
def test_a_network_says_which_encoder_it_takes(tmp_path: Path, name: str, word: str) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "r.pth")
    with small_networks():
        network = build_network(name)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    with pytest.raises(WeightsError, match=word):
        load_encoder_weights(network, tmp_path / "r.pth")
    torch.testing.assert_close(network.state_dict(), before)


def test_the_classifier_starts_from_a_resnet50_of_timm_as_safetensors(tmp_path: Path) -> None:
    donor = resnet50(weights=None).state_dict()  # timm gives the same names
    save_file(donor, tmp_path / "resnet50.safetensors")
    classifier = CentreClassifier(3)
    load_encoder_weights(classifier, tmp_path / "resnet50.safetensors")
    torch.testing.assert_close(classifier.encoder.layer4[2].conv3.weight, donor["layer4.2.conv3.weight"])


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
