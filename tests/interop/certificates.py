"""Certificates for tests, made by the openssl program when they are needed."""
import pathlib
import subprocess

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Signs certificates; self.file is its own."""

    def __init__(self, folder, name="authority"):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / f"{name}.crt"
        self.key = self.folder / f"{name}.key"
        openssl("req", "-x509", *CURVE, "-days", "2", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", NAMES, "-keyout", self.key, "-out", self.file)

    def issue(self, name):
        """The files of a new certificate for this machine, and of its key."""
        certificate, key, request = (self.folder / f"{name}.{kind}" for kind in ("crt", "key", "csr"))
        openssl("req", *CURVE, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extensions = self.folder / "extensions"
        extensions.write_text(NAMES)
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                "-extfile", extensions, "-out", certificate)
        return certificate, key
