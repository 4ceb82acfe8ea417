"""Answers the questions of the differential tests with other people's libraries.

A message is its length in four bytes, big-endian, and in it byte strings, each behind its length. The first of a question is its
name, "module.function"; the first of an answer is "ok", or what went wrong. It ends with its input.
"""

import importlib
import os
import struct
import sys
import traceback

LARGEST = 256 << 20


def read(stream):
    head = stream.read(4)
    if len(head) < 4:
        return None
    (size,) = struct.unpack(">I", head)
    if size > LARGEST:
        raise ValueError(f"a question of {size} bytes")
    body, parts, at = stream.read(size), [], 0
    while at < len(body):
        (n,) = struct.unpack_from(">I", body, at)
        parts.append(body[at + 4 : at + 4 + n])
        at += 4 + n
    return parts


def write(stream, parts):
    body = b"".join(struct.pack(">I", len(p)) + p for p in parts)
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


def answer(name, parts):
    module, function = name.decode().split(".")
    found = getattr(importlib.import_module("peer_" + module), function)(*parts)
    return [part.encode() if isinstance(part, str) else part for part in found or []]


def main():
    # What a library prints must not get among the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while (question := read(sys.stdin.buffer)) is not None:
        try:
            parts = [b"ok", *answer(question[0], question[1:])]
        except Exception:
            parts = [traceback.format_exc().encode()]
        write(answers, parts)


main()
