// The camera that looks at a light box: the square in the middle of its picture, frame by frame.

const LIVE_SIDE = 512; // a larger frame tells a network of 128 to 512 pixels nothing more
const CONSTRAINTS = {
  audio: false,
  video: {
    facingMode: { ideal: "environment" },
    width: { ideal: 1920 },
    height: { ideal: 1080 },
    advanced: [{ torch: false }], // its reflection would hide the film
  },
};

const REASONS = {
  insecure: "The camera takes a page that is served by https.",
  NotAllowedError: "The camera is not allowed. Allow it in the browser's settings for this page.",
  NotFoundError: "There is no camera. Choose a file instead.",
  NotReadableError: "The camera is in use by another program. Close that, then try again.",
};

/** A camera that is on. */
export class Camera {
  #canvas = document.createElement("canvas");
  #context = this.#canvas.getContext("2d", { willReadFrequently: true });
  #video;

  /** Turn it on and show it. @throws Error of one line */
  static async open(video) {
    if (!navigator.mediaDevices) throw new Error(REASONS.insecure);
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
      await video.play();
    } catch (error) {
      throw new Error(REASONS[error.name] ?? `The camera does not start (${error.message}).`);
    }
    return new Camera(video);
  }

  constructor(video) {
    this.#video = video;
  }

  /** The square as ImageData: as large as the camera gives it, or reduced for live answers. */
  frame({ isLive }) {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const crop = Math.min(width, height);
    const side = isLive ? Math.min(crop, LIVE_SIDE) : crop;
    if (this.#canvas.width !== side) this.#canvas.width = this.#canvas.height = side;
    const [left, top] = [(width - crop) >> 1, (height - crop) >> 1];
    this.#context.drawImage(this.#video, left, top, crop, crop, 0, 0, side, side);
    return this.#context.getImageData(0, 0, side, side);
  }

  /** Wait for a picture that was not there before. */
  next() {
    const video = this.#video;
    return new Promise((resolve) => {
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
      else requestAnimationFrame(resolve);
    });
  }

  close() {
    for (const track of this.#video.srcObject?.getTracks() ?? []) track.stop();
    this.#video.srcObject = null;
  }
}
