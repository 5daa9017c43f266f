import JSON

/// A sender's question whether it is welcome, which is answered in the same exchange.
public struct Handshake: Sendable, Hashable {
    /// Who asks.
    public var kind: WebhookKind
    /// The answer.
    public var answer: WebhookAnswer

    /// The handshake that a request is; nil where it is none. It needs no proof beyond the path: it leads to nothing
    /// here, and Event Grid asks before it sends the header fields of a subscription.
    public init?(_ request: WebhookRequest) {
        if request.method == "OPTIONS" {
            // CloudEvents 1.0, HTTP 1.1 Web Hooks, 4: abuse protection.
            guard let origin = request.headers["webhook-request-origin"], Self.isHostName(origin) else { return nil }
            kind = .cloudEvents
            answer = WebhookAnswer(
                200,
                headers: ["WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST, OPTIONS"]
            )
            return
        }
        guard request.headers["aeg-event-type"] == "SubscriptionValidation",
            let event = (try? JSONValue(parsing: request.body))?[0],
            event["eventType"]?.string == "Microsoft.EventGrid.SubscriptionValidationEvent",
            let code = event["data"]?["validationCode"]?.string, (1...256).contains(code.utf8.count)
        else { return nil }
        kind = .eventGrid
        let response: JSONValue = ["validationResponse": .string(code)]
        answer = WebhookAnswer(200, response.canonicalText)
    }

    private static func isHostName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (97...122).contains($0 | 0x20) || $0 == UInt8(ascii: ".")
                    || $0 == UInt8(ascii: "-")
            }
    }
}
