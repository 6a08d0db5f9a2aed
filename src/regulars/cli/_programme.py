"""`regulars programme validate|plan|what-if|diff|apply|export|versions|rollback`: the programme as a file, in a repository or not."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from regulars import access, ledger, programme
from regulars.access import Permission
from regulars.app import App
from regulars.cli import _what_if
from regulars.cli._app import AsJson, open_app, show, show_one
from regulars.errors import Invalid
from regulars.insight import what_if
from regulars.programme import Programme, drafts
from regulars.programme.drafts import Change, Impact
from regulars.storage import Transaction
from regulars.types import to_public

app = typer.Typer(help="The programme as a file: check it, compare it, publish it, write it out.", no_args_is_help=True)

DIFFERENT: Final = 2
"""What `plan` and `diff` end with when there are changes; 0: there are none, 1: the file cannot be used."""

_MARKS: Final = {"added": "+", "removed": "-", "changed": "~", "moved": "↕"}
_COLOURS: Final = {"added": "green", "removed": "red", "changed": "yellow", "moved": "cyan"}

File = Annotated[
    Path, typer.Argument(help="The programme as YAML or JSON; - reads standard input.", show_default=False)
]
By = Annotated[str, typer.Option("--by", help="Who does it: an operator's e-mail.", show_default=False)]
NoteOption = Annotated[str, typer.Option("--note", help="What for, on one line.")]
From = Annotated[
    str | None,
    typer.Option(
        "--effective-at",
        help="From when on it holds: a day such as 2027-01-01 in the programme's time zone, or a moment with its offset.",
    ),
]


class UnusableFile(Invalid):
    """{count} things are wrong with {file}, listed above."""


class UnreadableFile(Invalid):
    """{field} is {value!r}: {remedy}."""


class BadMoment(Invalid):
    """{field} is {value!r}: {remedy}."""


@app.command("validate")
def validate(
    files: Annotated[list[Path], typer.Argument(help="Programmes as YAML or JSON.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with files, by line. Needs no database; ends with 2 if anything is."""
    checked = [(file, drafts.check(_read(file))) for file in files]
    if as_json:
        rows = [{"file": str(file), **asdict(flaw)} for file, one in checked for flaw in one.flaws]
        typer.echo(json.dumps(rows, ensure_ascii=False, default=str))
    for file, one in checked:
        if one.flaws and not as_json:
            _complain(file, one)
        elif not as_json:
            typer.echo(f"{file} can be used.")
    if any(one.flaws for _, one in checked):
        raise typer.Exit(DIFFERENT)


@app.command("plan")
def plan(file: File, effective_at: From = None, as_json: AsJson = False) -> None:
    """Say what publishing a file would change: its terms, and who would hold another tier today.

    Ends with 0 if nothing would change, with 2 if something would.
    """
    wanted = _usable(file, unusable=1)
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        at = opened.clock()
        impact = drafts.plan(tx, wanted, at=at, begins=_moment(effective_at, wanted))
    if as_json:
        typer.echo(json.dumps(asdict(impact), ensure_ascii=False))
    else:
        _tell(impact)
    raise typer.Exit(DIFFERENT if impact.changes else 0)


@app.command("what-if")
def try_out(
    file: File,
    months: _what_if.Months = 12,
    thousand_minor: _what_if.Thousand = None,
    by: _what_if.By = _what_if.BY,
    as_json: AsJson = False,
) -> None:
    """Replay the real orders of the last months under a file, and say what would have happened. The result is kept.

    With a draft that says the same, it is kept with that.
    """
    _what_if.tell(_usable(file, unusable=1), months=months, thousand_minor=thousand_minor, by=by, as_json=as_json)


@app.command("diff")
def diff(
    one: Annotated[str, typer.Argument(help="A file, or the number of a version.", show_default=False)],
    other: Annotated[
        str | None,
        typer.Argument(help="What it becomes; left out: the first is what the programme that holds becomes."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how two programmes differ, by what they say. Ends with 0 if they do not, with 2 if they do."""
    was, now = _contents(one, other)
    found = drafts.changes(was, now)
    if as_json:
        typer.echo(json.dumps([asdict(change) for change in found], ensure_ascii=False))
    elif found:
        _show_changes(found)
    else:
        typer.echo("They say the same.")
    raise typer.Exit(DIFFERENT if found else 0)


@app.command("apply")
def apply(
    file: File,
    by: By,
    note: NoteOption = "",
    approve: Annotated[bool, typer.Option("--approve", help="Approve and publish it, too.")] = False,
    effective_at: From = None,
    as_json: AsJson = False,
) -> None:
    """Make a draft of a file and submit it; with --approve, publish it.

    A draft that says the same and waits is taken, so one person applies a file and another approves it. Repeating it
    changes nothing.
    """
    wanted = _usable(file)
    with open_app() as opened, opened.database.transaction() as tx:
        author = _operator(tx, by, Permission.CONFIGURE)
        begins = _moment(effective_at, wanted)
        if not _differs(tx, opened, wanted, begins):
            show_one({"changed": False}, "Nothing to change: what holds says the same.", as_json=as_json)
            return
        draft = _drafted(tx, opened, wanted, _read(file), author, note)
        if not approve:
            result = {"changed": True, "draft": to_public("drf", draft.draft_id), "state": draft.state}
            show_one(result, f"{result['draft']} is {draft.state}: somebody else has to approve it.", as_json=as_json)
            return
        tried = what_if.of_draft(tx, draft)
        if tried is None:
            typer.echo(
                "No what-if was made of it: `regulars programme what-if` says what it would have cost.", err=True
            )
        done = _published(tx, opened, draft, author, begins)
    result = {
        "changed": True,
        "draft": to_public("drf", draft.draft_id),
        "version": done.version_id,
        "what_if": tried and to_public("wif", tried.what_if_id),
    }
    show_one(result, f"Published as version {done.version_id}.", as_json=as_json)


@app.command("export")
def export(
    file: Annotated[
        Path, typer.Argument(help="Where it goes; .json writes JSON, - standard output.", show_default=False)
    ],
    version: Annotated[int | None, typer.Option(help="Which version; the one that holds otherwise.")] = None,
    canonical: Annotated[bool, typer.Option("--canonical", help="In the stable form, whatever was written.")] = False,
) -> None:
    """Write the programme that holds to a file: as it was written, or with an explanation above each part.

    A file that says the same already is left as it is.
    """
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        content = programme.current(tx, at=opened.clock()) if version is None else drafts.version(tx, version)
        text = drafts.canonical(content) if canonical else drafts.text_of(tx, content)
    if file.suffix == ".json":
        text = drafts.rewrite("{}", drafts.document_of(content))
    elif text.lstrip().startswith("{"):
        text = drafts.canonical(content)
    if str(file) == "-":
        sys.stdout.write(text)
        return
    known = file.read_text("utf-8") if file.exists() else ""
    if not canonical and known:
        stays = drafts.check(known).programme
        same = stays is not None and drafts.document_of(stays) == drafts.document_of(content)
        unwritten = text == drafts.canonical(content)
        text = known if same else drafts.rewrite(known, drafts.document_of(content)) if unwritten else text
    file.write_text(text, "utf-8")
    typer.echo(f"Version {content.version_id} is in {file}.")


@app.command("versions")
def versions(as_json: AsJson = False) -> None:
    """List the versions published, the latest first."""
    with open_app() as opened, opened.database.transaction(read_only=True) as tx:
        known, at = programme.versions(tx), opened.clock()
        why = drafts.releases(tx, known)
        holds = programme.current(tx, at=at).version_id if known else 0
    rows = [
        {
            "version": one.version_id,
            "holds": "now" if one.version_id == holds else "later" if one.effective_at > at else None,
            "effective_at": one.effective_at,
            "published_at": one.published_at,
            "published_by": one.published_by,
            "approved_by": why[one.version_id].approved_by if one.version_id in why else None,
            "restores": why[one.version_id].restores if one.version_id in why else None,
            "note": why[one.version_id].note if one.version_id in why else "",
        }
        for one in known
    ]
    show(rows, as_json=as_json, nothing="No version was published yet.")


@app.command("rollback")
def rollback(
    version: Annotated[int, typer.Argument(help="The version that is to hold again.", show_default=False)],
    by: By,
    note: NoteOption = "",
    effective_at: From = None,
    as_json: AsJson = False,
) -> None:
    """Go back: publish an earlier version again, as a new one. Nothing is deleted."""
    with open_app() as opened, opened.database.transaction() as tx:
        author = _operator(tx, by, Permission.APPROVE)
        begins = _moment(effective_at, drafts.version(tx, version))
        done = drafts.roll_back(tx, version, by=author, at=opened.clock(), note=note, effective_at=begins)
    result = {"version": done.version_id, "restores": version}
    show_one(result, f"Version {done.version_id} says what version {version} said.", as_json=as_json)


def _read(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFile(field="file", value=str(file), remedy=f"give a text file in UTF-8 ({error})") from error


def _complain(file: Path, checked: drafts.Checked) -> None:
    for flaw in checked.flaws:
        what = f"{flaw.field} is {flaw.value!r}: " if flaw.field else ""
        typer.secho(f"{file}:{flaw.line}: {what}{flaw.remedy}", err=True, fg=typer.colors.RED)


def _usable(file: Path, *, unusable: int | None = None) -> Programme:
    """The programme in a file; if there is none, the exit code `unusable`, or the one of what is invalid."""
    checked = drafts.check(_read(file))
    if checked.programme is None:
        _complain(file, checked)
        if unusable is not None:
            raise typer.Exit(unusable)
        raise UnusableFile(count=len(checked.flaws), file=file)
    return checked.programme


def _contents(one: str, other: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is compared; the database is opened only if it has a part in it."""
    named = [one] if other is None else [one, other]
    found: dict[str, Programme] = {name: _usable(Path(name), unusable=1) for name in named if not name.isdecimal()}
    if len(found) < len(set(named)) or other is None:
        with open_app() as opened, opened.database.transaction(read_only=True) as tx:
            found |= {name: drafts.version(tx, int(name)) for name in named if name.isdecimal()}
            holds = programme.current(tx, at=opened.clock()) if other is None else found[one]
        return drafts.document_of(holds), drafts.document_of(found[named[-1]])
    return drafts.document_of(found[one]), drafts.document_of(found[named[-1]])


def _show_changes(found: Sequence[Change]) -> None:
    for one in found:
        mark, colour = _MARKS[one.kind], _COLOURS[one.kind]
        typer.secho(f"{mark} {one.path}{_words(one)}", fg=colour)


def _words(one: Change) -> str:
    if one.kind == "added":
        return f": {_short(one.now)}"
    if one.kind == "removed":
        return f" (was {_short(one.was)})"
    return f": {_short(one.was)} → {_short(one.now)}"


def _short(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tell(impact: Impact) -> None:
    if not impact.changes:
        typer.echo(f"Nothing would change: version {impact.against} says the same.")
        return
    typer.echo(f"Compared with version {impact.against}:")
    _show_changes(impact.changes)
    if not impact.moves:
        typer.echo(f"No member would hold another tier today, of {impact.members:,}.")
    for move in impact.moves:
        typer.echo(
            f"{move.members:,} of {impact.members:,} members: {move.tier_set} {move.was or '-'} → {move.becomes}"
        )


def _moment(text: str | None, wanted: Programme) -> datetime | None:
    if text is None:
        return None
    try:
        if "T" not in text and " " not in text:
            return ledger.day_begins(date.fromisoformat(text), wanted.time_zone)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise _bad_moment(text) from error
    if moment.tzinfo is None:
        raise _bad_moment(text)
    return moment


def _bad_moment(text: str) -> BadMoment:
    return BadMoment(
        field="effective_at", value=text, remedy="give a day such as 2027-01-01, or 2027-01-01T09:00+01:00"
    )


def _operator(tx: Transaction, email: str, permission: Permission) -> str:
    """The e-mail of an operator who may do that."""
    for one in access.operators(tx):
        if one.email == email.strip().lower():
            access.require(one.role, permission)
            return one.email
    raise access.OperatorNotFound(operator=email)


def _differs(tx: Transaction, opened: App, wanted: Programme, begins: datetime | None) -> bool:
    held = programme.current(tx, at=begins or opened.clock())
    return bool(drafts.changes(drafts.document_of(held), drafts.document_of(wanted)))


def _drafted(tx: Transaction, opened: App, wanted: Programme, text: str, by: str, note: str) -> drafts.Draft:
    """A submitted draft of it: the one that waits, if it says the same, or a new one."""
    at = opened.clock()
    known = drafts.draft_that_says(tx, drafts.document_of(wanted))
    if known is None or known.state == "rejected" or not drafts.is_current(tx, known):
        known = drafts.begin(tx, text, by=by, at=at, note=note)
    return drafts.submit(tx, known.draft_id, by=by, at=at) if known.state == "open" else known


def _published(tx: Transaction, opened: App, draft: drafts.Draft, by: str, begins: datetime | None) -> Programme:
    at = opened.clock()
    if draft.state == "submitted":
        _operator(tx, by, Permission.APPROVE)
        drafts.approve(tx, draft.draft_id, by=by, at=at, alone=opened.settings.approve_alone)
    return drafts.publish(tx, draft.draft_id, by=by, at=at, effective_at=begins)
