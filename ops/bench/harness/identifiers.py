"""Ids in both spellings: UUIDs for peers and SQL, TypeIDs (`agent_01j…`) for the server."""

import secrets
import time
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


def spelled(prefix, id):
    """The TypeID of a UUID."""
    number = uuid.UUID(id).int
    return prefix + "_" + base32(number, 26)


def base32(number, characters):
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(characters)))


def version7():
    """A UUIDv7 of the present moment."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))
