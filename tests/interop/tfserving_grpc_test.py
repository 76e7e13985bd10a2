"""TensorFlow Serving's gRPC services as grpcio calls them, with messages made from the definitions that we publish."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "api" / "proto"
GOLDEN = np.load(DATA / "mnist" / "mnist.npz")
IMAGES = GOLDEN["in_0"].astype(np.float32)
EXPECTED = GOLDEN["out_0"]
FLOAT = 1  # DT_FLOAT


def load_messages():
    """Every message of api/proto/tensorflow/serving.proto, by its full name."""
    files = descriptor_pb2.FileDescriptorSet()
    with tempfile.NamedTemporaryFile() as output:
        subprocess.run(["protoc", "-I", PROTOS, "--include_imports", "-o", output.name,
                        PROTOS / "tensorflow" / "serving.proto"], check=True)
        files.ParseFromString(pathlib.Path(output.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name for file in files.file], pool)


def setUpModule():
    global SERVER, MESSAGES
    MESSAGES = load_messages()
    SERVER = Server(DATA / "mnist" / "mnist_k3.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


def message(name, **fields):
    return MESSAGES["tensorflow.serving." + name](**fields)


class TfServingGrpcTest(unittest.TestCase):
    def setUp(self):
        self.channel = grpc.insecure_channel(SERVER.url)
        self.addCleanup(self.channel.close)
        signature = self.metadata()
        (self.input_name,), (self.output_name,) = signature.inputs.keys(), signature.outputs.keys()

    def call(self, method, request, answer, service="PredictionService"):
        path = f"/tensorflow.serving.{service}/{method}"
        stub = self.channel.unary_unary(path, type(request).SerializeToString,
                                        MESSAGES["tensorflow.serving." + answer].FromString)
        return stub(request, timeout=60)

    def metadata(self):
        request = message("GetModelMetadataRequest", metadata_field=["signature_def"])
        request.model_spec.name = "mnist_k3"
        answer = self.call("GetModelMetadata", request, "GetModelMetadataResponse")
        signatures = message("SignatureDefMap")
        self.assertTrue(answer.metadata["signature_def"].Unpack(signatures))
        return signatures.signature_def["serving_default"]

    def predict_request(self, images):
        request = message("PredictRequest")
        request.model_spec.name = "mnist_k3"
        tensor = request.inputs[self.input_name]
        tensor.dtype = FLOAT
        for size in images.shape:
            tensor.tensor_shape.dim.add(size=size)
        return request, tensor

    def check(self, answer, expected):
        tensor = answer.outputs[self.output_name]
        got = np.array(tensor.float_val, np.float32).reshape([dim.size for dim in tensor.tensor_shape.dim])
        np.testing.assert_allclose(got, expected, atol=1e-4)
        self.assertEqual(answer.model_spec.version.value, 1)

    def test_predicts_from_content_and_from_values(self):
        request, tensor = self.predict_request(IMAGES)
        tensor.tensor_content = IMAGES.tobytes()
        self.check(self.call("Predict", request, "PredictResponse"), EXPECTED)
        request, tensor = self.predict_request(IMAGES)
        tensor.float_val.extend(IMAGES.ravel().tolist())
        self.check(self.call("Predict", request, "PredictResponse"), EXPECTED)

    def test_one_value_stands_for_all(self):
        request, tensor = self.predict_request(np.zeros((1, 28, 28, 1)))
        tensor.float_val.append(0)
        by_value = self.call("Predict", request, "PredictResponse")
        request, tensor = self.predict_request(np.zeros((1, 28, 28, 1)))
        tensor.tensor_content = bytes(28 * 28 * 4)
        self.assertEqual(by_value, self.call("Predict", request, "PredictResponse"))

    def test_errors_have_tensorflow_servings_codes(self):
        request, tensor = self.predict_request(IMAGES)
        request.model_spec.name = "nothing"
        with self.assertRaisesRegex(grpc.RpcError, "NOT_FOUND"):
            self.call("Predict", request, "PredictResponse")
        request.model_spec.name = "mnist_k3"
        with self.assertRaisesRegex(grpc.RpcError, "NOT_FOUND"):
            request.model_spec.version.value = 7
            self.call("Predict", request, "PredictResponse")
        request.model_spec.version_label = "canary"
        with self.assertRaisesRegex(grpc.RpcError, "NOT_FOUND"):
            self.call("Predict", request, "PredictResponse")
        request.model_spec.ClearField("version_label")
        tensor.tensor_content = b"123"
        with self.assertRaisesRegex(grpc.RpcError, "INVALID_ARGUMENT"):
            self.call("Predict", request, "PredictResponse")
        with self.assertRaisesRegex(grpc.RpcError, "UNIMPLEMENTED"):
            self.call("MultiInference", message("MultiInferenceRequest"), "MultiInferenceResponse")

    def test_classifies(self):
        request = message("ClassificationRequest")
        request.model_spec.name = "mnist_k3"
        for image in IMAGES[:3]:
            feature = request.input.example_list.examples.add().features.feature[self.input_name]
            feature.float_list.value.extend(image.ravel().tolist())
        answer = self.call("Classify", request, "ClassificationResponse")
        for row, expected in zip(answer.result.classifications, EXPECTED, strict=False):
            np.testing.assert_allclose([scored.score for scored in row.classes], expected, atol=1e-4)

    def test_tells_the_state_of_a_model(self):
        request = message("GetModelStatusRequest")
        request.model_spec.name = "mnist_k3"
        answer = self.call("GetModelStatus", request, "GetModelStatusResponse", "ModelService")
        self.assertEqual([(row.version, row.state) for row in answer.model_version_status], [(1, 30)])


class ReloadTest(unittest.TestCase):
    """HandleReloadConfigRequest, where a models.config is served that lists the model "a" with the folder one/."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="slipway-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for place, name in (("one/1", "iris.h5"), ("one/2", "iris.h5"), ("other/7", "autoencoder.h5")):
            (self.folder / place).mkdir(parents=True)
            shutil.copy(DATA / "nets" / name, self.folder / place)
        (self.folder / "bad" / "1").mkdir(parents=True)
        (self.folder / "bad" / "1" / "model.h5").write_text("no model")
        (self.folder / "models.config").write_text("model_config_list { config { name: 'a' base_path: 'one' } }")
        server = Server(self.folder / "models.config", flags=["--audit-log", self.folder / "audit.jsonl", "--watch", "1"])
        server.__enter__()
        self.addCleanup(server.__exit__)
        self.channel = grpc.insecure_channel(server.url)
        self.addCleanup(self.channel.close)
        self.key = [("authorization", server.admin_headers()["Authorization"])]

    def call(self, service, method, request, answer, metadata=()):
        stub = self.channel.unary_unary(f"/tensorflow.serving.{service}/{method}", type(request).SerializeToString,
                                        MESSAGES["tensorflow.serving." + answer].FromString)
        return stub(request, timeout=60, metadata=metadata)

    def replace(self, *models, metadata=None):
        """`models`: (name, base path), and where it is said, versions and {label: version}."""
        request = message("ReloadConfigRequest")
        request.config.model_config_list.SetInParent()
        for name, base_path, *more in models:
            config = request.config.model_config_list.config.add(name=name, base_path=base_path, model_platform="tensorflow")
            versions, labels = more or ([], {})
            config.model_version_policy.specific.versions.extend(versions)
            if not versions:
                config.model_version_policy.latest.num_versions = 1
            for label, version in labels.items():
                config.version_labels[label] = version
        answer = self.call("ModelService", "HandleReloadConfigRequest", request, "ReloadConfigResponse",
                           self.key if metadata is None else metadata)
        self.assertEqual(answer.status.error_code, 0)

    def refusal(self, *models, **keywords):
        with self.assertRaises(grpc.RpcError) as refused:
            self.replace(*models, **keywords)
        return refused.exception

    def available(self, name):
        request = message("GetModelStatusRequest")
        request.model_spec.name = name
        try:
            rows = self.call("ModelService", "GetModelStatus", request, "GetModelStatusResponse").model_version_status
        except grpc.RpcError as error:
            self.assertEqual(error.code(), grpc.StatusCode.NOT_FOUND)
            return []
        return [row.version for row in rows if row.state == 30]

    def test_the_list_becomes_what_is_served(self):
        self.assertEqual(self.available("a"), [2])
        self.replace(("a", "one", [1, 2], {"live": 1}), ("b", "other"))
        self.assertEqual((self.available("a"), self.available("b")), ([1, 2], [7]))
        self.replace(("b", "other"))
        self.assertEqual((self.available("a"), self.available("b")), ([], [7]))
        time.sleep(3)  # that the folder is watched changes nothing
        self.assertEqual((self.available("a"), self.available("b")), ([], [7]))
        self.replace()
        self.assertEqual(self.available("b"), [])
        acts = [json.loads(line) for line in (self.folder / "audit.jsonl").read_text().splitlines()]
        self.assertEqual([(act.get("target", ""), act["result"]) for act in acts if act["act"] == "HandleReloadConfigRequest"],
                         [("a, b", "ok"), ("b", "ok"), ("", "ok")])

    def test_what_fails_changes_nothing(self):
        error = self.refusal(("b", "other"), ("c", "bad"))
        self.assertIn("c:1", error.details())
        self.assertIn("nowhere", self.refusal(("b", "nowhere")).details())
        self.assertEqual(self.refusal(metadata=[]).code(), grpc.StatusCode.UNAUTHENTICATED)
        self.assertEqual((self.available("a"), self.available("b")), ([2], []))
        self.replace(("b", "other"))

    def test_no_request_is_lost_while_a_label_moves(self):
        self.replace(("a", "one", [1], {"live": 1}))
        request = message("GetModelMetadataRequest", metadata_field=["signature_def"])
        request.model_spec.name, request.model_spec.version_label = "a", "live"
        failures, answered, ends = [], [], threading.Event()

        def ask():
            while not ends.is_set():
                try:
                    answered.append(self.call("PredictionService", "GetModelMetadata", request, "GetModelMetadataResponse"))
                except grpc.RpcError as error:
                    failures.append(error.details())

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for asker in askers:
            asker.start()
        for version in (2, 1, 2, 1, 2):
            self.replace(("a", "one", [version], {"live": version}))
        ends.set()
        for asker in askers:
            asker.join()
        self.assertEqual(failures, [])
        self.assertEqual({answer.model_spec.version.value for answer in answered}, {1, 2})


if __name__ == "__main__":
    unittest.main()
