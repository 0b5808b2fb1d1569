"""Verifies COSE_Sign1 messages with python-cwt, and that it refuses them with another payload or signature."""

import base64
import json
import sys

import cbor2
from cwt import COSE, COSEKey
from cwt.exceptions import VerifyError

cases = json.load(sys.stdin)
cose = COSE.new(verify_kid=True)
verified = refused = 0
for case in cases:
    message = base64.b64decode(case["cose"])
    payload = base64.b64decode(case["payload"])
    options = {"external_aad": base64.b64decode(case["externalAad"])}
    if case["isDetached"]:
        options["detached_payload"] = payload
    key = COSEKey.from_jwk(case["jwk"])
    # Messages are tagged as COSE_Sign1, or untagged in mdocs.
    content = cbor2.loads(message)
    parts = content.value if isinstance(content, cbor2.CBORTag) else content
    tagged = cbor2.CBORTag(18, parts)
    assert (parts[2] is None) == case["isDetached"], case["name"]
    assert cbor2.loads(parts[0])[4].decode() == case["jwk"]["kid"], case["name"]
    assert cose.decode(tagged, key, **options) == payload, case["name"]
    verified += 1
    signature = bytes([parts[3][0] ^ 1]) + parts[3][1:]
    try:
        cose.decode(cbor2.CBORTag(18, [*parts[:3], signature]), key, **options)
    except VerifyError:
        refused += 1
print(f"{verified} verified, {refused} changed ones refused")
