"""Writes signatures.json: what Microsoft's and Amazon's own signers make of given requests.

Usage: pip install azure-storage-blob boto3 && python make_signatures.py > signatures.json
The keys are made up; no request is sent.
"""
import base64
import datetime
import json
from unittest import mock

import azure.storage.blob
import botocore
import botocore.auth
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest, HttpTransport
from azure.storage.blob import BlobServiceClient
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCOUNT = "devopsblogstorage"
KEY = base64.b64encode(bytes(range(64))).decode()
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
VERSION = {"x-ms-version": "2021-12-02", "x-ms-date": DATE}


def azure_signed(name, method, url, headers):
    request = HttpRequest(method, url, headers=dict(headers))
    SharedKeyCredentialPolicy(ACCOUNT, KEY).on_request(PipelineRequest(request, PipelineContext(None)))
    return {
        "name": name, "method": method, "url": url, "headers": headers,
        "authorization": request.headers["Authorization"],
    }


class Captured(Exception):
    pass


def azure_client_requests():
    """The requests that the client itself makes, with the signatures it puts on them."""
    out = []

    class Capture(HttpTransport):
        def __enter__(self): return self
        def __exit__(self, *args): pass
        def open(self): pass
        def close(self): pass
        def send(self, request, **kwargs):
            out.append(request)
            raise Captured()

    client = BlobServiceClient(
        f"https://{ACCOUNT}.blob.core.windows.net", credential={"account_name": ACCOUNT, "account_key": KEY},
        transport=Capture(), retry_total=0,
    )
    container = client.get_container_client("models")
    calls = {
        "client lists": lambda: next(iter(container.list_blobs(name_starts_with="resnet 50/", include=["versions"]))),
        "client walks": lambda: next(iter(container.walk_blobs(name_starts_with="a+b/", delimiter="/"))),
        "client reads": lambda: container.download_blob("resnet/ä b+c.onnx", offset=10, length=20, etag="0x8D", match_condition=azure.core.MatchConditions.IfNotModified),
        "client heads": lambda: container.get_blob_client("a#b?c%d", version_id="2026-01-01T00:00:00.0000000Z").get_blob_properties(),
    }
    fixtures = []
    for name, call in calls.items():
        out.clear()
        try:
            call()
        except Captured:
            pass
        request = out[0]
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("authorization", "user-agent")}
        fixtures.append({
            "name": name, "method": request.method, "url": request.url, "headers": headers,
            "authorization": request.headers["Authorization"],
        })
    return fixtures


def aws_signed(name, method, url, headers, token=None, body=b""):
    request = AWSRequest(method, url, headers=headers, data=body)
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        signer = botocore.auth.S3SigV4Auth(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token), "s3", "eu-west-1")
        signer.add_auth(request)
    return {
        "name": name, "method": method, "url": url, "headers": headers, "token": token,
        "body": body.decode(), "authorization": request.headers["Authorization"],
    }


base = f"https://{ACCOUNT}.blob.core.windows.net"
azure_fixtures = [
    azure_signed("list", "GET", f"{base}/models?restype=container&comp=list&maxresults=2000&prefix=resnet%2F&delimiter=%2F", VERSION),
    azure_signed("marker", "GET", f"{base}/models?restype=container&comp=list&include=versions&marker=2%2124%21aa%3D%3D", VERSION),
    azure_signed("read", "GET", f"{base}/models/resnet/a%20b%2Bc.onnx", VERSION | {"x-ms-range": "bytes=0-9", "If-Match": '"0x8DE"'}),
    azure_signed("version", "HEAD", f"{base}/models/%C3%A4.onnx?versionid=2026-01-01T00%3A00%3A00.1234567Z", VERSION),
    azure_signed("emulator", "GET", f"http://127.0.0.1:10000/{ACCOUNT}/models?restype=container&comp=list", VERSION),
    azure_signed("upload", "PUT", f"{base}/models/a", VERSION | {"x-ms-blob-type": "BlockBlob", "Content-Length": "11", "Content-Type": "text/plain"}),
    azure_signed("empty upload", "PUT", f"{base}/models/a", VERSION | {"x-ms-blob-type": "BlockBlob", "Content-Length": "0"}),
] + azure_client_requests()
s3 = "https://bucket.s3.eu-west-1.amazonaws.com"
aws_fixtures = [
    aws_signed("list", "GET", f"{s3}/?encoding-type=url&list-type=2&max-keys=1000&prefix=resnet%2F", {}),
    aws_signed("list with token", "GET", f"{s3}/?continuation-token=1%2BaZ%2F%3D%3D&delimiter=%2F&list-type=2&prefix=a%20b%2B", {}),
    aws_signed("versions", "GET", f"{s3}/?key-marker=k%20&prefix=&version-id-marker=v1&versions=", {}),
    aws_signed("key", "GET", f"{s3}/resnet/a%20b%2Bc%3D%C3%A4~_-..onnx", {"Range": "bytes=0-9", "If-Match": '"abc"', "x-amz-checksum-mode": "ENABLED"}),
    aws_signed("dots in key", "GET", f"{s3}/a/../b//c/./d", {}),
    aws_signed("version and session", "HEAD", f"{s3}/k?versionId=3%2FL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY", {}, token="FwoGZXIvYXdzEXAMPLE//token=="),
    aws_signed("path style with port", "GET", "http://127.0.0.1:5000/bucket/a%25b", {}),
    aws_signed("upload", "PUT", f"{s3}/k", {"Content-Type": "text/plain"}, body=b"hello"),
]
print(json.dumps({
    "made_by": {"azure-storage-blob": azure.storage.blob.__version__, "botocore": botocore.__version__},
    "account": ACCOUNT, "key": KEY, "date": "2026-01-01T00:00:00Z",
    "azure": azure_fixtures, "aws": aws_fixtures,
}, indent=1, ensure_ascii=True))
