import JSON
import ModelAppAPI
import Testing

@testable import Triggers

/// What payloads are about. Their shapes are those of the senders' references.
@Suite struct WebhookDeliveryTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var kind: WebhookKind
        var notices: Set<Notice>
        var headers: [String: String] = [:]
        var body: String
    }

    private static let storage = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/Models"
    private static let blob = Notice.azureBlob(account: "models", container: "c", name: "resnet/1/a b.bin")
    private static let acrPush = """
        {"id":"cb8c","timestamp":"2026-01-01T16:52:01.3Z","action":"push","target":{"mediaType":"m","size":524,"digest":"sha256:d",
         "length":524,"repository":"team/api","tag":"v1"},"request":{"id":"3cbb","host":"Reg.azurecr.io","method":"PUT"}}
        """

    static let samples = [
        Sample(
            testDescription: "ACR push",
            kind: .acr,
            notices: [.image(registry: "reg.azurecr.io", repository: "team/api")],
            body: acrPush
        ),
        Sample(
            testDescription: "ACR chart push",
            kind: .acr,
            notices: [.image(registry: "reg.azurecr.io", repository: "charts/api")],
            body: """
                {"id":"6356","timestamp":"2026-01-01T23:45:44Z","action":"chart_push","target":{"mediaType":
                "application/vnd.acr.helm.chart","repository":"charts/api","tag":"1.0.0","name":"api","version":"1.0.0"},
                "request":{"host":"reg.azurecr.io"}}
                """
        ),
        Sample(testDescription: "ACR ping", kind: .acr, notices: [], body: #"{"id":"1","action":"ping"}"#),
        Sample(
            testDescription: "ACR quarantine",
            kind: .acr,
            notices: [],
            body: #"{"id":"1","action":"quarantine","target":{"repository":"team/api"}}"#
        ),
        Sample(
            testDescription: "distribution: a tag, a layer, a part of an index, a pull, a deletion",
            kind: .distribution,
            notices: [.image(registry: nil, repository: "api"), .image(registry: nil, repository: "gone")],
            headers: ["content-type": "application/vnd.docker.distribution.events.v1+json"],
            body: """
                {"events":[
                {"id":"1","action":"push","target":{"mediaType":"m","repository":"api","tag":"7","url":"http://evil.test/"}},
                {"id":"2","action":"push","target":{"mediaType":"application/octet-stream","repository":"layers"}},
                {"id":"3","action":"push","target":{"mediaType":"m","repository":"parts","tag":""}},
                {"id":"4","action":"pull","target":{"mediaType":"m","repository":"pulled","tag":"7"}},
                {"id":"5","action":"delete","target":{"digest":"sha256:d","repository":"gone"}}]}
                """
        ),
        Sample(
            testDescription: "Event Grid: blobs, and what says nothing of content",
            kind: .eventGrid,
            notices: [blob],
            headers: ["aeg-event-type": "Notification"],
            body: """
                [{"topic":"\(storage)","subject":"/blobServices/default/containers/c/blobs/resnet/1/a b.bin",
                "eventType":"Microsoft.Storage.BlobCreated","eventTime":"t","id":"i","data":{"url":"https://evil.test/"}},
                {"topic":"\(storage)","subject":"/blobServices/default/containers/c/blobs/x",
                "eventType":"Microsoft.Storage.BlobTierChanged","id":"j","data":{}}]
                """
        ),
        Sample(
            testDescription: "Event Grid: an image",
            kind: .eventGrid,
            notices: [.image(registry: "reg.azurecr.io", repository: "team/api")],
            body:
                #"[{"eventType":"Microsoft.ContainerRegistry.ImagePushed","topic":"t","subject":"s","data":\#(acrPush)}]"#
        ),
        Sample(
            testDescription: "CloudEvents, one",
            kind: .cloudEvents,
            notices: [blob],
            headers: ["content-type": "application/cloudevents+json; charset=utf-8"],
            body: """
                {"specversion":"1.0","type":"Microsoft.Storage.BlobDeleted","source":"\(storage)","id":"i",
                "subject":"/blobServices/default/containers/c/blobs/resnet/1/a b.bin","data":{}}
                """
        ),
        Sample(
            testDescription: "CloudEvents, a batch",
            kind: .cloudEvents,
            notices: [.image(registry: "reg.azurecr.io", repository: "team/api")],
            body:
                #"[{"specversion":"1.0","type":"Microsoft.ContainerRegistry.ImagePushed","source":"s","id":"i","data":\#(acrPush)}]"#
        ),
        Sample(
            testDescription: "CloudEvents in headers",
            kind: .cloudEvents,
            notices: [blob],
            headers: [
                "ce-type": "Microsoft.Storage.BlobRenamed", "ce-source": storage,
                "ce-subject": "/blobServices/default/containers/c/blobs/resnet/1/a b.bin",
            ],
            body: "{}"
        ),
        Sample(
            testDescription: "S3: keys are form-encoded",
            kind: .s3,
            notices: [.s3Object(bucket: "models", key: "resnet/1/a b+é.bin")],
            body: """
                {"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":
                {"name":"models"},"object":{"key":"resnet/1/a+b%2B%C3%A9.bin","size":1}}}]}
                """
        ),
        Sample(
            testDescription: "S3: a test",
            kind: .s3,
            notices: [],
            body: #"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#
        ),
        Sample(
            testDescription: "EventBridge: keys are not encoded",
            kind: .eventBridge,
            notices: [.s3Object(bucket: "models", key: "resnet/1/a+b%20.bin")],
            body: """
                {"version":"0","id":"i","detail-type":"Object Created","source":"aws.s3","account":"1","region":"eu-west-1",
                "detail":{"bucket":{"name":"models"},"object":{"key":"resnet/1/a+b%20.bin","size":1}}}
                """
        ),
        Sample(
            testDescription: "EventBridge: an image",
            kind: .eventBridge,
            notices: [.image(registry: "123456789012.dkr.ecr.eu-west-1.amazonaws.com", repository: "team/api")],
            body: """
                {"id":"i","detail-type":"ECR Image Action","source":"aws.ecr","account":"123456789012","region":"eu-west-1",
                "detail":{"action-type":"PUSH","result":"SUCCESS","repository-name":"team/api","image-tag":"v1"}}
                """
        ),
        Sample(
            testDescription: "EventBridge: anything else",
            kind: .eventBridge,
            notices: [],
            body: #"{"detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","detail":{}}"#
        ),
        Sample(
            testDescription: "GitHub: a container",
            kind: .gitHub,
            notices: [.image(registry: "ghcr.io", repository: "octo-org/team/api")],
            headers: ["x-github-event": "package"],
            body: """
                {"action":"published","package":{"name":"team/api","package_type":"CONTAINER","owner":{"login":"Octo-Org"},
                "package_version":{"package_url":"evil.test/x:1"}}}
                """
        ),
        Sample(
            testDescription: "GitHub: another kind of package",
            kind: .gitHub,
            notices: [],
            headers: ["x-github-event": "registry_package"],
            body: #"{"registry_package":{"name":"a","package_type":"npm","owner":{"login":"o"}}}"#
        ),
        Sample(
            testDescription: "GitHub: a ping",
            kind: .gitHub,
            notices: [],
            headers: ["x-github-event": "ping"],
            body: #"{"zen":"z","hook_id":1}"#
        ),
        Sample(testDescription: "no body", kind: .generic, notices: [.anything], body: ""),
        Sample(testDescription: "an empty object", kind: .generic, notices: [.anything], body: "{}"),
    ]

    private func read(
        _ body: String,
        _ headers: [String: String] = [:],
        isSigned: Bool = false
    ) throws -> WebhookDelivery {
        try WebhookDelivery(WebhookRequest(path: "/", headers: headers, body: Array(body.utf8)), isSigned: isSigned)
    }

    @Test(arguments: samples)
    func aPayloadIsReadForWhatItIsAbout(sample: Sample) throws {
        let delivery = try read(sample.body, sample.headers)
        #expect(delivery.kind == sample.kind)
        #expect(delivery.notices == sample.notices)
    }

    @Test(
        arguments: [
            ("no JSON", .unknown), (#"{"unknown":1}"#, .unknown), ("[]", .unknown), ("1", .unknown), ("null", .unknown),
            (#"{"Records":[{}]}"#, .s3), (#"{"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"%zz"}}}]}"#, .s3),
            (#"[{"eventType":"a"},{}]"#, .eventGrid), (#"[{"specversion":"1.0"}]"#, .cloudEvents),
            (#"{"Type":"SubscriptionConfirmation","SubscribeURL":"http://169.254.169.254/"}"#, .s3),
        ] as [(String, WebhookKind)]
    )
    func whatCannotBeReadIsRefused(body: String, kind: WebhookKind) {
        let error = #expect(throws: WebhookRefusal.self) { try read(body) }
        #expect(error?.status == 400 && error?.result == .malformed && error?.kind == kind)
    }

    @Test func anUnknownBodyThatIsSignedMeansEverything() throws {
        #expect(try read(#"{"build":7}"#, isSigned: true) == read(""))
    }

    @Test func moreThanAThousandNamesStandForEverything() throws {
        let events = (0..<1001).map { #"{"action":"delete","target":{"repository":"r\#($0)"}}"# }.joined(separator: ",")
        #expect(try read(#"{"events":[\#(events)]}"#).notices == [.anything])
    }

    /// Every prefix and every single changed byte of every sample: read or refused, never a trap.
    @Test func damagedPayloadsAreReadOrRefused() {
        for sample in Self.samples {
            let bytes = Array(sample.body.utf8)
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 0x11
                for body in [Array(bytes[..<index]), changed] {
                    let request = WebhookRequest(path: "/", headers: sample.headers, body: body)
                    do throws(WebhookRefusal) {
                        _ = try WebhookDelivery(request, isSigned: false)
                    } catch {
                        #expect(error.status == 400)
                    }
                }
            }
        }
    }

    @Test func eventGridsQuestionIsAnsweredWithItsCode() throws {
        let body = """
            [{"id":"i","topic":"t","subject":"","data":{"validationCode":"512d\\"38b6","validationUrl":"https://evil.test/"},
            "eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","eventTime":"t"}]
            """
        let request = WebhookRequest(
            path: "/",
            headers: ["aeg-event-type": "SubscriptionValidation"],
            body: Array(body.utf8)
        )
        let handshake = try #require(Handshake(request))
        #expect(handshake.kind == .eventGrid && handshake.answer.status == 200)
        let answer = try JSONValue(parsing: handshake.answer.text)
        #expect(answer == ["validationResponse": "512d\"38b6"])
        #expect(Handshake(WebhookRequest(path: "/", body: Array(body.utf8))) == nil)
        #expect(Handshake(WebhookRequest(path: "/", headers: request.headers, body: [0x5B, 0x5D])) == nil)
    }

    @Test func cloudEventsQuestionIsAnsweredWithItsOrigin() throws {
        func ask(_ origin: String?) -> Handshake? {
            let headers = origin.map { ["webhook-request-origin": $0] } ?? [:]
            return Handshake(WebhookRequest(method: "OPTIONS", path: "/", headers: headers))
        }
        let answer = try #require(ask("eventgrid.azure.net")).answer
        #expect(answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net")
        #expect(answer.headers["WebHook-Allowed-Rate"] == "*")
        for origin in [nil, "", "a b", "a\r\nb", "<a>"] { #expect(ask(origin) == nil) }
    }
}
