"""The first move of one price at which accounts of several legs meet their requirement, for many accounts at once.

The driver moves by `r` and leg `j` by `(1 + r)^b_j`, the law of `stress`. What leg `j` adds to equity less maintenance
is the least of a few lines in its own price, one a tier: `f_j = min_k v_jk + s_jk (rho_j - 1)` with
`rho_j = (1 + r)^b_j`. So the gap of an account is `C + sum_j f_j`, and its first zero outward from `r = 0` is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perpnotes._validate import FloatArray

_CELLS = 65_536  # tiers times legs times accounts in a block: the few buffers stay in the cache
_HEDGED = 1e-12  # a slope below this part of what it is the difference of is rounding: a hedged book stays where it is
_LOWEST = 1e-12  # a price that has lost all but this part is no price any more
_LARGEST = 600.0  # logarithm of the largest growth of a price that is looked at: what follows would not be a double
_REACHES = (1.5, np.inf)  # logarithms of the move up to which is looked, one after the other
_NOTHING = 1e-300  # what has no logarithm counts as this much
_PIECES = 32  # of a stretch that is looked at in one round
_FINEST = 1e-12  # length of a piece, in logarithms of a price, at which its beginning is the answer
_ROUNDS = 400  # after so many the gap has hovered above 0 for long: where it stands then is on the safe side
_NOISE = 4e-15  # a gap below this part of what it is the sum of is rounding


def first_move(
    constant: FloatArray,
    lines: Callable[[slice], tuple[FloatArray, FloatArray]],
    exponents: FloatArray,
    *,
    down: bool | NDArray[np.bool_],
) -> FloatArray:
    """`|r|` at the first zero, 0 where the gap is not above 0 now, infinite where there is none; shape `(A,)`.

    Parameters:
        constant: `C`, shape `(A,)`.
        lines: `v` and `s` of a slice of the accounts, each of shape `(K, L, a)`, of each leg in the order of `s`.
        exponents: `b`, shape `(L, 1)` or `(L, A)`.
        down: whether the driver falls; one for all, or shape `(A,)`.
    """
    accounts = len(constant)
    sign = np.broadcast_to(np.where(down, -1.0, 1.0), accounts)
    straight = bool(((exponents == 0) | (exponents == 1)).all())
    solve = _straight if straight else _curved
    result = np.empty(accounts)
    start, size = 0, 64  # the first block says how many tiers and legs there are
    while start < accounts:
        part = slice(start, min(start + size, accounts))
        values, slopes = lines(part)
        powers = exponents if exponents.shape[1] == 1 else exponents[:, part]
        result[part] = solve(constant[part], values, slopes, powers, sign[part])
        start, size = part.stop, max(64, _CELLS // (values.shape[0] * values.shape[1]))
    return result


def _straight(
    constant: FloatArray, values: FloatArray, slopes: FloatArray, exponents: FloatArray, sign: FloatArray
) -> FloatArray:
    """Each leg stays or moves with the driver, so the gap is concave in `r`: tangents from the far end, exactly."""

    def tangent(moved: FloatArray | float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The line that the gap is at this move: its value at `r = 0`, its slope, and the sum of the slopes' sizes."""
        growth = exponents * moved
        value, slope = values[0], slopes[0]
        if len(values) > 1:
            value, slope = value.copy(), slope.copy()
            lowest = value + slope * growth
            for v, s in zip(values[1:], slopes[1:], strict=True):
                at = v + s * growth
                lower = at < lowest
                np.copyto(value, v, where=lower)
                np.copyto(slope, s, where=lower)
                np.minimum(lowest, at, out=lowest)
        slope = slope * exponents
        return constant + value.sum(axis=0), slope.sum(axis=0), np.abs(slope).sum(axis=0)

    now = constant + values.min(axis=0).sum(axis=0)
    move = np.where(sign < 0, -1.0, 1e30)
    never = now <= 0
    for _ in range(values.shape[0] * values.shape[1] + 1):  # no tier of a leg is left twice
        level, slope, size = tangent(move)
        flat = sign * slope >= -_HEDGED * size
        after = np.divide(-level, slope, out=sign * np.inf, where=~flat)
        flat |= after <= _LOWEST - 1.0
        never |= flat
        if len(values) == 1 or (never | (after == move)).all():
            break
        move = np.where(never, move, after)
    return np.where(now <= 0, 0.0, np.where(never, np.inf, np.abs(after)))


def _curved(
    constant: FloatArray, values: FloatArray, slopes: FloatArray, exponents: FloatArray, sign: FloatArray
) -> FloatArray:
    """Powers: a search near by, and one further out for those accounts that it leaves open.

    Near by are few tiers, and none whose amounts are so large that the account would be rounding beside them.
    """
    powers = np.broadcast_to(exponents, values.shape[1:]) * sign
    far = np.where(sign < 0, -np.log(_LOWEST), _LARGEST)
    end = np.minimum(far, _LARGEST / np.maximum(1.0, np.abs(powers).max(axis=0)))
    found, left = np.full(len(constant), np.inf), np.arange(len(constant))
    for reach in _REACHES if len(values) > 1 else _REACHES[-1:]:
        parts = (part[..., left] for part in (constant, values, slopes, powers, np.minimum(end, reach)))
        found[left] = _stepped(*parts)
        left = left[np.isinf(found[left])]
        if not left.size:
            break
    return np.where(np.isinf(found), np.inf, np.abs(np.expm1(sign * found)))


def _stepped(
    constant: FloatArray, values: FloatArray, slopes: FloatArray, powers: FloatArray, end: FloatArray
) -> FloatArray:
    """The log move of the driver: steps outward, none of which can pass a zero; infinite where none is before the end.

    In the log move `u` the gap is `F(u) - G(u)`, both sums of exponentials with weights `>= 0`, `G` also of the largest
    of several. Their logarithms are convex, so `ln F(a) + w h` with `w = F'(a) / F(a)` lies below `ln F(a + h)`, and
    `ln F(a) + w h - ln G(a + h)` is concave in `h`: up to its zero there is none of the gap.
    """
    if len(values) > 1:  # the lowest line at the start, at the end, and those between them: the least is concave
        ends = np.stack([values.argmin(axis=0), (values + slopes * np.expm1(powers * end)).argmin(axis=0)])
        met = np.clip(np.arange(ends.min(), ends.max() + 1)[:, None, None], ends.min(axis=0), ends.max(axis=0))
        values, slopes = (np.take_along_axis(part, met, axis=0) for part in (values, slopes))
    levels = values - slopes  # of the lines in `rho`
    slope, level = slopes.max(axis=0), levels.max(axis=0)
    flat = constant + level.sum(axis=0)
    above, under = slope.clip(min=0.0), -slope.clip(max=0.0)
    more, rest = (slope - slopes, level - levels) if len(values) > 1 else (slopes[:0], levels[:0])
    both: tuple[FloatArray, ...] = (
        powers,
        np.stack([above, under]),
        np.stack([flat.clip(min=0.0), -flat.clip(max=0.0)]),
        more,
        rest,
    )  # F and G
    at, result, here = np.zeros(len(constant)), np.full(len(constant), np.inf), np.arange(len(constant))
    while here.size:
        (up, low), (rise, fall) = _log(at, *both)
        room = up - low
        over = room <= _NOISE * (at > 0)

        step = np.divide(room, fall - rise, out=np.full(len(room), np.inf), where=fall > rise)
        step, bound = np.minimum(step, end - at), np.zeros(len(room))
        far, losses = np.flatnonzero(~over), (both[0], both[1][1:], both[2][1:], *both[3:])
        while far.size:  # Newton's method from the right on the concave bound, as far as a tenth of the room
            some = losses if far.size == len(room) else tuple(part[..., far] for part in losses)
            (below,), (steep,) = _log(at[far] + step[far], *some)
            found = up[far] + rise[far] * step[far] - below
            bound[far] = found
            again = found < -0.1 * room[far] - _NOISE
            far, found, steep = far[again], found[again], steep[again]
            step[far] -= found / (rise[far] - steep)
        # the chord of a concave function lies below it, so its zero is safe too
        certain = bound >= 0
        after = at + np.where(certain, step, step * room / np.where(certain, 1.0, room - bound))
        done = over | (after == at)
        if done.any():
            hedged = over & (at > 0) & (np.abs(rise - fall) <= _HEDGED * (np.abs(rise) + np.abs(fall)))
            result[here[done]] = np.where(hedged, np.inf, at)[done]
        keep = ~done & (after < end * (1.0 - 1e-15))
        at = after
        if not keep.all():
            here, at, end = here[keep], at[keep], end[keep]
            both = tuple(part[..., keep] for part in both)
    return result


def _log(
    u: FloatArray, powers: FloatArray, weight: FloatArray, fixed: FloatArray, more: FloatArray, rest: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The logarithm of each `fixed + sum_j weight_j rho_j`, and its slope in `u`.

    The last of them has `sum_j max_k (more_jk rho_j + rest_jk)` too, where there is any.
    """
    grown = np.exp(powers * u)
    terms = weight * grown
    total = fixed + terms.sum(axis=-2)
    if len(more):
        most, steep = np.zeros(grown.shape), np.zeros(grown.shape)
        for rise, lift in zip(more, rest, strict=True):
            moving = rise * grown
            larger = moving + lift
            np.copyto(steep, moving, where=larger > most)
            np.maximum(most, larger, out=most)
        total[-1] += most.sum(axis=0)
        terms[-1] += steep
    terms *= powers
    total = np.maximum(total, _NOTHING)
    return np.log(total), terms.sum(axis=-2) / total


def first_touch(
    parts: Callable[[FloatArray, Any], tuple[FloatArray, FloatArray, FloatArray]], ends: FloatArray
) -> FloatArray:
    """The first `u >= 0` at which the parts of a gap add up to 0, infinite where none is below its end; shape `(A,)`.

    For parts that are no powers, such as options. Between two points what each coin adds is bounded from below by a
    straight line in its price `exp(b u)`. The sum of the lines is at least the sum of their smaller ends; and at least
    the smaller end of their sum less what powers bend away from a line in `u`. So what is left out on the way holds no
    zero. A gap that stays within rounding of 0 counts as one.

    Parameters:
        parts: at points `u`, shape `(a, n)`, of the accounts with these numbers, shape `(a,)`: what each coin adds to
            the gap, shape `(C, a, n)`; and between two points how far its line lies below it at the second, and how
            far it can bend, both `>= 0`, shape `(C, a, n - 1)`.
        ends: how far is looked for each account, shape `(A,)`.
    """
    count = len(ends)
    at, reach, likely = np.zeros(count), ends / _PIECES, np.full(count, np.nan)
    result, here = np.full(count, np.inf), np.arange(count)
    for _ in range(_ROUNDS):
        points = np.minimum(at[here, None] + reach[here, None] * _parted(likely[here]), ends[here, None])
        values, below, bend = parts(points, here)
        first, second, total = values[..., :-1], values[..., 1:] - below, values.sum(axis=0)
        least = np.minimum(first.sum(axis=0), second.sum(axis=0)) - bend.sum(axis=0)
        unsure = np.maximum(least, np.minimum(first, second).sum(axis=0)) <= 0
        found, piece, rows = unsure.any(axis=1), unsure.argmax(axis=1), np.arange(len(here))
        crossed = found & (total[rows, piece + 1] <= 0)
        at[here] = np.where(found, points[rows, piece], points[:, -1])
        length = points[rows, piece + 1] - points[rows, piece]
        exact = found & (length <= _FINEST)
        result[here[exact]] = at[here[exact]]
        reach[here] = np.where(crossed, length, reach[here] * np.where(found, 0.25, 4.0))
        fall = total[rows, piece] - total[rows, piece + 1]
        ratio = np.divide(total[rows, piece], fall, out=np.full(len(here), np.nan), where=crossed & (fall > 0))
        likely[here] = ratio.clip(0.0, 1.0)
        here = here[~exact & (at[here] < ends[here])]
        if not here.size:
            return result
    result[here] = at[here]
    return result


def _parted(likely: FloatArray) -> FloatArray:
    """Where the pieces of stretches of length 1 begin and end: ever shorter toward a likely zero, even without one."""
    off = 4.0 ** -np.arange(_PIECES // 2)
    zero = likely[:, None]
    closer = np.hstack([zero * (1.0 - off), zero, zero + (1.0 - zero) * off[::-1]])
    return np.where(np.isnan(zero), np.arange(_PIECES + 1) / _PIECES, closer)
