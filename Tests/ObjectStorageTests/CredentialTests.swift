import Artifacts
import CloudIdentity
import Foundation
import HTTPTransport
import HTTPTypes
import TestSupport
import Testing

@testable import ObjectStorage

@Suite struct CredentialTests {
    private let key = Data((0..<64).map { UInt8($0) }).base64EncodedString()

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch let error as ObjectStoreError {
            return error.code == .configuration ? error.message : "\(error.code)"
        } catch { return "\(error)" }
    }

    private func sharedKey(_ credential: AzureBlobCredential) -> [UInt8]? {
        guard case .sharedKey(let bytes) = credential.kind else { return nil }
        return bytes
    }

    @Test func aSecretOfAnAWSKeyIsRead() throws {
        let credential = try S3Credential(secret: [
            "AWS_ACCESS_KEY_ID": "AKIA\n", "AWS_SECRET_ACCESS_KEY": " s3cr3t ", "AWS_SESSION_TOKEN": "t0ken",
            "other": "",
        ])
        guard case .key(let key) = credential.kind else {
            Issue.record("no key")
            return
        }
        #expect(key.id == "AKIA")
        #expect(key.secret.value == "s3cr3t")
        #expect(key.sessionToken?.value == "t0ken")
    }

    @Test func anErrorAboutASecretNamesTheKeyAndNeverTheValue() {
        #expect(message { _ = try S3Credential(secret: [:]) } == "the Secret has no value under AWS_ACCESS_KEY_ID")
        #expect(
            message { _ = try S3Credential(secret: ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "\n"]) }
                == "the Secret has no value under AWS_SECRET_ACCESS_KEY"
        )
        let broken = message {
            _ = try S3Credential(secret: ["AWS_ACCESS_KEY_ID": "a\u{1}hush", "AWS_SECRET_ACCESS_KEY": "hush"])
        }
        #expect(broken == "the Secret's value under AWS_ACCESS_KEY_ID holds characters that no such value has")
        #expect(message { _ = try AzureBlobCredential(secret: ["AZURE_CLIENT_ID": "x"]) }.contains("has none of AZURE"))
        let notBase64 = message { _ = try AzureBlobCredential(secret: ["AZURE_STORAGE_KEY": "hush!"]) }
        #expect(notBase64.contains("AZURE_STORAGE_KEY"))
        #expect(!notBase64.contains("hush"))
        let notSAS = message { _ = try AzureBlobCredential(secret: ["AZURE_STORAGE_SAS_TOKEN": "hush"]) }
        #expect(notSAS.contains("AZURE_STORAGE_SAS_TOKEN"))
        #expect(!notSAS.contains("hush"))
    }

    @Test func aConnectionStringIsRead() throws {
        let plain = try AzureBlobCredential.connectionString(
            "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=\(key);EndpointSuffix=core.chinacloudapi.cn\n"
        )
        #expect(plain.account == "acc")
        #expect(plain.endpoint == HTTPURL("https://acc.blob.core.chinacloudapi.cn"))
        #expect(sharedKey(plain) == Array(0..<64))
        let short = try AzureBlobCredential.connectionString("accountname=acc;ACCOUNTKEY=\(key)")
        #expect(short.endpoint == HTTPURL("https://acc.blob.core.windows.net"))
        let emulator = try AzureBlobCredential(secret: [
            "AZURE_STORAGE_CONNECTION_STRING":
                "AccountName=acc;AccountKey=\(key);BlobEndpoint=http://127.0.0.1:10000/acc;"
        ])
        #expect(emulator.endpoint == HTTPURL("http://127.0.0.1:10000/acc"))
        let signature = try AzureBlobCredential.connectionString(
            "BlobEndpoint=https://acc.blob.core.windows.net/;SharedAccessSignature=sv=2021&sig=a%2Fb%3D&sp=rl"
        )
        guard case .sas(let query) = signature.kind else {
            Issue.record("no signature")
            return
        }
        #expect(query == "sv=2021&sig=a%2Fb%3D&sp=rl")
    }

    @Test(arguments: [
        ("UseDevelopmentStorage=true", "development storage"),
        ("AccountName=acc", "neither AccountKey nor SharedAccessSignature"),
        ("AccountName=acc;AccountKey=hush!", "not base64"),
        ("AccountKey=aHVzaA==", "neither AccountName nor BlobEndpoint"),
        ("AccountKey=aHVzaA==;BlobEndpoint=https://h", "no AccountName"),
        ("AccountName=a;AccountName=b;AccountKey=aHVzaA==", "twice"),
        ("hush", "Name=value"),
        ("AccountName=acc;AccountKey=aHVzaA==;BlobEndpoint=ftp://hush", "BlobEndpoint"),
        ("AccountName=acc;AccountKey=aHVzaA==;EndpointSuffix=evil.com/hush?", "makes no URL"),
        ("AccountName=acc;AccountKey=aHVzaA==;DefaultEndpointsProtocol=gopher", "makes no URL"),
        ("", "neither AccountKey"),
    ])
    func aBadConnectionStringIsRefusedWithoutShowingIt(_ text: String, _ expected: String) {
        let message = message { _ = try AzureBlobCredential.connectionString(text) }
        #expect(message.contains(expected), "\(message)")
        #expect(!message.contains("hush") && !message.contains("aHVzaA"))
    }

    @Test func theFirstOfSeveralAzureKeysCounts() throws {
        let credential = try AzureBlobCredential(secret: [
            "AZURE_STORAGE_KEY": key, "AZURE_STORAGE_SAS_TOKEN": "?sv=1&sig=x",
        ])
        #expect(sharedKey(credential) != nil)
        let signature = try AzureBlobCredential(secret: ["AZURE_STORAGE_SAS_TOKEN": "?sv=1&sig=x\n"])
        guard case .sas("sv=1&sig=x") = signature.kind else {
            Issue.record("the question mark or the line end stayed")
            return
        }
    }

    @Test func credentialsNeverPrint() throws {
        let aws = AWSAccessKey(id: "hushID", secret: "hushSecret", sessionToken: "hushToken")
        let transport = FakeTransport { _, _ in .init(200, [:], "") }
        let values: [Any] = [
            aws, SigV4(key: aws, region: "r"), S3Credential.key(aws), try AzureBlobCredential.sas("sv=1&sig=hush"),
            try AzureBlobCredential.connectionString(
                "AccountName=acc;AccountKey=aHVzaA==;BlobEndpoint=https://acc.blob.core.windows.net"
            ),
            try S3Store(bucket: "models", credential: .key(aws), channel: channel(transport)),
            try AzureBlobStore(
                account: "acc",
                container: "models",
                credential: .sas("sv=1&sig=hush"),
                channel: channel(transport)
            ),
        ]
        for value in values {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] {
                #expect(!text.contains("hush") && !text.contains("aHVzaA"), "\(type(of: value)): \(text)")
            }
        }
        #expect("\(S3Credential.anonymous) \(AzureBlobCredential.anonymous)" == "anonymous anonymous")
    }

    @Test(arguments: [
        ("https://s3.eu-west-1.amazonaws.com", true), ("https://s3.amazonaws.com", true),
        ("https://s3.dualstack.eu-west-1.amazonaws.com", true), ("https://s3-fips.us-gov-west-1.amazonaws.com", true),
        ("https://s3.cn-north-1.amazonaws.com.cn", true), ("http://s3.amazonaws.com", false),
        ("https://s3.amazonaws.com:8443", false), ("https://ec2-1-2-3-4.compute-1.amazonaws.com", false),
        ("https://s3.evil.eu-west-1.elb.amazonaws.com", false), ("https://evil.com", false),
        ("https://s3.amazonaws.com.evil.com", false), ("https://evils3.amazonaws.com", false),
        ("http://minio.prod:9000", false),
    ])
    func s3KeysGoToAWSOnly(_ text: String, _ isAllowed: Bool) throws {
        let endpoint = try #require(HTTPURL(text))
        let transport = FakeTransport { _, _ in .init(200, [:], "") }
        func make(_ credential: S3Credential, _ policy: EndpointPolicy = .providersOnly) throws {
            _ = try S3Store(
                bucket: "b-1",
                endpoint: endpoint,
                credential: credential,
                endpoints: policy,
                channel: channel(transport)
            )
        }
        let key = S3Credential.key(AWSAccessKey(id: "i", secret: "s"))
        if isAllowed {
            try make(key)
        } else {
            let error = #expect(throws: ObjectStoreError.self) { try make(key) }
            #expect(error?.code == .endpointRefused)
        }
        try make(.anonymous)
        try make(key, EndpointPolicy(allowed: [endpoint.host.uppercased()]))
        try make(key, EndpointPolicy(allowed: [endpoint.authority]))
    }

    @Test func anAllowedPortIsThatPortOnly() throws {
        let policy = EndpointPolicy(allowed: ["minio.prod:9000", "plain.prod:443"])
        func check(_ text: String) throws {
            try policy.check(try #require(HTTPURL(text)), isProvidersOwn: EndpointPolicy.isS3)
        }
        try check("http://minio.prod:9000")
        try check("https://plain.prod")
        #expect(throws: ObjectStoreError.self) { try check("http://minio.prod:9001") }
        #expect(throws: ObjectStoreError.self) { try check("http://minio.prod") }
        #expect(throws: ObjectStoreError.self) { try check("http://plain.prod") }
    }

    @Test func azureKeysGoToAzureOnly() throws {
        let transport = FakeTransport { _, _ in .init(200, [:], "") }
        func make(_ text: String) throws {
            let endpoint: HTTPURL = try #require(HTTPURL(text))
            _ = try AzureBlobStore(
                account: "acc",
                container: "models",
                endpoint: endpoint,
                credential: .sas("sv=1&sig=x"),
                channel: channel(transport)
            )
        }
        for text in [
            "https://acc.blob.core.windows.net", "https://acc.z12.blob.storage.azure.net",
            "https://acc.blob.core.usgovcloudapi.net",
        ] { try make(text) }
        for text in [
            "http://acc.blob.core.windows.net", "https://blob.core.windows.net", "https://evil.com",
            "https://acc.blob.core.windows.net.evil.com", "https://evilblob.core.windows.net",
            "http://127.0.0.1:10000/acc",
        ] {
            let error = #expect(throws: ObjectStoreError.self) { try make(text) }
            #expect(error?.code == .endpointRefused, "\(text)")
        }
    }

    @Test(arguments: ["", "A", "ab", "UPPER", "a..b", ".ab", "ab-", "-ab", "a_b", "arn:aws:s3:::x", "a/b", "b?x"])
    func whatIsNoBucketIsRefused(_ bucket: String) {
        let transport = FakeTransport { _, _ in .init(200, [:], "") }
        let error = #expect(throws: ObjectStoreError.self) {
            _ = try S3Store(bucket: bucket, credential: .anonymous, channel: channel(transport))
        }
        #expect(error?.code == .configuration)
    }

    @Test func whatIsNoAccountContainerOrRegionIsRefused() {
        let transport = FakeTransport { _, _ in .init(200, [:], "") }
        for (account, container) in [
            ("a", "models"), ("evil.com/", "models"), ("acc", "Models"), ("acc", "mo--dels"), ("acc", "../x"),
            ("acc", ""),
        ] {
            let error = #expect(throws: ObjectStoreError.self) {
                _ = try AzureBlobStore(
                    account: account,
                    container: container,
                    credential: .anonymous,
                    channel: channel(transport)
                )
            }
            #expect(error?.code == .configuration)
        }
        for region in ["evil.com/", "EU", "-", "a b"] {
            let error = #expect(throws: ObjectStoreError.self) {
                _ = try S3Store(bucket: "models", region: region, credential: .anonymous, channel: channel(transport))
            }
            #expect(error?.code == .configuration)
        }
    }

    @Test func aConnectionStringOfAnotherAccountIsRefused() {
        let transport = FakeTransport { _, _ in .init(200, [:], "") }
        let error = #expect(throws: ObjectStoreError.self) {
            _ = try AzureBlobStore(
                account: "other",
                container: "models",
                credential: .connectionString("AccountName=acc;AccountKey=aHVzaA=="),
                channel: channel(transport)
            )
        }
        #expect(error?.code == .configuration)
    }
}
