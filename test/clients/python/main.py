"""Encrypts, meets errors and lists pages, with types that ariadne-codegen made."""

import asyncio
from os import environ

import httpx

from generated import Client, CreateUserKeyInput, DecryptInput, EncryptInput, UserKeyFilter
from generated.create_user_key import (
    CreateUserKeyCreateUserKeyCreateUserKeyPayload,
    CreateUserKeyCreateUserKeyNameTakenError,
)
from generated.decrypt import DecryptDecryptDecryptPayload
from generated.encrypt import EncryptEncryptEncryptPayload, EncryptEncryptForbiddenError
from generated.enums import ErrorCode
from generated.exceptions import GraphQLClientGraphQLMultiError

api = environ["KEYSTEAD_URL"] + "/graphql"


def client_of(token: str) -> Client:
    headers = {"Authorization": f"Bearer {environ[token]}"}
    return Client(url=api, http_client=httpx.AsyncClient(headers=headers))


async def main() -> None:
    owner, stranger = client_of("OWNER_TOKEN"), client_of("STRANGER_TOKEN")

    for number in (1, 2, 3):
        created = (await owner.create_user_key(CreateUserKeyInput(name=f"py-{number}"))).create_user_key
        assert isinstance(created, CreateUserKeyCreateUserKeyCreateUserKeyPayload), created
        assert created.user_key.created_at.tzinfo is not None

    # Bytes there and back.
    plaintext = b"four score and seven"
    sealed = (await owner.encrypt(EncryptInput(key="py-1", plaintext=plaintext))).encrypt
    assert isinstance(sealed, EncryptEncryptEncryptPayload), sealed
    assert sealed.version_number == 1
    opened = (await owner.decrypt(DecryptInput(ciphertext=sealed.ciphertext))).decrypt
    assert isinstance(opened, DecryptDecryptDecryptPayload), opened
    assert opened.plaintext == plaintext

    # Errors that the caller can act on have types.
    taken = (await owner.create_user_key(CreateUserKeyInput(name="py-1"))).create_user_key
    assert isinstance(taken, CreateUserKeyCreateUserKeyNameTakenError), taken
    assert (taken.code, taken.name) == (ErrorCode.NAME_TAKEN, "py-1")
    refused = (await stranger.encrypt(EncryptInput(key="py-1", plaintext=plaintext))).encrypt
    assert isinstance(refused, EncryptEncryptForbiddenError), refused
    try:
        await stranger.user_keys()
        raise AssertionError("a caller without a role has listed keys")
    except GraphQLClientGraphQLMultiError as error:
        assert error.errors[0].extensions == {"code": "FORBIDDEN"}, error.errors[0].extensions

    # Pages.
    names: list[str] = []
    after = None
    while True:
        keys = (await owner.user_keys(first=2, after=after, filter_=UserKeyFilter(name_prefix="py-"))).user_keys
        assert keys is not None and keys.total_count == 3
        names += [key.name for key in keys.nodes]
        if not keys.page_info.has_next_page:
            break
        after = keys.page_info.end_cursor
    assert names == ["py-3", "py-2", "py-1"], names


asyncio.run(main())
print("ariadne-codegen: done")
