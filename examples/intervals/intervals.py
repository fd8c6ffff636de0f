"""Half-open intervals of whole numbers."""


def merge(intervals):
    """The same numbers as `intervals`, in as few intervals as possible, sorted."""
    merged = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def total(intervals):
    """How many numbers the intervals cover."""
    return sum(end - start for start, end in merge(intervals))


def gaps(intervals):
    """The intervals between the merged ones."""
    merged = merge(intervals)
    return [(left[1], right[0]) for left, right in zip(merged, merged[1:])]
