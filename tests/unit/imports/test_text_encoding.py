"""The encoding of text files: named, marked, or detected only where the text is plausible."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.imports import encoding_names, text_encoding
from outreach.imports.file_format import UnreadableFile

# Names and cities as people write them, by the encodings of their spreadsheets.
LANGUAGES = {
    "windows-1252": ["Zoë", "Émile Zola", "François Dupré", "Jürgen Groß", "Düsseldorf", "Åsa Øyvind", "Tromsø", "Nîmes"],
    "windows-1250": ["Łukasz Żak", "Kraków", "Łódź", "Wrocław", "Małgorzata Śliwińska", "Jiří Dvořák", "Žižkov", "Říčany"],
    "windows-1251": ["Иван Петров", "Москва", "Анна Смирнова", "Санкт-Петербург", "Дмитрий", "Ольга"],
    "windows-1253": ["Γιώργος", "Αθήνα", "Μαρία Παπαδοπούλου", "Θεσσαλονίκη", "Ελένη", "Πάτρα"],
    "windows-1254": ["Ayşe Yılmaz", "İstanbul", "Çağla Öztürk", "Şişli", "Güneş", "Muğla", "Doğan"],
    "windows-1255": ["דוד כהן", "תל אביב", "ירושלים", "שרה לוי", "חיפה"],
    "windows-1256": ["محمد علي", "القاهرة", "فاطمة", "الرياض", "أحمد"],
    "gb18030": ["张伟", "北京", "王芳", "上海", "李娜", "刘洋", "广州"],
    "big5": ["張偉", "臺北", "王芳", "高雄", "李娜", "劉洋"],
    "shift_jis": ["田中太郎", "東京", "鈴木花子", "大阪市", "さくら", "カタカナ"],
    "euc-kr": ["김민수", "서울", "이영희", "부산", "박지훈", "대구"],
    "cp874": ["สมชาย", "กรุงเทพ", "เชียงใหม่", "สุดา", "ภูเก็ต", "วิชัย"],
}


def find(content: bytes, *named: str) -> str:
    return encoding_names.display_name(text_encoding.find_encoding(io.BytesIO(content), named))


def decoded(content: bytes, *named: str) -> str:
    return content.decode(text_encoding.find_encoding(io.BytesIO(content), named))


def read_or_refuse(content: bytes) -> str | None:
    """The text; ``None`` if the encoding must be named."""
    try:
        return decoded(content)
    except UnreadableFile:
        return None


def table(texts: list[str]) -> str:
    rows = [f"{text},p{number}@example.com,{texts[-number - 1]}" for number, text in enumerate(texts)]
    return "\r\n".join(["name,email,city", *rows, *[f"Tom {number},tom{number}@example.com,Oslo" for number in range(50)]])


@pytest.mark.parametrize("encoding", LANGUAGES)
def test_a_file_of_some_rows_is_detected(encoding: str) -> None:
    text = table(LANGUAGES[encoding])
    assert decoded(text.encode(encoding)) == text


GERMAN = ["Jürgen Müller", "Köln", "Käthe Schäfer", "Düsseldorf", "Björn Böhm", "Nürnberg", "Lübeck"]


@pytest.mark.parametrize(("encoding", "names"), [("mac-roman", GERMAN), ("mac-cyrillic", LANGUAGES["windows-1251"])])
def test_a_file_of_an_old_mac_is_detected(encoding: str, names: list[str]) -> None:
    text = table(names)
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["cp437", "cp850", "cp852"])
def test_a_file_of_dos_is_not_taken_for_one_of_windows(encoding: str) -> None:
    assert read_or_refuse(table(GERMAN).encode(encoding)) is None


@pytest.mark.parametrize(("encoding", "name"), [(encoding, name) for encoding, names in LANGUAGES.items() for name in names])
def test_a_single_name_is_read_rightly_or_the_encoding_is_asked_for(encoding: str, name: str) -> None:
    text = f"name,email\n{name},p@example.com\n"
    assert read_or_refuse(text.encode(encoding)) in (text, None)


@pytest.mark.parametrize("name", ["Zoë", "Jürgen Groß", "Иван Петров", "王伟", "สมชาย"])
def test_a_single_name_is_enough_where_it_can_be_read_in_one_way(name: str) -> None:
    encodings = ("cp1252", "cp1251", "gb18030", "cp874")
    encoding = next(encoding for encoding in encodings if name.encode(encoding, "replace").decode(encoding) == name)
    assert decoded(f"name,email\n{name},p@example.com\n".encode(encoding)).split("\n")[1] == f"{name},p@example.com"


def test_a_byte_order_mark_wins_over_a_named_encoding() -> None:
    assert find(b"\xef\xbb\xbf\xef\xbb\xbfa", "windows-1251") == "utf-8"
    assert [find("\ufeffa".encode(name), "latin-1") for name in ("utf-16-le", "utf-16-be", "utf-32-le")] == [
        "utf-16",
        "utf-16",
        "utf-32",
    ]


def test_the_first_named_encoding_that_decodes_the_file_is_used() -> None:
    content = "Иван".encode("windows-1251")
    assert find(content, "", " Windows-1251 ", "koi8-r") == "windows-1251"
    assert find(content, "utf-8", "windows-1251") == "windows-1251"


@pytest.mark.parametrize(
    ("named", "expected"),
    [("ISO-8859-1", "windows-1252"), ("latin1", "windows-1252"), ("GB2312", "gb18030"), ("Shift_JIS", "shift_jis")],
)
def test_an_encoding_is_read_with_its_extension(named: str, expected: str) -> None:
    assert find(b"a", named) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["CP1251", "CP-1251", "cp_1251", "windows1251", "Windows 1251", "win-1251", "x-cp1251", "1251"], "windows-1251"),
        (["x-sjis", "SJIS", "Shift-JIS", "windows-31j", "MS932", "cp932", "MS_Kanji", "csShiftJIS"], "shift_jis"),
        (["Unicode", "UCS-2", "utf16", "UTF 16"], "utf-16"),
        (["x-mac-roman", "macintosh", "Mac"], "mac-roman"),
        (["x-mac-cyrillic"], "mac-cyrillic"),
        (["IBM866", "DOS-866", "cp866"], "cp866"),
        (["x-x-big5", "Big5"], "big5"),
        (["ks_c_5601-1987", "windows-949", "EUC-KR"], "euc-kr"),
        (["x-gbk", "GB2312", "cp936"], "gb18030"),
        (["UTF8", "utf_8", "UTF-8"], "utf-8"),
        (["iso-8859-8-i", "hebrew"], "iso-8859-8"),
        (["ISO8859-2", "iso 8859 2", "iso88592", "latin2"], "iso-8859-2"),
        (["KOI8", "koi8-r"], "koi8-r"),
    ],
)
def test_the_common_spellings_of_an_encoding_are_known(names: list[str], expected: str) -> None:
    assert {name: encoding_names.display_name(encoding_names.codec_of(name)) for name in names} == dict.fromkeys(names, expected)


@pytest.mark.parametrize("named", ["ANSI", " ansi ", "OEM"])
def test_a_name_that_means_another_encoding_in_each_country_is_refused_with_the_choice(named: str) -> None:
    with pytest.raises(ValueError, match=r"windows-1252 \(Western Europe\).*windows-1251 \(Cyrillic\)"):
        encoding_names.codec_of(named)


@pytest.mark.parametrize("named", ["martian", "base64", "rot13", "idna", "unicode_escape", "undefined", "utf\x008", "ü"])
def test_a_name_that_is_not_an_encoding_is_refused(named: str) -> None:
    with pytest.raises(ValueError, match="is not the name of an encoding"):
        find(b"a", named)


def test_a_file_that_is_not_in_the_named_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read as utf-8"):
        find("Zoë".encode("latin-1"), "utf-8")


@given(st.binary(max_size=60).map(lambda noise: b"a,b\n" + noise))
def test_noise_is_text_or_refused(content: bytes) -> None:
    if b"\x00" not in content:  # taken for UTF-16; only reading refuses it
        read_or_refuse(content)


def test_a_line_that_is_not_utf_8_is_named_if_others_are() -> None:
    content = "name,email\nJörg,j@b.co\nTom,t@b.co\n".encode() + "Änne,a@b.co\n".encode("cp1252")
    with pytest.raises(UnreadableFile, match="is UTF-8, but not in line 4; mend this line"):
        find(content)


def test_windows_1252_is_not_the_last_resort() -> None:
    with pytest.raises(ValueError, match="set `encoding`"):
        find(b"a,b\n" + bytes(range(0x80, 0x100)))


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1252"])
def test_a_stray_zero_byte_does_not_make_a_text_utf_16(encoding: str) -> None:
    text = table(LANGUAGES["windows-1252"]).replace("Tom 1,", "T\0m 1,")
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("padding", [b"\0" * 100, b"\x1a"])
def test_padding_at_the_end_does_not_make_a_text_utf_16(padding: bytes) -> None:
    assert find(b"name,email\nTom,t@b.co\n" + padding) == "utf-8"


def test_a_picture_is_no_utf_16() -> None:
    with pytest.raises(UnreadableFile, match="neither an Excel workbook nor text"):
        find(bytes.fromhex("89504e470d0a1a0a0000000d49484452000000400000004008060000"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_utf_16_without_a_mark_is_recognised(language: str, encoding: str) -> None:
    text = table(LANGUAGES[language])
    assert decoded(text.encode(encoding)) == text
