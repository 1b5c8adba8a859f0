"""How a method of moto is replaced by one that knows the method it replaces."""

import functools
from collections.abc import Callable
from typing import Any


def wrap(owner: type, name: str, replacement: Callable[..., Any]) -> None:
    """Replace `owner.name`; the replacement gets the original as first argument."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def method(*arguments: Any, **keywords: Any) -> Any:
        return replacement(original, *arguments, **keywords)

    setattr(owner, name, method)
