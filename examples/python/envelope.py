"""Opens envelopes of @keystead/client, as docs/envelope-format.md specifies them."""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class InvalidEnvelope(Exception):
    """The bytes are no envelope, or not as they were written."""


class UnsupportedEnvelope(Exception):
    """The envelope is of another version of the format."""


def _take(data: bytes, start: int, length: int) -> bytes:
    if start + length > len(data):
        raise InvalidEnvelope("the envelope is cut off within its header")
    return data[start : start + length]


def open_envelope(envelope: bytes, unwrap: Callable[[str, bytes], bytes], aad: bytes = b"") -> bytes:
    """Gives the content. `unwrap` has Keystead decrypt a wrapped data key, and gets the ID of the key in the header."""
    if _take(envelope, 0, 3) != b"KSE":
        raise InvalidEnvelope("the bytes are no envelope")
    if _take(envelope, 3, 2) != b"\x01\x01":
        raise UnsupportedEnvelope("the version of the format is unknown")
    exponent, id_length = _take(envelope, 5, 2)
    if not 10 <= exponent <= 24 or not 1 <= id_length <= 64:
        raise InvalidEnvelope("the header is wrong")
    key_id = _take(envelope, 7, id_length).decode("ascii")
    wrapped_at = 8 + id_length
    (wrapped_length,) = _take(envelope, wrapped_at - 1, 1)
    wrapped = _take(envelope, wrapped_at, wrapped_length)
    salt_at = wrapped_at + wrapped_length
    salt = _take(envelope, salt_at, 16)
    header, body = envelope[: salt_at + 16], envelope[salt_at + 16 :]

    data_key = unwrap(key_id, wrapped)
    if len(data_key) != 32:
        raise InvalidEnvelope("the data key does not have 32 bytes")
    key = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"keystead envelope v1").derive(data_key)
    cipher = AESGCM(key)
    size = 2**exponent + 16
    pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    content = bytearray()
    for index, piece in enumerate(pieces):
        is_last = index == len(pieces) - 1
        nonce = index.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")
        if len(piece) < 16 or (len(piece) == 16 and index > 0):
            raise InvalidEnvelope("the envelope is cut off")
        try:
            content += cipher.decrypt(nonce, piece, header + aad)
        except InvalidTag:
            raise InvalidEnvelope("the envelope was changed, cut off, or is of another place") from None
    return bytes(content)
