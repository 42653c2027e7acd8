"""The rule itself: a folder is created, repaired, or refused with a command that helps."""

import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.private import (
    FOR_JAILS,
    PUBLIC,
    NotPrivate,
    close_database,
    close_file,
    make_data_folder,
    make_folder,
    make_shared_folder,
    refuse_links_of_others,
    touch,
)
from tests.private import OTHER, mode, open_to_others
from tests.private.conftest import AsOther

OURS = ("podline.db", "logs")


class TestFolder:
    @pytest.mark.usefixtures("umask")
    def test_it_is_made_with_its_parents(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "a" / "b")
        assert not open_to_others(tmp_path / "a")
        assert mode(tmp_path / "a" / "b") == 0o700

    @pytest.mark.usefixtures("umask")
    def test_jails_may_read_what_is_public(self, tmp_path: Path) -> None:
        make_folder(tmp_path / "a" / "b", PUBLIC)
        assert {mode(tmp_path / "a"), mode(tmp_path / "a" / "b")} == {0o755}

    @pytest.mark.parametrize("before", [0o000, 0o700, 0o755, 0o777, 0o1777, 0o2775])
    def test_it_is_repaired(self, tmp_path: Path, before: int) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a").chmod(before)
        assert make_folder(tmp_path / "a") == bool(before & 0o022)
        assert mode(tmp_path / "a") == 0o700

    def test_a_link_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "target").mkdir(mode=0o755)
        (tmp_path / "link").symlink_to(tmp_path / "target")
        with pytest.raises(NotPrivate, match=f"is a symbolic link: rm {tmp_path}/link"):
            make_folder(tmp_path / "link")
        assert mode(tmp_path / "target") == 0o755

    def test_a_link_to_nothing_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "target")
        with pytest.raises(NotPrivate, match="is a symbolic link"):
            make_folder(tmp_path / "link")
        assert not (tmp_path / "target").exists()

    def test_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        with pytest.raises(FileExistsError):
            make_folder(tmp_path / "a")

    def test_in_tmp_it_is_safe_once_it_is_ours(self, sticky: Path, as_other: AsOther) -> None:
        make_folder(sticky / "ours")
        with pytest.raises(PermissionError):
            as_other(lambda: (sticky / "ours").rename(sticky / "gone"))

    def test_in_tmp_one_of_another_user_is_refused(self, sticky: Path, as_other: AsOther) -> None:
        as_other(lambda: (sticky / "ours").mkdir(0o777))
        with pytest.raises(NotPrivate, match=rf"another user \(uid {OTHER}\): .* rm -r"):
            make_folder(sticky / "ours")

    def test_in_tmp_a_link_of_another_user_is_refused(
        self, sticky: Path, tmp_path: Path, as_other: AsOther
    ) -> None:
        (tmp_path / "victim").mkdir(mode=0o755)
        as_other(lambda: (sticky / "ours").symlink_to(tmp_path / "victim"))
        with pytest.raises(NotPrivate, match="is a symbolic link"):
            make_folder(sticky / "ours")
        assert mode(tmp_path / "victim") == 0o755

    def test_below_a_folder_of_another_user_it_is_refused(
        self, sticky: Path, as_other: AsOther
    ) -> None:
        as_other(lambda: (sticky / "theirs").mkdir(0o755))
        with pytest.raises(NotPrivate, match="theirs belongs to another user"):
            make_folder(sticky / "theirs" / "ours")

    def test_what_sudo_was_called_by_is_trusted(
        self, sticky: Path, as_other: AsOther, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_other(lambda: (sticky / "home").mkdir(0o755))
        monkeypatch.setenv("SUDO_UID", str(OTHER))
        make_folder(sticky / "home" / "ours")
        assert mode(sticky / "home" / "ours") == 0o700

    @pytest.mark.parametrize("open_mode", [0o777, 0o757, 0o702])
    def test_below_a_folder_that_others_write_to_it_is_refused(
        self, reachable: Path, open_mode: int
    ) -> None:
        (reachable / "open").mkdir()
        (reachable / "open").chmod(open_mode)
        with pytest.raises(NotPrivate, match=f"other users: chmod go-w {reachable}/open"):
            make_folder(reachable / "open" / "a" / "ours")
        assert not (reachable / "open" / "a").exists()

    def test_a_pod_has_no_others(
        self, sticky: Path, as_other: AsOther, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        as_other(lambda: None)
        sticky.chmod(0o2777)  # an emptyDir
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        close_database(sticky / "events.db")
        make_folder(sticky / "ours")

    def test_below_a_closed_folder_nothing_matters(self, reachable: Path) -> None:
        """Such as a file system in memory, which is sticky and writable to all."""
        (reachable / "closed" / "open").mkdir(parents=True)
        (reachable / "closed" / "open").chmod(0o777)
        (reachable / "closed").chmod(0o700)
        make_folder(reachable / "closed" / "open" / "ours")
        close_database(reachable / "closed" / "open" / "x.db")

    def test_a_group_of_others_is_others(self, reachable: Path) -> None:
        (reachable / "open").mkdir()
        os.chown(reachable / "open", -1, os.getgid() if os.geteuid() else 100)
        (reachable / "open").chmod(0o770)
        with pytest.raises(NotPrivate, match="chmod go-w"):
            make_folder(reachable / "open" / "ours")


class TestDataFolder:
    @pytest.mark.usefixtures("umask")
    def test_all_that_is_in_it_is_closed(self, tmp_path: Path) -> None:
        data = tmp_path / "data"
        (data / "logs").mkdir(parents=True)
        for name in ("podline.db", "podline.db-wal", "logs/api.log"):
            (data / name).touch()
            (data / name).chmod(0o666)
        (data / "logs").chmod(0o777)
        data.chmod(0o755)
        make_data_folder(data, OURS)
        assert not open_to_others(data)
        assert mode(data / "podline.db") == 0o600

    def test_a_new_one_with_files_alone_is_closed(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "podline.toml").touch()
        make_data_folder(tmp_path / "data", OURS)
        assert not open_to_others(tmp_path / "data")

    def test_one_with_other_things_is_left_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "etc" / "ssh").mkdir(parents=True)
        (tmp_path / "etc").chmod(0o755)
        with pytest.raises(NotPrivate, match=f"chmod 700 {tmp_path}/etc"):
            make_data_folder(tmp_path / "etc", OURS)
        assert mode(tmp_path / "etc") == 0o755

    def test_a_sticky_one_is_left_as_it_is(self, sticky: Path) -> None:
        with pytest.raises(NotPrivate, match="is open to other users"):
            make_data_folder(sticky, OURS)
        assert mode(sticky) == 0o1777

    @pytest.mark.parametrize("name", ["podline.db", "other"])
    def test_what_another_user_put_there_is_refused(
        self, reachable: Path, as_other: AsOther, name: str
    ) -> None:
        (reachable / "data").mkdir()
        (reachable / "data").chmod(0o777)
        as_other((reachable / "data" / name).touch)
        with pytest.raises(NotPrivate, match=f"{name} belongs to another user"):
            make_data_folder(reachable / "data", OURS)

    def test_a_link_in_place_of_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "podline.db").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(NotPrivate, match="is a symbolic link"):
            make_data_folder(tmp_path, OURS)

    def test_a_link_of_ours_elsewhere_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "link").symlink_to("/etc/hostname")
        make_data_folder(tmp_path, OURS)

    def test_a_link_that_leads_nowhere_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        make_data_folder(tmp_path, OURS)

    def test_what_is_for_jails_stays_open_and_is_not_searched(self, tmp_path: Path) -> None:
        builds = tmp_path / "data" / "packages" / FOR_JAILS
        builds.mkdir(parents=True)
        (tmp_path / "data").chmod(0o700)
        builds.chmod(0o700)
        (builds / "module.py").touch()
        (builds / "module.py").chmod(0o644)
        (builds / "second.py").hardlink_to(builds / "module.py")
        make_data_folder(tmp_path / "data", OURS)
        assert (mode(builds), mode(builds / "module.py")) == (0o755, 0o644)
        assert mode(builds.parent) == 0o700

    def test_what_others_could_write_for_jails_is_refused(self, tmp_path: Path) -> None:
        builds = tmp_path / "data" / FOR_JAILS
        builds.mkdir(parents=True)
        (tmp_path / "data").chmod(0o700)
        builds.chmod(0o775)
        with pytest.raises(NotPrivate, match=f"can't be trusted: rm -r {builds}"):
            make_data_folder(tmp_path / "data", OURS)

    def test_a_file_with_a_second_name_is_refused(self, tmp_path: Path) -> None:
        """Written to, it would change what the other name stands for."""
        (tmp_path / "mine").touch(mode=0o644)
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "podline.db").hardlink_to(tmp_path / "mine")
        with pytest.raises(NotPrivate, match=r"cp .*podline\.db .*podline\.db\.new && mv"):
            make_data_folder(tmp_path / "data", OURS)
        assert mode(tmp_path / "mine") == 0o644


class TestSharedFolder:
    @pytest.mark.usefixtures("umask")
    def test_a_new_one_is_ours(self, tmp_path: Path) -> None:
        assert not make_shared_folder(tmp_path / "new" / "run")
        assert not open_to_others(tmp_path / "new")

    @pytest.mark.parametrize(
        ("before", "after", "shared"),
        [
            (0o700, 0o700, False),
            (0o755, 0o700, False),
            (0o770, 0o770, True),
            (0o775, 0o700, False),
            (0o777, 0o700, False),
            (0o2777, 0o2770, True),  # a volume of Kubernetes with an fsGroup
        ],
    )
    def test_a_group_keeps_its_access_if_it_is_meant(
        self, tmp_path: Path, before: int, after: int, shared: bool
    ) -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "run").chmod(before)
        assert make_shared_folder(tmp_path / "run") is shared
        assert mode(tmp_path / "run") == after

    def test_root_takes_over_an_empty_volume(self, volume: Path) -> None:
        assert make_shared_folder(volume)
        found = volume.stat()
        assert (found.st_uid, found.st_gid, mode(volume)) == (0, OTHER, 0o770)

    def test_also_for_its_data(self, volume: Path) -> None:
        make_data_folder(volume, OURS)
        assert (volume.stat().st_uid, mode(volume)) == (0, 0o700)

    def test_not_an_empty_folder(self, tmp_path: Path, as_other: AsOther) -> None:
        as_other(lambda: None)
        (tmp_path / "run").mkdir()
        os.chown(tmp_path / "run", OTHER, OTHER)
        with pytest.raises(NotPrivate, match="belongs to another user"):
            make_data_folder(tmp_path / "run", OURS)

    def test_not_one_that_is_in_use(self, tmp_path: Path, as_other: AsOther) -> None:
        as_other(lambda: None)
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "sandbox.sock").touch()
        os.chown(tmp_path / "run", OTHER, OTHER)
        with pytest.raises(NotPrivate, match="chown -R 0"):
            make_shared_folder(tmp_path / "run")


class TestDatabase:
    def test_all_its_files_are_closed(self, tmp_path: Path) -> None:
        path = tmp_path / "x.db"
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE t (a)")
        names = sorted(file.name for file in tmp_path.iterdir())
        assert names == ["x.db", "x.db-shm", "x.db-wal"]
        for file in tmp_path.iterdir():
            file.chmod(0o666)
        close_database(path)
        assert {mode(file) for file in tmp_path.iterdir()} == {0o600}
        connection.close()

    def test_locks_survive_it(self, tmp_path: Path) -> None:
        """Closing a descriptor of the file gives up the locks that this process has on it."""
        path = tmp_path / "x.db"
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("CREATE TABLE t (a)")
        connection.execute("BEGIN EXCLUSIVE")
        close_database(path)
        child = os.fork()
        if child == 0:
            try:
                sqlite3.connect(path, timeout=0).execute("SELECT * FROM t")
            except sqlite3.OperationalError:
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        connection.close()

    def test_not_in_tmp_where_another_user_may_put_a_journal(self, sticky: Path) -> None:
        with pytest.raises(NotPrivate, match="can be written to by other users"):
            close_database(sticky / "x.db")

    def test_a_journal_of_another_user_is_refused(self, tmp_path: Path, as_other: AsOther) -> None:
        as_other(lambda: None)
        (tmp_path / "x.db-journal").touch()
        os.chown(tmp_path / "x.db-journal", OTHER, OTHER)
        with pytest.raises(NotPrivate, match=r"x\.db-journal belongs to another user"):
            close_database(tmp_path / "x.db")

    def test_a_missing_folder_is_not_made(self, tmp_path: Path) -> None:
        close_database(tmp_path / "missing" / "x.db")
        assert not (tmp_path / "missing").exists()


class TestFile:
    @given(st.integers(0, 0o777))
    def test_others_lose_their_access_and_the_owner_keeps_it(self, before: int) -> None:
        with tempfile.NamedTemporaryFile() as file:
            path = Path(file.name)
            path.chmod(before)
            close_file(path)
            assert mode(path) == 0o600 | before & 0o100

    def test_a_fifo_does_not_block(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "fifo", 0o644)
        close_file(tmp_path / "fifo")
        assert mode(tmp_path / "fifo") == 0o600

    def test_a_mode_that_cannot_be_changed_is_refused(self) -> None:
        """/proc keeps its own modes, as FAT does."""
        with pytest.raises(NotPrivate, match="on another file system"):
            close_file(Path(f"/proc/{os.getpid()}/status"))


class TestTouch:
    @pytest.mark.usefixtures("umask")
    def test_it_is_made_and_its_time_is_now(self, sticky: Path) -> None:
        touch(sticky / "heartbeat")
        os.utime(sticky / "heartbeat", (0, 0))
        touch(sticky / "heartbeat")
        assert (sticky / "heartbeat").stat().st_mtime > 0
        assert mode(sticky / "heartbeat") == 0o600

    def test_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "heartbeat").symlink_to(tmp_path / "victim")
        with pytest.raises(OSError, match="symbolic link"):
            touch(tmp_path / "heartbeat")
        assert not (tmp_path / "victim").exists()

    def test_a_file_of_another_user_is_refused(self, sticky: Path, as_other: AsOther) -> None:
        as_other((sticky / "heartbeat").touch)
        with pytest.raises(PermissionError):
            touch(sticky / "heartbeat")


class TestLinks:
    def test_of_this_account_are_followed(self, tmp_path: Path) -> None:
        (tmp_path / "disk").mkdir()
        (tmp_path / "link").symlink_to("disk")
        refuse_links_of_others(tmp_path / "link" / "data")

    @pytest.mark.parametrize("target", ["link", "../{}/link", "link/data", "back"])
    def test_in_a_loop_lead_nowhere(self, tmp_path: Path, target: str) -> None:
        (tmp_path / "link").symlink_to(target.format(tmp_path.name))
        (tmp_path / "back").symlink_to("link")
        refuse_links_of_others(tmp_path / "link")

    @pytest.mark.parametrize("path", ["link", "link/data", "ours", "ours/data"])
    def test_of_another_user_are_refused(
        self, sticky: Path, tmp_path: Path, as_other: AsOther, path: str
    ) -> None:
        as_other(lambda: (sticky / "link").symlink_to(tmp_path))
        (sticky / "ours").symlink_to(sticky / "link")
        with pytest.raises(NotPrivate, match=f"link of another user: rm {sticky}/link"):
            refuse_links_of_others(sticky / path)
