"""Writes samples/contacts.csv: fictitious contacts of many countries and alphabets. The result is always the same.

Names are drawn from lists, email addresses use domains reserved for examples (RFC 2606), and numbers are random but valid for
libphonenumber. Each special outcome of the carrier simulator has two contacts. More would make the demo slow: every number
that the carrier refuses for now (429) slows its account down.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import phonenumbers
from carrier_simulator.outcomes import OUTCOMES
from phonenumbers import PhoneNumberFormat, PhoneNumberType

TARGET = Path(__file__).parents[1] / "samples/contacts.csv"
COLUMNS = ("name", "firstName", "lastName", "email", "SMS", "city", "countryOrRegion", "company")
SEED = 20260101
CONTACTS = 600

OUTCOME_EVERY = 12
# Fictitious North American numbers: <area> 555 01xx.
OUTCOME_AREAS = ("212", "312")
NO_NUMBER_EVERY = 17
NO_EMAIL_EVERY = 10
RANDOM_DIGITS = 6


@dataclass(frozen=True)
class Locale:
    """Names, cities and companies of a country. Spaces separate the entries; "_" is a space inside an entry."""

    region: str
    country: str
    cities: str
    first_names: str
    last_names: str
    companies: str
    family_name_first: bool = False

    def draw(self, generator: random.Random, entries: str) -> str:
        return generator.choice(entries.split()).replace("_", " ")

    def full_name(self, first: str, last: str) -> str:
        if not self.family_name_first:
            return f"{first} {last}"
        # Chinese, Japanese and Korean names have no space.
        return f"{last} {first}" if last.isascii() or self.region in ("VN", "HU") else last + first


LOCALES = (
    Locale("US", "United States", "New_York Chicago Boise", "Ada Grace Alan Zoë", "O'Neil Smith-Jones Lee", "Acme Initech"),
    Locale("GB", "United Kingdom", "London Leeds Cardiff", "Seán Gwen Oliver", "Fitzgerald Llewellyn Ó_Briain", "Globex Hooli"),
    Locale("FR", "France", "Paris Nîmes Orléans", "Chloé Benoît Anaïs", "Lefèvre Garçon D’Arcy", "Société_Générique L’Étoile"),
    Locale("DE", "Germany", "München Köln Gießen", "Jürgen Käthe Björn", "Groß Müller von_der_Höhe", "Straßenbau_AG Öko_&_Söhne"),
    Locale("ES", "Spain", "Málaga A_Coruña Logroño", "Íñigo Begoña José", "Núñez Peña García", "Piña_S.L. Compañía_Azul"),
    Locale("PT", "Portugal", "Évora Setúbal Guimarães", "João Inês Conceição", "Gonçalves Simões Araújo", "Pão_e_Água Estrela"),
    Locale("PL", "Poland", "Łódź Gdańsk Kraków", "Łukasz Żaneta Zdzisław", "Wiśniewska Błąd Śliwa", "Źródło Chrząszcz_S.A."),
    Locale("HU", "Hungary", "Győr Hódmezővásárhely Pécs", "Ödön Győző Ágnes", "Szűcs Kővári Nagy", "Tűzijáték_Kft.", True),
    Locale("TR", "Türkiye", "İstanbul Iğdır Muğla", "İpek Işıl Çağrı", "Yıldız Şahin Öğüt", "Güneş_A.Ş."),
    Locale("VN", "Vietnam", "Hà_Nội Đà_Nẵng Huế", "Ánh Dũng Thuỷ", "Nguyễn Trần Đặng", "Sông_Hồng", True),
    Locale("GR", "Greece", "Αθήνα Θεσσαλονίκη Χανιά", "Ελένη Γιώργος Άννα", "Παπαδόπουλος Ιωάννου", "Ήλιος_Α.Ε."),
    Locale("UA", "Ukraine", "Київ Львів Ужгород", "Єва Соломія Тарас", "Ґалаґан Шевчук Мельник", "Зоря"),
    Locale("BG", "Bulgaria", "София Пловдив Варна", "Цветан Милена Асен", "Стоянова Петров", "Роза_ООД"),
    Locale("GE", "Georgia", "თბილისი ბათუმი", "ნინო გიორგი თამარ", "ბერიძე კაპანაძე", "მზე"),
    Locale("AM", "Armenia", "Երևան Գյումրի", "Անի Արամ Լուսինե", "Պետրոսյան Սարգսյան", "Արարատ"),
    Locale("IL", "Israel", "חיפה ירושלים", "נועה יעקב מרים", "לוי בן_דוד", "כוכב"),
    Locale("EG", "Egypt", "القاهرة الإسكندرية", "ليلى يوسف مريم", "حسن عبد_الله", "النيل"),
    Locale("IN", "India", "मुंबई चेन्नई কলকাতা", "प्रिया अर्जुन கவிதா", "शर्मा குமார் বসু", "सूर्य"),
    Locale("TH", "Thailand", "กรุงเทพฯ เชียงใหม่", "มาลี สมชาย อรุณ", "ศรีสุข ใจดี", "ดวงดาว"),
    Locale("ET", "Ethiopia", "አዲስ_አበባ ጎንደር", "ሰላም አበበ", "ተስፋዬ ከበደ", "ፀሐይ"),
    Locale("CN", "China", "北京 上海 重庆", "伟 秀英 𠮷", "王 欧阳 刘", "龙腾科技", True),
    Locale("JP", "Japan", "東京 京都 札幌", "さくら 健太 ユウキ", "髙橋 渡邉 鈴木", "株式会社ひかり", True),
    Locale("KR", "South Korea", "서울 부산", "민준 서연", "김 박 남궁", "한빛", True),
)


def contacts() -> Iterator[dict[str, str]]:
    """Yield the rows of the sample. Numbers and email addresses are unique."""
    # Not SystemRandom: the seed must always give the same contacts.
    generator = random.Random(SEED)  # noqa: S311
    used_numbers: set[str] = set()
    for index in range(1, CONTACTS + 1):
        has_special_outcome = index % OUTCOME_EVERY == 0 and index // OUTCOME_EVERY <= len(OUTCOME_AREAS) * len(OUTCOMES)
        locale = LOCALES[0] if has_special_outcome else generator.choice(LOCALES)
        first, last = locale.draw(generator, locale.first_names), locale.draw(generator, locale.last_names)
        number = (
            _outcome_number(index // OUTCOME_EVERY - 1)
            if has_special_outcome
            else _unused_number(generator, locale.region, used_numbers)
        )
        has_number = has_special_outcome or index % NO_NUMBER_EVERY != 0
        yield {
            "name": locale.full_name(first, last),
            "firstName": first,
            "lastName": last,
            "email": "" if has_number and index % NO_EMAIL_EVERY == 0 else f"contact{index:04}@example.com",
            "SMS": number if has_number else "",
            "city": locale.draw(generator, locale.cities),
            "countryOrRegion": locale.country,
            "company": locale.draw(generator, locale.companies),
        }


def text() -> str:
    """Return the file as CSV (RFC 4180)."""
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    writer.writerows(contacts())
    return file.getvalue()


def _outcome_number(index: int) -> str:
    """Return all outcomes with the first area code, then all with the next."""
    area, outcome = divmod(index, len(OUTCOMES))
    return f"+1{OUTCOME_AREAS[area]}555{list(OUTCOMES)[outcome]}"


def _unused_number(generator: random.Random, region: str, used_numbers: set[str]) -> str:
    """Draw an unused valid mobile number (E.164) of a region, without a special outcome."""
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None, region  # noqa: S101
    pattern = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    while True:
        number = f"{pattern[:-RANDOM_DIGITS]}{generator.randrange(10**RANDOM_DIGITS):0{RANDOM_DIGITS}}"
        is_valid = phonenumbers.is_valid_number(phonenumbers.parse(number))
        if is_valid and number not in used_numbers and number[-4:] not in OUTCOMES:
            used_numbers.add(number)
            return number


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(text(), encoding="utf-8", newline="")
    print(f"{TARGET.name}: {CONTACTS} contacts")
