import pytest

from core.geo.check import UnknownPlace, places, problems
from core.model.deployment import Container, Deployment, Region, Traffic, Worker


def deployment(regions: tuple[Region, ...] = (), traffic: Traffic | None = None) -> Deployment:
    return Deployment(
        name="shop",
        worker=Worker(main="worker.py"),
        containers=(Container(binding="APP", command=("serve",)),),
        regions=regions or (Region(id="us-east"),),
        traffic=traffic or Traffic(),
    )


def test_a_known_id_brings_its_own_place() -> None:
    (place,) = places(deployment((Region(id="eu-west"),)))
    assert (place.id, place.city) == ("eu-west", "Dublin")


def test_a_declared_city_wins_over_the_id() -> None:
    (place,) = places(deployment((Region(id="us-east", city="tokyo"),)))
    assert place.city == "Tokyo"


def test_declared_coordinates_win_over_all_and_keep_the_declared_name() -> None:
    region = Region(id="us-east", city="Bunker 7", latitude=64.1, longitude=-21.9)
    (place,) = places(deployment((region,)))
    assert place == ("us-east", "Bunker 7", 64.1, -21.9)


def test_coordinates_alone_are_called_by_the_nearest_city() -> None:
    (place,) = places(deployment((Region(id="north", latitude=64.1, longitude=-21.9),)))
    assert place.city == "Reykjavík"


def test_an_id_that_is_a_city_or_a_code_stands_there() -> None:
    found = places(deployment((Region(id="sao-paulo"), Region(id="nrt"))))
    assert [one.city for one in found] == ["São Paulo", "Tokyo"]


def test_a_good_deployment_has_no_problems() -> None:
    traffic = Traffic(city="Lisbon", cities={"NRT": 1.0, "são paulo": 2.0, "-41.13,-71.31": 1.0})
    assert list(problems(deployment(traffic=traffic))) == []


def test_an_unknown_region_id_is_named_with_the_nearest_known_one() -> None:
    (mistake,) = problems(deployment((Region(id="us-esat"),)))
    assert mistake.path == ("regions", 0, "id")
    assert mistake.nearest == "us-east"
    assert "city" in mistake.message


def test_an_unknown_city_of_a_region_is_named_with_its_key() -> None:
    (mistake,) = problems(deployment((Region(id="a", city="Tokio"),)))
    assert mistake.path == ("regions", 0, "city")
    assert mistake.nearest == "Tokyo"


def test_unknown_cities_of_visitors_are_named_with_their_keys() -> None:
    found = list(problems(deployment(traffic=Traffic(city="Frankfort", cities={"Atlantis": 1.0}))))
    assert [one.path for one in found] == [("traffic", "city"), ("traffic", "cities", "Atlantis")]
    assert found[0].nearest == "Frankfurt"


def test_places_of_an_unknown_region_is_an_error_that_names_it() -> None:
    with pytest.raises(UnknownPlace, match="moon"):
        places(deployment((Region(id="moon"),)))
