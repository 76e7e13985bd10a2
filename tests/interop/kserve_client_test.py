"""KServe's own client (kserve.inference_client, unmodified) against slipway: REST v1 and v2, and gRPC.

The package's front door imports KServe's servers, and they half of PyPI. The client is a module of its own, so only what it imports is installed.
"""
import importlib.util
import os
import pathlib
import sys
import types
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

GOLDEN = np.load(DATA / "nets" / "iris.npz")
ROWS = GOLDEN["in_0"].astype(np.float32)[:3]
EXPECTED = GOLDEN["out_0"][:3]


def import_client():
    """kserve.inference_client, without running kserve/__init__.py."""
    found = importlib.util.find_spec("kserve")
    if found is None and not os.environ.get("CI"):
        raise unittest.SkipTest("the client is not installed: run tools/bootstrap --test")
    package = types.ModuleType("kserve")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["kserve"] = package
    return importlib.import_module("kserve.inference_client")


def setUpModule():
    global CLIENT, TYPES, SERVER
    CLIENT = import_client()
    TYPES = importlib.import_module("kserve.protocol.infer_type")
    SERVER = Server(DATA / "nets" / "iris.h5").__enter__()


def tearDownModule():
    SERVER.__exit__()


class KServeClientTest(unittest.IsolatedAsyncioTestCase):
    def rest(self, protocol):
        return CLIENT.InferenceRESTClient(CLIENT.RESTConfig(protocol=protocol, retries=0))

    async def names(self, client):
        metadata = (await client._client.get(self.url() + "/v2/models/iris")).json()
        return metadata["inputs"][0]["name"], metadata["outputs"][0]["name"]

    def url(self):
        return f"http://{SERVER.url}"

    def request(self, name, binary):
        tensor = TYPES.InferInput(name, list(ROWS.shape), "FP32")
        tensor.set_data_from_numpy(ROWS, binary_data=binary)
        return TYPES.InferRequest(model_name="iris", infer_inputs=[tensor])

    async def test_rest_v2_health(self):
        async with self.rest("v2") as client:
            self.assertTrue(await client.is_server_live(self.url()))
            self.assertTrue(await client.is_server_ready(self.url()))
            self.assertTrue(await client.is_model_ready(self.url(), "iris"))

    async def test_rest_v2_inference(self):
        async with self.rest("v2") as client:
            input_name, _ = await self.names(client)
            for binary in (False, True):
                with self.subTest(binary=binary):
                    answer = await client.infer(self.url(), self.request(input_name, binary), model_name="iris")
                    np.testing.assert_allclose(answer.outputs[0].as_numpy(), EXPECTED, atol=1e-4)

    async def test_rest_v2_errors_are_told(self):
        async with self.rest("v2") as client:
            with self.assertRaisesRegex(Exception, '"nothing" is not loaded'):
                await client.infer(self.url(), self.request("x", False), model_name="nothing")

    async def test_rest_v1_inference(self):
        async with self.rest("v1") as client:
            self.assertTrue(await client.is_server_live(self.url(), headers={"accept": "application/json"}))
            answer = await client.infer(self.url(), {"instances": ROWS.tolist()}, model_name="iris")
            np.testing.assert_allclose(answer["predictions"], EXPECTED, atol=1e-4)

    async def test_rest_v1_readiness_in_kserves_dialect(self):
        with Server(DATA / "nets" / "iris.h5", flags=["--dialect", "kserve"]) as server:
            async with self.rest("v1") as client:
                url = f"http://{server.url}"
                self.assertIs(await client.is_model_ready(url, "iris"), True)
                with self.assertRaisesRegex(Exception, '"nothing" is not loaded'):
                    await client.is_model_ready(url, "nothing")
                self.assertEqual((await client._client.get(url + "/v1/models")).json(), {"models": ["iris"]})
                answer = await client.infer(url, {"instances": ROWS.tolist()}, model_name="iris")
                np.testing.assert_allclose(answer["predictions"], EXPECTED, atol=1e-4)

    async def test_grpc(self):
        async with self.rest("v2") as rest, CLIENT.InferenceGRPCClient(SERVER.url) as client:
            input_name, _ = await self.names(rest)
            self.assertTrue(await client.is_server_live())
            self.assertTrue(await client.is_server_ready())
            self.assertTrue(await client.is_model_ready("iris"))
            answer = await client.infer(self.request(input_name, True))
            np.testing.assert_allclose(answer.outputs[0].as_numpy(), EXPECTED, atol=1e-4)
            with self.assertRaisesRegex(Exception, "shape"):
                wide = TYPES.InferInput(input_name, [1, 5], "FP32")
                wide.set_data_from_numpy(np.zeros((1, 5), np.float32))
                await client.infer(TYPES.InferRequest(model_name="iris", infer_inputs=[wide]))


if __name__ == "__main__":
    unittest.main()
