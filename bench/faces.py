"""What bench/faces.ts measures, in Python: insightface's SCRFD and ArcFaceONNX classes on the same networks.

  python bench/faces.py DETECTOR.onnx RECOGNISER.onnx PHOTO THREADS ROUNDS

Prints one JSON line: median and processor milliseconds of one photo, and of ten at once. Needs insightface and opencv-python-headless.
"""
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from insightface.model_zoo.scrfd import SCRFD
from insightface.utils import face_align

detector_file, recogniser_file, photo, threads, rounds = sys.argv[1:4] + [int(a) for a in sys.argv[4:6]]
cv2.setNumThreads(threads)


def session(file):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


detector = SCRFD(detector_file, session=session(detector_file))
recogniser = ArcFaceONNX(recogniser_file, session=session(recogniser_file))
data = np.frombuffer(Path(photo).read_bytes(), np.uint8)


def analyse():
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    _, landmarks = detector.detect(image, input_size=(640, 640), det_thresh=0.5)
    return [recogniser.get_feat(face_align.norm_crop(image, points, 112)) for points in landmarks]


def measure(run):
    run()
    times = []
    before = time.process_time()
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - before) * 1000 / rounds
    return {"medianMs": statistics.median(times), "cpuMs": cpu}


with ThreadPoolExecutor(10) as pool:
    one = measure(analyse)
    ten = measure(lambda: list(pool.map(lambda _: analyse(), range(10))))
print(json.dumps({"one": one, "ten": ten, "faces": len(analyse())}))
