"""Adds noise to voices, calibrates their comparison, and writes its golden file.

    python voices.py noise FOLDER OUT_FOLDER
    python voices.py fit TRIALS...
    python voices.py golden PLDA OUT_DIR

`noise` copies a folder of people and adds rooms, noise and narrow telephone lines. `fit` reads what
the example `identification` writes with `--trials`. It prints the coefficients of a logistic
regression on the cosine and the duration of speech behind it, and error rates on people who had no
part in the fit (five folds of people; a pair is left out if only one of its people is held out).
`golden` writes to OUT_DIR, fixtures/golden/voices; PLDA is the embedded safetensors file.

Versions: Python 3.11, numpy 2.4.6, scipy 1.18.0, scikit-learn 1.9.1, soundfile 0.14.0,
safetensors 0.8.0
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

RATE = 16_000
FOLDS = 5
# As in crates/diarist/src/voices/score.rs.
OFFSET, PER_COSINE, PER_LOG_SPEECH = -5.054, 12.923, -1.292
LONGEST_S = 30.0


def noisy(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Adds a room of 0.2 to 0.6 s and noise 5 to 20 dB below the speech.

    Of 10 clips, 3 also go through a telephone line.
    """
    num = int(rng.uniform(0.2, 0.6) * RATE)
    room = rng.standard_normal(num) * 10 ** (-3 * np.arange(num) / num)
    room *= rng.uniform(0.2, 0.6) / np.sqrt((room**2).sum())
    room[0] += 1
    heard = fftconvolve(samples, room)[: len(samples)]
    noise = sosfilt(butter(1, 1000, fs=RATE, output="sos"), rng.standard_normal(len(samples)))
    ratio = 10 ** (rng.uniform(5, 20) / 10)
    heard = heard + noise * np.sqrt((heard**2).mean() / (noise**2).mean() / ratio)
    if rng.random() < 0.3:
        heard = sosfilt(butter(4, [300, 3400], "bandpass", fs=RATE, output="sos"), heard)
    return heard / max(1, np.abs(heard).max() * 1.05)


def add_noise(folder: Path, out_folder: Path) -> None:
    import soundfile

    for index, path in enumerate(sorted(folder.glob("*/*.flac"))):
        target = out_folder / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        samples, rate = soundfile.read(path)
        assert rate == RATE
        soundfile.write(target, noisy(samples, np.random.default_rng(index)), RATE, subtype="PCM_16")


def speech(a_s, b_s):
    """The seconds of speech behind a comparison."""
    return 1 / (1 / np.minimum(a_s, LONGEST_S) + 1 / np.minimum(b_s, LONGEST_S))


def fit(paths: list[Path]) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_curve

    rows = [(path, row) for path in paths for row in csv.DictReader(path.open(), delimiter="\t")]
    names = sorted({row[side] for _, row in rows for side in ("test", "enrolled")})
    test, enrolled = (np.array([names.index(row[side]) for _, row in rows]) for side in ("test", "enrolled"))
    number = lambda key: np.array([float(row[key]) for _, row in rows])
    cosine, log_ratio, test_s, enrolled_s = map(number, ("cosine", "log_ratio", "test_s", "enrolled_s"))
    condition = np.array([f"{path.stem}, {row['enrolled_length_s']} s, {row['length_s']} s" for path, row in rows])
    same = test == enrolled
    # All conditions have the same weight. Within one, pairs of one person together weigh as much as
    # pairs of two people.
    weight = np.zeros(len(rows))
    for name in set(condition):
        for side in (same, ~same):
            chosen = (condition == name) & side
            weight[chosen] = 1 / chosen.sum()
    features = np.c_[cosine, np.log(speech(test_s, enrolled_s))]
    train = lambda rows: LogisticRegression(C=1e6, max_iter=1000).fit(features[rows], same[rows], sample_weight=weight[rows] * len(rows))
    score = lambda model, rows: model.decision_function(features[rows]) / np.log(10)
    model = train(np.full(len(rows), True))
    print("offset, per cosine, per logarithm of speech:", np.r_[model.intercept_, model.coef_[0]] / np.log(10))
    fold = np.random.default_rng(0).permutation(len(names)) % FOLDS
    held_out = np.full(len(rows), np.nan)
    for index in range(FOLDS):
        outside = (fold[test] != index) & (fold[enrolled] != index)
        inside = (fold[test] == index) & (fold[enrolled] == index)
        held_out[inside] = score(train(outside), inside)
    print(f"{'condition':<24} {'one':>6} {'two':>7}  EER cosine  EER given  held out: EER, FA and FR from 1, 2 and 3 on")
    for name in sorted(set(condition)):
        chosen = condition == name
        error = lambda values, rows: 100 * equal_error_rate(roc_curve, same[rows], values[rows])
        known = chosen & ~np.isnan(held_out)
        rates = [
            f"{100 * np.mean(held_out[known & ~same] >= limit):.2f} {100 * np.mean(held_out[known & same] < limit):.2f}"
            for limit in (1, 2, 3)
        ]
        print(
            f"{name:<24} {(chosen & same).sum():>6} {(chosen & ~same).sum():>7}  {error(cosine, chosen):10.3f}"
            f"  {error(log_ratio, chosen):9.3f}  {error(held_out, known):.3f}; {'; '.join(rates)}"
        )


def equal_error_rate(roc_curve, same, values) -> float:
    false_accept, accept, _ = roc_curve(same, values, drop_intermediate=False)
    index = np.argmin(np.abs(false_accept - (1 - accept)))
    return (false_accept[index] + 1 - accept[index]) / 2


def golden(plda: Path, out_dir: Path) -> None:
    from safetensors.numpy import load_file
    from scipy.optimize import linear_sum_assignment

    mean = load_file(plda)["mean1"].astype(np.float64)
    rng = np.random.default_rng(5)
    people = rng.standard_normal((5, 256)) * 0.1
    people[4] = people[0] + rng.standard_normal(256) * 0.04
    said = lambda person, noise: (mean + people[person] + rng.standard_normal(256) * noise).astype(np.float32)
    sample = lambda person, noise, speech_s, **more: {"embedding": said(person, noise).tolist(), "speech_s": speech_s, **more}
    enrolled = [
        [sample(0, 0.05, 8.0)],
        [sample(1, 0.05, 12.5), sample(1, 0.1, 45.0), sample(1, 0.05, 20.0, learned=True)],
        # Learned samples that outweigh the enrolled one.
        [sample(2, 0.05, 6.0)] + [sample(2, 0.08, 33.0, learned=True) for _ in range(3)],
        # Much like person 0.
        [sample(4, 0.03, 30.0)],
    ]
    # Person 0 twice (only one of the two can be person 0, so the other is taken for the similar
    # person), person 1 after little speech, person 2 in noise, and an unknown person.
    voices = [sample(0, 0.05, 20.0), sample(0, 0.07, 9.0), sample(1, 0.06, 1.2), sample(2, 0.13, 3.0), sample(3, 0.05, 40.0)]

    unit = lambda x: x / np.linalg.norm(x)
    direction = lambda item: unit(np.float64(item["embedding"]) - mean)
    models, seconds = [], []
    for samples in enrolled:
        weights = np.array([min(item["speech_s"], LONGEST_S) for item in samples])
        learned = np.array([item.get("learned", False) for item in samples])
        if weights[learned].sum() > weights[~learned].sum() > 0:
            weights[learned] *= weights[~learned].sum() / weights[learned].sum()
        models.append(unit(sum(w * direction(item) for w, item in zip(weights, samples))))
        seconds.append(sum(item["speech_s"] for item in samples))
    scores = []
    for voice in voices:
        cosines = np.array([direction(voice) @ model for model in models])
        ratios = OFFSET + PER_COSINE * cosines + PER_LOG_SPEECH * np.log(speech(voice["speech_s"], np.array(seconds)))
        likelihoods = np.r_[1.0, 10**ratios / len(models)]
        scores.append(np.c_[cosines, ratios, likelihoods[1:] / likelihoods.sum()])
    values = np.array(scores)[:, :, 1] - np.log10(len(models))
    rows, columns = linear_sum_assignment(np.c_[values, np.zeros((len(voices), len(voices)))], maximize=True)
    person_of = {row: column for row, column in zip(rows.tolist(), columns.tolist()) if column < len(models)}
    # The likeliest person who is not taken yet, if the probability among those is 0.9 or more.
    together = []
    for row in range(len(voices)):
        free = [p for p in range(len(models)) if all(p != taken for other, taken in person_of.items() if other != row)]
        likelihoods = 10 ** scores[row][free, 1] / len(free) if free else np.zeros(0)
        probabilities = likelihoods / (1 + likelihoods.sum())
        known = len(free) > 0 and probabilities.max() >= 0.9
        together.append(free[int(probabilities.argmax())] if known else None)
    out_dir.mkdir(parents=True, exist_ok=True)
    document = {
        "people": enrolled,
        "voices": voices,
        "scores": [table.tolist() for table in scores],
        "together": together,
    }
    (out_dir / "scores.json").write_text(json.dumps(document) + "\n")
    print(np.round(np.array(scores), 3), together)


if __name__ == "__main__":
    if sys.argv[1] == "noise":
        add_noise(Path(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1] == "fit":
        fit([Path(path) for path in sys.argv[2:]])
    else:
        golden(Path(sys.argv[2]), Path(sys.argv[3]))
