"""Bodies that keep the rules which the contract's schemas cannot state.

Each function takes a body that fits its schema, of which it keeps what it can, and
a number that decides whatever has to be chosen.
"""

import io
import re
import zipfile
from xml.sax.saxutils import escape

NAME = "Panadería Ñandú S.L."
ADDRESS = {
    "street": "Calle Mayor", "number": "12", "postal_code": "28013",
    "city": "Madrid", "province": "Madrid", "country": "España",
}
ORDERS = ["legal_name", "nif", "email", "phone", "city", "province", "active", "created_at"]
RATES = {"IVA": 21, "IGIC": 9.5, "IPSI": 0.5}


def nif(number):
    """A DNI number, the shortest rule for a control character there is."""
    digits = number % 10**8
    return f"{digits:08}{'TRWAGMYFPDXBNJZSQVHLCKE'[digits % 23]}"


def plain(value):
    """value without NUL, and with ordinary numbers and white space.

    Whether a pattern's \\s means more than ASCII's is not the same everywhere; the
    digit that takes its place is allowed wherever white space is.
    """
    match value:
        case dict():
            return {plain(key): plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case str():
            return re.sub(r"\0|[^\S \t\n\f\r]", "0", value)
        case float() if not 1e-4 <= abs(value) < 1e15:
            return 0
    return value


def customer(body, number):
    body = plain(body)
    identified(body, number)
    payable(body.get("preferred_payment_method"))
    if not body["legal_name"].strip():
        body["legal_name"] = NAME
    if body.get("general_discount"):
        body["general_discount"] = round(body["general_discount"], 4)
    return body


def update(body, number):
    """An update leaves the identifier alone, because it cannot change."""
    kept = {"legal_name": NAME, "address": ADDRESS} | plain(body)
    body = customer(kept, number)
    for identifier in ("nif", "alternative_id"):
        body.pop(identifier, None)
    return body


def bulk(body, number):
    return plain(body) | {"customers": [customer(row, number + i) for i, row in enumerate(body["customers"])]}


def query(given, number):
    """Filters that pass the same few customers, however many there are of them, in any order."""
    found = {
        "search": ("s.l.", "HOLA@", "9")[number % 3], "legal_name": ("s.L.", "Ñ")[number % 2], "nif": "9",
        "email": "Panaderia", "phone": "910", "city": "MADRID", "province": "madrid", "page": 1 + (number % 4 == 0),
        "sort_by": ORDERS[number % len(ORDERS)], "sort_order": ("desc", "asc")[number // 2 % 2],
    }
    return given | {name: value for name, value in found.items() if name in given}


def invoice(body, number, customer_id=None):
    body = plain(body)
    body["operation_date"], body["due_date"] = "2024-02-29", "2099-12-31"
    body.pop("series_id", None)
    body.pop("options", None)
    if body["type"] == "CORRECTIVE":
        body["type"] = "STANDARD"
    recipient = body["recipient"]
    recipient.pop("customer_id", None)
    if customer_id:
        recipient["customer_id"] = customer_id
    else:
        recipient.setdefault("legal_name", NAME)
        identified(recipient, number)
    payable(body.get("payment_info"))
    for line in body["lines"]:
        # Small amounts, since those of a simplified invoice have a ceiling.
        line["quantity"], line["unit_price"] = 1, round(line["unit_price"] % 1 + 0.0001, 4)
        line["discount_percentage"] = round(line.get("discount_percentage", 0), 4)
        line.pop("equivalence_surcharge_rate", None)
        if tax := line.get("main_tax"):
            tax["percentage"] = RATES.get(tax["type"], 7)
    return body


def validation(body, number):
    return plain(body) | {"nif": nif(number), "legal_name": NAME}


def identified(body, number):
    if number % 4:
        body["nif"] = nif(number)
        body.pop("alternative_id", None)
    else:
        body["alternative_id"] = {"type": "03", "number": f"P{number}"}
        body.pop("nif", None)


def payable(payment):
    if payment and payment.get("method") == "BANK_TRANSFER":
        payment.setdefault("iban", "ES9121000418450200051332")


def csv_file(number):
    rows = ["legal_name;nif;address_street;address_number;address_postal_code;address_city;address_province"]
    rows += [f"{NAME};{nif(number + i)};Calle Mayor;{i};28013;Madrid;Madrid" for i in range(number % 5)]
    return "\r\n".join(rows).encode()


def holded_file(number):
    """The smallest workbook that looks like an export of Holded's."""
    rows = [["Contacts"], [], ["Name", "ID", "Address", "City", "Postal code", "Province"]]
    rows += [[NAME, nif(number + i), "Calle Mayor 12", "Madrid", "28013", "Madrid"] for i in range(number % 5)]
    cells = "".join(
        f'<row r="{r}">' + "".join(
            f'<c r="{"ABCDEF"[c]}{r}" t="inlineStr"><is><t>{escape(text)}</t></is></c>' for c, text in enumerate(row)
        ) + "</row>" for r, row in enumerate(rows, 1)
    )
    office = "http://schemas.openxmlformats.org"
    main = f'xmlns="{office}/spreadsheetml/2006/main"'
    relation = f'{office}/officeDocument/2006/relationships'
    content = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml":
            f'<Types xmlns="{office}/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{content}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{content}.worksheet+xml"/></Types>',
        "_rels/.rels":
            f'<Relationships xmlns="{office}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{relation}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml":
            f'<workbook {main} xmlns:r="{relation}"><sheets><sheet name="Holded" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels":
            f'<Relationships xmlns="{office}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{cells}</sheetData></worksheet>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return file.getvalue()
