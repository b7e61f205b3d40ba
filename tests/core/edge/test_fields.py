from hypothesis import given
from hypothesis import strategies as st

from core.edge.fields import SET_BY_THE_EDGE, EdgeFields
from core.edge.visitor import default_place, visitor_finder
from core.http.messages import Headers, Request, Response
from core.worker.runtime import SubRequest
from tests.core.edge.world import World, hello

TOKYO = (b"X-Visitor-City", b"Tokyo")


def test_the_worker_gets_what_the_edge_knows_and_not_what_the_visitor_says_of_itself() -> None:
    world = World(hello)
    world.visit(
        (b"X-Visitor-City", "São Paulo".encode()),
        (b"CF-Connecting-IP", b"6.6.6.6"),
        (b"cf-ray", b"forged"),
        (b"Cf-IpCountry", b"XX"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-For", b"10.0.0.1"),
        (b"Cookie", b"a=b"),
    )
    (seen,) = world.runtime.seen
    names = [name.lower() for name, _ in seen.headers]
    assert len(names) == len(set(names))
    fields = {name.lower(): value for name, value in seen.headers}
    assert fields == {
        b"cookie": b"a=b",
        b"cf-ray": f"{world.last.trace_id}-GRU".encode(),
        b"cf-connecting-ip": b"127.0.0.1",
        b"cf-ipcity": "São Paulo".encode(),
        b"cf-ipcountry": b"BR",
        b"x-forwarded-for": b"10.0.0.1, 127.0.0.1",
        b"x-forwarded-proto": b"http",
    }


def test_a_container_gets_them_too_when_the_worker_makes_a_request_of_its_own() -> None:
    async def own(world: World, trace_id: str, _request: Request) -> Response:
        fresh = Request("POST", "/render", [(b"x-forwarded-for", b"worker"), (b"cf-ray", b"forged")])
        return await world.edge.binding_fetch(SubRequest(trace_id, 1, "APP"), fresh)

    world = World(own)
    world.visit(TOKYO)
    ((_, _, seen),) = world.containers.seen
    assert (seen.method, seen.target) == ("POST", "/render")
    assert seen.header(b"cf-ray") == f"{world.last.trace_id}-NRT".encode()
    assert seen.header(b"x-forwarded-for") == b"worker"
    assert seen.header(b"cf-ipcountry") == b"JP"


VISITOR = visitor_finder(default_place("Tokyo", ()))(None)
NAMES = st.sampled_from([*SET_BY_THE_EDGE, b"x-forwarded-for", b"X-Forwarded-Proto", b"cookie", b"Host"])
FIELDS = st.lists(st.tuples(NAMES, st.binary(min_size=1, max_size=8)), max_size=12)


@given(FIELDS)
def test_whatever_a_visitor_sends_the_edge_s_own_fields_reach_the_worker_once(headers: Headers) -> None:
    seen = EdgeFields("0" * 16, VISITOR).towards_worker(headers)
    for name, value in [
        (b"cf-ray", b"0000000000000000-NRT"),
        (b"cf-connecting-ip", b"127.0.0.1"),
        (b"cf-ipcity", b"Tokyo"),
        (b"cf-ipcountry", b"JP"),
        (b"x-forwarded-proto", b"http"),
    ]:
        assert [sent for key, sent in seen if key.lower() == name] == [value]


@given(FIELDS)
def test_all_other_fields_pass_in_order(headers: Headers) -> None:
    def others(fields: Headers) -> Headers:
        return [field for field in fields if field[0] in (b"cookie", b"Host")]

    fields = EdgeFields("0" * 16, VISITOR)
    for seen in (fields.towards_worker(headers), fields.towards_container(headers)):
        assert others(seen) == others(headers)


@given(FIELDS)
def test_the_visitor_s_chain_of_addresses_grows_by_one(headers: Headers) -> None:
    came = [value for name, value in headers if name == b"x-forwarded-for"]
    seen = EdgeFields("0" * 16, VISITOR).towards_worker(headers)
    (chain,) = [value for name, value in seen if name == b"x-forwarded-for"]
    assert chain == b", ".join([*came, b"127.0.0.1"])


@given(FIELDS)
def test_the_list_that_was_given_is_left_as_it_is(headers: Headers) -> None:
    before = list(headers)
    fields = EdgeFields("0" * 16, VISITOR)
    fields.towards_worker(headers)
    fields.towards_container(headers)
    fields.of_answer(headers)
    assert headers == before


def test_an_answer_s_own_ray_gives_way() -> None:
    fields = EdgeFields("0" * 16, VISITOR)
    assert fields.of_answer([(b"CF-Ray", b"old"), (b"etag", b"x")]) == [
        (b"etag", b"x"),
        (b"cf-ray", b"0000000000000000-NRT"),
    ]
