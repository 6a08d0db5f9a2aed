"""Forms of a programme's document, made of its records: whatever a section says can be changed without its text.

The invariant: a form that is sent back as it was shown leaves the document as it was, even what no field can show.

    desk = forms.Desk.of(tx, draft, language)
    editing = forms.Editing.of(desk, forms.sections()["earning"], 0, data)
    drafts.rewrite(draft.text, editing.document)
"""

from regulars.console._remedies import said
from regulars.console.forms._conditions import CHOICES
from regulars.console.forms._documents import code_of
from regulars.console.forms._editing import Desk, Editing, Told, document_of, summary
from regulars.console.forms._labels import section as section_name
from regulars.console.forms._labels import singular
from regulars.console.forms._nodes import Drawer, Node, Row, rearranged
from regulars.console.forms._paths import path_words
from regulars.console.forms._sections import Section, listed, moved, part_of, place_of, sections
from regulars.console.forms._units import Units
from regulars.console.forms._values import filled, read

__all__ = [
    "CHOICES",
    "Desk",
    "Drawer",
    "Editing",
    "Node",
    "Row",
    "Section",
    "Told",
    "Units",
    "code_of",
    "document_of",
    "filled",
    "listed",
    "moved",
    "part_of",
    "path_words",
    "place_of",
    "read",
    "rearranged",
    "said",
    "section_name",
    "sections",
    "singular",
    "summary",
]
