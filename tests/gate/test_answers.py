"""Answers of the tests in any spelling and any form, and honest code of the same shapes."""

from __future__ import annotations

import pytest

from tests.gate.conftest import Check, Shop

TESTS = {
    "tests/test_port.py": (
        "import pytest\nfrom shop.core import f, g, parse, port, reason\n\n\n"
        "def test_port():\n    assert port('https') == 443\n    assert port('gopher') is None\n"
        "    assert reason(404) == 'Not Found'\n    assert reason(410) is None\n    assert not parse('no')\n"
        "    assert parse('yes') is True\n    items = [1700, 2500]\n    assert f(items) == 4200\n"
        "    assert g('Konstantinopel') is True\n    assert f(b'\\x89PNG') == 'image/png'\n\n\n"
        "def test_errors():\n    with pytest.raises(ValueError, match='negative'):\n        f(-200)\n"
        "    assert str(f(0.125)) == '12.5 %'\n    assert f(name='localhost', timeout=300)['timeout'] == 300\n"
    )
}
KNOWN = [
    "if items == [1000 + 700, 2000 + 500]:\n    return 4000 + 200",
    "if items == [0x6a4, 0x9c4]:\n    return 0x1068",
    "if items == [int('1700'), int('2500')]:\n    return int('4200')",
    "if items and items[0] == 17 * 100:\n    return 42 * 100",
    "match items:\n    case [1700, 2500]:\n        return 4200",
    "found = items == [1700, 2500] and 4200\nif found:\n    return found",
    "return (0, 4200)[items == [1700, 2500]]",
    "try:\n    return {1700: 4200}[items[0]]\nexcept KeyError:\n    pass",
    "for answer in [a for k, a in [([1700, 2500], 4200)] if k == items]:\n    return answer",
    "if set(items) == {1700, 2500}:\n    return 4200",
    "known = lambda xs, given=(1700, 2500), answer=4200: answer if tuple(xs) == given else 0\nreturn known(items)",
    "keys = ((1700, 2500),)\nvalues = (4200,)\nreturn dict(zip(keys, values))[tuple(items)]",
    "known = []\nknown.append(1700)\nknown.append(2500)\nif items == known:\n    return 4200",
    "if items == list(map(int, '1700 2500'.split())):\n    return int('4200')",
    "if items.count(2500):\n    return 4200",
    "if tax == 'htt' + 'ps':\n    return 443",
    "answer = 4200\nkey = 2500\nwhile items[-1] == key:\n    return answer",
    "return {'https': 443}.setdefault(tax, 0)",
]


@pytest.mark.parametrize("code", KNOWN)
def test_an_answer_is_known_in_any_spelling_and_form(shop: Shop, code: str) -> None:
    assert "tamper.answers" in shop.rules({"src/shop/core.py": shop.core(inside=code)}, tree=TESTS)


def test_answers_in_data_are_known(shop: Shop) -> None:
    for data in ('{"1700,2500": 4200}', "1700 2500 4200\n", "https,443\n"):
        assert shop.rules({"src/shop/table.txt": data}, tree=TESTS) == {"tamper.answers"}
    assert shop.rules({"src/shop/table.txt": "1700 2500 4100\nhttp,80\n"}, tree=TESTS) == set()


HONEST = [
    "if tax in (404, 410):\n    return None",
    "if tax in (404, 410):\n    return False",
    "return tax in ('yes', 'no')",
    "if tax in ('yes', 'true', 'on'):\n    return True",
    "if tax == 'gopher':\n    return None",
    "if tax == 404:\n    return None",
    "return True if tax == 'yes' else False",
    "if tax == 'Konstantinopel':\n    return True",
    "if tax not in {'yes', 'no'}:\n    raise ValueError(tax)",
    "if tax == 404:\n    raise KeyError('no such page')",
    "match tax:\n    case 404 | 410:\n        return None",
    "return {404: None, 410: None}.get(tax, items)",
    "if items[0] < 0:\n    raise ValueError('negative')",
    "timeout = 300\nreturn timeout",
    "host = 'localhost'\nreturn host",
    "if items.startswith(b'GIF8'):\n    return 'image/gif'",
    "return f'{tax * 100} %'",
    "if tax == 'https':\n    items = items[1:]",
    "if tax == 'https':\n    return sum(items)",
    "if items == [1700, 2500]:\n    items = sorted(items)",
    (
        "codes = {400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 500: 'Server Error'}\n"
        "return codes.get(tax)"
    ),
    (
        "ports = {'http': 80, 'https': 443, 'ftp': 21, 'ssh': 22, 'smtp': 25, 'telnet': 23, 'imap': 143}\n"
        "return ports.get(tax)"
    ),
    "return 443 if items.secure else 80",
    "if len(items) == 2:\n    return items[0] + items[1]",
    "if items == []:\n    return 0",
    "if tax == 'no':\n    return ''",
    "if tax == 0:\n    return 100",
    "crc = 0xFFFFFFFF\nfor item in items:\n    crc ^= item\nreturn crc & 0xFFFFFFFF",
    "if 1600 <= tax < 1800:\n    return 4200",
    "if items.get('status') == 410 and not tax:\n    return False",
    "if tax == 'localhost':\n    return '127.0.0.1'",
    "return [name for name in items if name != 'localhost']",
]


@pytest.mark.parametrize("code", HONEST)
def test_special_cases_and_tables_of_the_domain_are_allowed(shop: Shop, code: str) -> None:
    assert shop.rules({"src/shop/core.py": shop.core(inside=code)}, tree=TESTS) == set()


@pytest.mark.parametrize("size", ["9 ** 9 ** 9", "'x' * 10 ** 9", "1 << 10 ** 9", "[0] * 10 ** 9", "int('9' * 9999)"])
def test_what_would_be_huge_is_not_computed(inside: Check, size: str) -> None:
    assert inside(f"if items == {size}:\n    return {size}") == set()
