"""Opens envelopes with the example in Python, which has nothing of Keystead but the documented format. Reads a JSON list
of {envelope, dataKey, additionalAuthenticatedData} (base64) and prints a JSON list of results."""

import base64
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "python"))
sys.dont_write_bytecode = True
from envelope import InvalidEnvelope, UnsupportedEnvelope, open_envelope  # noqa: E402


def result_of(vector):
    fields = ("envelope", "dataKey", "additionalAuthenticatedData")
    envelope, data_key, aad = (base64.b64decode(vector[field]) for field in fields)
    try:
        content = open_envelope(envelope, lambda key_id, wrapped: data_key, aad)
    except InvalidEnvelope:
        return {"result": "invalid"}
    except UnsupportedEnvelope:
        return {"result": "unsupported"}
    return {"result": "content", "content": base64.b64encode(content).decode()}


print(json.dumps([result_of(vector) for vector in json.load(sys.stdin)]))
