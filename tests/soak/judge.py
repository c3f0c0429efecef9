"""What the soak decides by: plain functions over series of figures. tests/server/test_soak_judges.py tests them."""

import statistics


def slope(points):
    """Theil and Sen's: the median of the slopes of all pairs. Single peaks do not move it."""
    slopes = [(later[1] - earlier[1]) / (later[0] - earlier[0])
              for i, earlier in enumerate(points) for later in points[i + 1:] if later[0] != earlier[0]]
    return statistics.median(slopes) if slopes else 0.0


def after_warm_up(points):
    """The last two thirds of the time. The first third is warm-up: caches and pools fill."""
    if not points:
        return []
    first, last = points[0][0], points[-1][0]
    return [point for point in points if point[0] >= first + (last - first) / 3]


def grows(points, share, absolute):
    """Why a series [(seconds, value)] is not flat after its warm-up, or None. It grows when its robust slope, over the
    time judged, comes to more than `share` of its median and to more than `absolute`."""
    judged = after_warm_up(points)
    if len(judged) < 8:
        return f"too few samples to judge: {len(judged)}"
    middle = statistics.median(value for _, value in judged)
    growth = slope(judged) * (judged[-1][0] - judged[0][0])
    if growth > absolute and growth > share * middle:
        return f"grew by {growth:.4g} around {middle:.4g}"
    return None


def quantile(values, q):
    """The value below which the share q lies; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def slower(latencies, times, slack):
    """Why the last third of [(seconds, latency)] is slower than the first, or None: its p99 is more than `times` the
    first third's and more than `slack` above it."""
    if not latencies:
        return "nothing was measured"
    first, last = latencies[0][0], latencies[-1][0]
    third = (last - first) / 3
    early = [latency for at, latency in latencies if at <= first + third]
    late = [latency for at, latency in latencies if at >= last - third]
    if len(early) < 20 or len(late) < 20:
        return None
    before, after = quantile(early, 0.99), quantile(late, 0.99)
    if after > times * before and after > before + slack:
        return f"p99 went from {before * 1000:.1f} to {after * 1000:.1f} ms"
    return None
