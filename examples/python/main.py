"""Uses Keystead from Python, with types that ariadne-codegen made: python main.py [ENVELOPE]"""

import hashlib
import sys
from os import environ
from pathlib import Path

import httpx

from envelope import InvalidEnvelope, UnsupportedEnvelope, open_envelope
from generated import (
    Client,
    CreateUserKeyInput,
    DecryptInput,
    EncryptInput,
    EncryptionContextPairInput,
    KeyAlgorithm,
    KeyUsage,
    KeyVersionRef,
    SignInput,
    UserKeyFilter,
    VerifyInput,
)
from generated.enums import ErrorCode
from generated.exceptions import GraphQLClientGraphQLMultiError, GraphQLClientHttpError

keystead = Client(
    url=environ["KEYSTEAD_URL"] + "/graphql",
    http_client=httpx.Client(headers={"Authorization": f"Bearer {environ['KEYSTEAD_TOKEN']}"}, timeout=30),
)


class Refused(Exception):
    """Keystead refused; `code` says why (docs/errors.md)."""

    def __init__(self, error) -> None:
        super().__init__(f"{error.code.value}: {error.message}")
        self.code = error.code


def payload(result):
    """The payload of an operation. Errors that the caller can act on are members of its union, told by their type."""
    if result.typename__.endswith("Error"):
        raise Refused(result)
    return result


def find_or_create(name: str, **options) -> None:
    """Afterwards `name` stands for the key in all calls."""
    try:
        payload(keystead.create_user_key(CreateUserKeyInput(name=name, **options)).create_user_key)
    except Refused as refused:
        if refused.code != ErrorCode.NAME_TAKEN:
            raise


def context(**pairs: str) -> list[EncryptionContextPairInput]:
    return [EncryptionContextPairInput(name=name, value=value) for name, value in pairs.items()]


def encrypt_and_decrypt() -> None:
    find_or_create("python-orders")
    plaintext, order = b"ten pounds of tea", context(order="42")
    sealed = payload(keystead.encrypt(EncryptInput(key="python-orders", plaintext=plaintext, context=order)).encrypt)
    opened = payload(keystead.decrypt(DecryptInput(ciphertext=sealed.ciphertext, context=order)).decrypt)
    print("decrypted:", opened.plaintext.decode())
    try:
        payload(keystead.decrypt(DecryptInput(ciphertext=sealed.ciphertext, context=context(order="43"))).decrypt)
    except Refused as refused:
        print("another context:", refused.code.value)


def sign_and_verify() -> None:
    find_or_create("python-signer", usage=KeyUsage.SIGN_VERIFY, algorithm=KeyAlgorithm.ED25519)
    message = b"I owe you ten pounds of tea"
    signed = payload(keystead.sign(SignInput(key="python-signer", message=message)).sign)
    version = KeyVersionRef(key=signed.key_id, number=signed.version_number)
    for said in (message, b"I owe you nothing"):
        verify = VerifyInput(version=version, message=said, signature=signed.signature)
        print("valid:", payload(keystead.verify(verify).verify).valid)


def list_keys() -> None:
    names: list[str] = []
    page = None
    while page is None or page.page_info.has_next_page:
        after = page and page.page_info.end_cursor
        page = keystead.user_keys(first=1, after=after, filter_=UserKeyFilter(name_prefix="python-")).user_keys
        names += [key.name for key in page.nodes]
    print("keys:", *names)


def unwrap(key_id: str, wrapped: bytes) -> bytes:
    input_ = DecryptInput(key=key_id, ciphertext=wrapped, context=context(purpose="examples"))
    return payload(keystead.decrypt(input_).decrypt).plaintext


try:
    encrypt_and_decrypt()
    sign_and_verify()
    list_keys()
    if len(sys.argv) > 1:
        content = open_envelope(Path(sys.argv[1]).read_bytes(), unwrap, aad=b"records/7")
        print("envelope:", hashlib.sha256(content).hexdigest())
except (Refused, InvalidEnvelope, UnsupportedEnvelope) as problem:
    sys.exit(str(problem))
except GraphQLClientGraphQLMultiError as problem:
    # Nothing was answered: no role, too many requests …
    sys.exit(" ".join(f"{error.extensions['code']}: {error.message}" for error in problem.errors))
except GraphQLClientHttpError as problem:
    sys.exit(f"status {problem.status_code}: {problem.response.text}")
