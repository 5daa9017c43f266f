import JSON

/// Events have two forms: `v1`, in which they are stored, and `events.k8s.io/v1` (kubernetes `pkg/apis/events/v1`).
enum EventConversion {
    private static let names = [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"),
        ("deprecatedSource", "source"), ("deprecatedFirstTimestamp", "firstTimestamp"),
        ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ]

    /// The stored form of an `events.k8s.io/v1` event.
    static func stored(_ event: JSONValue) -> JSONValue {
        var stored = event
        for (new, old) in names {
            stored[new] = nil
            stored[old] = event[new]
        }
        stored["apiVersion"] = "v1"
        return stored
    }

    /// The `events.k8s.io/v1` form of a stored event.
    static func served(_ event: JSONValue) -> JSONValue {
        var served = event
        for (new, old) in names {
            served[old] = nil
            served[new] = event[old]
        }
        served["apiVersion"] = "events.k8s.io/v1"
        return served
    }
}
