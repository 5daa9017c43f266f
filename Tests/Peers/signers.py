#!/usr/bin/env python3
"""Signs images and models with the real signers, now, and lets `modelapp verify` judge them.

    MODELAPP=.build/debug/modelapp COSIGN2=... COSIGN3=... NOTATION=... Tests/Peers/signers.py

A signer whose variable is not set is left out, and said so; with CI=true that is a failure. Needs docker-registry and
openssl in PATH, and a Python with model-signing, pyopenssl and cryptography. On Debian the signers come from trixie (cosign
2.5) and from sid (cosign 3, notation).
"""
import importlib.machinery
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODELAPP = os.environ.get("MODELAPP", str(ROOT / ".build/debug/modelapp"))


def load_maker():
    """The script that makes the fixtures, as a module that writes elsewhere."""
    loader = importlib.machinery.SourceFileLoader("make", str(ROOT / "Tests/Fixtures/signatures/make"))
    spec = importlib.util.spec_from_loader("make", loader)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    module.HERE = pathlib.Path(tempfile.mkdtemp(dir=module.WORK))
    (module.HERE / "certificates").mkdir()
    return module


make = load_maker()
failures = []


def verify(what, expected, *arguments):
    result = subprocess.run([MODELAPP, "verify", *map(str, arguments)], capture_output=True, text=True, cwd=make.WORK)
    said = (result.stdout + result.stderr).strip().splitlines()
    passed = result.returncode == expected
    print(f"{'ok  ' if passed else 'FAIL'} {what}: {said[-1] if said else ''}")
    if not passed:
        failures.append(what)


def local(registry):
    return [registry.image, "--plain-http", "--allow-endpoint", "127.0.0.1"]


def version(program, *arguments):
    result = subprocess.run([program, *arguments], capture_output=True, text=True)
    lines = [line.split(":", 1)[-1].strip() for line in (result.stdout + result.stderr).splitlines()
             if "ersion" in line.split(":")[0] and "Go" not in line]
    package = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", pathlib.Path(program).name],
                             capture_output=True, text=True).stdout
    return (lines or ["unknown"])[0] + (f" (package {package})" if package else "")


def program(variable, name):
    path = os.environ.get(variable)
    if not path:
        print(f"skip {name}: {variable} is not set")
        if os.environ.get("CI") == "true":
            failures.append(name)
    return path


def cosign(variable, *options):
    path = program(variable, "cosign")
    if not path:
        return
    name = variable.lower()
    print(f"{name}: {version(path, 'version')}")
    for prefix in ("signer", "other"):
        make.run(path, "generate-key-pair", "--output-key-prefix", f"{name}-{prefix}", COSIGN_PASSWORD="")
    with make.Registry() as registry:
        verify(f"{name}, not signed", 1, *local(registry), "--key", f"{name}-signer.pub")
        make.run(path, "sign", "--key", f"{name}-signer.key", "--tlog-upload=false", "--allow-http-registry", "-y",
                 *options, registry.image, COSIGN_PASSWORD="")
        verify(f"{name}, signed", 0, *local(registry), "--key", f"{name}-signer.pub")
        verify(f"{name}, another key", 1, *local(registry), "--key", f"{name}-other.pub")


def notation():
    path = program("NOTATION", "notation")
    if not path:
        return
    print(f"notation: {version(path, 'version')}")
    home = make.WORK / "live"
    (home / "notation").mkdir(parents=True)
    chain = make.WORK / "live.pem"
    chain.write_bytes(b"".join((make.WORK / f"{name}.pem").read_bytes() for name in ("ci384", "middle", "root")))
    (home / "notation/signingkeys.json").write_text(json.dumps(
        {"default": "ci", "keys": [{"name": "ci", "keyPath": str(make.WORK / "ci384.key"), "certPath": str(chain)}]}))
    trust = ["--notation", "--certificates", "root.pem"]
    with make.Registry() as registry:
        verify("notation, not signed", 1, *local(registry), *trust, "--identity", "*")
        make.run(path, "sign", "--insecure-registry", "--signature-format", "jws", registry.image,
                 XDG_CONFIG_HOME=str(home))
        verify("notation, signed", 0, *local(registry), *trust, "--identity", "x509.subject: CN=ci384")
        verify("notation, another identity", 1, *local(registry), *trust, "--identity", "x509.subject: CN=ci")
        verify("notation, another root", 1, *local(registry), "--notation", "--certificates", "otherroot.pem",
               "--identity", "*")


def models():
    print(f"model-signing: {importlib.metadata.version('model-signing')}")
    make.models()
    model = make.HERE / "model"
    for signature, arguments in (("p256", ["--key", make.HERE / "model-p256.pub"]),
                                 ("p521", ["--key", make.HERE / "model-p521.pub"]),
                                 ("ci", ["--certificates", "root.pem", "--identity", "ci@example.org"])):
        shutil.copy(make.HERE / f"model-{signature}.sig", model / "model.sig")
        verify(f"model, signed by {signature}", 0, "--model", model, *arguments)
        verify(f"model, {signature}, another key", 1, "--model", model, "--key", make.HERE / "model-p384.pub")
    (model / "model.onnx").write_bytes(b"other weights")
    verify("model, other bytes", 1, "--model", model, "--certificates", "root.pem", "--identity", "*")


def main():
    cosign_names = ("ci.cosign", "expired.cosign")
    for file in cosign_names:
        # The certificates of cosign's own keys are part of the set; live signing here is by key.
        key = make.curve()
        (make.WORK / f"{file}.pub").write_bytes(key.public_key().public_bytes(
            make.serialization.Encoding.PEM, make.serialization.PublicFormat.SubjectPublicKeyInfo))
    make.certificates()
    cosign("COSIGN2")
    cosign("COSIGN3", "--use-signing-config=false")
    notation()
    models()


try:
    main()
finally:
    shutil.rmtree(make.WORK)
if failures:
    sys.exit(f"{len(failures)} failed: {', '.join(failures)}")
