"""The blocks of docs/quickstart.md that readers copy, as they stand there."""

import pathlib
import re

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "quickstart.md"


def blocks():
    """The text of each ```sh block, by the heading that it stands under."""
    found = {}
    for section in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0].lower()
        texts = re.findall(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
        if len(texts) > 1:
            raise ValueError(f"{PAGE.name} has {len(texts)} blocks to copy under {heading}, not one")
        found |= {heading: text for text in texts}
    return found
