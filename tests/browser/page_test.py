"""The page that GET / gives to a browser, in a real headless Chromium against the built slipway."""
import base64
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop"))
from chromium import Browser, Page
from slipway_server import DATA, Server

HOSTILE = "<img src=x onerror=\"window.broken=1\">"


def setUpModule():
    global SERVER, BROWSER
    SERVER = Server(DATA / "mnist" / "mnist_k3.h5", DATA / "nets" / "iris.h5").__enter__()
    BROWSER = Browser().__enter__()


def tearDownModule():
    BROWSER.__exit__()
    SERVER.__exit__()


class PageTest(unittest.TestCase):
    def open(self, **size):
        page = Page(BROWSER, **size)
        self.addCleanup(page.close)
        page.open(f"http://{SERVER.url}/")
        page.wait_for("document.querySelectorAll('#models button').length > 0")
        return page

    def choose(self, page, name):
        page.click(f"#models button[data-model='{name}:1']")
        page.wait_for(f"document.getElementById('model-title').textContent.startsWith('{name},')")

    def run_model(self, page):
        page.click("#form button[type=submit]")
        page.wait_for("!document.getElementById('answer').hidden")

    def draw_one(self, page):
        """A vertical stroke in the middle of the drawing square."""
        page.evaluate("document.querySelector('.pad').scrollIntoView()")
        box = page.evaluate("(({x, y, width, height}) => [x, y, width, height])(document.querySelector('.pad').getBoundingClientRect())")
        x, y, width, height = box
        page.drag([(x + width / 2, y + height * fraction / 20) for fraction in range(4, 17)])

    def test_lists_models_with_version_and_state(self):
        page = self.open()
        text = page.evaluate("document.getElementById('models').innerText")
        for word in ("mnist_k3", "iris", "version 1", "READY"):
            self.assertIn(word, text)

    def test_asks_nobody_else(self):
        page = self.open()
        self.choose(page, "mnist_k3")
        self.draw_one(page)
        self.run_model(page)
        outside = [url for url in page.requested() if not url.startswith(f"http://{SERVER.url}/")]
        self.assertEqual(outside, [])
        self.assertEqual(page.complaints(), [])

    def test_a_drawn_digit_gives_ten_bars_and_the_right_class(self):
        page = self.open()
        self.choose(page, "mnist_k3")
        self.draw_one(page)
        self.run_model(page)
        self.assertEqual(page.evaluate("document.querySelectorAll('.bars tr').length"), 10)
        self.assertEqual(page.evaluate("document.querySelector('.bars .best th').textContent"), "1")
        self.assertEqual(page.evaluate("document.querySelector('.highest strong').textContent"), "1")
        self.assertRegex(page.evaluate("document.getElementById('answer-note').textContent"), r"mnist_k3, version 1: [0-9.]+ ms")

    def test_a_digit_can_be_drawn_with_the_keyboard(self):
        page = self.open()
        self.choose(page, "mnist_k3")
        page.evaluate("document.querySelector('.pad').focus()")
        for _ in range(14):
            page.press("ArrowDown", shift=True)
        page.evaluate("document.querySelector('#form button[type=submit]').focus()")
        self.run_model(page)
        self.assertEqual(page.evaluate("document.querySelector('.bars .best th').textContent"), "1")

    def test_an_image_file_is_scaled_and_sent(self):
        page = self.open()
        self.choose(page, "mnist_k3")
        page.click("input[type=radio][value=Image]")
        page.evaluate("""new Promise((resolve) => {
          const canvas = document.createElement('canvas');
          canvas.width = canvas.height = 56;
          const context = canvas.getContext('2d');
          context.fillStyle = '#000'; context.fillRect(0, 0, 56, 56);
          context.fillStyle = '#fff'; context.fillRect(25, 8, 6, 40);
          canvas.toBlob((blob) => {
            const files = new DataTransfer();
            files.items.add(new File([blob], 'one.png', {type: 'image/png'}));
            document.querySelector('input[type=file]').files = files.files;
            resolve(1);
          });
        })""")
        self.run_model(page)
        self.assertEqual(page.evaluate("document.querySelector('.bars .best th').textContent"), "1")

    def test_numbers_give_an_answer(self):
        page = self.open()
        self.choose(page, "iris")
        page.evaluate("[5.1, 3.5, 1.4, 0.2].forEach((v, i) => { document.querySelectorAll('.numbers input')[i].value = v; })")
        self.run_model(page)
        self.assertEqual(page.evaluate("document.querySelectorAll('.bars tr').length"), 3)

    def test_json_gives_an_answer(self):
        page = self.open()
        self.choose(page, "iris")
        page.click("input[type=radio][value=JSON]")
        page.evaluate("document.querySelector('textarea').value = '[[5.1, 3.5, 1.4, 0.2]]'")
        self.run_model(page)
        answer = json.loads(page.evaluate("document.getElementById('json').textContent"))
        self.assertEqual(answer["model_name"], "iris")
        self.assertEqual(answer["outputs"][0]["shape"], [1, 3])

    def test_what_is_wrong_in_a_field_is_said_and_not_sent(self):
        page = self.open()
        self.choose(page, "iris")
        page.evaluate("document.querySelector('.numbers input').value = 'many'")
        page.click("#form button[type=submit]")
        page.wait_for("document.getElementById('form-note').textContent.includes('\"many\" is not a number')")
        self.assertFalse([url for url in page.requested() if url.endswith("/infer")])

    def test_the_error_of_the_server_is_shown(self):
        page = self.open()
        self.choose(page, "iris")
        page.click("input[type=radio][value=JSON]")
        page.evaluate("document.querySelector('textarea').value = '[[1, 2, 3]]'")
        self.run_model(page)
        self.assertIn("bad", page.evaluate("document.getElementById('answer-note').className"))
        self.assertIn("4", page.evaluate("document.getElementById('answer-note').textContent"))

    def test_the_curl_line_works_as_it_stands(self):
        page = self.open()
        self.choose(page, "iris")
        self.run_model(page)
        line = page.evaluate("document.getElementById('curl').textContent")
        answer = json.loads(subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout)
        self.assertEqual(answer["model_name"], "iris")

    def test_names_and_labels_stay_text(self):
        page = Page(BROWSER)
        self.addCleanup(page.close)
        tensor = {"name": HOSTILE, "datatype": "FP32", "shape": [-1, 2]}
        model = {"name": HOSTILE, "version": "1", "state": "READY", "reason": "", "inputs": [tensor],
                 "outputs": [dict(tensor, labels=[HOSTILE, "b"])]}
        answer = {"model_name": HOSTILE, "model_version": "1", "outputs": [dict(tensor, shape=[1, 2], data=[0.75, 0.25])]}
        page.call("Fetch.enable", patterns=[{"urlPattern": "*/page/models"}, {"urlPattern": "*/infer"}])
        page.open(f"http://{SERVER.url}/")
        self.fulfil(page, {"models": [model]})
        page.click("#form button[type=submit]")
        self.fulfil(page, answer)
        page.wait_for("document.querySelectorAll('.bars tr').length === 2")
        self.assertEqual(page.evaluate("document.querySelectorAll('img').length"), 0)
        self.assertIsNone(page.evaluate("window.broken"))
        self.assertEqual(page.evaluate("document.querySelector('.bars .best th').textContent"), HOSTILE)

    def fulfil(self, page, body):
        paused = BROWSER.next_event("Fetch.requestPaused")
        page.call("Fetch.fulfillRequest", requestId=paused["requestId"], responseCode=200,
                  responseHeaders=[{"name": "Content-Type", "value": "application/json"}],
                  body=base64.b64encode(json.dumps(body).encode()).decode())

    def test_fits_a_telephone(self):
        page = self.open(width=390, height=800)
        self.choose(page, "mnist_k3")
        self.draw_one(page)
        self.run_model(page)
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 390)

    def test_every_control_has_a_name(self):
        page = self.open()
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        controls = [node for node in tree if node["role"]["value"] in ("button", "textbox", "radio", "combobox", "link", "checkbox")]
        self.assertGreater(len(controls), 5)
        self.assertEqual([node for node in controls if not node.get("name", {}).get("value")], [])


if __name__ == "__main__":
    unittest.main()
