import DevCluster
import Foundation
import HTTPTransport
import TestSupport
import Testing

/// boto3 and the aws command, unchanged, against the emulated store.
@Suite(.timeLimit(.minutes(2)))
struct AWSClientTests {
    private let script = #"""
        import io, os, sys, urllib.request, ssl
        import boto3
        from boto3.s3.transfer import TransferConfig
        from botocore.config import Config
        from botocore.exceptions import ClientError
        url, ca = sys.argv[1], (sys.argv[2] or None)
        def client(secret="secret", **extra):
            return boto3.client("s3", endpoint_url=url, region_name="eu-central-1", aws_access_key_id="AKID",
                aws_secret_access_key=secret, verify=ca, config=Config(s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1}, **extra))
        def fails(code, call, **arguments):
            try: call(**arguments)
            except ClientError as error:
                assert error.response["Error"]["Code"] == code, error.response
                return
            raise SystemExit("no " + code)
        s3 = client()
        s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        fails("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="models",
            CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["models"]
        assert s3.get_bucket_location(Bucket="models")["LocationConstraint"] == "eu-central-1"
        s3.head_bucket(Bucket="models")
        fails("404", s3.head_bucket, Bucket="missing")
        fails("SignatureDoesNotMatch", client("wrong").list_objects_v2, Bucket="models")

        key = "dir with space/ünïcode+%~.bin"
        for algorithm in ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"]:
            try: s3.put_object(Bucket="models", Key=key, Body=b"hello", ChecksumAlgorithm=algorithm, Metadata={"stage": "prod"})
            except Exception as error:
                # These two need awscrt, which is not part of boto3.
                assert algorithm in ["CRC32C", "CRC64NVME"] and "MissingDependency" in type(error).__name__, error
        s3.put_object(Bucket="models", Key=key, Body=io.BytesIO(b"hello"), Metadata={"stage": "prod"}, ContentType="text/x-model")
        got = s3.get_object(Bucket="models", Key=key)
        assert got["Body"].read() == b"hello" and got["Metadata"] == {"stage": "prod"} and got["ContentType"] == "text/x-model"
        assert s3.get_object(Bucket="models", Key=key, Range="bytes=1-3")["Body"].read() == b"ell"
        head = s3.head_object(Bucket="models", Key=key)
        assert head["ContentLength"] == 5
        fails("PreconditionFailed", s3.put_object, Bucket="models", Key=key, Body=b"x", IfNoneMatch="*")
        fails("304", s3.get_object, Bucket="models", Key=key, IfNoneMatch=head["ETag"])
        fails("NoSuchKey", s3.get_object, Bucket="models", Key="missing")
        fails("404", s3.head_object, Bucket="models", Key="missing")

        data = os.urandom(11 * 1024 * 1024 + 3)
        parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20, max_concurrency=3)
        s3.upload_fileobj(io.BytesIO(data), "models", "large.bin", Config=parts)
        copy = io.BytesIO()
        s3.download_fileobj("models", "large.bin", copy, Config=parts)
        assert copy.getvalue() == data
        assert s3.head_object(Bucket="models", Key="large.bin")["ContentLength"] == len(data)
        upload = s3.create_multipart_upload(Bucket="models", Key="left")["UploadId"]
        s3.upload_part(Bucket="models", Key="left", UploadId=upload, PartNumber=2, Body=b"x")
        assert [p["PartNumber"] for p in s3.list_parts(Bucket="models", Key="left", UploadId=upload)["Parts"]] == [2]
        s3.abort_multipart_upload(Bucket="models", Key="left", UploadId=upload)

        for n in range(25): s3.put_object(Bucket="models", Key=f"many/{n:02}", Body=b"x")
        pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="models", Prefix="many/", PaginationConfig={"PageSize": 10}))
        assert [len(p["Contents"]) for p in pages] == [10, 10, 5]
        listed = [c["Key"] for p in s3.get_paginator("list_objects_v2").paginate(Bucket="models") for c in p["Contents"]]
        assert listed == [key, "large.bin"] + [f"many/{n:02}" for n in range(25)], listed
        rolled = s3.list_objects_v2(Bucket="models", Delimiter="/", FetchOwner=True)
        assert [p["Prefix"] for p in rolled["CommonPrefixes"]] == ["dir with space/", "many/"]
        assert rolled["Contents"][0]["Owner"]["ID"]
        assert len(s3.list_objects(Bucket="models", Prefix="many/", Marker="many/09")["Contents"]) == 15

        signed = s3.generate_presigned_url("get_object", Params={"Bucket": "models", "Key": key}, ExpiresIn=60)
        context = ssl.create_default_context(cafile=ca) if ca else None
        assert urllib.request.urlopen(signed, context=context).read() == b"hello"
        try:
            urllib.request.urlopen(signed[:-1] + ("0" if signed[-1] != "0" else "1"), context=context); raise SystemExit("forged")
        except urllib.error.HTTPError as error: assert error.code == 403

        s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
        assert s3.get_bucket_versioning(Bucket="models")["Status"] == "Enabled"
        one = s3.put_object(Bucket="models", Key="v", Body=b"1")["VersionId"]
        two = s3.put_object(Bucket="models", Key="v", Body=b"2")["VersionId"]
        assert s3.get_object(Bucket="models", Key="v", VersionId=one)["Body"].read() == b"1"
        s3.delete_object(Bucket="models", Key="v")
        fails("NoSuchKey", s3.get_object, Bucket="models", Key="v")
        versions = s3.list_object_versions(Bucket="models", Prefix="v")
        assert [v["VersionId"] for v in versions["Versions"]] == [two, one] and len(versions["DeleteMarkers"]) == 1
        resource = boto3.resource("s3", endpoint_url=url, region_name="eu-central-1", aws_access_key_id="AKID",
            aws_secret_access_key="secret", verify=ca)
        resource.Bucket("models").object_versions.delete()
        s3.delete_bucket(Bucket="models")
        print("all of it works")
        """#

    private func store(_ folder: String?) throws -> EmulatedS3 {
        try EmulatedS3(.init(["AKID": "secret"], region: "eu-central-1"), folder: folder, time: .system)
    }

    @Test(
        .enabled("boto3 is not installed") { try await Tool.pythonRuns("boto3") },
        arguments: [false, true],
        [false, true]
    )
    func botoWorksUnchanged(_ onDisk: Bool, _ secure: Bool) async throws {
        let python = try #require(try await Tool.python(with: "boto3"), "boto3 is not installed")
        let folder = try TemporaryFolder()
        // Over TLS boto3 sends bodies in chunks with a trailer, else with their hash in a header.
        let certificate = secure ? try DevelopmentCertificate(now: TimeSource.system.date()) : nil
        if let certificate { try folder.write(certificate.authorityPEM, to: "ca.pem") }
        let store = try store(onDisk ? folder.path + "/store" : nil)
        try await withServer(store, certificate: certificate) { url in
            let authority = secure ? folder.path + "/ca.pem" : ""
            let output = try await python.succeed(
                ["-c", script, url.origin, authority],
                environment: ["AWS_CONFIG_FILE": "/dev/null"]
            )
            #expect(output.contains("all of it works"))
        }
    }

    @Test(.enabled(if: Tool.runs("aws"), "the aws command is not installed"))
    func awsCommandCopiesAndSyncs() async throws {
        let aws = try #require(Tool.find("aws"), "the aws command is not installed")
        let folder = try TemporaryFolder()
        try folder.write("one", to: "local/a.txt")
        try folder.write(String(repeating: "0123456789abcdef", count: 600_000), to: "local/dir/large.bin")
        try await withServer(try store(folder.path + "/store")) { url in
            let environment = [
                "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                "AWS_EC2_METADATA_DISABLED": "true",
            ]
            func run(_ arguments: [String]) async throws -> String {
                try await aws.succeed(["--endpoint-url", url.origin, "s3"] + arguments, environment: environment)
            }
            _ = try await run(["mb", "s3://models"])
            _ = try await run(["sync", folder.path + "/local", "s3://models/copy"])
            let listed = try await run(["ls", "--recursive", "s3://models/"])
            #expect(listed.contains("copy/a.txt") && listed.contains("9600000 copy/dir/large.bin"))
            _ = try await run(["cp", "s3://models/copy/dir/large.bin", folder.path + "/back.bin"])
            let manager = FileManager.default
            #expect(
                manager.contentsEqual(atPath: folder.path + "/local/dir/large.bin", andPath: folder.path + "/back.bin")
            )
            #expect(
                manager.contentsEqual(
                    atPath: folder.path + "/local/a.txt",
                    andPath: folder.path + "/store/models/copy/a.txt"
                )
            )
            _ = try await run(["rb", "--force", "s3://models"])
        }
    }
}
