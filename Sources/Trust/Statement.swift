import JSON

/// A statement about things that are named by their digests (in-toto attestation framework, Statement v1 and v0.1).
struct Statement {
    /// The type of the payload of an envelope that holds one.
    static let payloadType = "application/vnd.in-toto+json"

    /// What the statement says of its subjects.
    let predicateType: String
    /// The details.
    let predicate: JSONValue
    /// The sha256 of each subject; nil for one that is named by other hashes only.
    let subjects: [String?]

    /// Reads the payload of an envelope. Throws `malformed`.
    init(_ envelope: DSSEEnvelope) throws(TrustError) {
        guard envelope.payloadType == Self.payloadType else {
            throw TrustError(.malformed, "the envelope does not hold an in-toto statement")
        }
        try self.init(parsing: envelope.payload)
    }

    /// Reads a statement. Throws `malformed`.
    init(parsing bytes: [UInt8]) throws(TrustError) {
        let document: JSONValue
        do {
            document = try JSONValue(parsing: bytes)
        } catch {
            throw TrustError(.malformed, "the statement is no JSON: \(error)")
        }
        let types = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]
        guard let type = document["_type"]?.string, types.contains(type),
            let predicateType = document["predicateType"]?.string, let subjects = document["subject"]?.array,
            !subjects.isEmpty
        else { throw TrustError(.malformed, "the statement is not one of in-toto v1 with a subject") }
        self.predicateType = predicateType
        predicate = document["predicate"] ?? .null
        self.subjects = subjects.map { $0["digest"]?["sha256"]?.string }
    }
}
