"""Small counts are withheld, and cannot be worked out from what is shown."""

import itertools
import json
from collections import defaultdict

import numpy as np
import pytest
from scipy.optimize import linprog

from triage.evaluation import evaluate_groups
from triage.evaluation.groups.attributes import find_atoms, make_partitions, read_attributes
from triage.evaluation.groups.measures import (
    AUC,
    BASE_RATE,
    FALSE_POSITIVE,
    MISSED,
    NEEDLESS,
    OPENED,
    PRECISION,
)
from triage.evaluation.groups.sums import membership
from triage.evaluation.groups.withholding import choose_withheld, read_structure


def _structure(**groups):
    attributes = read_attributes(groups)
    atoms = find_atoms(attributes)
    crossings = (tuple(groups),) if len(groups) > 1 else ()
    partitions = make_partitions(attributes, atoms, crossings)
    members = membership(partitions)
    return atoms, members, read_structure(partitions, members)


def _withheld_positives(structure, cases, positives, smallest=10):
    opened = np.full((1, len(cases)), 1000.0)
    return choose_withheld(
        structure, cases, positives, opened=opened, found=opened * 0, smallest=smallest
    ).positives.tolist()


def _one_attribute(cases, positives, smallest=10):
    _, _, structure = _structure(g=np.arange(len(cases)))
    return _withheld_positives(structure, np.array(cases, float), np.array(positives, float), smallest)


def test_nothing_small_nothing_withheld():
    assert _one_attribute([500, 400, 300], [50, 40, 10]) == [False, False, False]


def test_the_group_with_the_fewest_cases_goes_with_a_small_one():
    assert _one_attribute([500, 400, 300], [50, 40, 9]) == [False, True, True]


def test_of_two_groups_both_are_withheld():
    assert _one_attribute([500, 400], [50, 9]) == [True, True]


def test_company_that_is_too_small_gets_more_company():
    # 4 + 12 leaves at most 6 for the small one: 16 is less than twice ten.
    assert _one_attribute([500, 400, 300, 200], [50, 40, 12, 4]) == [False, True, True, True]


def test_small_counts_protect_each_other_where_their_sum_leaves_room():
    assert _one_attribute([500, 400, 300, 200], [50, 40, 5, 6]) == [False, False, True, True]
    # 9 + 9 is the most that two small counts can be, 0 + 0 the least.
    assert _one_attribute([500, 400, 300, 200], [50, 40, 9, 9]) == [False, True, True, True]
    assert _one_attribute([500, 400, 300, 200], [50, 40, 0, 0]) == [False, True, True, True]


def test_groups_with_equally_many_cases_are_withheld_together():
    assert _one_attribute([500, 300, 300, 20], [50, 40, 40, 3]) == [False, True, True, True]


def test_attributes_that_refine_each_other_do_not_give_a_count_away():
    # Country b is region 3 alone, so that a shown country would show the region.
    country, region = np.array(["a", "a", "b"]), np.array(["1", "2", "3"])
    _, members, structure = _structure(country=country, region=region)
    cases, positives = np.array([500.0, 400, 60]), np.array([50.0, 40, 3])
    hidden = _withheld_positives(structure, members @ cases, members @ positives)
    # a = 1 + 2 is hidden with b, and of the regions 3 and 2.
    assert hidden[:5] == [True, True, False, True, True]


def test_zero_or_one_withholds_nothing():
    assert _one_attribute([500, 400], [0, 9], smallest=1) == [False, False]


def test_a_group_that_is_withheld_shows_no_number_anywhere():
    rng = np.random.default_rng(0)
    group = np.array(["big"] * 3000 + ["middle"] * 800 + ["tiny"] * 37)
    outcome, score = rng.random(3837) < 0.1, rng.random(3837)
    audit = evaluate_groups(outcome, score, group, probability=score, capacity=400)
    frame = audit.to_frame().set_index(["measure", "value"])
    assert frame.loc[(MISSED, "tiny"), "withheld"]
    assert frame.loc[(MISSED, "middle"), "withheld"]
    assert not frame.loc[(MISSED, "big"), "withheld"]
    plain = json.loads(json.dumps(audit.as_dict()))
    for row in plain["rows"]:
        if row["withheld"]:
            numbers = ("estimate", "low", "high", "count", "difference", "difference_low", "difference_high")
            assert all(row[name] is None for name in (*numbers, "p_value"))
            assert "fewer than 10" in row["method"]
    line = next(line for line in str(audit).splitlines() if "tiny" in line)
    assert line.split() == ["tiny", "withheld", "no", "verdict"]
    gaps = {gap.measure for gap in audit.gaps()}
    assert MISSED not in gaps


def test_what_counts_differs_by_measure():
    # Many are opened and few have current abuse: needless intrusions are told although missed children cannot be.
    group = np.repeat(["a", "b", "c"], [4000, 3000, 400])
    outcome, score = np.zeros(7400), np.zeros(7400)
    outcome[[*range(200), *range(4000, 4150), *range(7000, 7008)]] = 1
    score[[*range(100, 300), *range(4070, 4220), *range(7004, 7104)]] = 1
    audit = evaluate_groups(outcome, score, group, capacity=450)
    rows = {(row.measure, row.value): row for row in audit.rows}
    assert rows[MISSED, "c"].withheld
    assert rows[MISSED, "c"].verdict == "no verdict"
    assert not rows[NEEDLESS, "c"].withheld
    assert rows[NEEDLESS, "c"].verdict == "more needless intrusions than elsewhere"
    assert rows[BASE_RATE, "c"].withheld
    # How many have no current abuse would tell how many have it.
    assert rows[FALSE_POSITIVE, "c"].withheld
    assert rows[AUC, "c"].withheld


def test_a_large_group_withheld_for_the_sake_of_another_still_speaks_when_it_differs():
    group = np.repeat(["a", "b", "c"], [5000, 3000, 100])
    outcome = np.zeros(8100)
    outcome[[*range(500), *range(5000, 5300), 8000, 8001]] = 1
    # All children of a are found, those of b are missed.
    score = np.where((group == "a") & (outcome == 1), 2.0, 1.0)
    audit = evaluate_groups(outcome, score, group, capacity=500)
    row = next(row for row in audit.of(MISSED) if row.value == "b")
    assert row.withheld
    assert row.verdict == "more missed than elsewhere"
    assert np.isnan([row.estimate, row.difference, row.p_value]).all()


def test_no_small_count_of_two_crossed_attributes_can_be_bounded_to_one_number():
    # Whoever solves for all counts of current abuse that agree with those shown, none below 0, finds for
    # each small one a range of at least one case.
    rng = np.random.default_rng(1)
    for _ in range(25):
        rows, columns = rng.integers(2, 5, 2)
        groups = {
            "a": rng.choice(rows, 400, p=rng.dirichlet(np.full(rows, 2.0))),
            "b": rng.choice(columns, 400, p=rng.dirichlet(np.full(columns, 2.0))),
        }
        atoms, members, structure = _structure(**groups)
        outcome = rng.random(400) < rng.choice([0.05, 0.1, 0.3])
        cases, positives = (
            members @ np.bincount(atoms.case, weights=w, minlength=len(atoms.codes))
            for w in (np.ones(400), outcome)
        )
        hidden = np.array(_withheld_positives(structure, cases, positives, smallest=5))
        matrix = members.toarray()
        shown = np.vstack([matrix[~hidden], np.ones((1, matrix.shape[1]))])
        known = np.append(positives[~hidden], outcome.sum())
        for group in np.flatnonzero(positives < 5):
            assert hidden[group]
            least, most = (
                sign * linprog(sign * matrix[group], A_eq=shown, b_eq=known, bounds=(0, None)).fun
                for sign in (1, -1)
            )
            assert most - least >= 1 - 1e-6


def _share_out(total, groups):
    if groups == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _share_out(total - first, groups - 1):
            yield (first, *rest)


def _published(structure, cases, positives, opened, found, smallest):
    """Return what is shown of one list: per group current abuse, opened, and found."""
    hidden = choose_withheld(
        structure,
        cases,
        np.array(positives, float),
        opened=np.array([opened], float),
        found=np.array([found], float),
        smallest=smallest,
    )
    return tuple(
        (
            None if hidden.positives[group] else positives[group],
            None if hidden.opened[0, group] else opened[group],
            # Found cases are told by either rate.
            None
            if hidden.found[0, group] or (hidden.positives[group] and hidden.opened[0, group])
            else found[group],
        )
        for group in range(len(cases))
    )


def _lists(groups, positives, opened):
    """Give all lists with so many cases with current abuse and so many opened: each, and found, by group."""
    for p in _share_out(positives, groups):
        for o in _share_out(opened, groups):
            for f in itertools.product(*(range(min(pair) + 1) for pair in zip(p, o, strict=True))):
                yield p, o, f


def _agreeing(lists, seen):
    """Return the lists whose numbers are those shown, where some are."""
    agree = np.ones(len(lists), dtype=bool)
    for group, numbers in enumerate(seen):
        for kind, number in enumerate(numbers):
            if number is not None:
                agree &= lists[:, kind, group] == number
    return lists[agree]


def _told(actual, possible, smallest):
    """Count small numbers with current abuse and opened, and those of them of which only one is possible."""
    small = (actual[:, :2] < smallest).any(axis=0)
    one = (possible[:, :2] == possible[0, :2]).all(axis=0)
    return np.array([small.sum(), (small & one).sum()])


def _attack(groups, smallest, most, *, rerun):
    """Count small numbers, and those that whoever knows all totals can work out.

    All lists of few cases with current abuse and few opened ones. Without `rerun` the reader takes every list
    as possible that agrees with what is shown; with it, also runs our rule on each.
    """
    _, _, structure = _structure(g=np.arange(groups))
    cases = 100.0 + 10 * np.arange(groups)
    counted = np.zeros(2)
    for positives, opened in itertools.product(range(1, most + 1), repeat=2):
        by_total = defaultdict(lambda: defaultdict(list))
        for one in _lists(groups, positives, opened):
            by_total[sum(one[2])][_published(structure, cases, *one, smallest)].append(one)
        for classes in by_total.values():
            alike = np.array([one for ones in classes.values() for one in ones])
            for seen, ones in classes.items():
                actual = np.array(ones)
                counted += _told(actual, actual if rerun else _agreeing(alike, seen), smallest)
    return counted


@pytest.mark.parametrize(("groups", "smallest", "most"), [(2, 3, 5), (3, 2, 4)])
def test_no_small_count_follows_from_what_is_shown_and_the_totals(groups, smallest, most):
    small, told = _attack(groups, smallest, most, rerun=False)
    assert small > 100
    assert told == 0


@pytest.mark.slow
@pytest.mark.parametrize(("groups", "smallest", "most"), [(2, 3, 8), (3, 2, 6), (3, 3, 6)])
def test_even_whoever_reruns_the_rule_works_out_few(groups, smallest, most):
    # Not none: where nearly all are found, that something is withheld tells something. See `choose_withheld`.
    small, told = _attack(groups, smallest, most, rerun=True)
    assert told / small <= 0.05


def test_needless_intrusions_are_withheld_where_they_would_tell_a_small_number_with_current_abuse():
    # Of c nine have current abuse, all nine found among forty opened: to say nine were found would say it all.
    group = np.repeat(["a", "b", "c"], [4000, 3000, 400])
    outcome = np.zeros(7400)
    outcome[[*range(200), *range(4000, 4150), *range(7000, 7009)]] = 1
    score = np.zeros(7400)
    score[[*range(100), *range(4000, 4080), *range(7000, 7040), *range(300, 500)]] = 1
    audit = evaluate_groups(outcome, score, group, capacity=420)
    rows = {(row.measure, row.value): row for row in audit.rows}
    assert rows[NEEDLESS, "c"].withheld
    assert rows[PRECISION, "c"].withheld
    assert not rows[OPENED, "c"].withheld
    assert rows[OPENED, "c"].estimate == pytest.approx(0.1)
