"""Suggestions for the headings of files that other programs export. Each file's headings are as the program writes them."""

from __future__ import annotations

import csv

import orjson
import pytest

from outreach import text
from outreach.contacts.fields import SiteFields, system_fields
from outreach.imports import heading_suggestions
from outreach.imports.columns import Columns
from outreach.imports.heading_suggestions import suggest
from outreach.imports.import_options import ImportOptions

GOOGLE_OLD = (
    "Name,Given Name,Additional Name,Family Name,Yomi Name,Given Name Yomi,Additional Name Yomi,Family Name Yomi,Name Prefix,"
    "Name Suffix,Initials,Nickname,Short Name,Maiden Name,Birthday,Gender,Location,Billing Information,Directory Server,Mileage,"
    "Occupation,Hobby,Sensitivity,Priority,Subject,Notes,Language,Photo,Group Membership,E-mail 1 - Type,E-mail 1 - Value,"
    "E-mail 2 - Type,E-mail 2 - Value,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value,Organization 1 - Type,"
    "Organization 1 - Name,Organization 1 - Yomi Name,Organization 1 - Title,Organization 1 - Department,Organization 1 - Symbol,"
    "Organization 1 - Location,Organization 1 - Job Description,Address 1 - Type,Address 1 - Formatted,Address 1 - Street,"
    "Address 1 - City,Address 1 - PO Box,Address 1 - Region,Address 1 - Postal Code,Address 1 - Country,"
    "Address 1 - Extended Address,Website 1 - Type,Website 1 - Value,Relation 1 - Type,Relation 1 - Value"
)
GOOGLE = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,Phonetic Last Name,Name Prefix,Name Suffix,"
    "Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,Photo,Labels,E-mail 1 - Label,"
    "E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,"
    "Address 1 - Label,Address 1 - Formatted,Address 1 - Street,Address 1 - City,Address 1 - PO Box,Address 1 - Region,"
    "Address 1 - Postal Code,Address 1 - Country,Address 1 - Extended Address,Website 1 - Label,Website 1 - Value,"
    "Event 1 - Label,Event 1 - Value,Custom Field 1 - Label,Custom Field 1 - Value"
)
OUTLOOK = (
    "First Name,Middle Name,Last Name,Title,Suffix,Nickname,Given Yomi,Surname Yomi,E-mail Address,E-mail 2 Address,"
    "E-mail 3 Address,Home Phone,Home Phone 2,Business Phone,Business Phone 2,Mobile Phone,Car Phone,Other Phone,Primary Phone,"
    "Pager,Business Fax,Home Fax,Other Fax,Company Main Phone,Callback,Radio Phone,Telex,TTY/TDD Phone,IMAddress,Job Title,"
    "Department,Company,Office Location,Manager's Name,Assistant's Name,Assistant's Phone,Company Yomi,Business Street,"
    "Business City,Business State,Business Postal Code,Business Country/Region,Home Street,Home City,Home State,Home Postal Code,"
    "Home Country/Region,Other Street,Other City,Other State,Other Postal Code,Other Country/Region,Personal Web Page,Spouse,"
    "Schools,Hobby,Location,Web Page,Birthday,Anniversary,Notes"
)
OUTLOOK_GERMAN = (
    "Anrede,Vorname,Weitere Vornamen,Nachname,Suffix,Firma,Abteilung,Position,Straße geschäftlich,Ort geschäftlich,"
    "Postleitzahl geschäftlich,Land geschäftlich,Straße privat,Telefon geschäftlich,Telefon geschäftlich 2,Fax geschäftlich,"
    "Telefon privat,Mobiltelefon,Autotelefon,E-Mail-Adresse,E-Mail 2: Adresse,Geburtstag,Kategorien,Notizen,Webseite"
)
OUTLOOK_FRENCH = (
    "Prénom,Deuxième prénom,Nom,Suffixe,Société,Service,Rue (bureau),Ville (bureau),Code postal (bureau),Téléphone (bureau),"
    "Téléphone 2 (bureau),Téléphone (domicile),Tél. mobile,Adresse de messagerie,Adresse de messagerie 2,Catégories,Page Web"
)
# As a Mac's Contacts, dragged into Numbers, and iPhone exporters write them.
APPLE = (
    "First name,Last name,Organization,Job title,Phone : mobile,Phone : home,Email : home,Email : work,Street,City,State,ZIP,"
    "Country,Birthday,Note"
)
HUBSPOT = (
    "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,Lead Status,Create Date (EST),"
    "Last Activity Date (EST),Associated Company,Associated Company IDs,Job Title,Street Address,City,State/Region,Postal Code,"
    "Country/Region,Lifecycle Stage,Marketing contact status,Website URL"
)
MAILCHIMP = (
    "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS"
)
SALESFORCE = (
    "Salutation,First Name,Last Name,Title,Account Name,Mailing Street,Mailing City,Mailing State/Province,"
    "Mailing Zip/Postal Code,Mailing Country,Phone,Mobile,Fax,Email,Account Owner,Contact ID"
)
SHOP = "customer_id,first_name,last_name,email,billing_phone,billing_address_1,billing_city,billing_postcode,billing_country"
OUTLOOK_JAPANESE = "姓,名,会社名,部署,役職,電子メール アドレス,電子メール アドレス 2,携帯電話,自宅電話,会社電話,郵便番号"


def suggestions(header: str) -> dict[str, str | None]:
    """What every column of a file holds, if its suggestions are followed; it must be a complete and valid answer."""
    headings = next(csv.reader([header]))
    fields = SiteFields("1", "US", system_fields("1"))
    suggested = Columns.of(fields, ImportOptions()).suggestions(headings)
    columns = Columns.of(fields, ImportOptions(columns=suggested))
    assert columns.header_errors(headings) == []
    return columns.names_by_heading(headings)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            GOOGLE_OLD,
            {
                "Given Name": "firstName",
                "Family Name": "lastName",
                "E-mail 1 - Value": "email",
                "E-mail 2 - Value": "email",
                "Phone 1 - Value": "SMS",
                "Phone 2 - Value": "SMS",
                "Organization 1 - Name": "company",
                "Yomi Name": None,
                "Address 1 - Street": "mailingAddress",
                "Address 1 - Formatted": None,
                "Address 1 - Region": "stateOrProvince",
                "Nickname": "alias",
                "Notes": "description",
                "Group Membership": None,
                "Address 1 - Country": "countryOrRegion",
            },
        ),
        (
            GOOGLE,
            {
                "First Name": "firstName",
                "Organization Name": "company",
                "Organization Title": "title",
                "File As": None,
                "Labels": None,
                "E-mail 2 - Value": "email",
                "Phone 1 - Label": None,
                "Phone 1 - Value": "SMS",
            },
        ),
        (
            OUTLOOK_GERMAN,
            {
                "Vorname": "firstName",
                "Nachname": "lastName",
                "Firma": "company",
                "Position": "title",
                "Straße geschäftlich": "mailingAddress",
                "Straße privat": None,
                "Mobiltelefon": "SMS",
                "Telefon privat": "phone",
                "Telefon geschäftlich": None,
                "E-Mail-Adresse": "email",
                "E-Mail 2: Adresse": "email",
                "Notizen": "description",
                "Anrede": None,
                "Kategorien": None,
            },
        ),
        (
            OUTLOOK_FRENCH,
            {
                "Prénom": "firstName",
                "Nom": "lastName",
                "Société": "company",
                "Tél. mobile": "SMS",
                "Téléphone (domicile)": "phone",
                "Adresse de messagerie 2": "email",
                "Ville (bureau)": "city",
                "Deuxième prénom": None,
            },
        ),
        (
            OUTLOOK,
            {
                "E-mail Address": "email",
                "E-mail 3 Address": "email",
                "Mobile Phone": "SMS",
                "Primary Phone": "phone",
                "Business Phone": None,
                "Title": "title",
                "Job Title": None,
                "Company": "company",
                "Business Fax": "fax",
                "Business Street": "mailingAddress",
                "Home Street": None,
                "Business Postal Code": "postalOrZipCode",
            },
        ),
        (
            APPLE,
            {
                "First name": "firstName",
                "Organization": "company",
                "Phone : mobile": "SMS",
                "Phone : home": "phone",
                "Email : home": "email",
                "Email : work": "email",
                "Street": "mailingAddress",
                "Birthday": None,
            },
        ),
        (
            HUBSPOT,
            {
                "Email": "email",
                "Mobile Phone Number": "SMS",
                "Phone Number": "phone",
                "Record ID": None,
                "Job Title": "title",
                "Create Date (EST)": None,
                "Associated Company": "company",
                "State/Region": "stateOrProvince",
            },
        ),
        (
            MAILCHIMP,
            {
                "Email Address": "email",
                "Phone Number": "SMS",
                "Address": "mailingAddress",
                "CC": "countryOrRegion",
                "TIMEZONE": "timeZone",
                "NOTES": "description",
                "OPTIN_IP": None,
            },
        ),
        (
            SALESFORCE,
            {
                "Account Name": "company",
                "Mailing Street": "mailingAddress",
                "Mobile": "SMS",
                "Phone": "phone",
                "Contact ID": None,
            },
        ),
        (
            SHOP,
            {"first_name": "firstName", "billing_phone": "SMS", "billing_address_1": "mailingAddress", "billing_city": "city"},
        ),
        (
            OUTLOOK_JAPANESE,
            {
                "姓": "lastName",
                "名": "firstName",
                "携帯電話": "SMS",
                "会社電話": "phone",
                "電子メール アドレス 2": "email",
                "部署": None,
            },
        ),
    ],
    ids=[
        "Google until 2024",
        "Google",
        "German Outlook",
        "French Outlook",
        "Outlook",
        "Apple",
        "HubSpot",
        "Mailchimp",
        "Salesforce",
        "a shop",
        "Japanese Outlook",
    ],
)
def test_each_heading_of_a_common_export_has_a_suggestion(header: str, expected: dict[str, str | None]) -> None:
    suggested = suggestions(header)
    assert {heading: suggested[heading] for heading in expected} == expected


def test_the_best_phone_column_is_texted_if_no_column_is_mobile() -> None:
    suggested = suggest(["Home Phone", "Business Phone"], set())
    assert suggested == {"Business Phone": "SMS", "Home Phone": None}


def test_a_column_of_other_numbers_is_not_texted_if_the_file_has_a_column_phone() -> None:
    assert suggest(["Home Phone"], {"phone"}) == {"Home Phone": None}


@pytest.mark.parametrize("heading", ["first_name", "First-Name", "FIRST NAME*", "first.name:"])
def test_punctuation_in_a_heading_does_not_count(heading: str) -> None:
    assert suggest([heading], set(), ["firstName"]) == {heading: "firstName"}


def test_a_column_of_opt_outs_is_never_suggested_to_be_ignored() -> None:
    assert suggest(["Opted-Out", "SMS opt-out", "Unsubscribed"], set()) == {"SMS opt-out": "isOptedOut"}
    assert suggest(["Opted Out"], {"isOptedOut"}) == {}


def test_a_field_that_another_column_holds_is_not_suggested_again() -> None:
    assert suggest(["Job Title", "Mobile"], {"title", "SMS"}) == {"Job Title": None, "Mobile": "SMS"}


def test_an_unknown_heading_has_no_suggestion() -> None:
    assert suggest(["Shoe size", "Phone X - Value"], set()) == {}


def test_no_heading_has_two_fields() -> None:
    headings = [
        text.compact_key(heading) for found in orjson.loads(heading_suggestions._FILE.read_bytes()).values() for heading in found
    ]
    twice = {heading for heading in headings if headings.count(heading) > 1}
    assert twice == set()


def test_no_heading_has_two_fields_without_its_punctuation() -> None:
    fields: dict[str, set[str]] = {}
    for heading, (name, _) in heading_suggestions._known_headings().items():
        fields.setdefault(heading_suggestions._letters(heading), set()).add(name)
    assert [heading for heading, names in fields.items() if len(names) > 1] == []
