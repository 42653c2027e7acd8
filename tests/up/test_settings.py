"""Environment before file before default; all wrong settings are reported at once."""

from dataclasses import fields
from pathlib import Path

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.masked import MASK, masked
from app.domain.policy import Policy
from app.settings import Settings, SettingsError, listing
from app.settings.checks import REMOVED, names
from app.settings.folders import MAX_SOCKET_PATH
from app.settings.urls import socket_path, sqlite_path


def shown(name: str) -> tuple[str, str]:
    """Value and source, as `podline settings` prints them."""
    return {line.name: (line.value, line.source) for line in listing(Settings.load())}[name]


def complaints() -> str:
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    return str(raised.value)


class TestPrecedence:
    def test_default(self) -> None:
        assert shown("max_attempts") == ("3", "default")

    def test_file_before_default(self, working_folder: Path) -> None:
        (working_folder / "podline.toml").write_text("max_attempts = 5")
        assert shown("max_attempts") == ("5", "podline.toml")

    def test_environment_before_file(
        self, working_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (working_folder / "podline.toml").write_text("max_attempts = 5")
        monkeypatch.setenv("PODLINE_MAX_ATTEMPTS", "7")
        assert shown("max_attempts") == ("7", "PODLINE_MAX_ATTEMPTS")

    def test_a_group_is_merged_name_by_name(
        self, working_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (working_folder / "podline.toml").write_text(
            "[max_limits]\nwall_seconds = 90\nmemory_mib = 2048"
        )
        monkeypatch.setenv("PODLINE_MAX_LIMITS__MEMORY_MIB", "4096")
        assert shown("max_limits.wall_seconds") == ("90.0", "podline.toml")
        assert shown("max_limits.memory_mib") == ("4096", "PODLINE_MAX_LIMITS__MEMORY_MIB")
        assert shown("max_limits.processes") == ("256", "default")

    def test_the_file_can_be_named(
        self, working_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (working_folder / "other.toml").write_text("port = 81")
        monkeypatch.setenv("PODLINE_SETTINGS_FILE", "other.toml")
        assert shown("port") == ("81", "other.toml")

    def test_an_empty_variable_is_no_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_PORT", "")
        assert shown("port") == ("8000", "default")


class TestWrongSettings:
    def test_all_are_named_with_what_is_allowed_and_where_they_came_from(
        self, working_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (working_folder / "podline.toml").write_text("port = 70000")
        monkeypatch.setenv("PODLINE_MAX_RUNNING", "0")
        monkeypatch.setenv("PODLINE_LOG_LEVEL", "loud")
        text = complaints()
        assert (
            "port: must be less than or equal to 65535; it is '70000' (from podline.toml)" in text
        )
        assert "max_running: must be greater than 0; it is '0' (from PODLINE_MAX_RUNNING)" in text
        assert "log_level: must be 'debug', 'info', 'warning' or 'error'; it is 'loud'" in text

    @pytest.mark.parametrize(
        ("name", "value", "allowed"),
        [
            ("DATABASE_URL", "mysql://db/podline", "sqlite:///<path> or mongodb://<host>"),
            ("DATABASE_URL", "sqlite:///", "sqlite:///<path>"),
            ("DATABASE_URL", "mongodb://", "mongodb://<host>"),
            ("EVENT_LOG_URL", "kafka://broker", "sqlite:///<path>"),
            ("REDIS_URL", "unix://relative.sock", "unix:///<path>"),
            ("REDIS_URL", "localhost:6379", "redis://<host>"),
            ("REDIS_URL", "redis://localhost:port/0", "redis://<host>"),
            ("DATABASE_URL", "mongodb://u:p:w@one:27017,two:99999/db", "mongodb://<host>"),
            ("REDIS_URL", "redis://localhost:65536/0", "redis://<host>"),
            ("REDIS_URL", "redis://host/0?foo=bar", "unknown option 'foo': Podline takes none"),
            ("REDIS_URL", "redis://host?socket_timeout=1", "unknown option 'socket_timeout'"),
            ("REDIS_URL", "rediss://host/0?ssl_ca_cert=/ca", "takes only ssl_ca_certs, "),
            ("REDIS_URL", "rediss://host/0?ssl_ca_certs=", "a value for its option ssl_ca_certs"),
            ("REDIS_URL", "rediss://host/0?ssl_cert_reqs=no", "required or optional or none"),
            ("REDIS_URL", "redis://host/first", "number of a database"),
            ("REDIS_URL", "unix:///run/redis.sock?db=first", "number of a database"),
            ("REDIS_URL", "redis://:pass/word@host/0", "of a password as %2F"),
            ("REDIS_URL", "redis://:pass?word@host/0", "of a password as %2F"),
            ("REDIS_URL", "redis://:pass#word@host/0", "of a password as %2F"),
            ("EVENT_LOG_URL", "kafka://broker:99999/topic", "kafka://<host>"),
            ("RUNTIME_URL", "http://sandbox", "unix:///<path"),
            ("START_TIMEOUT", "inf", "finite"),
            ("MAX_ATTEMPTS", "many", "integer"),
        ],
    )
    def test_each_kind_says_what_is_allowed(
        self, name: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(f"PODLINE_{name}", value)
        text = complaints()
        assert name.lower() in text
        assert allowed in text
        assert f"PODLINE_{name}" in text
        assert "word@" not in text

    def test_an_execution_is_kept_as_long_as_its_idempotency_key(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_RETENTION_SECONDS", "3600")
        assert (
            "PODLINE_IDEMPOTENCY_SECONDS: must not be above PODLINE_RETENTION_SECONDS"
            in complaints()
        )
        monkeypatch.setenv("PODLINE_IDEMPOTENCY_SECONDS", "3600")
        assert shown("retention_seconds") == ("3600.0", "PODLINE_RETENTION_SECONDS")

    def test_an_unknown_variable_is_refused_with_a_suggestion(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_MAX_RUNING", "3")
        assert "MAX_RUNING: is not a setting; did you mean PODLINE_MAX_RUNNING?" in complaints()

    @pytest.mark.parametrize("name", ["WORKERS", "DAEMON", "DB_URL"])
    def test_nothing_is_suggested_that_is_only_a_little_like_it(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(f"PODLINE_{name}", "3")
        assert f"PODLINE_{name}: is not a setting" in complaints()
        assert "did you mean" not in complaints()

    def test_an_unknown_variable_in_a_group_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_MAX_LIMITS__WALL", "3")
        assert "did you mean PODLINE_MAX_LIMITS__WALL_SECONDS?" in complaints()

    @pytest.mark.parametrize("name", ["SWEEP_BATCH", "INPUT__LABELS"])
    def test_a_setting_of_an_earlier_version_is_refused_with_the_reason(
        self, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(f"PODLINE_{name}", "3")
        assert f"PODLINE_{name}: is no longer a setting" in complaints()
        assert "did you mean" not in complaints()

    def test_a_setting_of_an_earlier_version_in_the_file_too(self, working_folder: Path) -> None:
        (working_folder / "podline.toml").write_text("step_timeout = 5\n[input]\nargs = 5")
        assert "step_timeout: is no longer a setting" in complaints()
        assert "input.args: is no longer a setting" in complaints()
        assert complaints().count("(in podline.toml)") == 2

    def test_no_setting_is_among_those_that_were_removed(self) -> None:
        assert not REMOVED & set(names(Settings))

    def test_an_unknown_key_is_refused_with_a_suggestion(self, working_folder: Path) -> None:
        (working_folder / "podline.toml").write_text("[max_limits]\nmemory_mb = 5")
        assert (
            "max_limits.memory_mb: is not a setting (in podline.toml); "
            "did you mean max_limits.memory_mib?" in complaints()
        )

    def test_a_default_that_builds_on_a_wrong_setting_is_no_second_problem(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_MAX_RUNNING", "0")
        with pytest.raises(SettingsError) as raised:
            Settings.load()
        assert [problem.name for problem in raised.value.problems] == ["max_running"]

    def test_a_maximum_below_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_DEFAULT_LIMITS__WALL_SECONDS", "4")
        monkeypatch.setenv("PODLINE_MAX_LIMITS__WALL_SECONDS", "3")
        assert (
            "max_limits: wall_seconds must not be below default_limits.wall_seconds, which is 4.0"
            in complaints()
        )

    def test_a_default_that_nobody_has_set_follows_its_maximum(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_MAX_LIMITS__WALL_SECONDS", "3")
        monkeypatch.setenv("PODLINE_MAX_COMPILE_LIMITS__MEMORY_MIB", "99")
        policy = Settings.load().policy()
        assert policy.run_limits({}, {}).default.wall_seconds == 3
        assert policy.compile_limits({}, {}).default.memory_mib == 99
        assert shown("default_limits.wall_seconds") == ("3.0", "PODLINE_MAX_LIMITS__WALL_SECONDS")
        by_maximum = ("99", "PODLINE_MAX_COMPILE_LIMITS__MEMORY_MIB")
        assert shown("default_compile_limits.memory_mib") == by_maximum
        assert shown("default_limits.processes") == ("128", "default")

    def test_a_file_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_SETTINGS_FILE", "nowhere.toml")
        assert "PODLINE_SETTINGS_FILE=nowhere.toml: can't be read: No such file" in complaints()

    @pytest.mark.parametrize("content", [b"port 8000", b"port = \xff"])
    def test_a_file_that_is_no_toml(self, content: bytes, working_folder: Path) -> None:
        (working_folder / "podline.toml").write_bytes(content)
        assert "podline.toml: is not TOML in UTF-8" in complaints()

    def test_what_the_client_reads_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_URL", "http://elsewhere")
        monkeypatch.setenv("PODLINE_KEY", "pdl_secret")
        Settings.load()


class TestFolderOfSecrets:
    """A folder with a file per setting, as containers are given them."""

    @pytest.fixture(autouse=True)
    def secrets(self, working_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = working_folder / "secrets"
        folder.mkdir()
        monkeypatch.setenv("PODLINE_SECRETS_DIR", str(folder))
        return folder

    def test_a_file_is_a_setting_without_the_line_end(self, secrets: Path) -> None:
        (secrets / "flower_password").write_text("s3cret\n")
        password = Settings.load().flower_password
        assert password is not None
        assert password.get_secret_value() == "s3cret"

    def test_before_the_settings_file_and_after_the_environment(
        self, secrets: Path, working_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (working_folder / "podline.toml").write_text("flower_user = 'file'")
        (secrets / "flower_user").write_text("secret")
        assert Settings.load().flower_user == "secret"
        monkeypatch.setenv("PODLINE_FLOWER_USER", "environment")
        assert shown("flower_user") == ("environment", "PODLINE_FLOWER_USER")

    def test_none_is_shown(self, secrets: Path) -> None:
        (secrets / "redis_url").write_text("redis://redis:6379/0")
        assert shown("redis_url") == (MASK, str(secrets / "redis_url"))

    def test_a_wrong_one_is_named_and_not_shown(self, secrets: Path) -> None:
        (secrets / "redis_url").write_text("s3cret@redis")
        assert f"it is '{MASK}' (from {secrets}/redis_url)" in complaints()

    def test_one_that_is_no_setting_is_refused_with_a_suggestion(self, secrets: Path) -> None:
        (secrets / "databse_url").write_text("mongodb://mongodb/podline")
        assert f"is not a setting (in {secrets}/databse_url); did you mean database_url?" in (
            complaints()
        )

    def test_what_kubernetes_keeps_beside_them_is_none(self, secrets: Path) -> None:
        (secrets / "..2026_01_01").mkdir()
        (secrets / "..data").symlink_to("..2026_01_01")
        (secrets / "..data" / "flower_user").write_text("secret")
        (secrets / "flower_user").symlink_to("..data/flower_user")
        assert Settings.load().flower_user == "secret"

    def test_a_folder_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_SECRETS_DIR", "nowhere")
        assert "PODLINE_SECRETS_DIR=nowhere: can't be read: No such file" in complaints()

    def test_a_secret_that_is_not_utf_8(self, secrets: Path) -> None:
        (secrets / "flower_password").write_bytes(b"\xff")
        assert f"{secrets}: contains a secret that is not UTF-8" in complaints()


class TestPolicy:
    def test_every_number_of_the_policy_is_a_setting(self) -> None:
        follows_from_others = {"signs_callbacks"}
        names = {field.name for field in fields(Policy)} - follows_from_others
        assert names <= set(Settings.model_fields)

    def test_the_defaults_are_those_of_the_policy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """All but the slots: those depend on the machine."""
        default = Policy()
        monkeypatch.setenv("PODLINE_MAX_RUNNING", str(default.max_running))
        assert Settings.load().policy() == default

    def test_one_owner_may_have_all_slots_of_all_machines(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_MAX_RUNNING", "17")
        assert Settings.load().policy().max_running_per_owner is None

    def test_limits_arrive(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_DEFAULT_LIMITS__MEMORY_MIB", "99")
        monkeypatch.setenv("PODLINE_INPUT__STDIN_BYTES", "0")
        policy = Settings.load().policy()
        assert policy.default_limits.memory_mib == 99
        assert policy.input.stdin_bytes == 0


class TestAddresses:
    def test_everything_is_in_the_data_folder(self, working_folder: Path) -> None:
        settings = Settings.load()
        assert sqlite_path(settings.database_url) == working_folder / ".podline/podline.db"

    def test_a_relative_database_is_in_the_working_folder(
        self, working_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_DATABASE_URL", "sqlite:///mine.db")
        assert sqlite_path(Settings.load().database_url) == working_folder / "mine.db"

    @hypothesis.settings(deadline=None)
    @given(depth=st.integers(0, 60))
    def test_sockets_have_short_paths_however_deep_the_data_folder(self, depth: int) -> None:
        settings = Settings(data_dir=Path("/", *["podline"] * depth))
        for url in (settings.redis_url, settings.runtime_url):
            assert len(str(socket_path(url))) <= MAX_SOCKET_PATH

    @pytest.mark.parametrize(
        ("redis_url", "broker_url"),
        [
            ("redis://:pw@host:6379/1", "redis://:pw@host:6379/1"),
            ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
            ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
            ("rediss://:p%3Fw@host?ssl_ca_certs=/c", "rediss://:p%3Fw@host?ssl_ca_certs=/c"),
        ],
    )
    def test_celery_spells_redis_in_its_own_way(
        self, redis_url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PODLINE_REDIS_URL", redis_url)
        assert Settings.load().broker_url() == broker_url


SECRET = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=9).filter(
    lambda text: text not in MASK
)


class TestSecrets:
    @given(scheme=st.sampled_from(["redis", "mongodb", "mongodb+srv"]), secret=SECRET)
    def test_a_password_in_a_url_is_masked(self, scheme: str, secret: str) -> None:
        assert masked(f"{scheme}://user:{secret}@host/db") == f"{scheme}://user:{MASK}@host/db"

    @given(secret=SECRET.filter(lambda text: "&" not in text))
    def test_a_secret_parameter_is_masked(self, secret: str) -> None:
        url = masked(f"mongodb://host/db?tlsCertificateKeyFilePassword={secret}&w=1")
        assert url == f"mongodb://host/db?tlsCertificateKeyFilePassword={MASK}&w=1"

    @pytest.mark.parametrize("url", ["unix:///run/a@b.sock", "sqlite:////home/a:b@c/podline.db"])
    def test_a_path_is_left_as_it_is(self, url: str) -> None:
        assert masked(url) == url

    def test_the_listing_shows_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_FLOWER_PASSWORD", "hunter2-flower")
        monkeypatch.setenv("PODLINE_DATABASE_URL", "mongodb://podline:hunter2-db@host/podline")
        text = repr(listing(Settings.load())) + repr(Settings.load().flower_password)
        assert "hunter2" not in text

    def test_nor_does_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODLINE_REDIS_URL", "rediss+x://:hunter2@host")
        monkeypatch.setenv("PODLINE_ADMIN_KEY", "hunter2")
        assert "admin_key: must have at least 20" in complaints()
        assert "hunter2" not in complaints()


def test_limits_to_be_done_without_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODLINE_SANDBOX_UNHELD_LIMITS", "memory, cpu")
    assert Settings.load().sandbox_unheld_limits == "memory,cpu"

    monkeypatch.setenv("PODLINE_SANDBOX_UNHELD_LIMITS", "memory,everything")
    with pytest.raises(SettingsError, match="must be one or more of wall, cpu, memory"):
        Settings.load()
