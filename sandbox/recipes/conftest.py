import os
import subprocess

import pytest


@pytest.fixture
def zuora():
    """The URL of a sandbox for one test."""
    program = os.environ.get("ZUORA_SANDBOX", "zuora-sandbox")
    server = subprocess.Popen([program, "--listen=127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    yield server.stdout.readline().split()[-1]
    server.kill()
    server.wait()
