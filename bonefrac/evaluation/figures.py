"""The scores of a report: what each is called, means, counts and is compared with."""

from typing import NamedTuple

import numpy as np

from bonefrac.evaluation import weighted
from bonefrac.evaluation.boxes import COCO_IOUS, Detections
from bonefrac.evaluation.cases import Cases
from bonefrac.evaluation.scores import dice, jaccard
from bonefrac.evaluation.weighted import Statistic


class About(NamedTuple):
    """A score in words; `of` says what is counted, `meaning` what it tells."""

    title: str
    of: str
    meaning: str


SCORES = {
    "accuracy": About("Accuracy", "radiographs", "right verdicts, above “sure” called fractured"),
    "auc": About("AUC", "radiographs", "chance that a fractured one outranks an intact one"),
    "average_precision": About("Average precision", "radiographs", "precision over all recalls"),
    "sensitivity_sure": About("Sensitivity, sure", "fractured", "called “fracture”"),
    "specificity_sure": About("Specificity, sure", "intact", "not called “fracture”"),
    "sensitivity_doubt": About("Sensitivity, doubt", "fractured", "called “doubt” or “fracture”"),
    "specificity_doubt": About("Specificity, doubt", "intact", "called “no fracture”"),
    "kappa": About("Cohen's kappa", "radiographs", "agreement beyond chance, at “sure”"),
    "dice": About("Dice", "outlined", "foreground, mean over radiographs; a miss is 0"),
    "jaccard": About("Jaccard", "outlined", "foreground, mean over radiographs; a miss is 0"),
    "dice_pooled": About("Dice, pooled", "outlined", "of all their pixels together"),
    "jaccard_pooled": About("Jaccard, pooled", "outlined", "of all their pixels together"),
    "dice_shown": About("Dice, as shown", "outlined", "0 too where the verdict hides the outline"),
    "dice_all": About("Dice, intact as 1", "known", "an empty outline of an intact one scores 1"),
    "jaccard_all": About("Jaccard, intact as 1", "known", "an empty outline of an intact one is 1"),
    "hd95": About("HD95, px", "both outlined", "95th percentile of distances between outlines"),
    "surface": About("Surface distance, px", "both outlined", "mean distance between outlines"),
    "lesion_sensitivity": About("Lesions hit", "lesions", "by a box that is shown"),
    "false_boxes": About("False boxes", "known", "shown boxes a radiograph that hit no lesion"),
    "froc": About("FROC", "lesions", "lesions hit, mean at 1/8 to 8 false boxes a radiograph"),
    "ap50": About("Box AP50", "lesions", "COCO average precision at IoU 0.5"),
    "ap50_95": About("Box AP50-95", "lesions", "the same, mean at IoU 0.5 to 0.95"),
    "ece": About("Calibration error", "radiographs", "predicted against observed, ten bins"),
    "brier": About("Brier score", "radiographs", "squared error of the probability"),
    "pixel_accuracy": About("Pixel accuracy", "known", "says next to nothing: see its baseline"),
}
# Where less is better.
ERRORS = ("hd95", "surface", "false_boxes", "ece", "brier")


class Figure(NamedTuple):
    """How to compute a score.

    Attributes:
        statistic: of all radiographs.
        n: how many it counts, of what `SCORES` says.
        baseline: what a trivial answer scores, None where that makes no sense.
        groups: that these come from (of the rarer class, for a ranking); 0 for a score that is no
            share.
    """

    statistic: Statistic
    n: int
    baseline: float | None
    groups: int = 0


def figures(cases: Cases) -> dict[str, Figure]:
    """Every score of `SCORES` that the radiographs allow.

    The baselines: the larger class, the prevalence as probability, an empty outline.
    """
    made = {**_verdicts(cases), **_outlines(cases), **_boxes(cases)}
    return {key: made[key] for key in SCORES if made[key].n}


def _verdicts(cases: Cases) -> dict[str, Figure]:
    rows = np.flatnonzero(cases.labelled)
    label, probability = cases.label[rows], cases.probability[rows]
    sure, doubt = probability >= cases.sure[rows], probability >= cases.doubt[rows]
    broken, intact = label == 1, label == 0
    share = float(broken.mean()) if len(rows) else 0.0
    everywhere = np.ones(len(rows), bool)

    def of(statistic: Statistic, baseline: float | None = None, groups: int = 0) -> Figure:
        return Figure(weighted.within(rows, statistic), len(rows), baseline, groups)

    def rate(values: np.ndarray, where: np.ndarray, baseline: float | None = None) -> Figure:
        groups = _groups(cases, rows[where])
        made = of(weighted.mean(values, where), baseline, groups)
        return made._replace(n=int(where.sum()))

    rarer = min(_groups(cases, rows[part]) for part in (broken, intact))

    return {
        "accuracy": rate(sure == broken, everywhere, max(share, 1 - share)),
        "auc": of(weighted.auc(label, probability), 0.5, rarer),
        "average_precision": of(weighted.average_precision(label, probability), share, rarer),
        "sensitivity_sure": rate(sure, broken),
        "specificity_sure": rate(~sure, intact),
        "sensitivity_doubt": rate(doubt, broken),
        "specificity_doubt": rate(~doubt, intact),
        "kappa": of(weighted.kappa(broken, sure), 0.0),
        "ece": of(weighted.calibration_error(label, probability)),
        "brier": of(weighted.mean((probability - label) ** 2, everywhere), share * (1 - share)),
    }


def _outlines(cases: Cases) -> dict[str, Figure]:
    counts = cases.overlap, cases.predicted, cases.true
    outlined, known = cases.outlined, cases.known & ~cases.coarse
    union = cases.predicted + cases.true - cases.overlap
    wrong = union - cases.overlap
    both = ~np.isnan(cases.hd95) & outlined
    empty = float(np.mean(cases.true[known] == 0)) if known.any() else None
    background = 1 - float(cases.true[known].sum() / max(cases.pixels[known].sum(), 1))

    def rate(values: np.ndarray, where: np.ndarray, baseline: float | None) -> Figure:
        groups = _groups(cases, where)
        return Figure(weighted.mean(values, where), int(where.sum()), baseline, groups)

    def pooled(above: np.ndarray, below: np.ndarray, where: np.ndarray, baseline: float) -> Figure:
        return rate(above, where, baseline)._replace(
            statistic=weighted.ratio(above * where, below * where)
        )

    return {
        "dice": rate(dice(*counts), outlined, 0.0),
        "jaccard": rate(jaccard(*counts), outlined, 0.0),
        "dice_pooled": pooled(2 * cases.overlap, cases.predicted + cases.true, outlined, 0.0),
        "jaccard_pooled": pooled(cases.overlap, union, outlined, 0.0),
        "dice_shown": rate(dice(*counts) * cases.shown, outlined, 0.0),
        "dice_all": rate(dice(*counts), known, empty),
        "jaccard_all": rate(jaccard(*counts), known, empty),
        "hd95": rate(cases.hd95, both, None)._replace(groups=0),
        "surface": rate(cases.surface, both, None)._replace(groups=0),
        "pixel_accuracy": pooled(cases.pixels - wrong, cases.pixels, known, background),
    }


def _boxes(cases: Cases) -> dict[str, Figure]:
    found = detections(cases)
    shown = detections(cases, shown=True)
    lesions, images = int(found.lesions.sum()), int(found.counted.sum())
    having = _groups(cases, found.lesions > 0)
    counted = _groups(cases, found.counted > 0)

    def a_radiograph(hits: np.ndarray) -> np.ndarray:
        return np.bincount(shown.case[hits], minlength=len(cases)).astype(float)

    hit = shown.hits[:, 0]
    froc = found.froc()

    def mean_froc(weights: np.ndarray) -> np.ndarray:
        return froc(weights).mean(axis=1)

    return {
        "lesion_sensitivity": Figure(
            weighted.ratio(a_radiograph(hit), shown.lesions), lesions, 0.0, having
        ),
        "false_boxes": Figure(
            weighted.ratio(a_radiograph(~hit), shown.counted), images, 0.0, counted
        ),
        "froc": Figure(mean_froc, lesions, 0.0, having),
        "ap50": Figure(found.average_precision(COCO_IOUS[:1]), lesions, 0.0, having),
        "ap50_95": Figure(found.average_precision(COCO_IOUS), lesions, 0.0, having),
    }


def _groups(cases: Cases, rows: np.ndarray) -> int:
    return len(np.unique(cases.group[rows]))


def detections(cases: Cases, *, shown: bool = False) -> Detections:
    """The boxes of radiographs whose lesions are known.

    Args:
        cases: the radiographs.
        shown: only those that the verdict shows; otherwise all that the mask holds.
    """
    boxes = [
        b if seen or not shown else b[:0] for b, seen in zip(cases.boxes, cases.shown, strict=True)
    ]
    return Detections(boxes, cases.truths, cases.known)
