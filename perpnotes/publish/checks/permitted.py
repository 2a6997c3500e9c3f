"""What the code of an article may name. Whatever is not in these lists is refused, so a list grows on purpose.

A name belongs here if it is harmless on everything that an article can get hold of: it opens, evaluates, imports and
reconfigures nothing, and leads to no other module. `tests/publish/checks/test_safety.py` walks what they reach.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from perpnotes import publish


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYNTAX = _words("""
    Module Expression Expr Assign AnnAssign AugAssign FunctionDef ClassDef Lambda Return Yield arguments arg If IfExp
    For While Break Continue Pass With withitem Match match_case MatchValue MatchSingleton MatchSequence MatchMapping
    MatchClass MatchStar MatchAs MatchOr Try ExceptHandler Raise Assert Import ImportFrom alias Name Load Store
    Constant JoinedStr FormattedValue Tuple List Dict Set Starred NamedExpr ListComp SetComp DictComp GeneratorExp
    comprehension Call keyword Attribute Subscript Slice Compare BoolOp BinOp UnaryOp And Or Not Add Sub Mult Div
    FloorDiv Mod Pow MatMult BitAnd BitOr BitXor LShift RShift Invert UAdd USub Eq NotEq Lt LtE Gt GtE Is IsNot In
    NotIn
""")
"""Kinds of nodes of a syntax tree. What a later Python adds is not among them."""

BUILTINS = _words("""
    abs all any bool complex dict divmod enumerate filter float frozenset id int isinstance iter len list map max min
    next pow print property range reversed round set slice sorted staticmethod str sum tuple zip ArithmeticError
    AssertionError Exception IndexError KeyError LookupError OverflowError RuntimeError StopIteration TypeError
    ValueError ZeroDivisionError
""")

DECORATORS = frozenset({"cache", "dataclass", "property", "staticmethod"})
"""What may stand above a definition."""

METHODS = frozenset({"__call__", "__getitem__", "__init__", "__iter__", "__len__", "__post_init__"})
"""Special methods that a class of an article may define."""

MODULES = {
    "bisect": "bisect bisect_left bisect_right insort",
    "collections": "Counter defaultdict deque",
    "collections.abc": "Callable Iterable Iterator Mapping Sequence",
    "dataclasses": "asdict astuple dataclass field replace",
    "datetime": "date datetime timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "functools": "cache partial reduce",
    "heapq": "heapify heappop heappush heapreplace merge nlargest nsmallest",
    "itertools": """accumulate chain combinations combinations_with_replacement compress count cycle dropwhile groupby
        islice pairwise permutations product repeat starmap takewhile zip_longest""",
    "math": """acos asin atan atan2 ceil comb cos cosh degrees dist e erf erfc exp expm1 fabs factorial floor fmod fsum
        gamma gcd hypot inf isclose isfinite isinf isnan isqrt lcm lgamma log log10 log1p log2 nan perm pi pow prod
        radians remainder sin sinh sqrt tan tanh tau trunc""",
    "numpy": """abs absolute all allclose amax amin angle any append arange arccos arcsin arctan arctan2 argmax argmin
        argpartition argsort argwhere around array array_equal asarray atleast_1d atleast_2d average bincount
        bool_ broadcast_arrays broadcast_to cbrt ceil clip column_stack concatenate copy copysign corrcoef cos
        cosh count_nonzero cov cross cumprod cumsum datetime64 delete diag diagonal diff digitize divide dot e
        einsum equal errstate exp exp2 expand_dims expm1 eye fft fill_diagonal flatnonzero flip fliplr flipud
        float32 float64 floor floor_divide fmax fmin full full_like gcd geomspace gradient greater greater_equal
        heaviside histogram histogram2d hstack hypot identity inf inner insert int32 int64 interp intersect1d
        invert isclose isfinite isin isinf isnan ix_ kron lcm less less_equal lexsort linalg linspace log log10
        log1p log2 logaddexp logical_and logical_not logical_or logical_xor logspace matmul max maximum mean
        median meshgrid min minimum mod moveaxis multiply nan nan_to_num nanargmax nanargmin nancumsum nanmax
        nanmean nanmedian nanmin nanpercentile nanprod nanquantile nanstd nansum nanvar negative newaxis nonzero
        not_equal ones ones_like outer pad partition percentile permute_dims pi polyfit polyval power prod ptp
        quantile random ravel reciprocal remainder repeat reshape roll rot90 round searchsorted select setdiff1d
        shape sign sin sinh size sort split sqrt square squeeze stack std subtract sum swapaxes take
        take_along_axis tan tanh tile timedelta64 trace transpose trapezoid tri tril tril_indices triu
        triu_indices true_divide trunc union1d unique unravel_index unwrap var vdot vstack where zeros
        zeros_like""",
    "numpy.fft": "fft fftfreq fftshift ifft irfft rfft rfftfreq",
    "numpy.linalg": """LinAlgError cholesky cond det eig eigh eigvals eigvalsh inv lstsq matrix_power matrix_rank norm
        pinv qr slogdet solve svd""",
    "numpy.random": "default_rng",
    "statistics": "NormalDist correlation fmean mean median mode pstdev pvariance quantiles stdev variance",
    "textwrap": "dedent fill indent shorten wrap",
}  # fmt: skip
"""What an article may import beside the library: modules, and of each the names that are harmless."""

_ATTRIBUTES = """
    fromkeys tobytes accumulate add append capitalize casefold center clear copy count difference difference_update
    discard endswith extend find get imag index insert intersection isalpha isalnum isdigit isdisjoint islower
    isnumeric isspace issubset issuperset isupper items join keys ljust lower lstrip partition pop popleft
    appendleft real reduce remove removeprefix removesuffix reverse rfind rindex rjust rotate rpartition rsplit
    rstrip setdefault sort split splitlines startswith strip swapcase symmetric_difference title union update upper
    values zfill most_common elements total as_integer_ratio bit_count bit_length conjugate denominator is_integer
    limit_denominator numerator quantize day days hour isoformat isocalendar microsecond minute month second seconds
    total_seconds utc weekday year fromisoformat fromtimestamp timestamp from_iterable cdf inv_cdf pdf T all any
    argmax argmin argsort astype clip conj cumprod cumsum diagonal dot fill flatten item max mean min ndim nonzero
    outer prod ptp ravel repeat reshape round searchsorted shape size squeeze std sum swapaxes take tolist trace
    transpose var at beta binomial chisquare choice exponential gamma geometric gumbel integers laplace logistic
    lognormal multivariate_normal normal pareto permutation permuted poisson random shuffle standard_exponential
    standard_gamma standard_normal standard_t triangular uniform wald weibull
"""
"""Methods and fields of numbers, texts, lists, dictionaries, sets, dates, arrays and generators of random numbers."""

PARTS_ONLY = {"dataclasses", "fractions", "statistics"}
"""Modules that lead to others by a harmless name: of them an article imports names."""


def offers(module: str) -> frozenset[str]:
    """The names that an article may import from a module; none of a module that it may not import.

    Parameters:
        module: its full name.
    """
    if module in MODULES:
        return frozenset(MODULES[module].split())
    if module == "perpnotes.publish":
        return frozenset(publish.__all__)
    return _library().get(module, frozenset()) - opening()


def importable(module: str) -> bool:
    """Whether an article may import a module as a whole, and name what is in it by attribute.

    Parameters:
        module: its full name.
    """
    return (module in MODULES and module not in PARTS_ONLY) or module in _library()


def to_come(module: str, idea: str) -> bool:
    """Whether a module is that of an idea, and nothing has its name yet.

    Parameters:
        module: its full name.
        idea: the name of the article's file.
    """
    return module == f"perpnotes.{idea}" and not _files(f"{idea}*") and idea.isidentifier()


@cache
def attributes() -> frozenset[str]:
    """Every name that may follow a dot, whatever it follows: what a name stands for cannot be known before it runs."""
    own = [offers(module) for module in (*MODULES, *_library())]
    return frozenset(_ATTRIBUTES.split()).union(*own, _members()) - opening()


@cache
def _library() -> dict[str, frozenset[str]]:
    """The modules of the library, each with its `__all__`, as their files say."""
    found = {}
    for module, tree in sources().items():
        if module == "__init__" or not module.startswith("_"):
            name = "perpnotes" if module == "__init__" else f"perpnotes.{module}"
            found[name] = frozenset(
                name
                for node in tree.body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
                for name in ast.literal_eval(node.value)
            )
    return found


@cache
def opening() -> frozenset[str]:
    """The functions of the library that take the path of a file: an article must not have them."""
    return frozenset(
        node.name
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and re.search(r"\b(?:Path|PathLike)\b", ast.unparse(node.args))
    )


def _members() -> frozenset[str]:
    """The public fields, properties and methods of the classes whose objects an article can get from the library."""
    found: set[str] = set()
    for tree in [*sources().values(), *sources("publish/evidence/verification.py").values()]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef):
                        found.add(part.name)
                    elif isinstance(part, ast.AnnAssign | ast.Assign):
                        targets = part.targets if isinstance(part, ast.Assign) else [part.target]
                        found.update(target.id for target in targets if isinstance(target, ast.Name))
                if any("Enum" in ast.unparse(base) for base in node.bases):
                    found |= {"name", "value"}
    return frozenset(name for name in found if not name.startswith("_"))


@cache
def sources(pattern: str = "*.py") -> dict[str, ast.Module]:
    """The syntax trees of the library's files, by the name of the module.

    Parameters:
        pattern: which, from its folder.
    """
    return {file.stem: ast.parse(file.read_text(encoding="utf-8")) for file in _files(pattern)}


def _files(pattern: str) -> list[Path]:
    return sorted(Path(publish.__file__).parents[1].glob(pattern))
