import JSON

/// An event of Event Grid, in either schema.
struct AzureEvent: Sendable {
    /// `Microsoft.Storage.BlobCreated` and the like.
    var type: String
    /// The resource that it is about: `topic` in Event Grid's own schema.
    var source: String
    var subject: String
    var data: JSONValue

    /// Event Grid's own schema: a list.
    static func eventGrid(_ json: JSONValue) throws(WebhookRefusal) -> [AzureEvent] {
        try list(json, .eventGrid, type: "eventType", source: "topic")
    }

    /// CloudEvents 1.0 in structured mode: one event, or a batch.
    static func cloudEvents(_ json: JSONValue) throws(WebhookRefusal) -> [AzureEvent] {
        try list(json, .cloudEvents, type: "type", source: "source")
    }

    private static func list(
        _ json: JSONValue,
        _ kind: WebhookKind,
        type: String,
        source: String
    ) throws(WebhookRefusal) -> [AzureEvent] {
        var events: [AzureEvent] = []
        for event in json.array ?? [json] {
            guard let type = event[type]?.string else { throw .malformed(kind, "an event has no \(type)") }
            events.append(
                AzureEvent(
                    type: type,
                    source: event[source]?.string ?? "",
                    subject: event["subject"]?.string ?? "",
                    data: event["data"] ?? .null
                )
            )
        }
        return events
    }

    /// What the event says has changed; nothing for events that say nothing of content.
    var notices: [Notice] {
        switch type {
        case "Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted", "Microsoft.Storage.BlobRenamed":
            return blob.map { [$0] } ?? []
        case "Microsoft.ContainerRegistry.ImagePushed", "Microsoft.ContainerRegistry.ImageDeleted",
            "Microsoft.ContainerRegistry.ChartPushed", "Microsoft.ContainerRegistry.ChartDeleted":
            return RegistryPayload.acr(data)
        default: return []
        }
    }

    /// The blob: the account stands at the end of the source, container and name in the subject (event-schema-blob-storage).
    private var blob: Notice? {
        let account = source.split(separator: "/").suffix(2)
        let parts = subject.split(separator: "/", maxSplits: 5)
        guard account.count == 2, account.first?.lowercased() == "storageaccounts", let name = account.last,
            parts.count == 6, parts[0] == "blobServices", parts[2] == "containers", parts[4] == "blobs"
        else { return nil }
        return .azureBlob(account: name.lowercased(), container: String(parts[3]), name: String(parts[5]))
    }
}
