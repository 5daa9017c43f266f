import JSON

/// What a request says has changed.
public struct WebhookDelivery: Sendable, Hashable {
    /// How many things one delivery may name; more stand for everything.
    static let maximumNotices = 1000

    /// Who says so.
    public var kind: WebhookKind
    /// What has changed; none where it is nothing that a scan would see.
    public var notices: Set<Notice>

    /// Reads the payload of a request that was proven. Throws where it is none that is known.
    ///
    /// No URL of a payload is followed, and no name of it is more than compared.
    public init(_ request: WebhookRequest, isSigned: Bool) throws(WebhookRefusal) {
        (kind, notices) = (.unknown, [])
        guard !request.body.isEmpty else {
            (kind, notices) = (.generic, [.anything])
            return
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONValue(parsing: request.body)
        } catch {
            throw .malformed(.unknown, "the body is not JSON (at byte \(error.offset))")
        }
        let found: [Notice]
        (kind, found) = try Self.read(json, request, isSigned: isSigned)
        notices = found.count > Self.maximumNotices ? [.anything] : Set(found)
    }

    private static func read(
        _ json: JSONValue,
        _ request: WebhookRequest,
        isSigned: Bool
    ) throws(WebhookRefusal) -> (WebhookKind, [Notice]) {
        if let event = request.headers["x-github-event"] {
            return (.gitHub, try GitHubPayload.notices(json, event: event))
        }
        if let type = request.headers["ce-type"] {
            let source = request.headers["ce-source"] ?? ""
            let subject = request.headers["ce-subject"] ?? ""
            let event = AzureEvent(type: type, source: source, subject: subject, data: json)
            return (.cloudEvents, event.notices)
        }
        let first = json[0] ?? json
        if first["specversion"] != nil { return (.cloudEvents, try AzureEvent.cloudEvents(json).flatMap(\.notices)) }
        if first["eventType"] != nil { return (.eventGrid, try AzureEvent.eventGrid(json).flatMap(\.notices)) }
        if json["events"]?.array != nil { return (.distribution, RegistryPayload.distribution(json)) }
        if json["Records"]?.array != nil || json["Event"]?.string == "s3:TestEvent" {
            return (.s3, try AWSPayload.s3(json))
        }
        if json["detail-type"] != nil { return (.eventBridge, AWSPayload.eventBridge(json)) }
        if json["SubscribeURL"] != nil {
            throw .malformed(.s3, "SNS wants a URL fetched, which never happens here; send events through EventBridge")
        }
        if json["action"]?.string != nil, json["target"] != nil || json["action"]?.string == "ping" {
            return (.acr, RegistryPayload.acr(json))
        }
        guard isSigned || json == .object([:]) else {
            throw .malformed(.unknown, "the body is no payload that is known; send none to mean everything")
        }
        return (.generic, [.anything])
    }
}
