"""The site: the pages of this checkout as HTML that asks nothing of a network; `make site` builds it."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import matplotlib as mpl

sys.path.insert(0, str(Path(__file__).parent / "site"))

mpl.use("agg")

project = "report-triage"
author = "The report-triage authors"
project_copyright = "The report-triage authors"
release = metadata.version("report-triage")

# The checkout is the source, so that a link leads to the same place here and in a listing of the repository.
root_doc = "docs/index"
include_patterns = [
    "docs/**",
    "notebooks/*.ipynb",
    "synthetic_data/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
exclude_patterns = [".venv", ".git", "build", "dist", "triage", "tests", "models", "benchmarks", "docs/site"]

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "mathml", "reading"]
nitpicky = True
# Types in signatures are of other libraries or of no public name; there is nothing to lead to.
nitpick_ignore_regex = [("py:class", ".*")]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4
# Each notebook is run once, by its test; the site shows that run.
nb_execution_mode = "off"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
numpydoc_show_class_members = False
python_use_unqualified_type_names = True

html_theme = "furo"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
pygments_style = "friendly"
pygments_dark_style = "github-dark"
html_title = "report-triage"
html_copy_source = False
# Summaries of results are fetched, which no browser does between files.
html_show_search_summary = False
html_show_sphinx = False
html_extra_path = ["site/root"]
