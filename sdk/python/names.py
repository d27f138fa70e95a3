"""Prints what the generated client is made of for programmers: its classes, the members
of its enumerations, and its operations as the modules that they are imported from.
"""

import enum
import pkgutil

from panal import api, models

for name in models.__all__:
    print("class", name)
    kind = getattr(models, name)
    if issubclass(kind, enum.Enum):
        for member in kind:
            print(f"member {name}.{member.name}")

for module in pkgutil.walk_packages(api.__path__, f"{api.__name__}."):
    if not module.ispkg:
        print("operation", module.name)
