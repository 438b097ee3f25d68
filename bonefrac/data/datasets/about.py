"""Whose each data set is, what it holds, and how to get it; texts only, so that help is quick."""

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """What people must know before they use a data set.

    Attributes:
        name: as commands and files call it.
        description: what it holds.
        labels: what is known of each radiograph.
        groups: what is never split between folds.
        licence: what its makers allow.
        download: how to get it, by hand.
        layout: the files that it is read from, below --source.
        homepage: where it is published.
        citation: what to cite.
    """

    name: str
    description: str
    labels: str
    groups: str
    licence: str
    download: str
    layout: str
    homepage: str = ""
    citation: str = ""


FRACATLAS = About(
    name="fracatlas",
    description="Radiographs of hand, leg, hip and shoulder with outlined fractures. CC BY 4.0.",
    labels="fracture, outlines (polygons), body part, view, hardware",
    groups="blocks of 25 neighbouring ids, joined where near-duplicates link them",
    licence="CC BY 4.0: name the authors wherever you publish pictures, results or weights.",
    download="Follow the paper to its figshare page, get FracAtlas.zip, unpack it.",
    layout="dataset.csv, images/Fractured, images/Non_fractured, Annotations/COCO JSON",
    homepage="https://doi.org/10.1038/s41597-023-02432-4",
    citation=(
        "Abedeen, I. et al. FracAtlas: a dataset for fracture classification, localization and "
        "segmentation of musculoskeletal radiographs. Scientific Data 10, 521 (2023)."
    ),
)

MURA = About(
    name="mura",
    description="Studies of the upper limb, called normal or abnormal by radiologists.",
    labels=(
        "abnormality (of the study; not fracture: hardware, arthritis and lesions count too), "
        "body part"
    ),
    groups="patients",
    licence=(
        "Stanford University School of Medicine MURA Dataset Research Use Agreement: research "
        "only, no redistribution, no commercial use."
    ),
    download="Sign the agreement on the home page, get MURA-v1.1.zip, unpack it.",
    layout=(
        "train/ and valid/ with XR_WRIST/patient00006/study1_positive/image1.png and the like, "
        "train_image_paths.csv, valid_image_paths.csv, train_labeled_studies.csv, "
        "valid_labeled_studies.csv"
    ),
    homepage="https://stanfordmlgroup.github.io/competitions/mura/",
    citation=(
        "Rajpurkar, P. et al. MURA: large dataset for abnormality detection in musculoskeletal "
        "radiographs. arXiv:1712.06957 (2017)."
    ),
)

RSNA_BONE_AGE = About(
    name="rsna_bone_age",
    description="Children's left hands with the bone age that radiologists read from them.",
    labels="bone age in months, body part (hand)",
    groups="radiographs (patients are not named)",
    licence=(
        "RSNA's terms of the challenge: academic and educational use, no commercial use, cite "
        "the paper; read them on the home page."
    ),
    download=(
        "Get the training set, its annotations and the validation set from the home page (or "
        "Kaggle's kmader/rsna-bone-age), unpack all into one folder."
    ),
    layout=(
        "boneage-training-dataset.csv (or train.csv), boneage-training-dataset/ID.png, "
        "Validation Dataset.csv, boneage-validation-dataset-1/ and -2/ID.png; doubled folders "
        "and the official outer folders are found too"
    ),
    homepage=(
        "https://www.rsna.org/rsnai/ai-image-challenge/rsna-pediatric-bone-age-challenge-2017"
    ),
    citation=(
        "Halabi, S. S. et al. The RSNA pediatric bone age machine learning challenge. Radiology "
        "290, 498-503 (2019)."
    ),
)

GRAZPEDWRI = About(
    name="grazpedwri",
    description="Wrists of children after an injury, fractures in boxes drawn by radiologists.",
    labels="fracture, boxes (coarse masks), view, hardware (metal), body part (wrist)",
    groups="patients",
    licence="CC BY 4.0: name the authors wherever you publish pictures, results or weights.",
    download=(
        "Follow the paper to its figshare page, get dataset.csv, folder_structure.zip and "
        "images_part1.zip to images_part4.zip, unpack all into one folder."
    ),
    layout=(
        "dataset.csv, images_part1/ to images_part4/ (or images/), and "
        "folder_structure/yolov5/labels (or one COCO .json)"
    ),
    homepage="https://doi.org/10.1038/s41597-022-01328-z",
    citation=(
        "Nagy, E. et al. A pediatric wrist trauma X-ray dataset (GRAZPEDWRI-DX) for machine "
        "learning. Scientific Data 9, 222 (2022)."
    ),
)

FOLDER = About(
    name="folder",
    description="Your own radiographs, with masks or another tool's annotations.",
    labels="fracture, outlines or boxes, and what your table says",
    groups="the table's column group or patient; else the patient that a DICOM file names; else "
    "each radiograph by itself",
    licence="",
    download="",
    layout="pictures anywhere below, annotations in one format, and labels.csv if you have one",
)

EVERY = (FRACATLAS, MURA, RSNA_BONE_AGE, GRAZPEDWRI, FOLDER)
