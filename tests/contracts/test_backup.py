"""A backup has all of one moment, and a restore puts it back or changes nothing."""

import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import pytest
from click import Command
from click.testing import CliRunner, Result

from app.cli.backup import backup_command, restore_command
from app.cli.up.errors import UpError
from app.cli.up.folder import held
from app.cli.up.run import check_data
from app.domain.artifact import Artifact
from app.domain.blob import Blob
from app.domain.execution import SECOND, Execution, State
from app.domain.filters import EventFilter
from app.infrastructure.folder.blobs import FolderBlobs
from app.infrastructure.folder.work import PREFIX
from app.infrastructure.sqlite import snapshot
from app.infrastructure.sqlite.event_log import SqliteEventLog
from app.infrastructure.sqlite.store import SqliteStore
from app.service.relay import relay
from app.settings import Settings
from tests.private import started_with
from tests.support.builders import a_key, a_result, a_verdict, accepted
from tests.support.event_logs import assert_in_order, every_event, ids
from tests.support.twins import make_twins

ROOT = Path(__file__).parents[2]
SOON = 2 * SECOND
RENAME_BLOB = "UPDATE results SET result = CAST(replace(CAST(result AS TEXT), ?, ?) AS BLOB)"


class Service:
    """What a service has stored in a folder."""

    def __init__(self, data: Path) -> None:
        data.mkdir(mode=0o700, exist_ok=True)
        self.data = data
        self.store = SqliteStore(data / "podline.db", timeout=1)
        self.log = SqliteEventLog(data / "events.db", timeout=1)
        self.ports = replace(make_twins().ports, store=self.store, event_log=self.log)

    def accept(self) -> Execution:
        execution, submission, event = accepted()
        self.store.executions.insert(execution, submission, event)
        return execution

    def finish(self, execution: Execution) -> tuple[Execution, Blob]:
        """It has a result with a blob, but is not completed yet."""
        now = execution.created_at
        admitted = execution.admit(now, now + SOON)
        started = admitted.after.start(now, now + SOON, start_deadline=now + SOON)
        finished = started.after.finish(now, now + SOON, a_verdict())
        for change in (admitted, started, finished):
            assert self.store.executions.apply(change)
        blob = self.store.blobs.put(execution.id, [b"much ", b"output of ", execution.id.encode()])
        artifact = Artifact(name="much.txt", blob=blob)
        self.store.results.insert(a_result(finished.after, artifacts=(artifact,)))
        return finished.after, blob

    def complete(self, execution: Execution) -> Execution:
        change = execution.complete(execution.created_at, execution.created_at + SOON)
        assert self.store.executions.apply(change)
        return change.after

    def erase(self, execution: Execution) -> None:
        self.store.blobs.delete([execution.id])
        self.store.executions.erase(execution.id)

    def close(self) -> None:
        self.store.close()
        self.log.close()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    service = Service(tmp_path / "data")
    for name in ("key", "callback-secret", "callback-previous-secret"):
        (service.data / name).write_text(f"the {name}\n")
    return service


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.tar"


def back_up(service: Service, file: Path) -> Result:
    return _invoke(backup_command, str(file), "--data-dir", str(service.data))


def restore(file: Path, data: Path, *options: str) -> Result:
    return _invoke(restore_command, str(file), "--data-dir", str(data), *options)


def _invoke(command: Command, *arguments: str) -> Result:
    """The commands set the umask of their process, which is that of all tests here."""
    with started_with(umask=0o022):
        return CliRunner().invoke(command, arguments)


def restored(file: Path, data: Path, *options: str) -> Service:
    done = restore(file, data, *options)
    assert done.exit_code == 0, done.output
    return Service(data)


def test_everything_comes_back(service: Service, file: Path, tmp_path: Path) -> None:
    service.store.keys.add(key := a_key())
    queued = service.accept()
    completed, blob = service.finish(service.accept())
    completed = service.complete(completed)
    relay(service.ports)
    assert back_up(service, file).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [file.name]

    again = restored(file, tmp_path / "again")
    assert again.store.keys.all() == [key]
    assert again.store.executions.get(queued.id) == queued
    assert again.store.executions.submission(queued.id) is not None
    assert again.store.executions.get(completed.id) == completed
    assert b"".join(again.store.blobs.read(completed.id, blob) or ()).startswith(b"much output")
    assert ids(every_event(again.log)) == ids(every_event(service.log))
    assert (again.data / "key").read_text() == "the key\n"
    for name in ("callback-secret", "callback-previous-secret"):
        assert (again.data / name).read_text() == f"the {name}\n"
    modes = {path: path.stat().st_mode & 0o077 for path in again.data.rglob("*")}
    assert set(modes.values()) == {0}
    assert not (again.data / "restoring").exists()


def between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Something happens after the store was copied, and before anything else is."""
    copy = snapshot._copy

    def copy_and_more(source: Path, target: Path) -> Path:
        copied = copy(source, target)
        if source.name == "podline.db":
            happens()
        return copied

    monkeypatch.setattr(snapshot, "_copy", copy_and_more)


def test_a_row_whose_blob_has_been_erased_meanwhile_is_erased_in_the_backup(
    service: Service, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = service.complete(service.finish(service.accept())[0])
    erased = service.complete(service.finish(service.accept())[0])
    between(monkeypatch, lambda: service.erase(erased))
    assert "1 executions were erased" in back_up(service, file).output
    again = restored(file, tmp_path / "again")
    row = again.store.executions.get(erased.id)
    assert row is not None
    assert row.erased
    assert again.store.executions.submission(erased.id) is None
    assert no_row_without_its_blob(again) == {kept.id}


def test_so_is_one_that_had_not_ended_then(
    service: Service, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would run again, although its owner has deleted it."""
    finished, _ = service.finish(service.accept())
    between(monkeypatch, lambda: service.erase(service.complete(finished)))
    assert back_up(service, file).exit_code == 0
    again = restored(file, tmp_path / "again")
    row = again.store.executions.get(finished.id)
    assert row is not None
    assert (row.state, row.erased) == (State.CANCELLED, True)
    assert again.store.counts.unfinished("ada") == 0
    assert no_row_without_its_blob(again) == set()


def test_a_blob_of_a_lost_attempt_takes_only_its_result_along(
    service: Service, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The execution runs again, or had run again already."""
    finished, _ = service.finish(service.accept())
    between(monkeypatch, lambda: service.store.blobs.keep(finished.id, ()))
    assert "erased" not in back_up(service, file).output
    again = restored(file, tmp_path / "again")
    assert again.store.executions.get(finished.id) == finished
    assert again.store.executions.submission(finished.id) is not None
    assert again.store.results.get(finished.pod) is None
    assert no_row_without_its_blob(again) == set()


def no_row_without_its_blob(service: Service) -> set[str]:
    """Return the executions that have blobs."""
    blobs = FolderBlobs(service.data / "blobs")
    named = list(snapshot.named_blobs(service.data / "podline.db"))
    assert all(blobs.path(*each).stat().st_size == each[1].size for each in named)
    return {execution_id for execution_id, _ in named}


def test_the_log_has_no_event_that_the_rows_do_not_know(
    service: Service, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the restore, the same execution takes another way, under the same ids."""
    execution = service.accept()
    relay(service.ports)

    def goes_on() -> None:
        service.store.executions.apply(execution.admit(execution.created_at + 5 * SECOND, SOON))
        service.accept()
        relay(service.ports)

    between(monkeypatch, goes_on)
    assert back_up(service, file).exit_code == 0
    assert len(every_event(service.log)) == 3
    again = restored(file, tmp_path / "again")
    assert ids(every_event(again.log)) == [f"{execution.id}.1"]
    change = execution.cancel(execution.created_at + 9 * SECOND, SOON)
    assert again.store.executions.apply(change)
    relay(again.ports)
    found = every_event(again.log)
    assert_in_order(found)
    assert found[-1] == change.event
    since_then = EventFilter(since=change.event.time)
    assert ids(every_event(again.log, since_then)) == [change.event.id]


def test_what_is_relayed_meanwhile_stays_in_the_log(
    service: Service, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = service.accept()
    between(monkeypatch, lambda: relay(service.ports))
    assert back_up(service, file).exit_code == 0
    again = restored(file, tmp_path / "again")
    assert ids(every_event(again.log)) == [f"{execution.id}.1"]


@contextmanager
def another(code: str, *arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process and the line that it prints. It ends when its stdin is closed."""
    command = [sys.executable, "-c", f"import sys\n{code}", *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


BACKS_UP = """
from pathlib import Path
from app.infrastructure.folder.work import work_folder
with work_folder(Path(sys.argv[1])) as work:
    (work / "podline.db").touch()
    print(work, flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_backup_left_is_removed_by_the_next_one(service: Service, file: Path) -> None:
    service.accept()
    foreign = file.parent / f"{PREFIX}of-somebody"
    foreign.symlink_to(service.data)
    with another(BACKS_UP, file.parent) as (process, work):
        assert stat.S_IMODE(Path(work).stat().st_mode) == 0o700
        assert back_up(service, file).exit_code == 0
        assert os.listdir(work) == ["podline.db"], "it is in use"
        process.kill()
    assert os.listdir(work) == ["podline.db"]
    assert back_up(service, file.with_name("next.tar")).exit_code == 0
    assert not Path(work).exists()
    assert list(file.parent.glob(f"{PREFIX}*")) == [foreign]


class TestRefusedBackups:
    def test_onto_an_existing_file(self, service: Service, file: Path) -> None:
        file.write_text("precious")
        service.accept()
        assert "exists already" in back_up(service, file).output
        assert file.read_text() == "precious"

    def test_into_the_data_folder(self, service: Service) -> None:
        service.accept()
        inside = service.data / "blobs" / "backup.tar"
        assert "choose another place" in back_up(service, inside).output

    def test_of_nothing(self, service: Service, file: Path) -> None:
        assert "does not exist" in back_up(service, file).output
        assert not list(file.parent.glob("backup*"))

    def test_into_a_folder_that_is_not_there(self, service: Service, file: Path) -> None:
        service.accept()
        output = back_up(service, file.parent / "none" / "backup.tar").output
        missing = file.parent / "none"
        assert output == f"podline: no backup was made: {missing}: No such file or directory\n"

    def test_of_mongodb(
        self, service: Service, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_DATABASE_URL", "mongodb://localhost/podline")
        assert "use its own tools" in back_up(service, file).output


USES = """
import sqlite3
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT * FROM sqlite_master").fetchall()
print(flush=True)
sys.stdin.read()
"""


class TestRefusedRestores:
    @pytest.fixture
    def file(self, service: Service, tmp_path: Path) -> Path:
        service.complete(service.finish(service.accept())[0])
        relay(service.ports)
        assert back_up(service, tmp_path / "good.tar").exit_code == 0
        return tmp_path / "good.tar"

    def test_into_a_folder_with_a_service(self, service: Service, file: Path) -> None:
        refused = restore(file, service.data)
        assert refused.exit_code == 1
        assert "--force" in refused.output

    def test_unless_it_is_forced(self, service: Service, file: Path) -> None:
        later = service.accept()
        service.store.blobs.put(later.id, [b"large"])
        spooled = service.data / "sandbox" / "pods" / f"{later.id}-1"
        spooled.parent.mkdir(parents=True)
        spooled.touch()
        package = service.data / "sandbox" / "packages" / "installed.json"
        package.parent.mkdir()
        package.touch()
        service.close()
        again = restored(file, service.data, "--force")
        assert again.store.executions.get(later.id) is None
        assert not (service.data / "blobs" / later.id).exists()
        assert not spooled.exists()
        assert package.exists()

    def test_into_the_folder_of_a_running_service(self, service: Service, file: Path) -> None:
        with held(service.data):
            assert "is already running" in restore(file, service.data, "--force").output

    @pytest.mark.parametrize("database", ["podline.db", "events.db"])
    def test_while_another_process_uses_it(
        self, service: Service, file: Path, database: str
    ) -> None:
        service.close()
        with another(USES, service.data / database) as (process, _):
            said = restore(file, service.data, "--force").output
            assert f"{database} is in use by process {process.pid}: stop all parts" in said
        restored(file, service.data, "--force")

    @pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
    def test_of_an_incomplete_file(self, service: Service, file: Path, share: float) -> None:
        os.truncate(file, int(file.stat().st_size * share))
        self.assert_unchanged(service, file, "can't be restored")

    def test_of_a_damaged_blob(self, service: Service, file: Path) -> None:
        content = file.read_bytes()
        assert content.count(b"much output of") == 1
        file.write_bytes(content.replace(b"much output of", b"MUCH output of"))
        self.assert_unchanged(service, file, "is damaged")

    @pytest.mark.parametrize("database", ["podline.db", "events.db"])
    def test_of_a_damaged_database(self, service: Service, file: Path, database: str) -> None:
        def damage(name: str, content: bytes) -> tuple[str, bytes]:
            broken = content[:100] + bytes([255] * 8192) + content[100 + 8192 :]
            return name, broken if name == database else content

        self.rewrite(file, damage)
        self.assert_unchanged(service, file, "damaged")

    @pytest.mark.parametrize("name", ["../key", "/tmp/key", "blobs/../x/" + 64 * "0", "other"])
    def test_with_other_files(self, service: Service, file: Path, name: str) -> None:
        self.rewrite(file, lambda old, content: (name if old == "key" else old, content))
        self.assert_unchanged(service, file, "is not part of a backup")

    def test_of_another_format(self, service: Service, file: Path) -> None:
        self.rewrite(file, lambda name, old: (name, old.replace(b'"format": 1', b'"format": 2')))
        self.assert_unchanged(service, file, "it has the format 2")

    @pytest.mark.parametrize("manifest", [b"{", b"[]", b"{}", b'{"format": 1}'])
    def test_of_a_damaged_manifest(self, service: Service, file: Path, manifest: bytes) -> None:
        self.rewrite(file, lambda name, old: (name, manifest if name == "manifest.json" else old))
        self.assert_unchanged(service, file, "its manifest is damaged")

    def test_of_a_newer_release(self, service: Service, file: Path, tmp_path: Path) -> None:
        newer = tmp_path / "newer.db"

        def raise_version(name: str, content: bytes) -> tuple[str, bytes]:
            if name != "podline.db":
                return name, content
            newer.write_bytes(content)
            with closing(sqlite3.connect(newer)) as connection:
                connection.execute("PRAGMA user_version = 99")
            return name, newer.read_bytes()

        self.rewrite(file, raise_version)
        self.assert_unchanged(service, file, "version 99")

    @pytest.mark.parametrize(
        ("field", "value"), [("created_at", "\x1b[31m"), ("created_at", ["x"]), ("blobs", "1")]
    )
    def test_of_a_forged_manifest(
        self, service: Service, file: Path, field: str, value: object
    ) -> None:
        def forge(name: str, old: bytes) -> tuple[str, bytes]:
            forged = name == "manifest.json"
            return name, json.dumps(json.loads(old) | {field: value}).encode() if forged else old

        self.rewrite(file, forge)
        self.assert_unchanged(service, file, "its manifest is damaged")

    @pytest.mark.parametrize(
        "manifest",
        [b"[" * 60_000, b" " * 65_536 + b'{"format": 1}'],
        ids=["that is deep", "that is large"],
    )
    def test_with_a_manifest(self, service: Service, file: Path, manifest: bytes) -> None:
        self.rewrite(file, lambda name, old: (name, manifest if name == "manifest.json" else old))
        self.assert_unchanged(service, file, "its manifest is damaged")

    @pytest.mark.parametrize("name", ["manifest.json", "events.db"])
    def test_with_a_file_that_grows_as_it_is_read(
        self, service: Service, file: Path, name: str
    ) -> None:
        """A sparse file of 4 GiB takes 512 bytes in an archive."""
        info = tarfile.TarInfo(name)
        info.size = 512
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": name,
            "GNU.sparse.realsize": str(4 << 30),
        }
        with tarfile.open(file, "w") as archive:
            archive.addfile(info, io.BytesIO(b"0\n".ljust(512, b"\0")))
        self.assert_unchanged(service, file, f"{name!r} is not a file")

    def test_whose_database_names_a_file_elsewhere(
        self, service: Service, file: Path, tmp_path: Path
    ) -> None:
        """Otherwise an artifact could be any file that the service can read."""
        (other := tmp_path / "other").write_text("precious")
        (execution_id,) = no_row_without_its_blob(service)
        name = os.path.relpath(other, service.data / "blobs" / execution_id)
        self.change_database(file, RENAME_BLOB, self.blob(service), name)
        self.assert_unchanged(service, file, "as a blob")

    def test_with_an_id_that_is_a_path(self, service: Service, file: Path) -> None:
        """Otherwise retention could remove any folder."""
        self.change_database(file, "UPDATE executions SET id = ?", "../../elsewhere")
        self.assert_unchanged(service, file, "the id '../../elsewhere'")

    @staticmethod
    def blob(service: Service) -> str:
        ((_, blob),) = snapshot.named_blobs(service.data / "podline.db")
        return blob.sha256

    def change_database(self, file: Path, statement: str, *values: str) -> None:
        copy = file.with_suffix(".db")

        def changed(name: str, content: bytes) -> tuple[str, bytes]:
            if name != "podline.db":
                return name, content
            copy.write_bytes(content)
            with closing(sqlite3.connect(copy)) as connection, connection:
                assert connection.execute(statement, values).rowcount == 1
            return name, copy.read_bytes()

        self.rewrite(file, changed)

    def test_with_a_header_that_is_no_number(self, service: Service, file: Path) -> None:
        info = tarfile.TarInfo("key")
        info.pax_headers = {"GNU.sparse.realsize": "much"}
        with tarfile.open(file, "w") as archive:
            archive.addfile(info)
        self.assert_unchanged(service, file, "can't be restored")

    def test_with_a_file_twice(self, service: Service, file: Path) -> None:
        with tarfile.open(file, "a") as archive:
            archive.addfile(tarfile.TarInfo("key"))
        self.assert_unchanged(service, file, "key is in it twice")

    @staticmethod
    def rewrite(file: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> None:
        with tarfile.open(file) as old:
            members = [(each.name, old.extractfile(each)) for each in old]
            contents = [change(name, content.read()) for name, content in members if content]
        with tarfile.open(file, "w") as new:
            for name, content in contents:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                new.addfile(info, io.BytesIO(content))

    @staticmethod
    def assert_unchanged(service: Service, file: Path, reason: str) -> None:
        later = service.accept()
        refused = restore(file, service.data, "--force")
        assert refused.exit_code == 1
        assert reason in refused.output
        assert service.store.executions.get(later.id) == later
        assert (service.data / "key").read_text() == "the key\n"
        assert not (service.data / "restoring").exists()


def test_a_restore_that_was_interrupted_is_noticed(
    service: Service, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the service would start without its data, as if it were new."""
    execution = service.accept()
    assert back_up(service, file).exit_code == 0
    service.close()

    def interrupt(*_: Path) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "move", interrupt)
        assert "No space left" in restore(file, service.data, "--force").output
    monkeypatch.setenv("PODLINE_DATA_DIR", str(service.data))
    with pytest.raises(UpError, match="repeat `podline restore` with --force"):
        check_data(Settings.load())
    assert not (service.data / "podline.db").exists()

    again = restored(file, service.data, "--force")
    assert again.store.executions.get(execution.id) == execution
    check_data(Settings.load())
