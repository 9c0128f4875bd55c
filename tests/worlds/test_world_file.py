"""What is wrong in a world file is refused with its key; what is right means what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from triage.errors import InputRefusedError
from triage.shipped import find_shipped, list_shipped
from triage.worlds import load_world, simulate
from triage.worlds.state.model import compile_world, natural_size

if TYPE_CHECKING:
    from pathlib import Path

    from triage.worlds.file.world import World

BECAUSE = '\nclass = "assumed"\nsource = "a test"\n'
SHIPPED = list_shipped("synthetic_data", "worlds/*.toml")


def overlay(tmp_path: Path, text: str, base: str = "nl-2017") -> World:
    """Load a world that is like another but for some lines."""
    file = tmp_path / "w.toml"
    file.write_text(f'name = "w"\nlike = "{base}"\n{text}', encoding="utf-8")
    return load_world(file)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(InputRefusedError) as caught:
        overlay(tmp_path, text)
    assert "w.toml" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_world_loads_under_its_own_name(name: str) -> None:
    assert load_world(name).name == name


def test_the_template_loads() -> None:
    assert load_world(find_shipped("synthetic_data", "world-template.toml")).situations


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (
            f"[nuisances.diligence]\nrules = [{{ p = [0.5, 0.4] }}]{BECAUSE}",
            "diligence.rules[0].p",
            "sum to 1",
        ),
        (
            f"[nuisances.diligence]\nrules = [{{ p = [0.5, 0.4, 0.1] }}]{BECAUSE}",
            "nuisances.diligence.rules[0].p",
            "2, one a value",
        ),
        (
            f"[nuisances.diligence]\nrules = [{{ p = [1.5, -0.5] }}]{BECAUSE}",
            "nuisances.diligence.rules[0].p",
            "from 0 to 1",
        ),
        (
            f"[nuisances.diligence]\nrules = [{{ odds = [1.0, 2.0] }}]{BECAUSE}",
            "nuisances.diligence.rules",
            "holds for all",
        ),
        (
            f"[nuisances.diligence]\nalso = [{{ odds = [1.0, 0.0] }}]{BECAUSE}",
            ".odds",
            "above 0",
        ),
        (f'[nuisances.diligence]\nof = "weather"{BECAUSE}', "nuisances.diligence.of", "person or report"),
        (f"[situations.household]\nshare = 0.9{BECAUSE}", "situations.share", "sum to 1"),
        (f"[situations.household]\ncurrent = 1.28{BECAUSE}", "situations.household.current", "from 0 to 1"),
        (f"[situations.household]\ncurrent = 1.0{BECAUSE}", "situations.household.current", "less than 1"),
        (f"[situations.household]\nlasts = 0{BECAUSE}", "situations.household.lasts", "above 0"),
        (f"[situations.household]\nlast = 3{BECAUSE}", "situations.household.last", "lasts"),
        (f"[period]\nmonths = [0.5, 0.4]{BECAUSE}", "period.months", "sum to 1"),
        (f"[period]\nend = 2016-01-01T00:00:00Z{BECAUSE}", "period.end", "a time after"),
        (f"[period]\nend = 2018-01-01{BECAUSE}", "period.end", "offset"),
        (
            f'[signals.hash_status]\nvalues = ["exactly", "near_known", "no_match"]{BECAUSE}',
            "signals.hash_status.values",
            "exact_known",
        ),
        (
            f'[signals.crisis]\nvalues = ["none", "none|alarm"]\nrules = [{{ p = [0.5, 0.5] }}]{BECAUSE}',
            "signals.crisis.values",
            "in_contact_now",
        ),
        (
            f'[signals.child_link]\nvalues = ["parent:lives"]\nrules = [{{ p = [1.0] }}]{BECAUSE}',
            "signals.child_link.values",
            "lives_with",
        ),
        (
            f'[signals.ip_country]\nvalues = ["Germany"]\nrules = [{{ p = [1.0] }}]{BECAUSE}',
            "signals.ip_country.values",
            "ISO 3166",
        ),
        (
            f'[signals.escalated]\nalso = [{{ situation = ["hosting"], p = [0.1, 0.9] }}]{BECAUSE}',
            ".situation",
            "hosting_only",
        ),
        (
            f'[signals.escalated]\nalso = [{{ platform = ["brand"], p = [0.1, 0.9] }}]{BECAUSE}',
            ".platform",
            "gaming",
        ),
        (
            f'[signals.escalated]\nalso = [{{ during = ["later"], p = [0.1, 0.9] }}]{BECAUSE}',
            ".during",
            "",
        ),
        (
            f'[signals.source]\nalso = [{{ given = ["none"], p = [1, 0, 0, 0, 0, 0, 0] }}]{BECAUSE}',
            ".given",
            "no, yes",
        ),
        (
            f"[signals.person]\nalso = [{{ current = true, p = [0.1, 0.9] }}]{BECAUSE}",
            ".current",
            "situation",
        ),
        (f"[signals.extra]\nvalues = []{BECAUSE}", "signals.extra", "without meaning"),
        (
            f'[delays.register]\nalso = [{{ situation = ["household"], p = [1, 0, 0, 0] }}]{BECAUSE}',
            ".situation",
            "without meaning",
        ),
        (f'[delays.decision]\nvalues = ["never", "week", "weeks"]{BECAUSE}', "delays.decision", "always"),
        (
            f"[signals.reports]\nbands = [[0, 1], [2, 2], [3, 3], [4, 6], [7, 12]]{BECAUSE}",
            "reports.bands",
            "1 or",
        ),
        (
            f"[signals.reports]\nbands = [[1, 2], [1, 2], [3, 3], [4, 6], [7, 12]]{BECAUSE}",
            "bands",
            "ascending",
        ),
        (
            f"[signals.hash_status]\ntold = [{{ p = 0.5 }}]{BECAUSE}",
            "signals.hash_status.told",
            "without meaning",
        ),
        (f"[policy]\nchance = 0.0{BECAUSE}", "policy.chance", "more than 0"),
        ("[policy.weights]\nurgent = 0\n", "policy.weights.urgent", "above 0"),
        (f"[linking]\nwrong = 2{BECAUSE}", "linking.wrong", "from 0 to 1"),
        (f"[effects]\nnull = 0.9\nreversed = 0.9{BECAUSE}", "effects.reversed", "at most 1"),
        (f"[causes.weather]\nodds = {{ wet = 2.0 }}{BECAUSE}", "causes.weather", "nuisance of persons"),
        (
            f"[causes.activity]\nodds = {{ wet = 2.0 }}{BECAUSE}",
            "causes.activity.odds.wet",
            "high",
        ),
        (
            f'[changes.x]\non = "yes"\nstart = 2017-03-01T00:00:00Z{BECAUSE}',
            "changes.x.on",
            "true or false",
        ),
        (
            f"[changes.x]\non = true\nstart = 2017-03-01T00:00:00Z\nvolume = {{ nobody = 2.0 }}{BECAUSE}",
            "changes.x.volume.nobody",
            "household",
        ),
        ("format = 1", "format", "2"),
        (f"[effects]\nstrength = 1e6{BECAUSE}", "effects.strength", "from 0 to 5"),
        (f"[period]\nstart = 1950-01-01T00:00:00Z{BECAUSE}", "period.start", "1970"),
        (f"[situations.household]\nlasts = 1e-6{BECAUSE}", "situations.household.lasts", "from 1"),
        (f"[signals.reports]\nbands = [[1, 2], [2, 3], [4, 5], [6, 7], [8, 9]]{BECAUSE}", "bands", "overlap"),
        (
            f"[groups.case_id]\nvalues = ['a']\nrules = [{{ p = [1.0] }}]{BECAUSE}",
            "groups.case_id",
            "no other",
        ),
        (f"[policy]\nname = 'a b'{BECAUSE}", "policy.name", "small letters"),
        (f"[period]\nreports_a_year = 0{BECAUSE}", "period.reports_a_year", "from 1"),
        (
            f"[signals.file_count]\nbands = [[0, 0], [1, 1], [2, 3], [4, 10], [11, 1e12]]{BECAUSE}",
            "bands",
            "up to",
        ),
        (
            f"[nuisances.diligence]\nalso = [{{ p = [0.5, 0.5], odds = [1, 1] }}]{BECAUSE}",
            "odds",
            "p beside it",
        ),
        (
            '[situations.household]\nclass = "guessed"\nsource = "x"\n',
            "class",
            "found or derived or assumed",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_dotted_key(tmp_path: Path, text: str, key: str, expected: str) -> None:
    message = refusal(tmp_path, text)
    assert key in message
    assert expected in message


def test_numbers_of_its_own_need_evidence_of_their_own(tmp_path: Path) -> None:
    assert "situations.household.class" in refusal(tmp_path, "[situations.household]\nlasts = 400\n")


def test_a_world_like_itself_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    file.write_text('name = "w"\nlike = "w.toml"\n', encoding="utf-8")
    with pytest.raises(InputRefusedError, match="circles"):
        load_world(file)


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert "TOML" in refusal(tmp_path, "format = = 1")


def test_an_unknown_name_lists_the_shipped_worlds(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="nl-2017"):
        load_world("atlantis")
    with pytest.raises(InputRefusedError, match="nl-2017"):
        overlay(tmp_path, "", base="atlantis")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=r"none\.toml"):
        load_world(tmp_path / "none.toml")


def test_a_path_gives_the_same_world_as_its_name(tmp_path: Path) -> None:
    file = tmp_path / "copy.toml"
    file.write_bytes(find_shipped("synthetic_data", "worlds", "nl-2017.toml").read_bytes())
    assert load_world(file).sha256 == load_world("nl-2017").sha256


def test_the_hash_of_a_world_covers_what_it_is_like(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_bytes(
        find_shipped("synthetic_data", "worlds", "nl-2017.toml").read_bytes()
    )
    before = overlay(tmp_path, "", base="base.toml")
    with (tmp_path / "base.toml").open("a", encoding="utf-8") as file:
        file.write("# a remark\n")
    assert overlay(tmp_path, "", base="base.toml").sha256 != before.sha256


def test_published_numbers_are_not_passed_on(tmp_path: Path) -> None:
    assert load_world("nl-2017").published
    assert not overlay(tmp_path, "").published


def test_a_change_may_lie_beyond_the_period(tmp_path: Path) -> None:
    later = f"[changes.later]\non = false\nstart = 2020-01-01T00:00:00Z{BECAUSE}"
    assert len(compile_world(overlay(tmp_path, later)).eras) == len(compile_world(load_world("nl-2017")).eras)


def test_a_change_that_is_on_must_fall_into_the_period(tmp_path: Path) -> None:
    later = f"[changes.later]\non = true\nstart = 2020-01-01T00:00:00Z{BECAUSE}"
    assert "changes.later.start" in refusal(tmp_path, later)


def test_a_world_needs_a_name_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "w.toml"
    for text in ('like = "nl-2017"', 'name = "../x y"\nlike = "nl-2017"'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(InputRefusedError, match="name"):
            load_world(file)


def test_one_value_is_enough_for_a_group(tmp_path: Path) -> None:
    text = f'[groups.all]\nvalues = ["a"]\nrules = [{{ p = [1.0] }}]{BECAUSE}'
    assert "all" in next(simulate(overlay(tmp_path, text), 20, 1)).groups.column_names


def test_a_contact_offence_means_abuse_at_some_time() -> None:
    """nl-2017: at least 95 percent of those with a contact offence or allegation in a register."""
    frames = [
        drawn.truth.to_pandas().merge(drawn.part.tables["prior_records"].to_pandas(), on="case_id")
        for drawn in simulate(load_world("nl-2017"), 30_000, 5)
    ]
    records = pd.concat(frames)
    contact = records[records["record_kind"].isin(["contact_conviction"])].drop_duplicates("case_id")
    assert len(contact) > 100
    assert contact["abuse_ever"].mean() > 0.88


def test_a_rule_with_p_replaces_and_one_with_odds_multiplies(tmp_path: Path) -> None:
    """By hand: 0.2 replaced by 0.4; odds of 2 to 1 turn 0.4 : 0.6 into 0.8 : 0.6."""
    text = (
        "[signals.account_status]\n"
        'values = ["active", "unknown"]\n'
        "rules = [\n"
        "  { p = [0.2, 0.8] },\n"
        '  { source = ["goaml"], p = [0.4, 0.6] },\n'
        '  { source = ["goaml"], platform = ["gaming"], odds = [2.0, 1.0] },\n'
        "]" + BECAUSE
    )
    emission = compile_world(overlay(tmp_path, text)).signals["account_status"]
    assert list(emission.known) == ["source", "platform"]
    found = np.unique(emission.table[:, 0, 0].round(12))
    assert found == pytest.approx([0.2, 0.4, 0.8 / 1.4])


def test_a_change_that_is_off_changes_nothing(tmp_path: Path) -> None:
    text = (
        "[changes.storm]\non = {on}\nstart = 2017-07-01T00:00:00Z\nvolume = {{ viral_sharer = 5.0 }}"
        + BECAUSE
        + '[signals.escalated]\nalso = [{{ during = ["storm"], p = [0.5, 0.5] }}]'
        + BECAUSE
    )
    off = compile_world(overlay(tmp_path, text.format(on="false")))
    on = compile_world(overlay(tmp_path, text.format(on="true")))
    plain = compile_world(load_world("nl-2017"))
    assert np.array_equal(off.calendar.shares, plain.calendar.shares)
    assert np.allclose(
        off.signals["escalated"].table.max(axis=0), plain.signals["escalated"].table.max(axis=0)
    )
    assert len(on.eras) == len(off.eras) + 1
    place = [one.name for one in on.world.situations].index("viral_sharer")
    before, after = on.calendar.shares[[0, -1], place]
    assert after == pytest.approx(5 * before / (1 + 4 * before))


def test_causes_keep_the_share_of_abuse_of_a_situation(tmp_path: Path) -> None:
    text = f"[causes.activity]\nodds = {{ high = 8.0 }}{BECAUSE}"
    model = compile_world(overlay(tmp_path, text))
    people = model.people
    for place, situation in enumerate(model.world.situations):
        here = people.codes["situation"] == place
        if here.any():
            mean = people.prior[0][here] @ people.share[here] / people.prior[0][here].sum()
            assert mean == pytest.approx(situation.current, abs=1e-9)


def test_a_cause_has_the_odds_ratio_that_it_states(tmp_path: Path) -> None:
    text = f"[causes.activity]\nodds = {{ high = 8.0 }}{BECAUSE}"
    people = compile_world(overlay(tmp_path, text)).people
    names = list(people.axes["situation"])
    here = people.codes["situation"] == names.index("lone_collector")
    others = [axis for axis in people.axes if axis not in {"situation", "activity"}]
    for axis in others:
        here &= people.codes[axis] == people.codes[axis][here][0]
    share, high = people.share[here], people.codes["activity"][here] == 1
    odds = share / (1 - share)
    assert odds[high] / odds[~high] == pytest.approx(8.0)


def test_a_draw_keeps_the_world_and_changes_its_effects() -> None:
    world = load_world("nl-2017")
    written, one, two = (compile_world(world, draw).sizes for draw in (0, 1, 2))
    assert set(written.of.values()) == {1.0}
    assert one.of != two.of
    assert compile_world(world, 1).sizes.of == one.of
    weak = [size for size in one.of.values() if size <= 0]
    assert len(weak) / len(one.of) >= 0.2
    assert any(size < 0 for size in weak)
    assert one.shares.sum() == pytest.approx(1)


def test_nothing_is_to_be_seen_in_any_draw_of_the_null_world() -> None:
    for draw in (0, 1, 2):
        oracle = np.asarray(next(simulate(load_world("null"), 500, 1, draw=draw)).truth["oracle"])
        assert np.ptp(oracle) < 1e-12


def test_without_strength_abuse_shows_in_nothing(tmp_path: Path) -> None:
    model = compile_world(overlay(tmp_path, f"[effects]\nstrength = 0{BECAUSE}"))
    for emission in (*model.signals.values(), *model.told.values(), *model.report_nuisances.values()):
        if "current" in emission.hidden:
            place = list(emission.hidden).index("current")
            shape = (-1, *emission.hidden.values(), len(emission.values))
            without, with_abuse = np.moveaxis(emission.table.reshape(shape), place + 1, 0)
            assert np.array_equal(without, with_abuse)


def test_a_world_knows_its_own_size() -> None:
    world = load_world("nl-2017")
    assert natural_size(world) < world.reports_a_year < 1.25 * natural_size(world)


def test_a_world_too_large_to_sum_over_is_refused(tmp_path: Path) -> None:
    names = [f"mood{place}" for place in range(6)]
    text = "".join(
        f'[nuisances.{name}]\nof = "person"\nvalues = ["a", "b", "c", "d"]\nrules = [{{ p = [0.25, 0.25, 0.25, 0.25] }}]'
        + BECAUSE
        for name in names
    )
    rules = ", ".join(f'{{ {name} = ["a"], odds = [2.0, 1.0] }}' for name in names)
    world = overlay(tmp_path, f"{text}[signals.escalated]\nalso = [{rules}]{BECAUSE}")
    with pytest.raises(InputRefusedError, match="at most"):
        compile_world(world)
