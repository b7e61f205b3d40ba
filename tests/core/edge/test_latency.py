"""The factor on emulated round trips: what it may be, and what is said of it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from core.edge.latency import LARGEST_SCALE, ScaleRefused, checked_scale, told_scale
from core.model.deployment import Deployment

DECLARED: TypeAdapter[object] = TypeAdapter(Deployment.model_fields["latency"].rebuild_annotation())


@given(st.floats())
def test_what_may_be_set_live_is_what_may_be_declared(scale: float) -> None:
    try:
        DECLARED.validate_python(scale)
    except ValidationError:
        with pytest.raises(ScaleRefused, match=r"from 0 \(off\) to 100"):
            checked_scale(scale)
    else:
        assert checked_scale(scale) == scale


@pytest.mark.parametrize("scale", [-0.001, LARGEST_SCALE + 0.001, math.nan, math.inf, -math.inf])
def test_what_is_out_of_bounds_is_refused(scale: float) -> None:
    with pytest.raises(ScaleRefused):
        checked_scale(scale)


@pytest.mark.parametrize(
    ("scale", "said"), [(0.0, "is off"), (1.0, "is real"), (0.5, "is 0.5 times"), (20.0, "is 20 times")]
)
def test_a_person_is_told_what_it_does(scale: float, said: str) -> None:
    assert said in told_scale(scale)
    assert told_scale(scale).endswith("from the next request on.")
