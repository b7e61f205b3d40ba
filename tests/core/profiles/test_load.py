"""Profiles are whole, dated and sourced; a wrong one is refused with the place and the reason."""

from importlib.resources import files
from typing import get_args

import pytest

from core.profiles.load import ProfileError, load_profile, parse_profile
from core.profiles.profile import ProfileName

TEXT = (files("core.profiles") / "ga.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", get_args(ProfileName))
def test_every_profile_that_can_be_declared_is_there_under_its_name(name: str) -> None:
    assert load_profile(name).name == name
    assert load_profile(name) is load_profile(name)


def test_the_beta_has_the_instance_types_of_today_and_says_that_they_are_assumed() -> None:
    today, beta = load_profile("ga"), load_profile("beta")
    assert beta.instance_types == today.instance_types
    assert beta.instances.aliases == today.instances.aliases
    assert "assumed" in beta.instances.assumed
    assert not today.instances.assumed


def test_a_profile_that_is_not_there_is_named() -> None:
    with pytest.raises(ProfileError, match="there is no profile 'alpha'"):
        load_profile("alpha")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('name = "ga"', 'name = "gamma"', "name: "),
        ("dated = 2026-11-23", 'dated = "some day"', "dated: "),
        ('limited = ["ME"', 'limited = ["MOON"', "placement: regions lacks MOON"),
        ('us = ["ENAM"', 'us = ["NAM"', "placement: regions lacks NAM"),
        ('dev = "lite"', 'dev = "tiny"', "the profile: instances.types lacks tiny"),
        ("vcpu = 0.0625", "vcpu = 0", "instances.types.0.vcpu: "),
        ("rollouts = true", 'rollouts = true\ncolour = "red"', "colour: "),
        ('source = "Containers documentation, concepts/placement"', 'source = ""', "placement.source: "),
        ("[gpu]", "[gpu", "line"),
    ],
)
def test_a_wrong_profile_is_refused_with_place_and_reason(old: str, new: str, reason: str) -> None:
    assert old in TEXT
    with pytest.raises(ProfileError, match=f"^mine.toml: .*{reason}"):
        parse_profile(TEXT.replace(old, new, 1), "mine.toml")


def test_a_profile_like_one_that_is_not_there_is_refused() -> None:
    text = TEXT.replace("[instances]", '[instances]\nlike = "alpha"', 1)
    with pytest.raises(ProfileError, match="there is no profile 'alpha'"):
        parse_profile(text, "mine.toml")
