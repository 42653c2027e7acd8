"""The addresses of the web page, with what was built and without it."""

import gzip
import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api import console
from app.api.application import OPERATIONS

INDEX = b'<script type="module" src="/assets/main-A1.js"></script>'
SCRIPT = b"export {};"
ROUTES = Path(__file__).parents[2] / "web/src/shell/routes.ts"
PRELOADS = {module: [f"/assets/{module}.js"] for module in console.PAGES.values() if module}


def client_of(built: Path) -> FlaskClient:
    app = Flask(
        console.__name__,
        static_folder=None,
        template_folder=Path(console.__file__).parent / "templates",
    )
    for rule in console.rules():
        app.url_map.add(rule)
    console.register(app, built)
    return app.test_client()


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    (tmp_path / "assets").mkdir()
    preloads = json.dumps(PRELOADS).encode()
    files = {"index.html": INDEX, "assets/main-A1.js": SCRIPT, "preloads.json": preloads}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    return client_of(tmp_path)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/executions", "/executions/01J", "/workers"])
def test_every_page_is_the_same_document(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.mimetype, response.data) == (200, "text/html", INDEX)
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"


def test_the_scripts_of_a_page_are_named_before_others_import_them(client: FlaskClient) -> None:
    link = client.get("/executions/01J").headers["Link"]
    assert link == "</assets/execution/page.js>; rel=modulepreload"
    assert "Link" not in client.get("/sign-in").headers


def test_each_address_has_the_module_of_its_route() -> None:
    route = re.compile(r'route\(\s*"([^"]+)".*?import\("\.\./([^"]+)\.tsx"\)', re.DOTALL)
    modules = {re.sub("<.*>", ":id", path): module for path, module in console.PAGES.items()}
    assert dict(route.findall(ROUTES.read_text())) == {
        path: module for path, module in modules.items() if module
    }


def test_the_policy_lets_nothing_in(client: FlaskClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"].split("; ")
    assert policy == [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]


def test_an_asset_is_kept_for_good(client: FlaskClient) -> None:
    response = client.get("/assets/main-A1.js")
    assert (response.mimetype, response.data) == ("text/javascript", SCRIPT)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_both_forms_have_a_tag_of_their_own(client: FlaskClient) -> None:
    plain = client.get("/assets/main-A1.js")
    small = client.get("/assets/main-A1.js", headers={"Accept-Encoding": "gzip"})
    assert (small.headers["Content-Encoding"], gzip.decompress(small.data)) == ("gzip", SCRIPT)
    assert {plain.headers["Vary"], small.headers["Vary"]} == {"Accept-Encoding"}
    assert plain.headers["ETag"] != small.headers["ETag"]


def test_what_the_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    tag = client.get("/").headers["ETag"]
    response = client.get("/", headers={"If-None-Match": tag})
    assert (response.status_code, response.data) == (304, b"")


def test_a_head_has_the_length_alone(client: FlaskClient) -> None:
    response = client.head("/")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Length"] == str(len(INDEX))


@pytest.mark.parametrize("name", ["main-B2.js", "main-A1.js.gz", "..%2Findex.html", ".."])
def test_only_files_of_the_build_are_assets(client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/{name}").status_code == 404


def test_without_the_page_its_address_says_so(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    response = client.get("/")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert "web page was not built" in response.text
    assert client.get("/assets/main-A1.js").status_code == 404


def test_the_page_takes_no_address_of_the_api() -> None:
    described = {operation.path for operation in OPERATIONS} | {"/docs", "/openapi.json"}
    assert described.isdisjoint(console.PAGES)
