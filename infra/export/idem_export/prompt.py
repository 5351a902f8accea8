"""The fixed prompt as token ids, and the place in it that the face vector takes."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import CLIPTokenizer

from .checkpoint import Checkpoint
from .errors import ExportError

# Arc2Face, project_face_embs: the embedding of the token `id` is replaced by the face vector.
PROMPT = "photo of a id person"
IDENTITY_WORD = "id"


@dataclass(frozen=True)
class Prompt:
    text: str
    input_ids: list[int]
    negative_input_ids: list[int]
    id_position: int


def tokenise(checkpoint: Checkpoint, text: str = PROMPT) -> Prompt:
    """Ids padded to the text encoder's length. Raises ExportError when `id` is not exactly one token, once in the prompt."""
    tokenizer = CLIPTokenizer.from_pretrained(str(checkpoint.tokenizer))
    length = checkpoint.text_config["max_position_embeddings"]

    def ids(words: str) -> list[int]:
        return list(tokenizer(words, padding="max_length", max_length=length, truncation=True).input_ids)

    identity = tokenizer.encode(IDENTITY_WORD, add_special_tokens=False)
    if len(identity) != 1:
        raise ExportError(
            f"The tokenizer at {checkpoint.tokenizer} splits '{IDENTITY_WORD}' into {len(identity)} tokens: "
            "the face vector replaces exactly one"
        )
    input_ids = ids(text)
    count = input_ids.count(identity[0])
    if count != 1:
        raise ExportError(f"The prompt '{text}' has the token '{IDENTITY_WORD}' {count} times: expected once")
    highest, rows = max(input_ids + ids("")), checkpoint.text_config.get("vocab_size", max(input_ids) + 1)
    if highest >= rows:
        raise ExportError(f"The tokenizer makes the id {highest}, the text encoder has {rows}: they do not belong together")
    return Prompt(text, input_ids, ids(""), input_ids.index(identity[0]))
