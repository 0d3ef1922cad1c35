"""Records that keep all rules, as typed values."""

from typing import ClassVar, Literal

import msgspec

from finetuning.tokens import estimate_tokens


class Message(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    role: Literal["user", "assistant"]
    content: str


class Conversation(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A training or validation record in the messages format."""

    messages: list[Message]
    system: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def texts(self) -> list[str]:
        return [self.system or "", *(message.content for message in self.messages)]

    @property
    def tokens(self) -> int:
        return sum(map(estimate_tokens, self.texts))


class Question(msgspec.Struct, forbid_unknown_fields=True, gc=False, rename="camel"):
    """An evaluation record."""

    question: str
    reference_answer: str
    topic: str
    system: ClassVar[None] = None

    @property
    def tokens(self) -> int:
        return estimate_tokens(self.question) + estimate_tokens(self.reference_answer)


Record = Conversation | Question
