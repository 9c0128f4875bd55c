"""The material: class codes only. How much of it there is never raises anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from triage.features.feature import Compute, Floats
    from triage.features.kernels import Mask
    from triage.features.view import View

_MIDDLE = {
    "0-2": 1.5, "3-6": 5.0, "7-10": 9.0, "11-13": 12.5, "14-15": 15.0, "16-17": 17.0, "18+": 20.0,
    "prepubescent": 7.0, "pubescent": 14.0,
}  # fmt: skip
_SHARED = ("viral", "meme")
_MADE = ("drawn_or_virtual", "generative_ai")


def _tagged(*tags: str) -> Compute:
    return lambda view: view.files.flag(view.files.has("file_annotations", *tags))


def youngest_children(view: View) -> Floats:
    """Whether a file is tagged infant or classed under three."""
    rows = view.files
    return rows.flag(rows.has("file_annotations", "infant") | rows.is_code("youngest_age_band", "0-2"))


def depicted_age(view: View) -> Floats:
    """Return the middle of the age band of the youngest child shown."""
    rows = view.files
    return rows.smallest(rows.translate("youngest_age_band", _MIDDLE))


def severest_class(view: View) -> Floats:
    """Whether a file is of the severest class; denied where files were classed and none is."""
    rows = view.files
    return rows.flag(
        rows.is_code("severity_class", "A1", "IWF_A"),
        rows.is_code("severity_class", "A2", "B1", "B2", "IWF_B", "IWF_C", "none"),
    )


def no_severity(view: View) -> Floats:
    """Whether every file that was classed is of no class of abuse material; denied where one is of some."""
    rows = view.files
    some = rows.flag(
        rows.is_code("severity_class", "A1", "A2", "B1", "B2", "IWF_A", "IWF_B", "IWF_C"),
        rows.is_code("severity_class", "none"),
    )
    return -some + 0.0


def unknown_material(view: View) -> Floats:
    """Whether a look-up knows no match for a file that nobody cleared; denied where every look-up matched."""
    rows = view.files
    return rows.flag(_new(view), rows.is_code("hash_status", "exact_known", "near_known"))


def share_unknown(view: View) -> Floats:
    """Return the share of the files looked up that no list knows and nobody cleared, in percent.

    Viral files do not count, so that copies of them do not move it.
    """
    rows = view.files
    own = ~rows.has("file_annotations", *_SHARED)
    looked_up = rows.count(rows.is_code("hash_status", "exact_known", "near_known", "no_match") & own)
    share = 100.0 * rows.count(_new(view) & own) / np.fmax(looked_up, 1.0)
    return np.where(looked_up > 0, share, np.nan)


def unidentified_victim(view: View) -> Floats:
    """Whether a child shown is known to be unidentified; denied where all known ones are identified."""
    rows = view.files
    return rows.flag(
        rows.is_code("victim_status", "unidentified"), rows.is_code("victim_status", "identified")
    )


def lawful(view: View) -> Floats:
    """Whether all material that was classed is not illegal; denied where some is."""
    rows = view.files
    illegal = rows.flag(
        rows.is_code("legal_class", "baseline", "national"), rows.is_code("legal_class", "not_illegal")
    )
    return -illegal + 0.0


def viral(view: View) -> Floats:
    """Whether every file is tagged viral or meme; more copies of a viral file change nothing."""
    return _only(view, *_SHARED)


def artificial(view: View) -> Floats:
    """Whether every file is tagged drawn, virtual or generated."""
    return _only(view, *_MADE)


def share_viral(view: View) -> Floats:
    """Return the share of the files that are tagged viral or meme, in percent."""
    every = np.ones(len(view.files), dtype=bool)
    return _share(view, every, *_SHARED)


def share_artificial(view: View) -> Floats:
    """Return the share of files tagged drawn, virtual or generated, in percent; viral ones do not count."""
    return _share(view, ~view.files.has("file_annotations", *_SHARED), *_MADE)


def days_since_upload(view: View) -> Floats:
    """Return the days from the last upload to the latest report; uploads of viral files do not count."""
    rows = view.files
    shared = rows.has("file_annotations", *_SHARED)
    return view.days_before_report(rows.largest(np.where(shared, np.nan, rows.seconds("uploaded_at"))))


def files(view: View) -> Floats:
    """Count the files, but for viral ones."""
    rows = view.files
    return rows.count(~rows.has("file_annotations", *_SHARED))


def seen_by_reporter(view: View) -> Floats:
    """Whether a person at the reporter saw a file."""
    return view.files.flag_of("viewed_by_reporter")


def public_material(view: View) -> Floats:
    """Whether anybody could open a file."""
    return view.files.flag_of("publicly_available")


def _new(view: View) -> Mask:
    rows = view.files
    return rows.is_code("hash_status", "no_match") & ~rows.is_code("legal_class", "not_illegal")


def _share(view: View, of: Mask, *tags: str) -> Floats:
    rows = view.files
    count = rows.count(of)
    tagged = rows.count(of & rows.has("file_annotations", *tags))
    return np.where(count > 0, 100.0 * tagged / np.fmax(count, 1.0), np.nan)


def _only(view: View, *tags: str) -> Floats:
    rows = view.files
    tagged = rows.has("file_annotations", *tags)
    return np.where(rows.any(tagged) & ~rows.any(~tagged), 1.0, 0.0)


_material = Domain("material")
_SMID = "Smid 2014: younger and more extreme material"
_NEW = "Belgian federal police; Dutch police on recency"

MATERIAL = (
    _material.flag(
        "live_streamed",
        +1,
        _tagged("live_streamed"),
        "material was streamed live",
        "CyberTipline file tag; AUSTRAC",
    ),
    _material.flag(
        "youngest_children",
        +1,
        youngest_children,
        "material with infants or toddlers",
        "dark-web survey 2022 (n = 1,546)",
        knowable=Knowable.EITHER,
    ),
    _material.number(
        "depicted_age",
        0,
        depicted_age,
        "age of the youngest child shown, in years: {}",
        f"{_SMID}, within image-only suspects; of older ones much is made by themselves",
        unit="years",
        asks="the age of the children shown",
        knowable=Knowable.EITHER,
    ),
    _material.flag(
        "severest_class",
        +1,
        severest_class,
        "material of the severest class",
        _SMID,
        denied="no material of the severest class among what was classed",
        asks="the class of the material",
    ),
    _material.flag(
        "no_severity",
        -1,
        no_severity,
        "all material that was classed is of no class of abuse",
        "industry and IWF classes",
        denied="material that was classed as abuse",
        asks="the class of the material",
    ),
    _material.flag(
        "violent_material",
        +1,
        _tagged("physical_harm", "violence", "animal"),
        "material with violence, harm or animals",
        _SMID,
    ),
    _material.flag(
        "unknown_material",
        +1,
        unknown_material,
        "material that no list knows",
        _NEW,
        denied="all material checked is known",
        asks="whether a list knows the material",
        knowable=Knowable.ENRICHMENT,
    ),
    _material.number(
        "share_unknown",
        +1,
        share_unknown,
        "of the files looked up no list knows, in percent: {}",
        _NEW,
        unit="percent",
        asks="whether a list knows the material",
        knowable=Knowable.ENRICHMENT,
    ),
    _material.flag(
        "unidentified_victim",
        +1,
        unidentified_victim,
        "a child shown is not identified",
        "Belgian federal police: unknown victim raises, identified victim lowers",
        denied="the children shown are identified",
        asks="whether the children shown are identified",
        knowable=Knowable.ENRICHMENT,
    ),
    _material.flag(
        "self_produced",
        0,
        _tagged("self_produced"),
        "material that a child seems to have made itself",
        "CyberTipline file tag; no effect published",
    ),
    _material.flag(
        "lawful",
        -1,
        lawful,
        "all material that was classed is lawful",
        "ICCAM classes; no crime in the material",
        denied="material that was classed as illegal",
        asks="how the material is classed",
        knowable=Knowable.ENRICHMENT,
    ),
    _material.flag("viral", -1, viral, "viral or meme material only", "Meta and NCMEC on viral sharing"),
    _material.flag("artificial", -1, artificial, "drawn, virtual or generated material only", "IWF 2024"),
    _material.number(
        "share_viral",
        -1,
        share_viral,
        "of the files are viral or meme, in percent: {}",
        "Meta and NCMEC on viral sharing",
        unit="percent",
    ),
    _material.number(
        "share_artificial",
        -1,
        share_artificial,
        "of the files that are not viral are drawn, virtual or generated, in percent: {}",
        "IWF 2024",
        unit="percent",
    ),
    _material.number(
        "days_since_upload",
        -1,
        days_since_upload,
        "days from the last upload that is not viral to the report: {}",
        "Dutch police: recent material",
        unit="days",
        asks="when the files were uploaded",
    ),
    _material.number(
        "files",
        -1,
        files,
        "files that are not viral: {}",
        "McManus 2015: more images go with less contact; never upward",
        unit="files",
    ),
    _material.flag(
        "seen_by_reporter",
        0,
        seen_by_reporter,
        "a person at the reporter saw the material",
        "Stanford Internet Observatory 2024; no effect published",
        denied="nobody at the reporter saw the material",
    ),
    _material.flag(
        "public_material",
        0,
        public_material,
        "anybody could open the material",
        "no effect published",
        denied="the material was not open to anybody",
    ),
)
