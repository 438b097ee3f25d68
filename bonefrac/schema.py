"""Every string that two files must agree on."""

# Decoded example and batch keys; singular, as in TensorFlow Datasets.
IMAGE = "image"
MASK = "mask"
HAS_MASK = "has_mask"
MASK_COARSE = "mask_coarse"
FRACTURE = "fracture"
ABNORMALITY = "abnormality"
BONE_AGE_MONTHS = "bone_age_months"
ID = "id"
GROUP = "group"
BODY_PART = "body_part"
VIEW = "view"
HARDWARE = "hardware"

UNKNOWN = -1  # of an integer feature
PIXEL_MAX = 255.0  # pixels are 0..255 until the graph rescales them

CLASS_NAMES = ("no fracture", "fracture")

# Splits of a data folder: these, or fold0, fold1 and so on.
TRAIN = "train"
VALIDATION = "validation"
TEST = "test"
PARTS = (TRAIN, VALIDATION, TEST)

# How a data folder was split.
FOLDS = "folds"
OFFICIAL = "official"
OFFICIAL_GROUPS = "official-groups"
RANDOM_IMAGES = "random-images"
SPLIT_KINDS = (FOLDS, OFFICIAL, OFFICIAL_GROUPS, RANDOM_IMAGES)
SPLIT_FROM_FILE = "file"

# Named strengths of augmentation, weakest first.
AUGMENTATIONS = ("none", "light", "default", "strong")

# What a training may be told: the loss of the mask, how the learning rate falls, the precision.
MASK_LOSSES = ("dice_bce", "bce", "dice", "tversky", "focal", "focal_tversky", "boundary")
SCHEDULES = ("cosine", "constant")
PRECISIONS = ("float32", "bfloat16", "float16")
IMAGE_HEADS = ("deep", "dense")  # where the evidence for a fracture is looked for
IMAGENET = "imagenet"  # what a training may start from that is no folder

# Exported signatures.
SERVING_DEFAULT = "serving_default"
SERVE_TENSOR = "serve_tensor"
IMAGE_BYTES = "image_bytes"
MASK_PROBABILITY = "mask_probability"
FRACTURE_PROBABILITY = "fracture_probability"

# Verdicts of a finding.
VERDICT_FRACTURE = "fracture"
VERDICT_DOUBT = "doubt"
VERDICT_NONE = "no fracture"
VERDICT_NOT_ASSESSABLE = "not assessable"

# RGB. Amber and cyan stay apart in every common colour blindness, and both print light gray on
# black.
COLOURS = {
    VERDICT_FRACTURE: (255, 176, 0),
    VERDICT_DOUBT: (70, 215, 255),
    VERDICT_NONE: (255, 255, 255),  # and every caption
    VERDICT_NOT_ASSESSABLE: (255, 255, 255),
}

# Files of a model folder, a data folder and a run folder.
CARD_FILE = "card.json"
WEIGHTS_FILE = "model.weights.h5"
SHIPPED_TFLITE = "model.tflite"  # beside the weights of a model that comes with the package
MANIFEST_FILE = "MANIFEST.sha256"
REPORT_FILE = "report.json"
REPORT_PAGE = "report.html"
REPORT_TEXT = "report.md"
CASES_FILE = "cases.csv"
SPLIT_FILE = "split.csv"
RUN_FILE = "run.json"
RECIPE_FILE = "recipe.toml"
MODEL_DIR = "model"
EXPORT_DIR = "export"
EXPORT_REPORT = "export.json"
EXPORT_TEXT = "export.md"
EXPORT_PLOT = "export.png"
CARD_METADATA = "bonefrac_card"  # the name of the metadata buffer inside a .tflite

CARD_FORMAT = 1
REPORT_FORMAT = 1  # of an evaluation
EXPORT_FORMAT = 1  # of the report of an export folder

# What an audit of a data set leaves.
AUDIT_FILE = "audit.json"
AUDIT_PAGE = "audit.html"
AUDIT_FORMAT = 1

NOT_A_DEVICE = "Research use only. Not a medical device."
