"""What Python programs do with the API, by the clients of PyPI.

    python python_clients.py CHECK [ARGUMENT...]

REPLICATE_BASE_URL, REPLICATE_API_TOKEN and SSL_CERT_FILE say where the API is; photos are in samples/.
"""

import asyncio
import base64
import io
import json
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib

import replicate
from replicate.exceptions import ModelError, ReplicateError
from replicate.helpers import FileOutput
from replicate.webhook import (
    InvalidSignatureError,
    InvalidTimestampError,
    Webhooks,
    WebhookSigningSecret,
)
from standardwebhooks import Webhook, WebhookVerificationError

MODEL = "idem/arc2face"
PORTRAIT = "samples/male_26.jpg"
OTHER = "samples/female_34.jpg"
QUICK = {"num_images": 1, "num_steps": 2, "seed": 7}
LONG = {"num_images": 8, "num_steps": 100}
PNG = b"\x89PNG\r\n\x1a\n"


def raises(kind, act):
    try:
        act()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def data_uri(path):
    with open(path, "rb") as file:
        return "data:image/jpeg;base64," + base64.b64encode(file.read()).decode()


def grey_png(side=256):
    """A photo without a face."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * side) * side
    return (
        PNG
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pixels(png):
    """What is left without the metadata, which names the prediction."""
    at, data = len(PNG), b""
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    assert data
    return data


def fetch_without_token(url):
    with urllib.request.urlopen(url) as response:
        assert response.headers["content-type"] == "image/png"
        return response.read()


def version_id():
    return replicate.models.get(MODEL).latest_version.id


# Only what hangs takes longer.
LIMIT = 90


def until(condition, prediction):
    deadline = time.monotonic() + LIMIT
    while not condition(prediction):
        assert time.monotonic() < deadline, prediction.dict()
        assert prediction.status in ("starting", "processing"), prediction.dict()
        time.sleep(0.1)
        prediction.reload()


def run_uploads_a_file():
    before = {file.id for file in replicate.files.list()}
    with open(PORTRAIT, "rb") as photo:
        output = replicate.run(
            MODEL, input={**QUICK, "input_image": photo, "num_images": 2}
        )
    assert isinstance(output, list) and len(output) == 2, output
    for file in output:
        assert isinstance(file, FileOutput), file
        image = file.read()
        assert image.startswith(PNG)
        assert b"".join(file) == image
        assert fetch_without_token(file.url) == image
    (upload,) = [file for file in replicate.files.list() if file.id not in before]
    assert upload.name == "male_26.jpg" and upload.content_type == "image/jpeg", upload


def run_sends_a_data_uri():
    before = len(replicate.files.list())
    with open(PORTRAIT, "rb") as photo:
        (image,) = replicate.run(
            MODEL,
            input={**QUICK, "input_image": photo},
            file_encoding_strategy="base64",
        )
    # The same photo and seed by another way: the same image.
    (other,) = replicate.run(MODEL, input={**QUICK, "input_image": data_uri(PORTRAIT)})
    assert pixels(image.read()) == pixels(other.read())
    assert len(replicate.files.list()) == before


def run_takes_a_version():
    reference = f"{MODEL}:{version_id()}"
    by_version = replicate.run(
        reference, input={**QUICK, "input_image": data_uri(PORTRAIT)}
    )
    by_name = replicate.run(MODEL, input={**QUICK, "input_image": data_uri(PORTRAIT)})
    # A list both ways, not an iterator.
    assert isinstance(by_version, list) and isinstance(by_name, list), by_version
    assert pixels(by_version[0].read()) == pixels(by_name[0].read())
    faces = replicate.run(
        "idem/face-embedding", input={"input_image": data_uri(PORTRAIT)}
    )
    assert len(faces[0]["faces"][0]["embedding"]) == 512
    raises(
        ReplicateError,
        lambda: replicate.run(
            f"{MODEL}:{'0' * 64}", input={"input_image": data_uri(PORTRAIT)}
        ),
    )


def run_without_blocking():
    output = replicate.run(
        MODEL, input={**QUICK, "input_image": data_uri(PORTRAIT)}, wait=False
    )
    assert output[0].read().startswith(PNG)


def run_asynchronously():
    async def both():
        outputs = await asyncio.gather(
            *(
                replicate.async_run(MODEL, input={**QUICK, "input_image": data_uri(path)})
                for path in (PORTRAIT, OTHER)
            )
        )
        return [await output[0].aread() for output in outputs]

    one, other = asyncio.run(both())
    assert one.startswith(PNG) and other.startswith(PNG) and one != other


def predictions():
    photo = data_uri(PORTRAIT)
    by_version = replicate.predictions.create(
        version=version_id(), input={**QUICK, "input_image": photo}
    )
    assert by_version.status == "starting" and by_version.output is None
    assert by_version.model == MODEL and by_version.version == version_id()
    by_version.wait()
    assert by_version.status == "succeeded", by_version.dict()
    assert by_version.input["num_steps"] == 2
    assert by_version.metrics["seeds"] == [7]
    assert by_version.metrics["predict_time"] > 0
    assert by_version.progress.percentage == 1.0

    by_model = replicate.models.predictions.create(
        MODEL, input={**QUICK, "input_image": photo}, wait=60
    )
    assert by_model.status == "succeeded", by_model.dict()
    by_name = replicate.predictions.create(
        model=MODEL, input={**QUICK, "input_image": photo}
    )
    again = replicate.predictions.get(by_name.id)
    assert again.id == by_name.id and again.created_at == by_name.created_at
    again.wait()
    assert again.status == "succeeded", again.dict()

    wrong = raises(
        ReplicateError,
        lambda: replicate.predictions.create(
            model=MODEL, input={"input_image": photo, "num_images": 99}
        ),
    )
    assert wrong.status == 422 and "num_images" in wrong.detail, wrong
    missing = raises(ReplicateError, lambda: replicate.predictions.get("0" * 26))
    assert missing.status == 404, missing


def cancel():
    prediction = replicate.predictions.create(
        model=MODEL, input={**LONG, "input_image": data_uri(PORTRAIT)}
    )
    until(lambda p: p.progress and p.progress.current >= 2, prediction)
    assert prediction.status == "processing" and prediction.started_at
    prediction.cancel()
    prediction.wait()
    assert prediction.status == "canceled", prediction.dict()
    assert replicate.predictions.cancel(prediction.id).status == "canceled"


def lists():
    # Nobody pays for these: a photo without a face needs no diffusion.
    photo = "data:image/png;base64," + base64.b64encode(grey_png()).decode()
    made = [
        replicate.predictions.create(model=MODEL, input={"input_image": photo}).id
        for _ in range(3)
    ]
    for id in made:
        replicate.predictions.get(id).wait()
    # The list follows a little after what was made.
    deadline = time.monotonic() + LIMIT
    while [p.id for p in replicate.predictions.list()][:3] != made[::-1]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page = replicate.predictions.list()
    assert page.next is None and page.previous is None

    # By cursors, as the URLs of pages have them.
    first = replicate.predictions.list("/v1/predictions?limit=2")
    assert [p.id for p in first] == made[:0:-1]
    second = replicate.predictions.list(first.next)
    assert second[0].id == made[0]
    back = replicate.predictions.list(second.previous)
    assert [p.id for p in back] == [p.id for p in first]


def models():
    model = replicate.models.get(MODEL)
    assert (model.owner, model.name, model.id) == ("idem", "arc2face", MODEL)
    assert MODEL in [found.id for found in replicate.models.list()]
    versions = model.versions.list()
    assert [version.id for version in versions] == [model.latest_version.id]
    version = model.versions.get(model.latest_version.id)
    schemas = version.openapi_schema["components"]["schemas"]
    assert "input_image" in schemas["Input"]["properties"]
    assert schemas["Input"]["properties"]["num_images"]["default"] == 4
    assert schemas["Output"]["type"] == "array"
    assert raises(ReplicateError, lambda: replicate.models.get("idem/none")).status == 404
    account = replicate.default_client.accounts.current()
    assert account.username == "acme", account


def files():
    with open(PORTRAIT, "rb") as photo:
        made = replicate.files.create(photo, metadata={"for": "a test"})
    assert made.name == "male_26.jpg" and made.metadata == {"for": "a test"}, made
    found = replicate.files.get(made.id)
    assert found == made
    assert made.id in [file.id for file in replicate.files.list()]
    odd = replicate.files.create(io.BytesIO(b"\0\1\2"), filename="naïve \"name\".bin")
    assert replicate.files.get(odd.id).size == 3
    (output,) = replicate.run(MODEL, input={**QUICK, "input_image": made.urls["get"]})
    assert output.read().startswith(PNG)
    assert replicate.files.delete(made.id) is True
    assert raises(ReplicateError, lambda: replicate.files.get(made.id)).status == 404
    gone = raises(
        ReplicateError,
        lambda: replicate.run(MODEL, input={"input_image": made.urls["get"]}),
    )
    assert gone.status == 422, gone
    replicate.files.delete(odd.id)


def streams():
    photo = data_uri(PORTRAIT)
    events = list(
        replicate.stream(MODEL, input={**QUICK, "input_image": photo, "num_steps": 5})
    )
    kinds = [event.event.value for event in events]
    assert set(kinds) == {"logs", "output", "done"}, kinds
    assert kinds[-2:] == ["output", "done"], kinds
    (output,) = [event for event in events if event.event.value == "output"]
    assert isinstance(output.data, FileOutput)
    assert output.data.read().startswith(PNG)
    logs = "".join(event.data for event in events if event.event.value == "logs")
    assert "5/5" in logs

    prediction = replicate.predictions.create(
        model=MODEL, input={**QUICK, "input_image": photo}, stream=True
    )
    streamed = [event.event.value for event in prediction.stream()]
    assert streamed[-2:] == ["output", "done"], streamed
    prediction.reload()
    assert prediction.status == "succeeded"
    # After its end a stream tells the same, and progress to those who ask for it.
    assert [e.event.value for e in prediction.stream()][-2:] == ["output", "done"]
    with urllib.request.urlopen(prediction.urls["stream"]) as stream:
        assert b"event: progress" not in stream.read()
    with urllib.request.urlopen(f"{prediction.urls['stream']}&progress=true") as stream:
        assert b"event: progress" in stream.read()

    no_face = "data:image/png;base64," + base64.b64encode(grey_png()).decode()
    failing = replicate.stream(MODEL, input={"input_image": no_face})
    assert "no_face" in str(raises(RuntimeError, lambda: list(failing)))


def erasure():
    """By the client's own requests: it has no method for it."""
    client = replicate.default_client
    body = {"input": {**QUICK, "input_image": data_uri(PORTRAIT)}}
    headers = {"idempotency-key": f"erased-{time.time_ns()}", "prefer": "wait"}
    path = f"/v1/models/{MODEL}/predictions"
    made = client._request("POST", path, json=body, headers=headers).json()
    assert made["status"] == "succeeded", made
    erased = client._request("DELETE", f"/v1/predictions/{made['id']}")
    assert erased.status_code in (200, 202), erased
    gone = raises(ReplicateError, lambda: replicate.predictions.get(made["id"]))
    assert gone.status == 404, gone
    for url in (made["urls"]["stream"], made["output"][0]):
        refused = raises(urllib.error.HTTPError, lambda: urllib.request.urlopen(url))
        assert refused.code == 404, url
    again = raises(
        ReplicateError,
        lambda: client._request("POST", path, json=body, headers=headers),
    )
    # Until its history is deleted the key finds the prediction, as it found it before.
    assert again.status == 409, again


def errors():
    face = io.BytesIO(grey_png())
    face.name = "grey.png"
    error = raises(ModelError, lambda: replicate.run(MODEL, input={"input_image": face}))
    assert "no_face" in str(error), error
    assert error.prediction.status == "failed"
    assert error.prediction.metrics["failure"]["type"] == "no_face"
    stranger = replicate.Client(api_token="idem_" + "0" * 52)
    for act in (stranger.models.list, stranger.predictions.list, stranger.files.list):
        refused = raises(ReplicateError, act)
        assert refused.status == 401 and refused.title, refused


def start_with_webhook(url):
    prediction = replicate.predictions.create(
        model=MODEL,
        input={**QUICK, "input_image": data_uri(PORTRAIT)},
        webhook=url,
        webhook_events_filter=["start", "completed"],
    )
    prediction.wait()
    assert prediction.status == "succeeded", prediction.dict()
    print(prediction.id)


def validate_webhook(id):
    """Headers and body of a delivery come as JSON on the standard input."""
    delivery = json.load(sys.stdin)
    headers, body = delivery["headers"], delivery["body"]
    secret = replicate.webhooks.default.secret()
    assert isinstance(secret, WebhookSigningSecret)
    assert json.loads(body)["id"] == id

    Webhooks.validate(headers=headers, body=body, secret=secret)
    replicate.webhooks.validate(headers=headers, body=body, secret=secret, tolerance=300)
    raises(
        InvalidSignatureError,
        lambda: Webhooks.validate(headers=headers, body=f"{body} ", secret=secret),
    )
    old = {**headers, "webhook-timestamp": str(int(time.time()) - 900)}
    raises(
        InvalidTimestampError,
        lambda: Webhooks.validate(headers=old, body=body, secret=secret, tolerance=300),
    )

    standard = Webhook(secret.key)
    assert standard.verify(body, headers)["id"] == id
    raises(WebhookVerificationError, lambda: standard.verify(f"{body} ", headers))


if __name__ == "__main__":
    check, *arguments = sys.argv[1:]
    globals()[check](*arguments)
