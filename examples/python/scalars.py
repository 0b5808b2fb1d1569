"""Scalars of Keystead that have no type of the same form in Python."""

from base64 import b64decode, b64encode


def to_base64(value: bytes) -> str:
    return b64encode(value).decode()


def from_base64(value: str) -> bytes:
    return b64decode(value, validate=True)
