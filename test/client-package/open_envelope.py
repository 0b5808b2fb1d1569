"""Opens envelopes as docs/envelope-format.md describes them, with nothing of Keystead. Reads a JSON list of
{envelope, dataKey, additionalAuthenticatedData} (base64) and prints a JSON list of results."""

import base64
import json
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class Invalid(Exception):
    pass


class Unsupported(Exception):
    pass


def take(data, start, length):
    if start + length > len(data):
        raise Invalid
    return data[start : start + length]


def open_envelope(envelope, data_key, aad):
    if take(envelope, 0, 3) != b"KSE":
        raise Invalid
    if take(envelope, 3, 1) != b"\x01" or take(envelope, 4, 1) != b"\x01":
        raise Unsupported
    exponent, id_length = take(envelope, 5, 2)
    if not 10 <= exponent <= 24 or not 1 <= id_length <= 64:
        raise Invalid
    take(envelope, 7, id_length).decode("ascii")
    wrapped_at = 7 + id_length
    (wrapped_length,) = take(envelope, wrapped_at, 1)
    salt_at = wrapped_at + 1 + wrapped_length
    salt = take(envelope, salt_at, 16)
    header, body = envelope[: salt_at + 16], envelope[salt_at + 16 :]

    key = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"keystead envelope v1").derive(data_key)
    size = 2**exponent + 16
    pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    content = b""
    for index, piece in enumerate(pieces):
        is_last = index == len(pieces) - 1
        nonce = index.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")
        if len(piece) < 16 or (len(piece) == 16 and index > 0):
            raise Invalid
        try:
            content += AESGCM(key).decrypt(nonce, piece, header + aad)
        except InvalidTag:
            raise Invalid from None
    return content


def result_of(vector):
    fields = ("envelope", "dataKey", "additionalAuthenticatedData")
    try:
        content = open_envelope(*(base64.b64decode(vector[field]) for field in fields))
    except Invalid:
        return {"result": "invalid"}
    except Unsupported:
        return {"result": "unsupported"}
    return {"result": "content", "content": base64.b64encode(content).decode()}


print(json.dumps([result_of(vector) for vector in json.load(sys.stdin)]))
