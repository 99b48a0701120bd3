"""A certificate is believed only by the checker; whatever is changed in one, it is refused."""

import dataclasses

import numpy as np
import pytest

from qcompile import registry
from qcompile.certificate.file import pack
from qcompile.certificate.make import Certificate, check, load, prove, save
from qcompile.errors import ModelError, SolveError
from qcompile.model.grid import values
from qcompile.problem.objective import objective
from qcompile.problem.problem import pose
from qcompile.relax.certify import certify
from qcompile.relax.choose import solve
from qcompile.relax.solution import Settings, Solution, Status


@pytest.fixture(scope="module")
def proved():
    rng = np.random.default_rng(0)
    q = rng.choice([-3, -1, 1, 3], size=(30, 5))
    problem = pose(q, 3, rng.choice([-1.0, 1.0], size=30), 0.02, loss="logistic")
    solution = solve(problem, settings=Settings(gap=1e-8))
    return problem, solution, certify(problem, solution)


def changed(certificate, **fields):
    return dataclasses.replace(certificate, **fields)


def test_an_untouched_certificate_is_valid_and_tight(proved):
    problem, solution, certificate = proved
    verdict = check(problem, certificate)
    assert verdict.valid, verdict.reason
    assert certificate.bound <= verdict.bound <= solution.objective
    assert certificate.gap(solution.objective) <= 1e-8
    assert 0 <= certificate.margin < 1e-9


def test_it_can_be_checked_by_hand_from_the_definition(proved):
    problem, _, certificate = proved
    g = (problem.x.T * (problem.weight * certificate.dual)) @ problem.x
    l = np.diag(certificate.multiplier[0])
    assert np.linalg.eigvalsh(l - g)[0] > -1e-12 and np.linalg.eigvalsh(l + g)[0] > -1e-12
    assert certificate.multiplier.sum() <= problem.penalty
    p = -problem.y * certificate.dual
    assert certificate.bound <= -problem.weight @ (p * np.log(p) + (1 - p) * np.log(1 - p))


TAMPERING = {
    "a higher bound": (lambda c: {"bound": np.nextafter(c.bound + c.margin + 1e-13, 1)}, "prove only"),
    "a bound that is not a number": (lambda c: {"bound": np.nan}, "not a finite number"),
    "an infinite bound": (lambda c: {"bound": -np.inf}, "not a finite number"),
    "another digest": (lambda c: {"digest": "0" * 64}, "another problem"),
    "an unknown kind": (lambda c: {"kind": "trust me"}, "no proof of the kind 'trust me'"),
    "a larger dual": (lambda c: {"dual": np.clip(1.01 * c.dual, -1, 1)}, "above beta d"),
    "a dual outside the domain": (lambda c: {"dual": -c.dual}, "outside the domain"),
    "a dual with a NaN": (lambda c: {"dual": np.append(c.dual[1:], np.nan)}, "finite"),
    "a dual that is too short": (lambda c: {"dual": c.dual[1:]}, "shape"),
    "a smaller multiplier": (lambda c: {"arrays": {"multiplier": 0.99 * c.multiplier}}, "above beta d"),
    "a larger multiplier": (lambda c: {"arrays": {"multiplier": 1.01 * c.multiplier}}, "above beta d"),
    "a multiplier with a NaN": (lambda c: {"arrays": {"multiplier": c.multiplier * np.nan}}, "not finite"),
    "a multiplier of another shape": (lambda c: {"arrays": {"multiplier": c.multiplier[:, 1:]}}, "shape"),
    "two multipliers": (lambda c: {"arrays": {"multiplier": np.vstack([c.multiplier] * 2)}}, "shape"),
    "a missing multiplier": (lambda c: {"arrays": {}}, "multiplier"),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_is_refused_with_a_reason(proved, name):
    problem, _, certificate = proved
    change, reason = TAMPERING[name]
    verdict = check(problem, changed(certificate, **change(certificate)))
    assert not verdict.valid
    assert reason in verdict.reason and verdict.reason.endswith(".")


def test_a_certificate_is_worthless_for_other_data(proved):
    problem, _, certificate = proved
    other = pose(problem.q, problem.unit, -problem.y, problem.beta, loss="logistic")
    assert not check(other, certificate).valid
    forged = check(other, changed(certificate, digest=other.digest))
    assert not forged.valid


def test_the_bound_holds_for_every_network_that_was_tried(proved):
    problem, solution, certificate = proved
    rng = np.random.default_rng(5)
    best = np.inf
    for _ in range(200):
        u, v = rng.choice(values("binary"), size=(2, 6, problem.d))
        best = min(best, objective(problem, u, v, rng.normal(size=6) * solution.rho / 6))
    assert certificate.bound <= best


def test_a_poor_solution_still_gives_a_valid_certificate(proved):
    problem, solution, good = proved
    rng = np.random.default_rng(1)
    nothing = np.zeros((problem.d, 1))
    for dual in (solution.dual + 0.3 * rng.normal(size=problem.n), np.zeros(problem.n), -0.5 * problem.y):
        poor = Solution(nothing, nothing, 0.0, dual, None, 1.0, Status.STALLED, "by hand", 0, 0.0)
        certificate = certify(problem, poor)
        assert check(problem, certificate).valid
        assert certificate.bound <= good.bound + 1e-9


def test_arrays_that_prove_nothing_are_refused(proved):
    problem, solution, _ = proved
    with pytest.raises(ModelError, match="needs"):
        prove(problem, solution.dual, "sdp", {"multiplier": np.full((1, 2), 1.0)})


def test_a_price_bound_that_is_infinite_proves_only_the_zero_dual(proved, monkeypatch):
    problem, solution, certificate = proved
    from qcompile.certificate import make as module

    monkeypatch.setattr(module, "check", lambda *_: module.Verdict(False, -np.inf, "refused on purpose"))
    with pytest.raises(SolveError, match="refused on purpose"):
        prove(problem, solution.dual, "sdp", certificate.arrays)


@pytest.mark.parametrize("family", registry.names("qcompile.problem.families"))
def test_certificates_survive_the_file_bit_for_bit(proved, tmp_path, family):
    rng = np.random.default_rng(2)
    problem = pose(
        rng.choice([-1, 1], size=(20, 4)), 1, rng.normal(size=20), 0.05, family=family,
        activation=(0.5, 0.25, 0.0) if family == "polynomial" else None,
    )  # fmt: skip
    written = (certify(problem, solve(problem)), proved[2])
    save(tmp_path / "c.npz", written)
    read = load(tmp_path / "c.npz")
    assert len(read) == 2
    for a, b in zip(written, read, strict=True):
        assert (a.bound, a.kind, a.margin, a.digest) == (b.bound, b.kind, b.margin, b.digest)
        assert np.array_equal(a.dual, b.dual) and np.array_equal(a.multiplier, b.multiplier)
    assert check(problem, read[0]).valid


def test_the_same_certificates_make_the_same_bytes(proved, tmp_path):
    _, _, certificate = proved
    save(tmp_path / "a.npz", [certificate])
    assert (tmp_path / "a.npz").read_bytes() == pack([certificate]) == pack([certificate])
    assert [p.name for p in tmp_path.iterdir()] == ["a.npz"]


def test_every_truncation_of_the_file_is_refused_in_one_sentence(proved, tmp_path):
    whole = pack([proved[2]])
    path = tmp_path / "c.npz"
    for size in sorted({0, 1, 10, 100, *range(0, len(whole), max(1, len(whole) // 40))}):
        path.write_bytes(whole[:size])
        with pytest.raises(ModelError, match=r"damaged|not a certificate"):
            load(path)


def test_a_file_with_a_flipped_byte_is_refused_or_fails_the_check(proved, tmp_path):
    problem, _, certificate = proved
    whole = bytearray(pack([certificate]))
    path = tmp_path / "c.npz"
    for at in range(0, len(whole), max(1, len(whole) // 60)):
        broken = bytearray(whole)
        broken[at] ^= 0x5A
        path.write_bytes(broken)
        try:
            (read,) = load(path)
        except ModelError:
            continue
        verdict = check(problem, read)
        assert not verdict.valid or read.bound <= certificate.bound


def test_missing_foreign_and_pickled_files_are_refused(proved, tmp_path):
    with pytest.raises(ModelError, match="there is no certificate file"):
        load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    np.save(tmp_path / "one.npy", np.zeros(3))
    np.savez(tmp_path / "pickled.npz", format=np.array([{}], dtype=object))
    np.savez(tmp_path / "future.npz", format=np.int64(99), count=np.int64(0))
    for name, reason in (
        ("text.npz", "damaged"),
        ("one.npy", "not a certificate"),
        ("pickled.npz", "damaged"),
        ("future.npz", "format version 99"),
    ):
        with pytest.raises(ModelError, match=reason):
            load(tmp_path / name)


def test_a_folder_that_cannot_be_written_is_refused_and_nothing_is_left(proved, tmp_path):
    with pytest.raises(ModelError, match="cannot write"):
        save(tmp_path / "no" / "such" / "c.npz", [proved[2]])
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_is_immutable(proved):
    certificate: Certificate = proved[2]
    with pytest.raises(ValueError, match="read-only"):
        certificate.dual[0] = 1.0
    with pytest.raises(TypeError):
        certificate.arrays["multiplier"] = np.zeros(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        certificate.bound = 1.0
