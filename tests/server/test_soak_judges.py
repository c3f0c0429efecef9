"""What ./dev soak decides by: a leak is seen, noise and a warm-up are not taken for one."""

import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "soak"))
import judge  # noqa: E402

MIB = 1 << 20
NOISE = random.Random(7)


def series(value, seconds=1800, every=10):
    return [(at, value(at)) for at in range(0, seconds, every)]


def noise(size):
    return NOISE.uniform(-size, size)


def test_a_flat_noisy_series_passes():
    assert judge.grows(series(lambda at: 100 * MIB + noise(8 * MIB)), 0.05, 4 * MIB) is None


def test_a_leak_fails_also_below_the_noise():
    assert "grew" in judge.grows(series(lambda at: 100 * MIB + at / 1800 * 20 * MIB + noise(8 * MIB)), 0.05, 4 * MIB)


def test_a_leak_that_begins_late_fails():
    assert "grew" in judge.grows(series(lambda at: 30 + max(0, at - 900) / 10 + noise(2)), 0.05, 4)


def test_a_warm_up_is_not_a_leak():
    assert judge.grows(series(lambda at: min(at / 300, 1) * 100 * MIB + noise(MIB)), 0.05, 4 * MIB) is None


def test_single_peaks_are_not_a_leak():
    assert judge.grows(series(lambda at: 100 * MIB + (50 * MIB if at % 300 == 0 else 0) + noise(MIB)), 0.05,
                       4 * MIB) is None


def test_small_figures_may_wander():
    assert judge.grows(series(lambda at: 40 + (1 if at > 1000 else 0)), 0.02, 4) is None


def test_too_few_samples_are_said_to_be_too_few():
    assert "too few" in judge.grows(series(lambda at: 1, seconds=50), 0.05, 1)
    assert "too few" in judge.grows([], 0.05, 1)


def test_a_third_that_is_slower_fails_and_noise_passes():
    even = [(at, 0.005 + abs(noise(0.004))) for at in range(1800)]
    assert judge.slower(even, 3, 0.05) is None
    assert "p99" in judge.slower([(at, latency + (0.2 if at > 1250 else 0)) for at, latency in even], 3, 0.05)
    assert judge.slower([], 3, 0.05)


def test_quantiles():
    assert judge.quantile([3, 1, 2], 0.5) == 2
    assert judge.quantile(list(range(1000)), 0.99) == 990
    assert judge.quantile([], 0.5) is None
