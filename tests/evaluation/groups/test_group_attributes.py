import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from triage.errors import InputRefusedError
from triage.evaluation import band_completeness, evaluate_groups
from triage.evaluation.groups.attributes import choose_crossings, find_atoms, make_partitions, read_attributes


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  ", "unknown", pd.NA])
def test_what_is_missing_is_a_group_of_its_own(missing):
    (attribute,) = read_attributes({"region": ["west", missing, "east"]})
    assert attribute.labels == ("east", "west", "unknown")
    assert attribute.codes.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "groups",
    [
        {"region": ["b", "a", None]},
        {"region": np.array(["b", "a", ""])},
        {"region": pd.Series(["b", "a", None], index=[7, 8, 9], dtype="category")},
        pd.DataFrame({"region": ["b", "a", None]}),
        pa.table({"region": ["b", "a", None]}),
    ],
)
def test_a_mapping_a_frame_and_a_table_say_the_same(groups):
    (attribute,) = read_attributes(groups)
    assert (attribute.name, attribute.labels) == ("region", ("a", "b", "unknown"))
    assert attribute.codes.tolist() == [1, 0, 2]


def test_one_array_is_an_attribute_called_group():
    (attribute,) = read_attributes([3.0, 1.0, float("nan")])
    assert (attribute.name, attribute.labels) == ("group", ("1", "3", "unknown"))


def test_a_column_that_names_cases_is_refused():
    with pytest.raises(InputRefusedError, match="put them into bands"):
        read_attributes({"case_id": [f"c{number}" for number in range(101)]})


def test_pairs_are_crossed_by_default_but_only_of_few_attributes():
    four = read_attributes({name: ["x"] for name in "abcd"})
    five = read_attributes({name: ["x"] for name in "abcde"})
    assert len(choose_crossings(four, None)) == 6
    assert choose_crossings(five, None) == ()
    assert choose_crossings(five, [("a", "b", "e")]) == (("a", "b", "e"),)


def test_that_nothing_is_crossed_is_said():
    audit = evaluate_groups([1, 0], [2, 1], {name: ["x", "y"] for name in "abcde"}, capacity=1)
    assert "5 attributes: crossed only where it is asked for." in str(audit)


def test_a_crossing_holds_the_groups_that_occur():
    attributes = read_attributes({"a": ["x", "x", "y"], "b": ["p", "q", "p"], "c": ["k", "k", "k"]})
    partition = make_partitions(attributes, find_atoms(attributes), (("a", "b", "c"),))[3]
    assert partition.name == "a x b x c"
    assert partition.labels == ("x x p x k", "x x q x k", "y x p x k")


def test_too_many_crossed_groups_are_refused():
    values = np.arange(60)
    groups = {"a": np.repeat(values, 60), "b": np.tile(values, 60)}
    with pytest.raises(InputRefusedError, match="name the crossings that matter"):
        evaluate_groups(np.arange(3600) % 2, np.arange(3600), groups)


def test_a_value_of_weightless_cases_alone_is_not_there():
    audit = evaluate_groups([1, 0, 1], [3, 2, 1], ["a", "b", "c"], weight=[1, 1, 0], capacity=1, smallest=0)
    assert {row.value for row in audit.rows} == {"", "a", "b"}


def test_many_attributes_make_many_atoms_and_the_same_sums():
    rng = np.random.default_rng(0)
    attributes = read_attributes({f"a{place}": rng.integers(0, 20, 500) for place in range(6)})
    atoms = find_atoms(attributes)
    for place, one in enumerate(attributes):
        assert np.array_equal(atoms.codes[atoms.case, place], one.codes)


def test_bands_of_known_shares():
    bands = band_completeness([0, 0.2499, 0.25, 0.5, 0.75, 1, np.nan])
    assert bands.tolist() == [
        "0 to 25 % known", "0 to 25 % known", "25 to 50 % known", "50 to 75 % known",
        "75 to 100 % known", "75 to 100 % known", None,
    ]  # fmt: skip
    assert band_completeness([0.2, 0.9], edges=[0.5]).tolist() == ["0 to 50 % known", "50 to 100 % known"]


def test_bands_of_numbers_of_unknowns():
    assert band_completeness(unknowns=[0, 1, 2, 3, 5, 6, 40]).tolist() == [
        "0 unknown", "1 to 2 unknown", "1 to 2 unknown", "3 to 5 unknown", "3 to 5 unknown",
        "6 or more unknown", "6 or more unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"known": [0.5], "unknowns": [1]},
        {"known": [1.5]},
        {"known": ["much"]},
        {"known": [[0.5]]},
        {"unknowns": [-1]},
        {"unknowns": [0.5]},
        {"known": [0.5], "edges": [0.5, 0.25]},
        {"known": [0.5], "edges": [1]},
        {"unknowns": [1], "edges": []},
    ],
)
def test_other_completeness_is_refused(options):
    with pytest.raises(InputRefusedError):
        band_completeness(**options)
