"""How fast reports are read, beside what the standard parsers need for the same bytes alone.

Run: python benchmarks/intake.py [REPORTS [LINES]]

Typical reports of three formats, each with one person and about fifty elements or values: a CyberTipline submission
with its file details, a police download with one file, a bank's report with one payment. Then three sheets: `files`
has three lines a report (a file and a log-in each), `contacts` a report a line with a person, an account and a child
each, `addresses` forty lines a report, of which codes and times are kept. Written by a seeded generator; nothing is
of a real report. Times are of one processor.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.csv as pv

from triage.intake.documents import Document
from triage.intake.importing import FORMATS, read_documents
from triage.intake.sheets.mapping import read_mapping
from triage.intake.sheets.read import sheet_formats
from triage.intake.tokens import TokenKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
FILES = (
    "CSEA-IRP reference,Priority,Report received,Incident time,Offence type,Channel,Country,Platform,Username,"
    "Stated age,Billing name,Billing address,Account status,File number,File name,Upload time,Category,Hash,"
    "Hash match,Viewed by platform,IP address,Port,Event,Event time,Comments"
)
CONTACTS = (
    "Contact number,Received,Who contacts us,Where,Urgent,Country,Platform,Suspect screen name,Suspect age,"
    "Name of suspect,Works with children,Child age,Relation,Contact with child,Child in danger,Name of child,"
    "What happened,Notes"
)
ADDRESSES = "Case,Received,Priority,Country,Channel,Address,Found at,Class,Age class,Category,Worker,Notes"
MAPPING = """
format = 1
name = "addresses"
version = 1
[sheet.a]
must_have = ["Case", "Address", "Found at"]
report = "Case"
dropped = ["Address", "Found at", "Worker", "Notes"]
[sheet.a.reports]
received_at = { time = "Received" }
source_priority = { code = "Priority", words = { "1" = "P1", "2" = "P2", "3" = "P3" } }
jurisdiction_country = { country = "Country" }
channels = { set = "Channel" }
[sheet.a.files]
when = ["Address"]
each = "line"
severity_class = { code = "Category", words = { "A" = "IWF_A", "B" = "IWF_B" } }
legal_class = { code = "Class", words = { "1" = "baseline", "2" = "national" } }
"""
TEXT = "obviously invented words that stand for what somebody wrote about it, " * 2


SUBMISSION = """<report><incidentSummary><incidentType>Online Enticement of Children for Sexual Acts</incidentType>
<platform>Kik</platform><incidentDateTime>2025-05-03T21:15:00Z</incidentDateTime></incidentSummary>
<internetDetails><chatImIncident><chatClient>Kik</chatClient><chatRoomName>room {n}</chatRoomName>
<content>Invented words of nobody, said to nobody, about nothing at all.</content></chatImIncident></internetDetails>
<reporter><reportingPerson><firstName>Ann</firstName><lastName>Invented</lastName><email>safety@kik.example</email>
</reportingPerson></reporter><personOrUserReported><personOrUserReportedPerson><firstName>Some</firstName>
<lastName>Body</lastName><phone>+31 6 {n:08d}</phone><email verified="true">user{n}@mail.example</email>
<dateOfBirth>1980-02-03</dateOfBirth><address><address>Street {n}</address><city>Town</city><zipCode>1234</zipCode>
<country>NL</country></address></personOrUserReportedPerson><espIdentifier>id{n}</espIdentifier>
<espService>Kik</espService><screenName>user{n}</screenName><displayName>User {n}</displayName>
<profileUrl>http://kik.example/{n}</profileUrl><ipCaptureEvent><ipAddress>198.51.100.{b}</ipAddress>
<eventName>Login</eventName><dateTime>2025-05-03T20:00:00Z</dateTime><port>4{b:04d}</port></ipCaptureEvent>
<ipCaptureEvent><ipAddress>203.0.113.{b}</ipAddress><eventName>Upload</eventName>
<dateTime>2025-05-03T21:00:00Z</dateTime></ipCaptureEvent><deviceId><idType>IMEI</idType><idValue>35{n:013d}</idValue>
</deviceId></personOrUserReported></report>"""
DETAILS = """<fileDetails><reportId>{n}</reportId><fileId>{n:032x}</fileId><originalFileName>f{n}.jpg</originalFileName>
<viewedByEsp>true</viewedByEsp><publiclyAvailable>false</publiclyAvailable><industryClassification>A1</industryClassification>
<originalFileHash hashType="MD5">{n:032x}</originalFileHash><fileAnnotations><infant/></fileAnnotations>
<ipCaptureEvent><ipAddress>203.0.113.{b}</ipAddress><eventName>Upload</eventName><dateTime>2025-05-03T21:00:00Z</dateTime>
</ipCaptureEvent></fileDetails>"""
BANK = """<report><rentity_id>7</rentity_id><submission_code>E</submission_code><report_code>STR</report_code>
<entity_reference>REF-{n}</entity_reference><submission_date>2025-05-03T10:00:00</submission_date>
<currency_code_local>EUR</currency_code_local><reporting_person><first_name>Ann</first_name><last_name>Invented</last_name>
<email>desk@bank.example</email></reporting_person><reason>Invented words about nobody</reason><transaction>
<transactionnumber>T{n}</transactionnumber><transaction_location>Town</transaction_location>
<date_transaction>2025-05-01T09:00:00</date_transaction><transmode_code>ONBNK</transmode_code><amount_local>25.00</amount_local>
<t_from_my_client><from_funds_code>ELCFT</from_funds_code><from_person><gender>M</gender><first_name>Some</first_name>
<last_name>Body{n}</last_name><birthdate>1980-02-03T00:00:00</birthdate><phones><phone><tph_number>+316{n:08d}</tph_number>
</phone></phones><addresses><address><address>Street {n}</address><city>Town</city><country_code>NL</country_code></address>
</addresses><email>user{n}@mail.example</email><identification><type>ID</type><number>NX{n:08d}</number>
<issue_country>NL</issue_country></identification></from_person><from_country>NL</from_country></t_from_my_client>
<t_to><to_funds_code>ELCFT</to_funds_code><to_account><institution_name>Other Bank</institution_name><swift>EXAMGB00</swift>
<account>GB00EXAM{b:014d}</account><account_name>Payee {b}</account_name></to_account><to_country>GB</to_country></t_to>
</transaction><report_indicators><indicator>CSAM1</indicator></report_indicators></report>"""


def submissions(n: int) -> list[bytes]:
    """Return a submission and the details of its file."""
    return [text.format(n=n, b=n % 250).encode() for text in (SUBMISSION, DETAILS)]


def bank_reports(n: int) -> list[bytes]:
    """Return a bank's report about children."""
    return [BANK.format(n=n, b=n % 250).encode()]


def downloads(n: int) -> list[bytes]:
    """Return what police download."""
    at, b = "2025-05-03T21:00:00Z", n % 250
    values = {"firstName": "Some", "lastName": "Body", "dateOfBirth": "1980-02-03", "approximateAge": "45"}
    ids = {"espUserId": f"id{n}", "espService": "Kik", "screenName": f"user{n}", "accessToChildVictim": "Yes"}
    seen = {
        "captureType": "IP Address",
        "value": f"198.51.100.{b}",
        "eventName": "Login",
        "dateTime": at,
        "port": 40000 + b,
    }
    device = {
        "captureType": "Device ID",
        "valueType": "IMEI",
        "value": f"35{n:013d}",
        "eventName": "Login",
        "dateTime": at,
    }
    mails = {
        "emails": {"emails": [{"value": f"user{n}@mail.example"}]},
        "phones": {"phones": [{"value": f"+316{n:08d}"}]},
    }
    person = {**values, **ids, **mails, "sourceInformation": {"sourceCaptures": [seen, device]}}
    file = {
        "fileId": f"{n:032x}",
        "filename": f"f{n}.jpg",
        "viewedByEsp": True,
        "industryClassification": "A1",
    }
    tags = {"ncmecTags": {"groups": [{"tags": ["Infant"]}]}, "uploadedToEspTimestamp": at}
    summary = {"incidentType": "Online Enticement", "platform": "Kik", "incidentDateTime": at}
    information = {
        "reportingEsp": {"espName": "Kik", "emails": {"emails": [{"value": "safety@kik.example"}]}},
        "incidentSummary": summary,
        "incidentDetails": {"chatIncident": [{"chatServiceOrClient": "Kik", "notes": [{"value": TEXT}]}]},
        "reportedPeople": {"reportedPersons": [person]},
        "uploadedFiles": [file | tags],
    }
    ncmec = {"ncmecClassification": "Referral", "priority": {"priorityId": 2, "value": "2"}}
    report = {
        "reportId": n,
        "dateReceived": at,
        "reportedInformation": information,
        "additionalNcmecInformation": ncmec,
    }
    return [json.dumps(report).encode()]


def measure_reports(
    name: str, make: Callable[[int], list[bytes]], parse: Callable[[bytes], object], count: int
) -> None:
    """Print how many reports are read in a second, and how many are only parsed."""
    made = [(f"{n}/{place}", content) for n in range(1, count + 1) for place, content in enumerate(make(n))]

    def documents() -> Iterator[Document]:
        for position, (label, content) in enumerate(made, start=1):
            yield Document.of(label, content, position)

    start = time.process_time()
    for _, content in made:
        parse(content)
    alone = time.process_time() - start
    start = time.process_time()
    found = read_documents(documents(), TokenKey(bytes(32)), RECEIVED)
    taken = time.process_time() - start
    rows = sum(table.num_rows for table in found.tables.values())
    if found.tables["reports"].num_rows != count or found.set_aside.num_rows:
        raise SystemExit(f"{name}: {found.set_aside.num_rows} records were set aside")
    size = sum(len(content) for _, content in made) / count
    print(
        f"{name}: {count:,} reports of {size:,.0f} bytes: {count / taken:,.0f} a second"
        f" ({count / alone:,.0f} only parsed; {taken / alone:.1f} times), {rows / count:.1f} rows each",
        flush=True,
    )


def files_line(i: int, draw: random.Random) -> str:
    """Return a line about a file and a log-in of a report that has three."""
    n = i // 3
    person = n * 7919 % 200_003
    day = f"{n % 28 + 1:02d}/{n % 12 + 1:02d}/2025 {n % 24:02d}:{i % 60:02d}"
    return (
        f"R{n},{n % 3 + 1},{day},{day},images,chat,GB,Kik,user{person},{n % 60 + 10},A Name,1 Invented Street,active,"
        f"{i},picture{i}.jpg,{day},{'ABC'[i % 3]},{draw.getrandbits(128):032x},no,yes,203.0.{i % 113}.{i % 251},"
        f"{i % 60000 + 1024},login,{day},{TEXT}".replace(", ", " ")
    )


def contacts_line(i: int, draw: random.Random) -> str:
    """Return a line of a helpline's form."""
    day = f"{i % 28 + 1:02d}/{i % 12 + 1:02d}/2025 {i % 24:02d}:{i % 60:02d}"
    return (
        f"{i},{day},parent,chat,{'yes' if draw.random() < 0.1 else 'no'},NL,Discord,user{i * 7919 % 500_009},{i % 60 + 10},"
        f'A Name,no,{i % 18},father,yes,no,A Child,"{TEXT}",note'
    )


def addresses_line(i: int, draw: random.Random) -> str:
    """Return a line about one of the addresses of a report."""
    day = f"2025-{i // 40 % 12 + 1:02d}-{i // 40 % 28 + 1:02d}T10:00:00Z"
    where = f"http://host{i % 977}.example/{draw.getrandbits(64):016x}"
    return f"R{i // 40},{day},{i % 3 + 1},NL,web,{where},http://from.example/{i},1,2,B,worker{i % 9},{TEXT[:60]}".replace(
        ", ", " "
    )


def _time_reading(path: Path) -> float:
    """Return the seconds of processor that pyarrow needs to read a file and guess the types of its columns."""
    start = time.process_time()
    pv.read_csv(path, read_options=pv.ReadOptions(use_threads=False))
    return time.process_time() - start


def measure_tables(lines: int) -> None:
    """Write the sheets, read them with pyarrow, and read them as an import does."""
    sheets = (
        ("files", FILES, files_line),
        ("contacts", CONTACTS, contacts_line),
        ("addresses", ADDRESSES, addresses_line),
    )
    formats = (*FORMATS, *sheet_formats([read_mapping(tomllib.loads(MAPPING), "benchmark")]))
    for name, header, line in sheets:
        draw = random.Random(1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.csv"
            with path.open("w") as file:
                file.write(header + "\n")
                file.writelines(line(i, draw) + "\n" for i in range(lines))
            # The first reading of a process takes several times as long as any after it.
            alone = min(_time_reading(path) for _ in range(3))
            start = time.process_time()
            found = read_documents([Document.at(path)], TokenKey(bytes(32)), RECEIVED, formats=formats)
            taken = time.process_time() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            rows = sum(table.num_rows for table in found.tables.values())
            print(
                f"{name}: {lines:,} lines, {path.stat().st_size / 1e6:.0f} MB: pyarrow alone {alone:.1f} s of processor, import"
                f" {taken:.1f} s ({taken / alone:.1f} times), {rows:,} rows, {found.set_aside.num_rows} set aside;"
                f" peak memory {peak:.0f} MB",
                flush=True,
            )


def main(reports: int, lines: int) -> None:
    """Measure all."""
    measure_reports("CyberTipline", submissions, ET.fromstring, reports)
    measure_reports("police JSON", downloads, json.loads, reports)
    measure_reports("goAML", bank_reports, ET.fromstring, reports)
    measure_tables(lines)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(20_000, 1_000_000)[len(given) :])
