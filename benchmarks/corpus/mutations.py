"""Damaged PDFs: valid documents with one kind of damage each. The same seed gives the same bytes."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pymupdf

BOMB_BYTES = 1 << 28
Mutation = Callable[[bytes, random.Random], bytes]


def sound_documents(seed: int) -> list[bytes]:
    """Returns valid PDFs of one to five pages: text, pictures, drawings, plain and compressed cross-references."""
    rng = random.Random(seed)
    documents = []
    for number in range(12):
        with pymupdf.open() as pdf:
            for page_number in range(rng.randint(1, 5)):
                page = pdf.new_page(width=rng.choice([300, 595]), height=rng.choice([400, 842]))
                words = " ".join(f"word{rng.randrange(1000)}" for _ in range(60))
                page.insert_textbox((30, 30, 280, 300), f"{number}.{page_number} {words}", fontsize=10)
                page.draw_rect((20, 310, 200, 390), color=(0, 0, 1), fill=(0.9, 0.9, 1))
                if number % 3 == 0:
                    page.insert_image((30, 320, 150, 380), pixmap=_noise(rng))
            pdf.set_metadata({"title": f"sound {number}"})
            documents.append(
                pdf.tobytes(deflate=number % 2 == 0, use_objstms=number % 4 == 0, no_new_id=True, garbage=3)
            )
    return documents


def _noise(rng: random.Random) -> pymupdf.Pixmap:
    return pymupdf.Pixmap(pymupdf.csRGB, 40, 20, rng.randbytes(40 * 20 * 3), False)


def flip_bytes(data: bytes, rng: random.Random) -> bytes:
    """Changes 1 to 200 bytes at random places."""
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 5, 30, 200])):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def truncate(data: bytes, rng: random.Random) -> bytes:
    """Cuts off the end."""
    return data[: rng.randrange(9, len(data))]


def remove_middle(data: bytes, rng: random.Random) -> bytes:
    """Cuts out a piece, so that all later offsets are wrong."""
    start = rng.randrange(9, len(data))
    return data[:start] + data[start + rng.randrange(1, 2000) :]


def swap_objects(data: bytes, rng: random.Random) -> bytes:
    """Swaps the numbers of two objects, and gives some references other targets."""
    numbers = [int(number) for number in re.findall(rb"(\d+) 0 obj", data)] or [1]
    one, other = rng.choice(numbers), rng.choice(numbers)
    marks = {b"%d 0 obj" % one: b"%d 0 obj" % other, b"%d 0 obj" % other: b"%d 0 obj" % one}
    data = re.sub(rb"\d+ 0 obj", lambda found: marks.get(found[0], found[0]), data)
    return re.sub(rb"\d+ 0 R", lambda found: b"%d 0 R" % rng.choice(numbers) if rng.random() < 0.1 else found[0], data)


def change_numbers(data: bytes, rng: random.Random) -> bytes:
    """Replaces sizes, counts and lengths by huge, negative and invalid values."""
    values = [b"0", b"-1", b"9", b"65536", b"2147483647", b"99999999999", b"1e38", b"null", b"[]"]
    names = rb"/(Count|Length|Width|Height|BitsPerComponent|Size|Rotate|N|First|Columns|Predictor|Index|Prev) ?-?\d+"

    def change(found: re.Match[bytes]) -> bytes:
        return b"/%s %s" % (found[1], rng.choice(values)) if rng.random() < 0.4 else found[0]

    return re.sub(names, change, data)


def change_page_size(data: bytes, rng: random.Random) -> bytes:
    """Gives pages an empty, negative, tiny, infinite or extremely long size."""
    sizes = [b"0 0 0 0", b"0 0 -5 -5", b"0 0 1 14400", b"0 0 14400 14400", b"0 0 1e30 1e30", b"nan 0 2 2", b"0 0 .1 .1"]
    return re.sub(rb"/MediaBox ?\[[^\]]*\]", lambda _: b"/MediaBox[%s]" % rng.choice(sizes), data)


def nest_streams(data: bytes, rng: random.Random) -> bytes:
    """Declares long chains of filters that a stream does not have, and forms that draw themselves."""
    chains = [
        b"/FlateDecode" * 40,
        b"/LZWDecode/ASCII85Decode",
        b"/DCTDecode",
        b"/JBIG2Decode",
        b"/RunLengthDecode" * 9,
    ]
    data = re.sub(rb"/Filter ?/\w+", lambda _: b"/Filter[%s]" % rng.choice(chains), data)
    return re.sub(rb"stream\r?\n", lambda found: found[0] + b"q /Fm0 Do [ << " * rng.randrange(3), data, count=2)


def decompression_bomb(data: bytes, rng: random.Random) -> bytes:
    """Returns a small file whose page or picture grows to hundreds of megabytes when it is decompressed."""
    fill = rng.choice([b"0 0 m 9 9 l S\n", b"\0", b"q ", b"[", b"BT (a) Tj ET "])
    bomb = zlib.compress(fill * (BOMB_BYTES // len(fill)), 9)
    depth = rng.choice([1, 1, 2])
    for _ in range(depth - 1):
        bomb = zlib.compress(bomb, 9)
    side = rng.choice([10_000, 60_000])
    stream = b"/Length %d/Filter[%s]" % (len(bomb), b"/FlateDecode" * depth)
    picture = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceRGB%s>>"
    draws_picture = rng.random() < 0.5
    contents = b"q 200 0 0 200 0 0 cm /Im Do Q"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<</XObject<</Im 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(contents), contents)
        if draws_picture
        else b"<<%s>>stream\n%s\nendstream" % (stream, bomb),
        picture % (side, side, stream) + b"stream\n%s\nendstream" % bomb if draws_picture else b"null",
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, value) for number, value in enumerate(objects, 1))
    return b"%PDF-1.5\n" + body + b"trailer<</Size 6/Root 1 0 R>>\n%" + data[-rng.randrange(1, 9) :]


# Each mutation with its share of the documents, in percent.
MUTATIONS: dict[str, tuple[Mutation, int]] = {
    "flipped": (flip_bytes, 25),
    "truncated": (truncate, 15),
    "cut": (remove_middle, 12),
    "swapped": (swap_objects, 15),
    "numbers": (change_numbers, 16),
    "sizes": (change_page_size, 8),
    "filters": (nest_streams, 8),
    "bomb": (decompression_bomb, 1),
}


def write_mutants(directory: Path, count: int, seed: int) -> None:
    """Writes `count` damaged documents as `KIND-NUMBER.pdf`. The same seed gives the same bytes."""
    directory.mkdir(parents=True, exist_ok=True)
    sound = sound_documents(seed)
    shares = [share for _, share in MUTATIONS.values()]
    for number in range(count):
        rng = random.Random(f"{seed}:{number}")
        (kind,) = rng.choices(list(MUTATIONS), shares)
        mutate, _ = MUTATIONS[kind]
        (directory / f"{kind}-{number:05d}.pdf").write_bytes(mutate(rng.choice(sound), rng))
