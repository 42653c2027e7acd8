def total(counts: dict[str, int]) -> int:
    return sum(counts.values())
