"""Which URLs and addresses a callback may be sent to."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.callback_url import (
    MAX_CHARACTERS,
    Receiver,
    networks,
    problem_with,
    receiver,
    refusal,
)

PUBLIC = ["93.184.215.14", "1.1.1.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2001:4860::8888"]

PRIVATE = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "::1", "::"),  # loopback, unspecified
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),  # private, shared
    *("fc00::1", "fd12:3456::1", "fec0::1"),  # unique local, site-local
    *("169.254.1.1", "fe80::1", "fe80::1%eth0"),  # link-local
    *("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"),  # metadata
    *("192.0.0.192", "192.0.0.8", "192.0.0.255"),  # protocol assignments, metadata of a cloud
    *("224.0.0.1", "239.1.1.1", "ff02::1", "ff0e::1"),  # multicast
    *("255.255.255.255", "240.0.0.1", "192.0.0.1", "198.18.0.1"),  # broadcast, reserved, benchmark
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"),  # documentation
    *("::ffff:127.0.0.1", "::ffff:93.184.215.14", "::93.184.215.14"),  # mapped, compatible
    *("2002:7f00:1::", "2002:5db8:d70e::1", "192.88.99.1"),  # 6to4
    *("64:ff9b::7f00:1", "64:ff9b::5db8:d70e", "64:ff9b:1::1"),  # NAT64
    *("2001::1", "2001:0:7f00:1::", "100::1", "::ffff:0:127.0.0.1"),  # Teredo, discard, translated
]

UNUSUAL = [
    *("2130706433", "0x7f000001", "0X7F000001", "017700000001", "0"),
    *("127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.0x1", "127.00.0.1"),
    *("1.2.3.4.5", "256.1.1.1", "example.127", "example.0x7f", "1.2.3"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert refusal(address, ()) is None
    assert problem_with(url_of(address), ()) is None


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert "PODLINE_CALLBACK_NETWORKS" in (refusal(address, ()) or "")
    assert problem_with(url_of(address), ()) is not None


@pytest.mark.parametrize("host", UNUSUAL)
def test_an_address_in_an_unusual_form_is_refused(host: str) -> None:
    assert "four decimal numbers" in (problem_with(f"http://{host}/", networks("0.0.0.0/0")) or "")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "a.localhost"])
def test_localhost_is_refused_unless_loopback_is_allowed(host: str) -> None:
    assert problem_with(f"http://{host}:8080/", ()) is not None
    assert problem_with(f"http://{host}:8080/", networks("127.0.0.0/8")) is None


def test_a_network_that_the_operator_allows_needs_not_be_public() -> None:
    allowed = networks("10.1.0.0/16, fd00::/8")
    assert refusal("10.1.2.3", allowed) is None
    assert refusal("fd00::1", allowed) is None
    assert refusal("10.2.0.1", allowed) is not None
    assert refusal("::ffff:10.1.2.3", allowed) is not None
    assert networks("") == ()


@pytest.mark.parametrize("text", ["10.1.0.1/16", "10.0.0.0/8;", "example.com"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"network|bits"):
        networks(text)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "//example.com/"),
        *("javascript:alert(1)", "unix:///run/x.sock", "http:/example.com", "http:example.com"),
        *("", "http://", "http:///path", "https://:443/", "http://example..com/"),
        *("http://-a.com/", "http://a.com-/", "http://[::1/", "http://[]/", "http://::1/"),
        *("http://[1.2.3.4]/", "http://[v1.x]/", "http://[fe80::1%25eth0]/", "http://[::1%1]/"),
        *("http://user@example.com/", "http://user:word@example.com/", "http://@example.com/"),
        *("http://a.com\\@10.0.0.1/", "http://a.com/\\x", "http://10.0.0.1\\.a.com/"),
        *("http://a.com/ x", "http://a.com/\r\nHost:b", "http://a.com/\t", "http://a.com/\0"),
        *("http://①②⑦.⓪.⓪.①/", "http://exämple.com/", "http://a.com/ä", "http://a。com/"),
        *("http://a.com/#x", "http://a.com#@10.0.0.1/", "http://%31%30.0.0.1/", "http://a_.b c/"),
        *("http://a.com:0/", "http://a.com:22/", "http://a.com:25/", "http://a.com:1023/"),
        *("http://a.com:65536/", "http://a.com:99999/", "http://a.com:-1/", "http://a.com:80:80/"),
        *("http://a.com:/x", "http://a.com:８0/", "http://a.com:+80/", "http://a,b.com/"),
        "http://" + "a" * 64 + ".com/",
        "http://" + ".".join(["a" * 50] * 6) + "/",
        "http://a.com/" + "x" * MAX_CHARACTERS,
    ],
    ids=lambda url: url[:40],
)
def test_a_hostile_or_malformed_url_is_refused(url: str) -> None:
    assert problem_with(url, networks("0.0.0.0/0,::/0")) is not None
    with pytest.raises(ValueError, match=r"^(has|must|contains|the) "):
        receiver(url)


def test_a_user_name_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="user name or password"):
        receiver("https://ada@example.com/")


def test_what_a_url_names() -> None:
    assert receiver("HTTPS://Example.COM.:8443/a/b?c=d@e%20f") == Receiver(
        "https", "example.com", 8443, "/a/b?c=d@e%20f"
    )
    assert receiver("http://[2606:2800::0001]?x") == Receiver("http", "2606:2800::1", 80, "/?x")
    assert receiver("http://xn--exmple-cua.com") == Receiver("http", "xn--exmple-cua.com", 80, "/")


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("http://a.com/", "a.com"),
        ("http://a.com:80/", "a.com"),
        ("http://a.com:443/", "a.com:443"),
        ("https://a.com:443/", "a.com"),
        ("https://[2606:2800::1]:8443/", "[2606:2800::1]:8443"),
    ],
)
def test_the_host_header_names_a_port_that_is_not_the_default(url: str, header: str) -> None:
    assert receiver(url).authority == header


@given(st.ip_addresses(v=4))
def test_no_spelling_of_a_private_ipv4_address_passes(address: IPv4Address) -> None:
    number, octets = int(address), str(address).split(".")
    spellings = [
        str(address),
        str(number),
        hex(number),
        f"0{number:o}",
        ".".join(hex(int(octet)) for octet in octets),
        ".".join(f"0{int(octet):o}" for octet in octets),
        f"{octets[0]}.{number & 0xFFFFFF}",
        f"[::ffff:{address}]",
        f"[::{address}]",
        f"[64:ff9b::{address}]",
        f"[2002:{number >> 16:x}:{number & 0xFFFF:x}::]",
    ]
    passed = [each for each in spellings if problem_with(f"http://{each}/", ()) is None]
    is_public = address.is_global and refusal(str(address), ()) is None
    assert passed == ([str(address)] if is_public else [])


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_passes_only_if_it_is_global_unicast(address: IPv6Address) -> None:
    if refusal(str(address), ()) is None:
        assert int(address) >> 125 == 0b001
        assert address.is_global
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@given(st.text(max_size=60))
def test_any_text_is_a_receiver_or_a_problem(text: str) -> None:
    for url in (text, f"http://{text}/", f"https://a.com/{text}"):
        try:
            found = receiver(url)
        except ValueError:
            continue
        assert url.isascii()
        assert not set(url) & set(" \\#\r\n\t\0")
        assert receiver(f"{found.scheme}://{found.authority}{found.target}") == found


def url_of(address: str) -> str:
    return f"http://[{address}]/" if ":" in address else f"http://{address}/"
