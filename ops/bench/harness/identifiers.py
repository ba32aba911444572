"""TypeID to UUID, so that an answer of the server (`agent_01j…`) can be compared with a peer's plain UUID."""

import uuid

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def plain(text):
    """The UUID in a TypeID or UUID, in its usual spelling."""
    suffix = text.rpartition("_")[2]
    if len(suffix) != 26:
        return str(uuid.UUID(suffix))
    number = 0
    for character in suffix:
        number = number << 5 | ALPHABET.index(character)
    return str(uuid.UUID(int=number))
