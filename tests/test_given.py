"""Public functions say what they take when they are given something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import triage
from triage.shipped import find_shipped

SAMPLE = find_shipped("synthetic_data", "sample")
HERE = Path("nowhere")
OPENED, LOADED = triage.open_batch(SAMPLE), triage.load_model("expert")
Call = Callable[[Any, Any], object]
OF_BATCH_AND_BUNDLE: dict[str, Call] = {
    "build_worklist": triage.build_worklist,
    "calibrate_bundle": lambda batch, bundle: triage.calibrate_bundle(bundle, batch),
    "explain_case": lambda batch, bundle: triage.explain_case(batch, bundle, "a"),
    "explain_cases": lambda batch, bundle: triage.explain_cases(batch, bundle, ["a"]),
    "measure_stability": lambda batch, bundle: triage.measure_stability(batch, bundle, 5),
    "score_cases": lambda batch, bundle: triage.score_cases(batch, {"mine": bundle}),
}
OF_BATCH: dict[str, Call] = {
    "gather_outcomes": lambda batch, _: triage.gather_outcomes(batch),
    "train_bundle": lambda batch, _: triage.train_bundle(batch, "logistic"),
}
OF_BUNDLE: dict[str, Call] = {"save_bundle": lambda _, bundle: triage.save_bundle(HERE, bundle, "")}
OF_WORLD: dict[str, Callable[[Any], object]] = {
    "describe_world": triage.describe_world,
    "write_world": lambda world: triage.write_world(world, 10, 1, HERE),
}


@pytest.mark.parametrize("name", [*OF_BATCH_AND_BUNDLE, *OF_BATCH])
def test_the_path_of_a_batch_is_no_batch(name: str) -> None:
    call = (OF_BATCH_AND_BUNDLE | OF_BATCH)[name]
    with pytest.raises(triage.InputRefusedError) as refused:
        call("monday", LOADED)
    assert refused.value.as_dict() == {
        "found": "the text 'monday'",
        "where": "batch",
        "expected": "a Batch",
        "mend": "triage.open_batch('monday') gives one",
    }


@pytest.mark.parametrize("name", [*OF_BATCH_AND_BUNDLE, *OF_BUNDLE])
def test_the_name_of_a_model_is_no_bundle(name: str) -> None:
    call = (OF_BATCH_AND_BUNDLE | OF_BUNDLE)[name]
    with pytest.raises(triage.InputRefusedError) as refused:
        call(OPENED, "expert")
    assert refused.value.found == "the text 'expert'"
    assert refused.value.mend == "triage.load_model('expert') gives one"
    assert not HERE.exists()


@pytest.mark.parametrize(
    "call",
    [
        triage.build_worklist,
        lambda batch, bundle, **policy: triage.explain_case(batch, bundle, "a", **policy),
        lambda batch, bundle, **policy: triage.explain_cases(batch, bundle, ["a"], **policy),
        lambda batch, bundle, **policy: triage.score_cases(batch, {"mine": bundle}, **policy),
    ],
)
def test_the_name_of_a_policy_is_no_policy(call: Callable[..., object]) -> None:
    with pytest.raises(
        triage.InputRefusedError, match=r"policy: the text 'hotline'.*load_policy\('hotline'\)"
    ):
        call(OPENED, LOADED, policy="hotline")


def test_two_that_changed_places_are_told() -> None:
    with pytest.raises(triage.InputRefusedError, match="batch: Bundle, not Batch; expected a Batch"):
        triage.build_worklist(LOADED, OPENED)  # type: ignore[arg-type] # what is tried


@pytest.mark.parametrize("name", OF_WORLD)
def test_the_name_of_a_world_is_no_world(name: str) -> None:
    with pytest.raises(triage.InputRefusedError, match=r"world: .*triage.load_world\('nl-2017'\) gives one"):
        OF_WORLD[name]("nl-2017")
    assert not HERE.exists()


def test_a_path_is_named_as_one_and_no_secret_of_a_url_is_told() -> None:
    with pytest.raises(triage.InputRefusedError, match="the path 'today'; expected a Batch"):
        triage.gather_outcomes(Path("today"))  # type: ignore[arg-type] # what is tried
    with pytest.raises(triage.InputRefusedError) as refused:
        triage.gather_outcomes("s3://name:password@bucket/today")  # type: ignore[arg-type] # what is tried
    assert "password" not in str(refused.value)


def test_a_list_goes_to_a_path_that_is_a_text(tmp_path: Path) -> None:
    triage.export(triage.build_worklist(OPENED, LOADED), str(tmp_path / "list.csv"))
    assert (tmp_path / "list.csv").stat().st_size


def test_every_function_that_takes_such_a_thing_is_tried() -> None:
    """Whoever adds a public function with a batch, a bundle or a world adds it here."""
    tried = OF_BATCH_AND_BUNDLE | OF_BATCH | OF_BUNDLE
    for name in triage.__all__:
        thing = getattr(triage, name)
        if isinstance(thing, type) or not callable(thing):
            continue
        taken = {kind for one, kind in thing.__annotations__.items() if one != "return"}
        if taken & {"Batch", "Bundle"}:
            assert name in tried, name
        if "World" in taken:
            assert name in OF_WORLD, name
