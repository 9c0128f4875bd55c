"""A mapping that cannot be right is refused before a sheet is read, and says where."""

from __future__ import annotations

import pytest

from triage.errors import InputRefusedError
from triage.intake.sheets.mapping import load_sheet_mapping
from triage.intake.sheets.read import MAPPINGS
from triage.intake.sheets.template import GUESS, write_template

HEAD = 'format = 1\nname = "my-sheet"\nversion = 1\n[sheet.a]\nmust_have = ["No"]\nreport = "No"\n'


def load(tmp_path, body, head=HEAD):
    path = tmp_path / "my.toml"
    path.write_text(head + body, encoding="utf-8")
    return load_sheet_mapping(path)


@pytest.mark.parametrize(
    ("body", "where", "found"),
    [
        ("[sheet.a.reports]\nreceived = { time = 'D' }", "reports", "'received' is no column of the table reports"),
        ("[sheet.a.report_s]\nx = 1", "[sheet.a]", "'report_s' is no setting here"),
        ("[sheet.a.reports]\nsource_priority = { code = 'P', words = { 1 = 'P9' } }", "source_priority", "'P9' is no code"),
        ("[sheet.a.reports]\nsource_priority = 'Priority'", "source_priority", "'Priority' is no code"),
        ("[sheet.a.reports]\nsource_priority = { code = 'P' }\nsource_priority = { code = 'Q' }", "my.toml", "said twice"),
        ("[[sheet.a.reports]]\n[[sheet.a.reports]]\nname = 'b'", "[sheet.a]", "two blocks for the reports"),
        ("[[sheet.a.files]]\n[[sheet.a.files]]", "files 2", "two blocks named 'files'"),
        ("[sheet.a.reports]\nincident_at = { time = 'Date of birth' }", "incident_at", "personal column 'Date of birth'"),
        ("[sheet.a.persons]\nrole='reported'\n[sheet.a.accounts]\n[sheet.a.communications]\nmessage_count = { number = 'Phone' }",
         "message_count", "personal column 'Phone' would be kept"),
        ("[sheet.a.persons]\nrole='reported'\nperson_id = { token = { own = 'Full name' } }", "person_id", "two people can share"),
        ("[sheet.a.persons]\nage_band = { age = 'Age' }", "persons", "without a role"),
        ("[sheet.a.reports]\nreport_id = { token = { own = 'No' } }", "report_id", "fills itself"),
        ("[sheet.a.reports]\nreceived_at = { code = 'D' }", "received_at", "code for a time"),
        ("[sheet.a.reports]\nreceived_at = { time = 'D', formats = ['%Q'] }", "received_at", "the format"),
        ("[sheet.a.reports]\nreceived_at = { time = 'D', zone = 'Mars' }", "received_at", "the zone"),
        ("[sheet.a.reports]\nreceived_at = { time = 'D', words = {} }", "received_at", "'words'"),
        ("[sheet.a.reports]\nescalated_by_reporter = { flag = 'U', yes = ['no'], no = ['no'] }", "escalated", "yes and no"),
        ("[sheet.a.accounts]", "accounts", "no persons"),
        ("[sheet.a.persons]\nrole='reported'\n[sheet.a.network_events]\nlink_token = { token = { address = 'IP' } }",
         "link_token", "without a port"),
        ("[sheet.a.children]\nof = 'x'", "children", "no persons"),
        ("", "[sheet.a]", "no table"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path, body, where, found):
    with pytest.raises(InputRefusedError, match="triage import --template") as caught:
        load(tmp_path, body)
    assert found in caught.value.found
    assert where in caught.value.where
    assert caught.value.expected


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("", "format None"),
        ("format = 2\n", "format 2"),
        ("format = 1\n", "no name"),
        ('format = 1\nname = "Jan Jansen"\n', "no name"),
        ('format = 1\nname = "a"\n', "no version"),
        ('format = 1\nname = "a"\nversion = true\n', "no version"),
        ('format = 1\nname = "a"\nversion = 1\nzone = "x"\n', "the zone"),
        ('format = 1\nname = "a"\nversion = 1\n', "no sheet"),
        ("format = ", "no TOML"),
        ('format = 1\nname = "a"\nversion = 1\n[sheet.a]\nreport = "x"\n', "no must_have"),
        (
            'format = 1\nname = "a"\nversion = 1\n[sheet.a]\nmust_have = ["x"]\n[sheet.a.files]\n',
            "rows of no report",
        ),
    ],
)
def test_a_head_that_is_not_whole_is_refused(tmp_path, head, found):
    with pytest.raises(InputRefusedError) as caught:
        load(tmp_path, "", head)
    assert found in caught.value.found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("{ columns = ['a'], like = { a = 'x' } }", "a column of must_have that is not there"),
        ("{ columns = ['No', 'a'] }", "nothing by which a line is known"),
        ("{ columns = ['No', 'a'], like = { a = '(' } }", "a pattern that is none"),
        ("{ columns = ['No', 'a'], like = { b = 'x' } }", "'b' is no setting here"),
    ],
)
def test_a_sheet_without_header_that_could_not_be_known_is_refused(tmp_path, given, found):
    sheet = f"without_header = {given}\n[sheet.a.reports]\nchannels = 'web'\n"
    with pytest.raises(InputRefusedError) as caught:
        load(tmp_path, sheet)
    assert caught.value.found == found


def test_a_near_miss_is_asked_for(tmp_path):
    with pytest.raises(InputRefusedError) as caught:
        load(tmp_path, "[sheet.a.reports]\nrecieved_at = { time = 'D' }")
    assert caught.value.expected == "'received_at'?"


def test_the_shipped_mappings_load_and_have_names_of_their_own():
    mappings = [load_sheet_mapping(path) for path in sorted(MAPPINGS.glob("*.toml"))]
    assert {mapping.name for mapping in mappings} == {"uk-csea-irp", "scart", "helpline-form"}


def test_the_template_loads_as_it_stands(tmp_path):
    assert load(tmp_path, write_template(), "").sheets[0].report == ("Report number",)


def test_the_template_of_a_sheet_has_its_columns_and_marks_guesses(tmp_path):
    sheet = tmp_path / "in.csv"
    sheet.write_text(
        '"Case no";"Date ""received""";Åge of victim;Wholly unheard of\n77;secret words;x;y\n',
        encoding="utf-8",
    )
    text = write_template(sheet)
    mapping = load(tmp_path, text, "")
    assert mapping.sheets[0].must_have == ("Case no", 'Date "received"', "Åge of victim")
    assert mapping.sheets[0].report == ("Case no",)
    assert "Wholly unheard of" in mapping.sheets[0].dropped
    guessed = [line for line in text.splitlines() if "received_at" in line]
    assert len(guessed) == 1
    assert GUESS in guessed[0]
    assert "secret words" not in text


def test_a_template_of_no_table_is_refused(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text("<report/>")
    with pytest.raises(InputRefusedError, match="no table"):
        write_template(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_mapping_may_come_from_an_editor_or_shell_of_windows(tmp_path, encoding):
    path = tmp_path / "my.toml"
    path.write_bytes((HEAD + "[sheet.a.reports]").replace("\n", "\r\n").encode(encoding))
    assert load_sheet_mapping(path).name == "my-sheet"
