from hypothesis import given
from hypothesis import strategies as st

from core.edge.visitor import default_place, visitor_finder
from core.events.types import RegionInfo
from tests.core.edge.world import World, hello, hop_of

TOKYO = (b"X-Visitor-City", b"Tokyo")


def test_visitors_who_name_no_city_come_from_the_traffic_s_city_else_from_the_first_region() -> None:
    lisbon, first = World(hello, traffic_city="Lisbon"), World(hello)
    lisbon.visit()
    first.visit()
    assert (lisbon.last.city, lisbon.last.edge_location) == ("Lisbon", "LIS")
    assert (first.last.city, first.last.edge_location) == ("Ashburn", "IAD")


def test_an_unknown_city_is_taken_as_the_default_and_noted_in_the_trace() -> None:
    world = World(hello)
    world.visit((b"X-Visitor-City", b"Atlantis"))
    assert world.last.city == "Ashburn"
    assert hop_of(world.last, "visitor_to_edge").detail == 'Ashburn (no known place "Atlantis")'


def test_a_visitor_far_from_every_edge_location_has_a_longer_way() -> None:
    world = World(hello)
    world.visit((b"X-Visitor-City", b"-41.13,-71.31"))
    event = world.last
    assert event.edge_location == "NQN"
    assert event.visitor_rtt_ms > 5.7
    assert hop_of(event, "visitor_to_edge").start_ms == -event.visitor_rtt_ms


@given(st.binary(max_size=40))
def test_whatever_a_request_names_some_visitor_is_found(named: bytes) -> None:
    found = visitor_finder(default_place("Tokyo", ()))(named)
    assert found.rtt_ms > 0
    assert found.location.code


def test_a_region_without_an_edge_location_is_the_default_under_its_own_name() -> None:
    region = RegionInfo("north", "Bunker 7", 64.5, -22.5, "process")
    found = visitor_finder(default_place("", [region]))(None)
    assert (found.city, found.location.code, found.country_code) == ("Bunker 7", "KEF", "IS")


def test_a_long_name_is_cut_in_the_note() -> None:
    found = visitor_finder(default_place("Tokyo", ()))(b"x" * 5000)
    assert len(found.detail) < 100
