"""The unmodified tensorflow-serving-api client against slipway, with TensorFlow's own tensors: run by `make test-interop`."""
import pathlib
import sys
import unittest

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, get_model_status_pb2, model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc, regression_pb2

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

GOLDEN = np.load(DATA / "mnist" / "mnist.npz")
IMAGES = GOLDEN["in_0"].astype(np.float32)
EXPECTED = GOLDEN["out_0"]


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "mnist" / "mnist_k3.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


class TensorFlowServingClientTest(unittest.TestCase):
    def setUp(self):
        channel = grpc.insecure_channel(SERVER.url)
        self.addCleanup(channel.close)
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self.models = model_service_pb2_grpc.ModelServiceStub(channel)
        signature = self.signature()
        (self.input_name,), (self.output_name,) = signature.inputs, signature.outputs

    def signature(self):
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = "mnist_k3"
        answer = self.stub.GetModelMetadata(request, timeout=60)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        self.assertTrue(answer.metadata["signature_def"].Unpack(signatures))
        return signatures.signature_def["serving_default"]

    def predict(self, tensor, **spec):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "mnist_k3"
        request.model_spec.signature_name = "serving_default"
        for name, value in spec.items():
            setattr(request.model_spec, name, value)
        request.inputs[self.input_name].CopyFrom(tensor)
        return self.stub.Predict(request, timeout=60)

    def check(self, answer, expected):
        np.testing.assert_allclose(tf.make_ndarray(answer.outputs[self.output_name]), expected, atol=1e-4)

    def test_metadata(self):
        info = self.signature().inputs[self.input_name]
        self.assertEqual(tf.dtypes.as_dtype(info.dtype), tf.float32)
        self.assertEqual(tf.TensorShape(info.tensor_shape).as_list(), [None, 28, 28, 1])

    def test_predict(self):
        self.check(self.predict(tf.make_tensor_proto(IMAGES)), EXPECTED)

    def test_predict_with_a_tensor_of_one_value(self):
        repeated = tf.make_tensor_proto(0.0, shape=[2, 28, 28, 1])
        self.assertEqual(len(repeated.float_val), 1)
        plain = self.predict(tf.make_tensor_proto(np.zeros([2, 28, 28, 1], np.float32)))
        self.check(self.predict(repeated), tf.make_ndarray(plain.outputs[self.output_name]))

    def test_classify(self):
        request = classification_pb2.ClassificationRequest()
        request.model_spec.name = "mnist_k3"
        for image in IMAGES[:2]:
            values = tf.train.Feature(float_list=tf.train.FloatList(value=image.ravel()))
            request.input.example_list.examples.append(
                tf.train.Example(features=tf.train.Features(feature={self.input_name: values})))
        rows = self.stub.Classify(request, timeout=60).result.classifications
        np.testing.assert_allclose([[one.score for one in row.classes] for row in rows], EXPECTED[:2], atol=1e-4)

    def test_regress_says_why_not(self):
        request = regression_pb2.RegressionRequest()
        request.model_spec.name = "mnist_k3"
        with self.assertRaises(grpc.RpcError) as raised:
            self.stub.Regress(request, timeout=60)
        self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)

    def test_status(self):
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = "mnist_k3"
        answer = self.models.GetModelStatus(request, timeout=60)
        (version,) = answer.model_version_status
        self.assertEqual(version.state, get_model_status_pb2.ModelVersionStatus.AVAILABLE)

    def test_unknown_models_are_not_found(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.predict(tf.make_tensor_proto(IMAGES), name="nothing")
        self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)


if __name__ == "__main__":
    unittest.main(verbosity=2)
