import DevCluster
import Foundation
import HTTPTransport
import TestSupport
import Testing

/// The vendors' own clients, unchanged, against the emulated clouds: what our clients are tested against is what the
/// clouds speak.
@Suite(.timeLimit(.minutes(3)))
struct IdentityClientTests {
    private static let azure = #"""
        import sys
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import ClientSecretCredential, ManagedIdentityCredential, WorkloadIdentityCredential
        url, tenant, client, token_file, registry = sys.argv[1:6]
        common = dict(authority=url, disable_instance_discovery=True)
        def fails(make):
            try: make().get_token("https://storage.azure.com/.default")
            except ClientAuthenticationError as error: return str(error)
            raise SystemExit("a token without proof")
        secret = ClientSecretCredential(tenant, client, "application-secret", **common)
        workload = WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=token_file, **common)
        managed = [ManagedIdentityCredential(), ManagedIdentityCredential(client_id=client)]
        for credential in [secret, workload] + managed:
            first = credential.get_token("https://storage.azure.com/.default")
            assert first.token.startswith("entra-"), first
            # Kept, as ours are.
            assert credential.get_token("https://storage.azure.com/.default").token == first.token
            assert credential.get_token("https://management.azure.com/.default").token != first.token
        assert "AADSTS7000215" in fails(lambda: ClientSecretCredential(tenant, client, "wrong", **common))
        assert "AADSTS700016" in fails(lambda: ClientSecretCredential(tenant, "other", "application-secret", **common))
        fails(lambda: ManagedIdentityCredential(client_id="other"))

        import hashlib, io
        from azure.containerregistry import ContainerRegistryClient
        def client(credential):
            return ContainerRegistryClient(registry, credential, audience="https://management.azure.com", retry_total=0)
        for credential in [secret, workload, managed[0]]:
            acr = client(credential)
            digest, size = acr.upload_blob("api", io.BytesIO(b"{}"))
            assert digest == "sha256:" + hashlib.sha256(b"{}").hexdigest() and size == 2
            manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": [],
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": 2}}
            pushed = acr.set_manifest("api", manifest, tag="1.0")
            assert acr.get_manifest("api", "1.0").digest == pushed
            assert b"".join(acr.download_blob("api", digest)) == b"{}"
            tags = list(acr.list_tag_properties("api"))
            assert [(t.name, t.digest) for t in tags] == [("1.0", pushed)], tags
            assert acr.get_tag_properties("api", "1.0").digest == pushed
        print("all of it works")
        """#

    @Test(
        .enabled("azure-identity is not installed") {
            try await Tool.pythonRuns("azure.identity, azure.containerregistry")
        }
    )
    func azureIdentityAndContainerRegistryWorkUnchanged() async throws {
        let python = try #require(
            try await Tool.python(with: "azure.identity, azure.containerregistry"),
            "azure-identity is not installed"
        )
        let folder = try TemporaryFolder()
        let certificate = try DevelopmentCertificate(now: TimeSource.system.date())
        try folder.write(certificate.authorityPEM, to: "ca.pem")
        let options = EmulatedClouds.Options()
        try folder.write(options.federatedToken, to: "token")
        let clouds = EmulatedClouds(options, time: .system)
        let registry = try EmulatedRegistry(
            .init(
                access: .azure { token, now in
                    clouds.accepts(token, audience: "https://management.azure.com", at: now)
                }
            ),
            time: .system
        )
        let script = Self.azure
        try await withServer(clouds, certificate: certificate) { entra in
            try await withServer(clouds) { metadata in
                try await withServer(registry, certificate: certificate) { acr in
                    let output = try await python.succeed(
                        [
                            "-c", script, entra.origin, options.tenant, options.client, folder.path + "/token",
                            acr.origin,
                        ],
                        environment: [
                            "REQUESTS_CA_BUNDLE": folder.path + "/ca.pem",
                            "AZURE_POD_IDENTITY_AUTHORITY_HOST": metadata.origin,
                        ]
                    )
                    #expect(output.contains("all of it works"))
                }
            }
        }
    }

    private static let aws = #"""
        import os, sys
        import boto3
        from botocore.config import Config
        from botocore.exceptions import ClientError
        clouds, store, token_file, agent_file = sys.argv[1:5]
        def works(**environment):
            os.environ.update(environment)
            session = boto3.session.Session(region_name="eu-central-1")
            frozen = session.get_credentials().get_frozen_credentials()
            assert tuple(frozen)[:3] == ("ASIAEMULATED", "emulated-secret", "emulated-session"), frozen
            s3 = session.client("s3", endpoint_url=store, config=Config(s3={"addressing_style": "path"}))
            bucket = "b" + str(len(s3.list_buckets()["Buckets"])) + "-models"
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
            for name in environment: del os.environ[name]
            return session.get_credentials().method
        role = dict(AWS_ROLE_ARN="arn:aws:iam::123456789012:role/models", AWS_ENDPOINT_URL_STS=clouds)
        methods = [
            works(AWS_WEB_IDENTITY_TOKEN_FILE=token_file, **role),
            works(AWS_CONTAINER_CREDENTIALS_FULL_URI=clouds + "/v1/credentials",
                AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=agent_file),
            works(AWS_EC2_METADATA_SERVICE_ENDPOINT=clouds, AWS_EC2_METADATA_V1_DISABLED="true"),
        ]
        assert methods == ["assume-role-with-web-identity", "container-role", "iam-role"], methods
        sts = boto3.client("sts", endpoint_url=clouds, region_name="eu-central-1")
        for code, arguments in [
            ("InvalidIdentityToken", dict(RoleArn=role["AWS_ROLE_ARN"], WebIdentityToken="forged")),
            ("AccessDenied", dict(RoleArn="arn:aws:iam::123456789012:role/other", WebIdentityToken="forged")),
        ]:
            try: sts.assume_role_with_web_identity(RoleSessionName="session", **arguments); raise SystemExit("no " + code)
            except ClientError as error: assert error.response["Error"]["Code"] == code, error.response
        print("all of it works")
        """#

    @Test(.enabled("boto3 is not installed") { try await Tool.pythonRuns("boto3") })
    func botoFindsItsKeysUnchanged() async throws {
        let python = try #require(try await Tool.python(with: "boto3"), "boto3 is not installed")
        let options = EmulatedClouds.Options()
        let folder = try TemporaryFolder()
        try folder.write(options.federatedToken, to: "token")
        try folder.write(options.agentToken, to: "agent")
        let clouds = EmulatedClouds(options, time: .system)
        let key = options.accessKey
        // The keys are temporary: without their session they open nothing.
        let access = EmulatedS3.Access(region: "eu-central-1") { id, _ in
            id == key.id ? EmulatedS3.Credential(secret: key.secret, sessionToken: key.session) : nil
        }
        let store = try EmulatedS3(access, time: .system)
        let script = Self.aws
        try await withServer(clouds) { identity in
            try await withServer(store) { s3 in
                let output = try await python.succeed(
                    [
                        "-c", script, identity.origin, s3.origin, folder.path + "/token",
                        folder.path + "/agent",
                    ],
                    environment: ["AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"]
                )
                #expect(output.contains("all of it works"))
            }
        }
        #expect(clouds.issued >= 3)
    }
}
