"""The records of a job, a line each. Guest/README.md lists their kinds, which are their first bytes."""

# In bytes: of all records.
LONGEST_OUTPUT = 128 << 20


class Records:
    """All records from the job's beginning, without the values of secrets. They are in memory only, never on a disk."""

    def __init__(self, secrets: list[bytes], redaction: bytes) -> None:
        self.secrets = secrets
        self.redaction = redaction
        self.bytes = bytearray()

    def append(self, kind: bytes, text: bytes) -> None:
        for secret in self.secrets:
            text = text.replace(secret, self.redaction)
        self.bytes += kind + text + b"\n"

    @property
    def is_full(self) -> bool:
        return len(self.bytes) > LONGEST_OUTPUT
