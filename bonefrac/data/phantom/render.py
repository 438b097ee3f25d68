"""From a study to its picture and mask: flesh, skeleton and texture laid in the beam together."""

from __future__ import annotations

import cv2
import numpy as np

from bonefrac.data.phantom.anatomy import Bone, Grid, ShaftView, turn
from bonefrac.data.phantom.breaks import broken_paths, fracture_zone
from bonefrac.data.phantom.implants import Implant
from bonefrac.data.phantom.study import Fold, Study
from bonefrac.data.phantom.xray import Pose, attenuation, detect, develop


def render(study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture, the mask of the fracture and that of all bones, uint8 [H, W] each."""
    grid = study.pose.grid()
    grain, streaks = textures(study)
    bent = bent_grid(study, grid)
    muscle, fat = tissue_paths(study, grid, bent)
    muscle = folded(muscle, study.folds, grid)
    cortex, spongiosa, bones = skeleton_paths(study, grid)
    muscle = muscle * (1 + 0.05 * streaks)
    # Trabeculae are independent along the ray: their spread grows with the root of the thickness.
    spongiosa = np.maximum(spongiosa + 0.4 * grain * np.sqrt(spongiosa), 0)
    cortex = cortex * (1 + 0.03 * grain)
    body = attenuation(muscle, fat, cortex, spongiosa)
    metal = None
    if isinstance(study.hardware, Implant):
        lead = study.hardware.line_integral(grid)
        body, metal = body + lead, lead > 0.5
    elif study.hardware is not None:
        body = body + study.hardware.line_integral(bent, angle=study.angle, blotches=streaks)
    signal = detect(body, study.exposure)
    image = np.rint(develop(signal, study.exposure, metal=metal)).astype(np.uint8)
    return image, _mask(study, grid), bones


def folded(muscle: np.ndarray, folds: tuple[Fold, ...], grid: Grid) -> np.ndarray:
    """mm of flesh with the steps of skin folds in it; they end where the flesh does."""
    x, y = grid
    for fold in folds:
        past = y - fold.y - fold.slope * x - fold.curve * np.square(x)
        step = fold.height * np.clip(past + 0.5, 0, 1) * np.exp(-np.maximum(past, 0) / fold.fade)
        muscle = np.maximum(muscle + step * np.minimum(muscle / 10, 1), 0)
    return muscle


def _mask(study: Study, grid: Grid) -> np.ndarray:
    if study.fracture is None:
        return np.zeros(study.pose.shape, np.uint8)
    margin = study.margin * study.pose.spacing
    zone = fracture_zone(study.fracture, grid, sites=study.sites, margin=margin).astype(np.uint8)
    side = 2 * (int(study.margin) // 2) + 1
    return cv2.morphologyEx(zone, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))


def bent_grid(study: Study, grid: Grid) -> Grid:
    """Where the rays would have to pass to see the flesh before the limb bent."""
    fracture = study.fracture
    if fracture is None or not fracture.carries:
        return grid
    site = study.sites[0]
    along, _ = site.view.frame(grid)
    share = _sigmoid((along - site.along) / (1.5 * site.half_width))
    return fracture.motion.undo(grid, share=share)


def tissue_paths(study: Study, grid: Grid, bent: Grid) -> tuple[np.ndarray, np.ndarray]:
    """mm of muscle and of fat along each ray; what follows the fracture is seen on `bent`."""
    muscle = outer = np.zeros(study.pose.shape, np.float32)
    follows = study.sites[0].flesh
    for index, tube in enumerate(study.limb.tissue):
        rays = bent if follows is None or index in follows else grid
        paths = ShaftView(tube, study.angle).paths(rays)
        muscle, outer = np.maximum(muscle, paths.medulla), np.maximum(outer, paths.outer)
    return muscle, outer - muscle


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -30, 30)))


def skeleton_paths(study: Study, grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """mm of cortex and of solid bone in the sponge along each ray, all bones, and where they are.

    The last is uint8 [H, W]: 1 where a ray passes a millimetre of bone or more.
    """
    cortex, spongiosa, outer = (np.zeros(study.pose.shape, np.float32) for _ in range(3))
    fracture = study.fracture
    for bone in study.limb.bones:
        rows, columns = _window(study, bone)
        part = (grid[0][rows, columns], grid[1][rows, columns])
        if part[0].size == 0:
            continue
        if fracture is not None and fracture.carries and bone.name in study.sites[0].beyond:
            part = fracture.motion.undo(part)
        for paths in broken_paths(
            bone, part, angle=study.angle, marks=study.marks, fracture=fracture
        ):
            cortex[rows, columns] += paths.cortex
            spongiosa[rows, columns] += paths.medulla * paths.sponge
            outer[rows, columns] += paths.outer
    return cortex, spongiosa, (outer > 1.0).astype(np.uint8)


def _window(study: Study, bone: Bone) -> tuple[slice, slice]:
    """The part of the picture that a bone, moved or not, can reach."""
    points, reach = [], 0.0
    if bone.shaft is not None:
        points += [turn(p, study.angle)[:2] for p in (bone.shaft.start, bone.shaft.end)]
        reach = max(max(row[1:4]) for row in bone.shaft.profile) + max(map(abs, bone.shaft.bow)) + 8
    for knob in bone.knobs:
        points.append(turn(knob.centre, study.angle)[:2])
        reach = max(reach, *knob.radii)
    if study.fracture is not None:
        moves = {study.fracture.motion, *(piece.motion for piece in study.fracture.pieces)}
        points += [move.apply(p) for move in moves for p in points]
    return study.pose.window(np.array(points), margin=reach)


def textures(study: Study) -> tuple[np.ndarray, np.ndarray]:
    """Unit-variance noise: fine grain of trabeculae along the limb, long soft streaks of muscle."""
    rng = np.random.default_rng(study.exposure.noise_seed + 1)
    side = int(np.ceil(np.hypot(*study.pose.shape)))
    noise = rng.standard_normal((side, side), dtype=np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), sigmaX=0.55, sigmaY=1.5)
    soft = cv2.GaussianBlur(noise[::8, ::8], (0, 0), sigmaX=0.9, sigmaY=4.0)
    soft = cv2.resize(soft, (side, side), interpolation=cv2.INTER_CUBIC)
    fine, soft = (_laid(n / (n.std() + 1e-6), study.pose) for n in (fine, soft))
    return fine, soft


def _laid(texture: np.ndarray, pose: Pose) -> np.ndarray:
    """A square of texture turned with the limb and cut to the picture."""
    h, w = pose.shape
    side = texture.shape[0]
    middle = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), -np.degrees(pose.rotation), 1.0)
    matrix[:, 2] += ((w - side) / 2, (h - side) / 2)
    return cv2.warpAffine(texture, matrix, (w, h), borderMode=cv2.BORDER_REFLECT)
