"""The unmodified tritonclient.utils.shared_memory against slipway, over HTTP and over gRPC."""
import os
import pathlib
import sys
import threading
import unittest

import numpy as np
import tritonclient.grpc
import tritonclient.http
import tritonclient.utils.shared_memory as shm
from tritonclient.utils import InferenceServerException

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from slipway_server import DATA, Server

GOLDEN = np.load(DATA / "mnist" / "mnist.npz")
IMAGES = GOLDEN["in_0"].astype(np.float32)
EXPECTED = GOLDEN["out_0"]
PROTOCOLS = (tritonclient.http, tritonclient.grpc)


def setUpModule():
    global SERVER
    SERVER = Server(DATA / "mnist" / "mnist_k3.h5", flags=["--shared-memory"]).__enter__()


def tearDownModule():
    SERVER.__exit__()


class SharedMemoryTest(unittest.TestCase):
    def region(self, name, bytes):
        """A shared memory object that goes with the test; its key is of this process alone."""
        handle = shm.create_shared_memory_region(name, f"/slipway-test-{os.getpid()}-{name}", bytes)
        self.addCleanup(shm.destroy_shared_memory_region, handle)
        return handle

    def client(self, module):
        client = module.InferenceServerClient(SERVER.url)
        self.addCleanup(client.close)
        admin = self.admin(module)
        client.unregister_system_shared_memory(headers=admin)
        return client, admin

    def admin(self, module):
        headers = SERVER.admin_headers()
        return {key.lower(): value for key, value in headers.items()} if module is tritonclient.grpc else headers

    def names(self, module, client):
        metadata = client.get_model_metadata("mnist_k3")
        if module is tritonclient.http:
            return metadata["inputs"][0]["name"], metadata["outputs"][0]["name"]
        return metadata.inputs[0].name, metadata.outputs[0].name

    def registered(self, module, client, name, handle, bytes):
        client.register_system_shared_memory(name, handle._shm_key, bytes, headers=self.admin(module))

    def test_tensors_travel_in_shared_memory(self):
        for module in PROTOCOLS:
            with self.subTest(module.__name__):
                client, admin = self.client(module)
                input_name, output_name = self.names(module, client)
                images, scores = self.region("images", IMAGES.nbytes), self.region("scores", EXPECTED.nbytes)
                shm.set_shared_memory_region(images, [IMAGES])
                self.registered(module, client, "images", images, IMAGES.nbytes)
                self.registered(module, client, "scores", scores, EXPECTED.nbytes)
                self.assertIn("images", str(client.get_system_shared_memory_status(headers=admin)))

                tensor = module.InferInput(input_name, list(IMAGES.shape), "FP32")
                tensor.set_shared_memory("images", IMAGES.nbytes)
                wanted = module.InferRequestedOutput(output_name)
                wanted.set_shared_memory("scores", EXPECTED.nbytes)
                result = client.infer("mnist_k3", [tensor], outputs=[wanted])
                self.assertIsNotNone(result.get_output(output_name))
                found = shm.get_contents_as_numpy(scores, np.float32, EXPECTED.shape)
                np.testing.assert_allclose(found, EXPECTED, atol=1e-4)

                client.unregister_system_shared_memory("images", headers=admin)
                with self.assertRaisesRegex(InferenceServerException, "no region"):
                    client.infer("mnist_k3", [tensor])

    def test_part_of_a_region_is_enough(self):
        for module in PROTOCOLS:
            with self.subTest(module.__name__):
                client, _ = self.client(module)
                input_name, output_name = self.names(module, client)
                images = self.region("images", IMAGES.nbytes)
                shm.set_shared_memory_region(images, [IMAGES])
                self.registered(module, client, "images", images, IMAGES.nbytes)
                tensor = module.InferInput(input_name, [1, *IMAGES.shape[1:]], "FP32")
                tensor.set_shared_memory("images", IMAGES[0].nbytes, offset=2 * IMAGES[0].nbytes)
                found = client.infer("mnist_k3", [tensor]).as_numpy(output_name)
                np.testing.assert_allclose(found, EXPECTED[2:3], atol=1e-4)

    def test_registering_needs_the_admin_key(self):
        for module in PROTOCOLS:
            with self.subTest(module.__name__):
                client, _ = self.client(module)
                handle = self.region("closed", 64)
                with self.assertRaisesRegex(InferenceServerException, "needs a key|admin key"):
                    client.register_system_shared_memory("closed", handle._shm_key, 64)

    def test_what_reaches_too_far_is_refused(self):
        for module in PROTOCOLS:
            with self.subTest(module.__name__):
                client, _ = self.client(module)
                handle = self.region("small", 64)
                size = os.stat("/dev/shm" + handle._shm_key).st_size
                with self.assertRaisesRegex(InferenceServerException, "past the end"):
                    self.registered(module, client, "small", handle, size + 1)
                with self.assertRaisesRegex(InferenceServerException, "not the key"):
                    client.register_system_shared_memory("etc", "/../../etc/passwd", 1, headers=self.admin(module))

    def test_a_client_that_shrinks_its_object_under_requests_harms_nobody(self):
        for module in PROTOCOLS:
            with self.subTest(module.__name__):
                client, _ = self.client(module)
                input_name, output_name = self.names(module, client)
                images, scores = self.region("images", IMAGES.nbytes), self.region("scores", EXPECTED.nbytes)
                shm.set_shared_memory_region(images, [IMAGES])
                self.registered(module, client, "images", images, IMAGES.nbytes)
                self.registered(module, client, "scores", scores, EXPECTED.nbytes)
                tensor = module.InferInput(input_name, list(IMAGES.shape), "FP32")
                tensor.set_shared_memory("images", IMAGES.nbytes)
                wanted = module.InferRequestedOutput(output_name)
                wanted.set_shared_memory("scores", EXPECTED.nbytes)

                done = threading.Event()

                def shrink_and_grow():
                    paths = [(("/dev/shm" + handle._shm_key), size) for handle, size in ((images, IMAGES.nbytes), (scores, EXPECTED.nbytes))]
                    while not done.is_set():
                        for path, size in paths:
                            os.truncate(path, 0)
                            os.truncate(path, size)

                client_gone_wrong = threading.Thread(target=shrink_and_grow)
                client_gone_wrong.start()
                refused = 0
                for _ in range(100):
                    try:
                        client.infer("mnist_k3", [tensor], outputs=[wanted])
                    except InferenceServerException as error:
                        self.assertIn("has become shorter", str(error))
                        refused += 1
                done.set()
                client_gone_wrong.join()
                os.truncate("/dev/shm" + images._shm_key, 0)
                with self.assertRaisesRegex(InferenceServerException, "has become shorter"):
                    client.infer("mnist_k3", [tensor])
                self.assertTrue(client.is_server_ready(), f"after {refused} refusals")
                os.truncate("/dev/shm" + images._shm_key, IMAGES.nbytes)

    def test_the_server_says_that_it_can(self):
        client, _ = self.client(tritonclient.http)
        self.assertIn("system_shared_memory", client.get_server_metadata()["extensions"])


class WithoutSharedMemoryTest(unittest.TestCase):
    def test_it_is_off_unless_switched_on(self):
        with Server(DATA / "mnist" / "mnist_k3.h5") as server:
            for module in PROTOCOLS:
                with self.subTest(module.__name__), module.InferenceServerClient(server.url) as client:
                    key = {name.lower(): value for name, value in server.admin_headers().items()}
                    with self.assertRaisesRegex(InferenceServerException, "--shared-memory"):
                        client.get_system_shared_memory_status(headers=key)


if __name__ == "__main__":
    unittest.main()
