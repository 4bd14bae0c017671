"""How Sphinx builds the documentation (`make docs`, in which a warning is an error).

The pages are Markdown, read by MyST; the notebooks in `notebooks/` are Markdown too and are executed during the build.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import fastapi  # noqa: F401  (before autodoc, which sets TYPE_CHECKING while it imports, and pydantic stumbles on that)

import trompe
from trompe.options import numbers

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for `registries`

PRIVATE = (  # in signatures, but not in the reference
    "trompe.analysis.directions.check_name",
    "trompe.data.sources.parallel.R",
    "trompe.data.sources.parallel.T",
    "trompe.explorer.live.Body",
    "trompe.explorer.threads.T",
    "trompe.families.base.FamilyClass",
    "trompe.options.data.Size",
    "trompe.registry.Row",
    "trompe.sklearn._Coder",
)

project, author = "trompe", "the authors of trompe"
release = version = trompe.__version__
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "registries",
]
exclude_patterns = ["results/**", "inventories/**"]
highlight_language = "text"  # of indented blocks, which are commands
nitpicky = True  # a link to a name of trompe that is none is an error
nitpick_ignore_regex = [("py:.*", r"(?s)(?!trompe\.[\w.]+$).*")]  # of other libraries, not every name is found
nitpick_ignore = [("py:class", name) for name in PRIVATE]
suppress_warnings = ["ref.python"]  # of a name in an annotation that several modules have

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3


def digest_of_package() -> str:
    """Of all that a notebook's outputs may depend on."""
    digest = hashlib.sha256()
    for path in sorted(Path(trompe.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


os.environ.setdefault("OMP_NUM_THREADS", "1")  # two notebooks at a time are faster than two threads of one
nb_execution_mode = "cache"
nb_execution_cache_path = str(HERE.parent / "build" / "notebooks" / digest_of_package())
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # seconds of a cell: only a hang takes that long
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_type_aliases = {  # so that a signature says `Positive` and links to what that is
    **{name: f"{numbers.__name__}.{name}" for name in vars(numbers) if name[0].isupper()},
    "Size": "trompe.options.data.Size",
}
autodoc_default_options = {
    "members": True,
    "exclude-members": "set, variant, Size",  # long, and said elsewhere
}
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_attr_annotations = False  # they stand in the signature
default_role = "py:obj"  # in docstrings: code, and a link if it is the name of something in trompe
add_module_names = False
python_use_unqualified_type_names = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

# Each project's list of names is read from its site or, without network, from a list of those that trompe mentions.
intersphinx_mapping = {
    name: (url, (None, str(HERE / "inventories" / f"{name}.txt")))
    for name, url in {
        "python": "https://docs.python.org/3/",
        "numpy": "https://numpy.org/doc/stable/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "torch": "https://docs.pytorch.org/docs/stable/",
        "sklearn": "https://scikit-learn.org/stable/",
        "matplotlib": "https://matplotlib.org/stable/",
        "PIL": "https://pillow.readthedocs.io/en/stable/",
    }.items()
}
intersphinx_timeout = 5

html_theme = "furo"
html_title = "trompe"
html_static_path = ["static"]
html_css_files = ["trompe.css"]
html_copy_source = False
html_show_sphinx = html_show_copyright = False
html_theme_options = {  # the colors of src/trompe/web/style.css
    "light_css_variables": {
        "color-brand-primary": "#0072b2",
        "color-brand-content": "#0072b2",
        "color-brand-visited": "#0072b2",
        "color-foreground-primary": "#22252a",
        "color-foreground-secondary": "#5d6570",
        "color-background-primary": "#fbfbfa",
        "color-background-secondary": "#f4f5f5",
        "color-background-border": "#dfe3e8",
        "color-api-name": "#22252a",
        "color-api-pre-name": "#22252a",
    },
    "dark_css_variables": {
        "color-brand-primary": "#56b4e9",
        "color-brand-content": "#56b4e9",
        "color-brand-visited": "#56b4e9",
        "color-foreground-primary": "#e7e9ec",
        "color-foreground-secondary": "#9aa3ae",
        "color-background-primary": "#17191d",
        "color-background-secondary": "#1f2227",
        "color-background-border": "#343a42",
        "color-api-name": "#e7e9ec",
        "color-api-pre-name": "#e7e9ec",
    },
}
pygments_dark_style = "github-dark"
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True
